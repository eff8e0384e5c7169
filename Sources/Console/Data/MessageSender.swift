// Sends many messages in order: gathers them into batches and counts what brokers acknowledged. One thread.

import Client
import Linux
import Synchronization
import Wire

/// Invariant: `sent` counts only messages that a broker acknowledged.
struct MessageSender: ~Copyable {
  typealias Target = (queue: MessageQueue, address: String)

  private var producer: Producer
  private let queues: [Target]
  private var nextQueue: Int
  private let batchMessagesMax: Int
  private var pending: [(message: OutgoingMessage, line: Int)] = []
  private var pendingBytes = 0
  private(set) var sent = 0
  /// Bytes of the bodies of `sent`.
  private(set) var bytes = 0
  /// Messages whose broker did not answer: stored or not.
  private(set) var inDoubt = 0

  init(_ cluster: Cluster, queues: [Target], batchMessagesMax: Int) {
    precondition(!queues.isEmpty && batchMessagesMax > 0)
    producer = Producer(cluster)
    self.queues = queues
    self.batchMessagesMax = batchMessagesMax
    // Many short commands must not all use the first queue.
    nextQueue = Int(Process.randomUInt64() % UInt64(queues.count))
  }

  private var gatheredMax: Int { batchMessagesMax == 1 ? Limits.sendsUnderWayMax : batchMessagesMax }

  /// The line that the first message not sent came from.
  var firstUnsentLine: Int? { pending.first?.line }

  /// Sends one message and waits.
  mutating func sendOne(_ message: OutgoingMessage) throws(Failure) -> SendReceipt {
    let target = takeQueue()
    do throws(ClientError) {
      let receipt = try producer.send(message, to: target.queue, at: target.address)
      sent += 1
      return receipt
    } catch { throw Failure(error) }
  }

  /// Gathers a message; true when it is time to flush.
  mutating func add(_ message: OutgoingMessage, line: Int) -> Bool {
    pending.append((message, line))
    pendingBytes += message.body.count
    return pending.count >= gatheredMax || pendingBytes >= Limits.batchBytesMax
  }

  /// Sends what was gathered; on failure what was not acknowledged stays first in line.
  mutating func flush() throws(Failure) {
    while !pending.isEmpty {
      // A batch may not hold delayed messages, and its size is limited: those go one by one, many at once.
      if batchMessagesMax == 1 || isDelayed(pending[0].message) {
        try sendSingly(run { isDelayed($0) || batchMessagesMax == 1 })
      } else {
        try sendBatch(run { !isDelayed($0) })
      }
    }
  }

  private func isDelayed(_ message: OutgoingMessage) -> Bool {
    message.properties[PropertyName.delayLevel] != nil
  }

  /// How many of the first pending messages belong together.
  private func run(_ belongs: (OutgoingMessage) -> Bool) -> Int {
    var count = 0
    var size = 0
    while count < pending.count, count < gatheredMax, belongs(pending[count].message) {
      size += pending[count].message.body.count
      if count > 0 && size > Limits.batchBytesMax { break }
      count += 1
    }
    return count
  }

  private mutating func sendBatch(_ count: Int) throws(Failure) {
    let messages = pending.prefix(count).map(\.message)
    let target = takeQueue()
    do throws(ClientError) {
      if count == 1 {
        _ = try producer.send(messages[0], to: target.queue, at: target.address)
      } else {
        _ = try producer.send(batch: messages, to: target.queue, at: target.address)
      }
    } catch {
      if isDoubtful(error) { inDoubt = count }
      throw Failure(error)
    }
    acknowledged(first: count)
  }

  private mutating func sendSingly(_ count: Int) throws(Failure) {
    var sends: [(message: OutgoingMessage, queue: MessageQueue, address: String)] = []
    for entry in pending.prefix(count) {
      let target = takeQueue()
      sends.append((entry.message, target.queue, target.address))
    }
    var failure: ClientError?
    var unsent: [(message: OutgoingMessage, line: Int)] = []
    for (index, result) in producer.sendAll(sends).enumerated() {
      switch result {
      case .success:
        sent += 1
        bytes += sends[index].message.body.count
      case .failure(let error):
        if isDoubtful(error) { inDoubt += 1 }
        if failure == nil { failure = error }
        unsent.append(pending[index])
      }
    }
    pending.replaceSubrange(0..<count, with: unsent)
    pendingBytes = pending.reduce(0) { $0 + $1.message.body.count }
    if let failure { throw Failure(failure) }
  }

  private func isDoubtful(_ error: ClientError) -> Bool {
    error.kind == .timeout || error.kind == .unreachable || error.kind == .malformedAnswer
  }

  private mutating func acknowledged(first count: Int) {
    for entry in pending.prefix(count) { bytes += entry.message.body.count }
    sent += count
    pending.removeFirst(count)
    pendingBytes = pending.reduce(0) { $0 + $1.message.body.count }
  }

  private mutating func takeQueue() -> Target {
    defer { nextQueue = (nextQueue + 1) % queues.count }
    return queues[nextQueue]
  }
}

/// Shows how far a long input has been sent, on a terminal; tells the count when a signal ends the command.
final class SendProgress: Sendable {
  let startMs = Clock.monotonicMs()
  private let isShown = Process.isTerminal(2)
  private let messages = Atomic<Int>(0)
  private let shownMs = Atomic<Int64>(0)

  init() throws(Failure) {
    _ = try SignalWatch { [self] _ in
      Process.writeError("\nmq: interrupted; \(messages.load(ordering: .acquiring)) messages were sent\n")
      Process.exit(Failure.Code.interrupted.rawValue)
    }
  }

  func note(messages count: Int) {
    messages.store(count, ordering: .releasing)
    let nowMs = Clock.monotonicMs()
    if !isShown || nowMs - shownMs.load(ordering: .relaxed) < Limits.progressMs { return }
    shownMs.store(nowMs, ordering: .relaxed)
    let perSecond = Int64(count) * 1000 / max(1, nowMs - startMs)
    Process.writeError("\r\u{1b}[K\(count) messages, \(perSecond) a second")
  }

  /// Removes the progress line.
  func end() {
    if isShown && shownMs.load(ordering: .relaxed) > 0 { Process.writeError("\r\u{1b}[K") }
  }
}
