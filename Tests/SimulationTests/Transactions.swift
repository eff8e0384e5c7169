// A producer of transactions: half messages, decisions in time, late or never told, and answers to the
// broker's questions. A committed message appears once, a rolled-back one never.
//
// Whoever tells the broker one-way is promised no more than a question, much later. But a commit that arrived
// is done: the message stands in its queue as soon as the connection has brought it.

import Linux
import Wire

@testable import Server
@testable import Store

final class TransactionalProducer {
  private enum Decision: Int {
    case commit = 8
    case rollback = 12
  }
  private static let group = "PG-tx"
  private static let endTransaction: Int32 = 37
  private static let checkTransactionState: Int32 = 39
  /// No piece of a request is longer on its way.
  private static let arrivalMs: Int64 = 2_000

  private unowned let world: World
  private let client: ModelClient
  private let topics: [(name: String, queues: Int32)]
  private var left: Int
  private let pauseMs: Int64
  private(set) var isDone = false
  /// What the local transaction said, as a database would keep it. What is not in it did not happen.
  private var decisions: [Int: Decision] = [:]
  /// Messages whose local transaction still runs.
  private var undecided: Set<Int> = []
  /// Where each message goes when it is committed.
  private var queues: [Int: Int32] = [:]
  private var connections = 0

  init(_ world: World, topics: [(name: String, queues: Int32)], count: Int) {
    self.world = world
    self.topics = topics
    left = count
    pauseMs = world.plan.faultsMs * 2 / Int64(count)
    client = ModelClient(world, "transactional producer")
    client.onRequest = { [unowned self] request in
      if request.code == Self.checkTransactionState { question(request) }
    }
    client.onConnected = { [unowned self] in connections += 1 }
  }

  func start() {
    // The broker asks who sends heartbeats.
    var data = HeartbeatData(clientId: "tx")
    data.producers = [Self.group]
    client.heartbeat(2_000...8_000) { data }
    world.after(world.delayMs(0...2_000)) { [self] in next() }
  }

  private func next() {
    if left <= 0 {
      isDone = undecided.isEmpty
      if !isDone { world.after(1_000) { [self] in next() } }
      return
    }
    left -= 1
    defer { world.after(world.delayMs(0...pauseMs)) { [self] in next() } }
    let topic = topics.randomElement(using: &world.random)!
    var message = world.oracle.newMessage(world, topic: topic.name)
    message.comesOnce = true
    // Until the local transaction says otherwise.
    message.state = .refused
    world.oracle.sending(message)
    undecided.insert(message.id)
    let names = "PGROUP\u{1}\(Self.group)\u{2}UNIQ_KEY\u{1}M\(message.id)\u{2}"
    let properties = message.properties + "TRAN_MSG\u{1}true\u{2}" + names
    let queueId = world.number(0...Int(topic.queues) - 1)
    queues[message.id] = Int32(queueId)
    let fields = [
      ("a", Self.group), ("b", topic.name), ("c", "TBW102"), ("d", "4"), ("e", "\(queueId)"), ("f", "4"),
      ("g", "\(world.nowMs)"), ("h", "0"), ("i", properties), ("j", "0"), ("k", "false"), ("m", "false"),
    ]
    client.ask(.sendMessageV2, fields, body: message.body) { [self] answer in prepared(message.id, answer) }
  }

  private func prepared(_ id: Int, _ answer: Answer?) {
    guard let answer, answer.code == 0, let half = OffsetMessageId(answer.fields["msgId"] ?? "") else {
      // A client that does not know whether the half message is there does not begin.
      world.note("half message \(id) fails: \(answer?.code ?? -1)")
      undecided.remove(id)
      return
    }
    let place = (queueOffset: answer.number("queueOffset") ?? -1, logOffset: half.physicalOffset)
    world.note("half message \(id) at \(place)")
    let losses = world.powerLosses
    world.after(world.chance(20) ? world.delayMs(1_000...40_000) : world.delayMs(0...50)) { [self] in
      decide(id, world.chance(65) ? .commit : .rollback, place)
      // The half message itself may be lost by now.
      let isSure = world.plan.flushSync || losses == world.powerLosses
      if !isSure { world.oracle.change(id) { $0.mayBeLost = true } }
    }
  }

