// Carries out what the model ordered. UI thread; commands run on threads of their own, so that a broker that
// does not answer never delays a key.

import Linux

extension Services {
  /// Does it, or starts it; answers what there is to say at once.
  func carryOut(_ order: Order, _ exchange: Exchange) -> Event? {
    switch order {
    case .copy: return nil
    case .perform(let ticket, let words):
      guard let perform else { return .told("There is no cluster to act on.") }
      _ = Thread.start(name: "mq-action") {
        exchange.post(.outcome(ticket: ticket, perform(words)))
      }
      return nil
    case .openContext(let name):
      switch openContext?(name) {
      case .opened(let connection, let nameServers, let credentials)?:
        exchange.watch(Exchange.Source(nameServers: nameServers, credentials: credentials))
        return .connected(connection)
      case .refused(let why)?: return .told(why)
      case nil: return .told("There is no cluster to watch instead.")
      }
    case .saveLayout(let text):
      guard let saveLayout else { return .told("There is no place to save it.") }
      return .told(saveLayout(text).map { "Not saved: \($0)" } ?? "The layout is saved.")
    }
  }
}

extension Model {
  /// Takes over what the start of the program found.
  package mutating func begin(_ options: DashboardOptions) {
    connection = options.connection
    contextNames = options.contextNames
    canAct = options.services.perform != nil
    keys = options.keys
    if let layout = options.layout { restore(layout) }
    notice = options.notice
  }
}
