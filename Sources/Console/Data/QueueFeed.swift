// One queue that is being read: where it stands, and what was fetched but not yet printed. One thread.

import Client
import Linux
import Wire

final class QueueFeed {
  let queue: MessageQueue
  let address: String
  /// Where the next pull begins.
  var pullOffset: Int64
  /// Where the group goes on: behind the last message that was printed.
  var printedOffset: Int64
  /// What was last committed.
  var committedOffset: Int64
  /// The queue is finished here; nil reads on for ever.
  let endOffset: Int64?
  /// Fetched, in order of their offsets; printed from `firstFetched` on.
  private var fetched: [Message] = []
  private var firstFetched = 0
  /// Whether messages were there at the start and none was fetched yet; a follower waits for them, so that it
  /// begins with the oldest of all queues.
  var awaitsBacklog: Bool
  /// Whether a pull is under way.
  var isPulling = false
  /// Not pulled before this moment (monotonic ms), after a failure.
  var restUntilMs: Int64 = 0
  var failuresInRow = 0
  /// Number of the answer that last brought something, among all of the loop: what a broker gives first (the
  /// urgent queues of a priority topic) is printed first.
  var arrival = 0

  /// When it was last asked for messages and when one was last printed, ms since 1970; the beginning for
  /// never.
  var lastPullMs = Clock.wallMs()
  var lastPrintMs = Clock.wallMs()

  init(
    _ queue: MessageQueue, at address: String, from offset: Int64, to endOffset: Int64?,
    awaitsBacklog: Bool = false
  ) {
    self.awaitsBacklog = awaitsBacklog
    self.queue = queue
    self.address = address
    pullOffset = offset
    printedOffset = offset
    committedOffset = offset
    self.endOffset = endOffset
  }

  /// Fetched and not yet printed.
  var waiting: ArraySlice<Message> { fetched[firstFetched...] }

  /// The next message to print.
  var head: Message? { firstFetched < fetched.count ? fetched[firstFetched] : nil }

  /// Whether nothing more will come.
  var isDone: Bool {
    guard let endOffset else { return false }
    return head == nil && pullOffset >= endOffset
  }

  /// Whether a pull is due: less is fetched than one pull brings.
  func wantsPull(nowMs: Int64) -> Bool {
    let isRead = endOffset.map { pullOffset >= $0 } ?? false
    return !isPulling && !isRead && fetched.count - firstFetched < Limits.fetchedMin && nowMs >= restUntilMs
  }

  /// Takes the answer of a pull; messages behind `endOffset` and those that `passes` refuses are left out.
  func take(_ batch: PullBatch, passes: (Message) -> Bool) {
    isPulling = false
    awaitsBacklog = false
    failuresInRow = 0
    let end = endOffset ?? .max
    fetched.removeFirst(firstFetched)
    firstFetched = 0
    fetched += batch.messages.filter { $0.queueOffset < end && passes($0) }
    pullOffset = batch.nextOffset
    // Nothing is there although the queue should go on: what was to come has been removed.
    if batch.status == .noNewMessage, let endOffset { pullOffset = max(pullOffset, endOffset) }
    if fetched.isEmpty { printedOffset = min(pullOffset, end) }
  }

  func takeHead() -> Message? {
    guard let message = head else { return nil }
    firstFetched += 1
    printedOffset = message.queueOffset + 1
    if firstFetched == fetched.count {
      printedOffset = max(printedOffset, min(pullOffset, endOffset ?? .max))
      fetched.removeAll(keepingCapacity: true)
      firstFetched = 0
    }
    return message
  }
}
