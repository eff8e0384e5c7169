// Consumption by pop: check points, held requests, and the buffers of the answer at hand.

import Linux
import Store
import Wire

/// What belongs to pops. Loop thread only.
final class PopService {
  let ledger: PopLedger
  let polls = PopPolls()
  /// Buffers of the pop that runs.
  let reader = PopReader()
  /// Check points are spread over the revive queues in turns.
  var nextReviveQueue: Int32 = 0

  /// What goes on when pages are in memory.
  enum Waiting {
    case pop(PopTask)
    case revival(Int, generation: UInt32)
  }
  private var cold: [UInt64: Waiting] = [:]
  /// Tells our tickets from those of pulls.
  private static let ticketBit: UInt64 = 1 << 63
  private var nextTicket = PopService.ticketBit

  init(options: ServerOptions) { ledger = PopLedger(options: options) }

  /// After topics and groups.
  func boot(_ node: Node) {
    ledger.boot(node)
    // Wheels of other brokers deliver check points into the revive topic.
    node.broker.longPolls.expect(ledger.reviveSlot)
  }

  /// A queue that somebody waits for got a message in this turn.
  func arrived(_ node: Node, _ slot: TopicSlot, _ queueId: Int32) {
    if slot == ledger.reviveSlot {
      if ledger.queues.indices.contains(Int(queueId)) { ledger.catchUp(node, Int(queueId)) }
      return
    }
    polls.arrived(node, slot, queueId)
  }

  /// When there is something to do without any request, ms.
  var nextDueMs: Int64? {
    guard let revive = ledger.timers.nextAtMs else { return polls.nextDueMs }
    return min(revive, polls.nextDueMs ?? revive)
  }

  // MARK: pages that are not in memory

  /// Lets the janitor read; the rest follows when it is done.
  func warm(_ node: Node, _ range: Range<Int64>, _ waiting: Waiting) {
    let ticket = nextTicket
    nextTicket += 1
    cold[ticket] = waiting
    node.store.warm(range, ticket: ticket)
  }

  /// False when the ticket belongs to somebody else.
  func warmed(_ node: Node, ticket: UInt64) -> Bool {
    if ticket & Self.ticketBit == 0 { return false }
    switch cold.removeValue(forKey: ticket) {
    case .pop(let task):
      if let session = node.sessions[task.sessionId] {
        Pop.run(node, session, task)
        node.touch(session)
      }
    case .revival(let place, let generation): ledger.warmed(node, place, generation: generation)
    case nil: break
    }
    return true
  }
}