  private func decide(_ id: Int, _ decision: Decision, _ place: (queueOffset: Int64, logOffset: Int64)) {
    undecided.remove(id)
    decisions[id] = decision
    world.note("transaction \(id): \(decision)")
    if decision == .commit {
      world.oracle.acknowledged(world, id, physicalOffset: place.logOffset, place: nil)
    }
    // Some ends are never told, some twice.
    for _ in 0..<[0, 1, 1, 1, 1, 1, 1, 1, 2].randomElement(using: &world.random)! {
      end(id, decision.rawValue, place, fromCheck: false)
    }
  }

  private func end(
    _ id: Int, _ decision: Int, _ place: (queueOffset: Int64, logOffset: Int64), fromCheck: Bool
  ) {
    let fields = [
      ("producerGroup", Self.group), ("tranStateTableOffset", "\(place.queueOffset)"),
      ("commitLogOffset", "\(place.logOffset)"), ("commitOrRollback", "\(decision)"),
      ("fromTransactionCheck", "\(fromCheck)"), ("msgId", "M\(id)"), ("transactionId", "M\(id)"),
    ]
    let isCommit = decision == Decision.commit.rawValue
    // Java's clients do not wait for an answer, others do.
    if decision != 0 && world.chance(30) {
      client.ask(Self.endTransaction, fields, body: [], timeoutMs: 3_000) { [self] answer in
        if let answer, answer.code == 0, isCommit { expect(id) }
      }
      return
    }
    client.tell(Self.endTransaction, fields)
    guard isCommit, client.isConnected else { return }
    world.after(Self.arrivalMs) { [self, connections, boot = world.boots] in
      if client.isConnected && connections == self.connections && boot == world.boots { expect(id) }
    }
  }

  /// The message was committed, and nothing has gone wrong since.
  private func expect(_ id: Int) {
    let message = world.oracle.messages[id]
    // Days may pass in a moment, and take it away again. A log of tiny files has no room made yet for several
    // large messages at once: such an end is refused, and asked for again.
    guard message.mustArrive, world.plan.reservedHours == nil, let queueId = queues[id],
      message.bodyBytes < world.plan.segmentBytes / 8,
      let store = world.server?.node.store
    else { return }
    world.cover("transaction committed")
    if !isStored(id, store, message.topic, queueId) {
      world.fail("transaction \(id) was committed, and is not in \(message.topic):\(queueId): \(message)")
    }
  }

  private func isStored(_ id: Int, _ store: MessageStore, _ topic: String, _ queueId: Int32) -> Bool {
    guard let slot = store.slot(topic), let range = store.queueRange(slot, queueId) else { return false }
    var raw = ByteBuffer()
    return range.reversed().contains { offset in
      raw.removeAll()
      guard let entry = store.entry(slot, queueId, offset),
        store.readRecord(at: entry.physicalOffset, into: &raw), let record = try? Record.decode(raw.bytes)
      else { return false }
      return Received(record, raw.array).id == id
    }
  }

  private func question(_ request: Answer) {
    guard let offset = request.number("commitLogOffset"),
      let queueOffset = request.number("tranStateTableOffset"),
      let half = (try? Received.all(request.body))?.first, let message = world.oracle.known(world, half)
    else { return world.fail("a question (39) that names no half message of ours: \(request)") }
    world.note("transaction \(message.id) is asked for")
    let isSilent = !world.areFaultsOver && world.chance(20)
    let decision = undecided.contains(message.id) ? 0 : (decisions[message.id] ?? .rollback).rawValue
    if !isSilent { end(message.id, decision, (queueOffset, offset), fromCheck: true) }
  }
}
