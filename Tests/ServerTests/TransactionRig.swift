// A broker with a topic and a producer group, for tests of transactions.

import Store
import TestSupport
import Wire

@testable import Server

/// Sends half messages, ends them, and reads what the broker stored. The clock stands still.
final class TransactionRig {
  static let group = "PG"
  static let topic = "T"
  private(set) var rig: Rig
  private(set) var producer: FakeClient
  private let change: (inout ServerOptions) -> Void

  var node: Node { rig.node }
  var transactions: Transactions { node.broker.transactions }

  /// Where a half message lies.
  struct Half: Equatable {
    var queueOffset: Int64
    var logOffset: Int64
  }

  init(
    in directory: TemporaryDirectory? = nil, _ change: @escaping (inout ServerOptions) -> Void = { _ in }
  ) throws {
    self.change = change
    rig = try Rig(in: directory, change)
    producer = try rig.client()
    if rig.node.store.topicConfig(Self.topic) == nil { rig.makeTopic(Self.topic) }
    try connect()
  }

  private func connect() throws {
    producer = try rig.client()
    _ = try producer.ask(
      .heartbeat, body: ClientTests.heartbeat("c", group: "", producers: [Self.group]))
  }

  /// Ends the server cleanly and starts it again, at the same time of the clock.
  func restart() throws {
    let (directory, nowMs) = (rig.directory, node.nowMs)
    transactions.close(node)
    node.store.close()
    try start(in: directory, nowMs)
  }

  /// Starts a server on a copy of the store as a kill leaves it.
  func crash() throws {
    let (directory, nowMs) = (try TemporaryDirectory(), node.nowMs)
    try copyRunning(rig.directory.path("store"), to: directory.path("store"))
    try start(in: directory, nowMs)
  }

  private func start(in directory: TemporaryDirectory, _ nowMs: Int64) throws {
    rig = try Rig(in: directory, change)
    node.nowMs = nowMs
    transactions.nextCheckMs = nowMs + transactions.checkIntervalMs
    try connect()
  }

  // MARK: requests

  /// Sends a half message to queue 1 of the topic.
  func prepare(
    _ body: String = "body", key: String? = nil, _ properties: [(String, String)] = [], bornMs: Int64? = nil
  ) throws -> Reply {
    var all = [("TRAN_MSG", "true"), ("PGROUP", Self.group), ("TAGS", "A")]
    if let key { all.append(("UNIQ_KEY", key)) }
    all += properties
    let text = all.map { "\($0.0)\u{1}\($0.1)\u{2}" }.joined()
    return try producer.ask(
      .sendMessageV2,
      [
        ("a", Self.group), ("b", Self.topic), ("c", "TBW102"), ("d", "4"), ("e", "1"), ("f", "4"),
        ("g", "\(bornMs ?? node.nowMs)"), ("h", "7"), ("i", text), ("j", "0"), ("k", "false"), ("m", "false"),
      ], body: body)
  }

  /// Sends a half message; where it lies.
  func half(_ body: String = "body", _ properties: [(String, String)] = []) throws -> Half {
    try Half(prepare(body, properties))
  }

  /// 37 with an answer; nil when there is none.
  ///
  /// - Parameter id: The message's id as the client knows it; nil for a client that says none.
  @discardableResult
  func end(
    _ half: Half, _ decision: Int, group: String = TransactionRig.group, fromCheck: Bool = false,
    oneWay: Bool = false, id: String? = nil
  ) throws -> Reply? {
    try producer.send(
      37,
      [
        ("producerGroup", group), ("tranStateTableOffset", "\(half.queueOffset)"),
        ("commitLogOffset", "\(half.logOffset)"), ("commitOrRollback", "\(decision)"),
        ("fromTransactionCheck", "\(fromCheck)"),
      ] + (id.map { [("msgId", $0), ("transactionId", $0)] } ?? []), oneWay: oneWay)
  }

  /// Lets the clock go on and the broker work, turn after turn, until it has nothing more to do now.
  func pass(ms: Int64) {
    node.nowMs += ms
    var turns = 0
    repeat {
      node.broker.work(node)
      turns += 1
    } while (node.broker.nextDueMs ?? .max) <= node.nowMs && turns < 1000
  }

  /// One round of checks.
  func round() { pass(ms: transactions.checkIntervalMs) }

  /// The questions (39) that came since the last call.
  func questions() throws -> [Reply] {
    _ = try producer.take()
    defer { producer.pushed = [] }
    return producer.pushed.filter { $0.code == 39 }
  }

  // MARK: what is stored

  struct Stored {
    var record: Record
    var bytes: [UInt8]

    init(_ bytes: [UInt8]) throws {
      record = try Record.decode(bytes.rawBytes)
      self.bytes = bytes
    }

    var topic: String { String(decoding: bytes[record.topic], as: UTF8.self) }
    var body: String { String(decoding: bytes[record.body], as: UTF8.self) }
    var properties: [String: String] {
      let list = Properties(decoding: Array(bytes[record.properties]).rawBytes)
      return Dictionary(list.entries.map { ($0.name, $0.value) }) { $1 }
    }
  }

  /// The messages of a queue.
  func queue(_ topic: String, _ queueId: Int32 = 0) throws -> [Stored] {
    guard let slot = node.store.slot(topic), let range = node.store.queueRange(slot, queueId) else {
      return []
    }
    return try range.compactMap { offset in
      var raw = ByteBuffer()
      guard let entry = node.store.entry(slot, queueId, offset),
        node.store.readRecord(at: entry.physicalOffset, into: &raw)
      else { return nil }
      return try Stored(raw.array)
    }
  }

  var delivered: [String] { get throws { try queue(Self.topic, 1).map(\.body) } }
  var halves: [Stored] { get throws { try queue(TopicName.transactionHalf) } }
  var givenUp: [Stored] { get throws { try queue(TopicName.transactionCheckMax) } }
  /// The texts of all op messages.
  var opTexts: [String] { get throws { try queue(TopicName.transactionOp).map(\.body) } }

  /// Half and op progress as Apache keeps them.
  var progress: [Int64?] {
    [TopicName.transactionHalf, TopicName.transactionOp].map {
      node.store.consumerOffset(group: Transactions.group, topic: $0, queueId: 0)
    }
  }
}

/// A reply that names no half message.
struct NoPlace: Error {
  let reply: Reply
}

extension TransactionRig.Half {
  /// From the answer to a send, or from a question (39).
  init(_ reply: Reply) throws {
    if let offset = reply.fields["commitLogOffset"].flatMap({ Int64($0) }),
      let queueOffset = reply.fields["tranStateTableOffset"].flatMap({ Int64($0) })
    {
      self.init(queueOffset: queueOffset, logOffset: offset)
    } else if let id = reply.fields["msgId"].flatMap({ OffsetMessageId($0) }),
      let queueOffset = reply.fields["queueOffset"].flatMap({ Int64($0) })
    {
      self.init(queueOffset: queueOffset, logOffset: id.physicalOffset)
    } else {
      throw NoPlace(reply: reply)
    }
  }
}
