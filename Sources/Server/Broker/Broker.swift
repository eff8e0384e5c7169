// The broker's state beside the store: who is connected, what is counted, who waits.

import Wire

/// Parts of the broker. Loop thread only; each part is a file of its own.
final class Broker {
  let topics = TopicManager()
  let clients = ClientManager()
  let stats = BrokerStats()
  /// Offsets set by an operator that consumers have not taken up yet.
  var resets = OffsetResets()
  /// Key queries that wait for the store.
  let queries = KeyQueries()
  let producing: Producing
  let longPolls = LongPolls()
  /// Tag expressions that came with pulls.
  var tagFilters = TagFilters()
  let schedule: Schedule

  init(options: ServerOptions, storeHost: HostAddress) {
    producing = Producing(options: options, storeHost: storeHost)
    schedule = Schedule(levels: options.delayLevels)
  }

  /// Topics, groups and delayed messages that exist from the start.
  func boot(_ node: Node) {
    topics.boot(node)
    clients.boot(node)
    schedule.boot(node)
  }
}
