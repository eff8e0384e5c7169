// Sends many messages in order: gathers them into batches and counts what brokers acknowledged. One thread.

import Client
import Linux
import Synchronization
import Wire

/// Invariant: `sent` counts only messages that a broker acknowledged.
struct MessageSender: ~Copyable {
  typealias Target = (queue: MessageQueue, address: String)

  /// How a message is sent.
  enum Way: Equatable {
    /// The broker says where it stored it.
    case acknowledged
    /// Nobody says anything.
    case oneWay
    /// As a half message that is then committed or rolled back.
    case transaction(TransactionEnd)
  }

  var producer: Producer
  private let way: Way
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

  init(
    _ cluster: Cluster, group: String, queues: [Target], batchMessagesMax: Int, way: Way = .acknowledged
  ) {
    precondition(!queues.isEmpty && batchMessagesMax > 0)
    producer = Producer(cluster, group: group)
    self.way = way
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
    let target = takeQueue(for: message)
    do throws(ClientError) {
      let receipt = try send(message, to: target)
      sent += 1
      return receipt
    } catch { throw Failure(error) }
  }

  private mutating func send(_ message: OutgoingMessage, to target: Target) throws(ClientError) -> SendReceipt
  {
    switch way {
    case .acknowledged: return try producer.send(message, to: target.queue, at: target.address)
    case .oneWay:
      return try producer.sendOneWay(message, to: target.queue, at: target.address)
    case .transaction(let end):
      let (receipt, half) = try producer.sendHalf(message, to: target.queue, at: target.address)
      try producer.end(half, end)
      return receipt
    }
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
      // A batch may not hold delayed messages, a broker chooses the queue by the priority, and a batch's size
      // is limited: those go one by one, many at once.
      let first = pending[0].message
      if way != .acknowledged {
        _ = try sendOne(first)
        bytes += first.body.count
        pending.removeFirst()
        pendingBytes -= first.body.count
      } else if batchMessagesMax == 1 || Self.goesAlone(first) {
        try sendSingly(run { Self.goesAlone($0) || batchMessagesMax == 1 })
      } else {
        // A batch goes to one queue: messages that belong to others wait for the next.
        let key = first.properties[PropertyName.shardingKey]
        try sendBatch(run { !Self.goesAlone($0) && $0.properties[PropertyName.shardingKey] == key })
      }
    }
  }

  private static let aloneBy = [
    PropertyName.delayLevel, PropertyName.timerDelayMs, PropertyName.timerDelaySeconds,
    PropertyName.timerDeliverMs, PropertyName.priority,
  ]

  /// Whether a broker takes the message only outside of batches.
  static func goesAlone(_ message: OutgoingMessage) -> Bool {
    message.properties.entries.contains { aloneBy.contains($0.name) }
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
    let target = takeQueue(for: messages[0])
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
      let target = takeQueue(for: entry.message)
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

  /// The queue that a sharding key always has (Apache SelectMessageQueueByHash); without one the next.
  mutating func takeQueue(for message: OutgoingMessage) -> Target {
    if let key = message.properties[PropertyName.shardingKey] {
      return queues[Self.place(of: key, among: queues.count)]
    }
    defer { nextQueue = (nextQueue + 1) % queues.count }
    return queues[nextQueue]
  }
}

extension MessageSender {
  /// Index of the queue for a key: the absolute Java hash, 0 for the one that has none.
  static func place(of key: String, among count: Int) -> Int {
    let hash = javaHash(key)
    return hash == .min ? 0 : Int(abs(hash)) % count
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
    Process.writeError("\r\u{1b}[K\(counted(count, "message")), \(perSecond) a second")
  }

  /// Removes the progress line.
  func end() {
    if isShown && shownMs.load(ordering: .relaxed) > 0 { Process.writeError("\r\u{1b}[K") }
  }
}
