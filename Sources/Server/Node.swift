// What the loop thread owns: options, log, store, name server, broker, sessions.
// Handlers get it as their first argument.

import Linux
import Store
import Wire

/// One server process behind its loop. Loop thread only.
final class Node {
  private(set) var options: ServerOptions
  /// Counts the changes of settings (code 25).
  private(set) var settingsVersion = DataVersion()
  let log: Log
  let store: MessageStore
  let nameServer = NameServer()
  let broker: Broker
  let table: RequestTable
  /// Connections by id.
  var sessions: [UInt64: Session] = [:]
  /// Wall clock of this turn of the loop, ms.
  var nowMs: Int64
  /// Advertised "host:port" of the broker, and the same as records hold it.
  let brokerAddress: String
  let storeHost: HostAddress
  /// State of `randomQueue`.
  var nextRandom: UInt64
  /// Header of the frame at hand; reused by all.
  var header = RemotingHeader(remembersShapes: true)
  /// Set by the loop: marks a session whose `out` got bytes outside of its own turn.
  var touch: (Session) -> Void = { _ in }

  init(options: ServerOptions, store: MessageStore, brokerAddress: String, storeHost: HostAddress, log: Log) {
    self.options = options
    self.store = store
    self.log = log
    self.brokerAddress = brokerAddress
    self.storeHost = storeHost
    nowMs = options.store.wallMs()
    settingsVersion.timestampMs = nowMs
    nextRandom = options.seed ?? Process.randomUInt64()
    broker = Broker(options: options, storeHost: storeHost)
    table = RequestTable(Families.all)
  }

  /// Topics, groups and the registration that exist from the start.
  func boot() {
    broker.boot(self)
    nameServer.registerOwnBroker(self)
    broker.topics.takeOrder(self)
    store.forgetConfigPromises()
  }

  /// Settings that changed while the server runs.
  func take(_ new: ServerOptions) {
    let old = options
    options = new
    settingsVersion.counter += 1
    settingsVersion.timestampMs = nowMs
    store.take(new.store)
    broker.producing.take(new)
    broker.transactions.take(new)
    broker.coldReads.flow.take(new)
    if new.autoCreateTopic != old.autoCreateTopic || new.defaultTopicQueues != old.defaultTopicQueues {
      broker.topics.offerCreation(self)
    }
    if new.brokerPermission != old.brokerPermission {
      // All topics are announced anew, as with the permission of each.
      store.renewTopics()
      nameServer.registerOwnBroker(self)
    }
  }

  /// Sends a one-way request to a client (codes 40, 220 …).
  func notify(
    _ session: Session, code: RequestCode, fields: [(name: String, value: String)], body: [UInt8] = []
  ) {
    if session.isClosed || session.out.count > ServerLimits.outputPauseBytes { return }
    write(session, code: code, fields: fields, body: body, oneWay: true)
  }

  /// Writes a request of this server under the connection's next opaque.
  func write(
    _ session: Session, code: RequestCode, fields: [(name: String, value: String)], body: [UInt8],
    oneWay: Bool
  ) {
    session.nextOpaque &+= 1
    var writer = FrameWriter(
      request: code.rawValue, opaque: session.nextOpaque, oneWay: oneWay, to: &session.out)
    for field in fields { writer.field(named: field.name, field.value, to: &session.out) }
    writer.endHeader(to: &session.out)
    session.out.append(body)
    writer.finish(to: &session.out)
    touch(session)
  }

  /// Before the store closes.
  func close() { broker.pop.ledger.commit(self) }

  /// Once a second, between two turns.
  func everySecond() {
    broker.timers.everySecond(self)
    broker.pop.ledger.commit(self)
    store.maintain(nowMs: nowMs)
    reportSends()
    broker.stats.sample(self)
    nameServer.expire(self)
    broker.clients.expire(self)
    store.isBacklogWanted = broker.clients.isAnyAway(store.groupsWithOffsets)
    broker.transactions.saveProgress(self)
  }

  /// A background job of the store ended.
  func complete(_ completion: StoreCompletion) {
    switch completion {
    case .warmed(let ticket):
      if broker.timers.warmed(ticket: ticket) || broker.schedule.warmed(ticket: ticket) { return }
      if !broker.pop.warmed(self, ticket: ticket) { broker.coldReads.warmed(self, ticket: ticket) }
    case .keysFound(let ticket, let offsets, let indexedToMs, let indexedTo):
      broker.queries.keysFound(
        self, ticket: ticket, offsets: offsets, indexedToMs: indexedToMs, indexedTo: indexedTo)
    case .failed(let what, let errno): log.error("\(what): \(errno)")
    case .notice(let text): log.info(text)
    }
  }
}
