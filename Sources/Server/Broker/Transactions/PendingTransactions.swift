// Which transactions have not ended, and how far the half and op queues are done with.
//
// A transaction is known by its origin, the queue offset of its first half message; its newest copy may lie
// further on. Invariants: `order` is ascending by copy; of one origin only the newest copy counts.

/// Transactions that have not ended. 16 bytes in the table and 16 in the order for each, plus as much again
/// for ended ones that are not swept yet.
struct PendingTransactions {
  struct Half: Equatable {
    let origin: Int64
    /// Queue offset of the newest copy.
    let copy: Int64
  }

  /// Origin → newest copy.
  private var copies: [Int64: Int64] = [:]
  private var order: [Half] = []
  private var head = 0
  private static let sweepMin = 1024

  var count: Int { copies.count }

  /// The newest copy of a transaction, nil when it has ended.
  func copy(of origin: Int64) -> Int64? { copies[origin] }

  /// A transaction begins, or its half message was put back. `copy` is behind all earlier ones.
  mutating func put(origin: Int64, copy: Int64) {
    precondition(order.last.map { $0.copy < copy } ?? true)
    copies[origin] = copy
    if order.count - head > 2 * copies.count + Self.sweepMin { sweep() }
    order.append(Half(origin: origin, copy: copy))
  }

  /// The transaction ended; returns its newest copy, nil when it had ended before.
  mutating func end(origin: Int64) -> Int64? { copies.removeValue(forKey: origin) }

  /// The pending half message with the smallest queue offset. Drops what lies before it.
  mutating func first() -> Half? {
    while head < order.count {
      let half = order[head]
      if copies[half.origin] == half.copy { return half }
      head += 1
    }
    order.removeAll(keepingCapacity: order.count <= Self.sweepMin)
    head = 0
    return nil
  }

  private mutating func sweep() {
    order.removeFirst(head)
    head = 0
    order.removeAll { copies[$0.origin] != $0.copy }
  }
}

/// How far the op queue is done with: an op message is needed until the half queue's progress has passed
/// every half message that it names. Eight bytes for each that is still needed.
struct OpProgress {
  /// Queue offset of the first op message that is still needed, or of the next one.
  private(set) var offset: Int64
  /// Largest half offset named by each op message from `offset` on.
  private var highest: [Int64] = []
  private var head = 0

  init(offset: Int64) { self.offset = offset }

  /// The next op message names half messages up to `highestHalf`.
  mutating func note(highestHalf: Int64) { highest.append(highestHalf) }

  /// All half messages before `halfOffset` are done with.
  mutating func advance(halfOffset: Int64) {
    while head < highest.count, highest[head] < halfOffset {
      head += 1
      offset += 1
    }
    if head > 1024 && head * 2 > highest.count || head == highest.count {
      highest.removeFirst(head)
      head = 0
    }
  }
}
