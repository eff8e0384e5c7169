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
  /// Requests to clients whose answers are awaited.
  let asking = Asking()
  let priority = PriorityTopics()
  let producing: Producing
  let longPolls = LongPolls()
  /// Tag expressions that came with pulls.
  var tagFilters = TagFilters()
  /// SQL92 expressions that came with pulls.
  var sqlFilters = SqlFilters()
  /// Whoever waits for the disk.
  let coldReads: ColdReads
  let schedule: Schedule
  let transactions: Transactions
  let compaction = Compaction()
  let staticTopics = StaticTopics()
  let timers = TimerMessages()
  let pop: PopService

  init(options: ServerOptions, storeHost: HostAddress) {
    coldReads = ColdReads(options: options)
    producing = Producing(options: options, storeHost: storeHost)
    schedule = Schedule(levels: options.delayLevels)
    transactions = Transactions(options: options)
    pop = PopService(options: options)
  }

  /// Topics, groups and delayed messages that exist from the start.
  func boot(_ node: Node) {
    topics.boot(node)
    clients.boot(node)
    schedule.boot(node)
    transactions.boot(node)
    compaction.boot(node)
    staticTopics.boot(node)
    timers.boot(node)
    pop.boot(node)
  }

  /// Once a turn: what is due by the clock, then the answers to whoever waits for this turn's records.
  func work(_ node: Node) {
    schedule.deliverDue(node)
    transactions.work(node)
    compaction.work(node)
    timers.work(node)
    pop.ledger.reviveDue(node)
    longPolls.serve(node)
    longPolls.expire(node)
    coldReads.serveHeld(node)
    priority.expire(node)
    pop.polls.workDue(node)
    asking.expire(node)
  }

  /// When `work` has something to do without any request, ms; nil when nothing waits.
  var nextDueMs: Int64? {
    var next: Int64?
    let dues = [
      schedule.nextDueMs, timers.nextDueMs, transactions.nextDueMs, longPolls.nextDeadlineMs,
      asking.nextDeadlineMs, compaction.nextDueMs, priority.nextDeadlineMs, pop.nextDueMs,
      coldReads.nextDueMs,
    ]
    for case .some(let due) in dues {
      next = min(next ?? due, due)
    }
    return next
  }
}
