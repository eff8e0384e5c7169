// Processes of one group that pop: what is acknowledged in time is never seen again, what is not comes back,
// and not before its time.

import Linux
import Wire

@testable import Server
@testable import Store

/// What is known of each message that the group popped, by its unique key.
final class PopRecord {
  struct Entry {
    var id: Int
    /// Nobody may see it before.
    var hiddenUntilMs: Int64
    /// It comes back then at the latest.
    var backMs: Int64
    /// When it was popped, and asked for before.
    var poppedMs: Int64
    var askedMs: Int64
    /// How often it had come back by then.
    var attempt: Int32
    var isAcknowledged = false
    /// An acknowledgement went out that nobody answered in time: it may count, also when the process that
    /// sent it did not live to hear so.
    var isUnsure = false
  }
  var entries: [String: Entry] = [:]
  /// How often more than once a message may come, because a crash let it stand in several places: a message
  /// that comes back is stored once more, and then noted as done where it was.
  private var extra: [String: Int] = [:]
  /// Messages that stood more than once at some time.
  private(set) var torn: Set<String> = []

  /// Looks after a start in how many places each message of the group is: in the queues before it, and in
  /// check points. What was whole before the crash is in one.
  func recount(_ world: World, _ node: Node, group name: String, topic: String) {
    let before = extra
    extra = [:]
    guard world.tornFrom < .max || !before.isEmpty, let group = node.broker.clients.existing(name) else {
      return
    }
    var places: [String: (count: Int, isTorn: Bool)] = [:]
    func count(_ slot: TopicSlot, _ queueId: Int32, _ offset: Int64) {
      var raw = ByteBuffer()
      guard let entry = node.store.entry(slot, queueId, offset),
        node.store.readRecord(at: entry.physicalOffset, into: &raw),
        let record = try? Record.decode(raw.bytes),
        let key = Received(record, raw.array).properties["UNIQ_KEY"]
      else { return }
      let known = places[key] ?? (0, false)
      places[key] = (known.count + 1, known.isTorn || entry.physicalOffset >= world.tornFrom)
    }
    // A retry topic that was made in the torn turn has no config, and its queue what was stored there.
    let retryTopics = [false, true].map { PopNames.retryTopic(group: name, topic: topic, isV2: $0) }
    for topic in [topic] + retryTopics {
      guard let slot = node.store.slot(topic) else { continue }
      for queueId in 0..<max(1, node.store.gate(slot).readQueues) {
        guard let range = node.store.queueRange(slot, queueId) else { continue }
        let next = node.store.consumerOffset(group: name, topic: topic, queueId: queueId) ?? range.lowerBound
        for offset in min(next, range.upperBound)..<range.upperBound { count(slot, queueId, offset) }
      }
    }
    for point in node.broker.pop.ledger.pool.compactMap(\.point) where point.key.group == group.index {
      for index in 0..<point.count where !point.isAcked(index) {
        count(point.key.slot, point.key.queueId, point.offset(index))
      }
    }
    for (key, place) in places where place.count > 1 {
      // What an earlier crash left, and nobody has popped since, still stands there.
      extra[key] = place.isTorn ? place.count - 1 : before[key].map { min($0, place.count - 1) }
    }
    torn.formUnion(extra.keys)
    if !extra.isEmpty { world.note("stand more than once: \(extra.sorted { $0.key < $1.key })") }
  }

  /// Whether a message may come once more than it should.
  func mayComeOnceMore(_ key: String) -> Bool {
    guard let left = extra[key] else { return false }
    extra[key] = left > 1 ? left - 1 : nil
    return true
  }

  /// For the report of a failure.
  var firstWaiting: String {
    entries.first { !$0.value.isAcknowledged && !$0.value.isUnsure }.map { "\($0)" } ?? "none"
  }
  var waiting: Int { entries.values.count { !$0.isAcknowledged && !$0.isUnsure } }
}

final class PopConsumer: Consumer {
  private static let popMessage: Int32 = 200_050
  private static let ackMessage: Int32 = 200_051
  private static let changeInvisibleTime: Int32 = 200_053
  private let topic: String
  private let record: PopRecord

  struct Receipt {
    var text: String
    var topic: String
    var queueId: Int32
    var offset: Int64
    var key: String
    /// The ack must be answered before.
    var untilMs: Int64
    var givenMs: Int64
  }

  init(_ world: World, _ name: String, _ group: Oracle.Group, topic: String, _ record: PopRecord) {
    self.topic = topic
    self.record = record
    super.init(world, name, group, queues: [])
  }

  override func begin() { pop(life) }

  private func pop(_ life: Int) {
    let invisibleMs = world.delayMs(10_000...20_000)
    let fields = [
      ("consumerGroup", group.name), ("topic", topic), ("queueId", "-1"),
      ("maxMsgNums", "\(world.number(1...16))"),
      ("invisibleTime", "\(invisibleMs)"), ("pollTime", "5000"), ("bornTime", "\(world.nowMs)"),
      ("initMode", "0"), ("order", "false"), ("exp", "*"), ("expType", "TAG"),
    ]
    let askedMs = world.steadyMs
    client.ask(Self.popMessage, fields, body: [], timeoutMs: 10_000) { [self] answer in
      guard life == self.life else { return }
      guard let answer, answer.code == 0 else {
        if let answer, ![17, 2, 209, 210].contains(answer.code) {
          world.note("\(client.name) pops: \(answer.code) \(answer.remark)")
        }
        return later(life, ms: 100...2_000) { [self] in pop(life) }
      }
      take(answer, askedMs: askedMs, life)
      later(life, ms: 0...1_000) { [self] in pop(life) }
    }
  }

  private func take(_ answer: Answer, askedMs: Int64, _ life: Int) {
    guard let all = try? Received.all(answer.body), let popMs = answer.number("popTime"),
      let invisibleMs = answer.number("invisibleTime")
    else { return world.fail("\(client.name) gets an answer that cannot be read: \(answer.fields)") }
    for received in all {
      guard let message = world.oracle.seen(world, group, received) else { continue }
      // A crash may deliver a delayed message twice, with one key.
      let key = message.delayMs > 0 ? "delayed" : received.properties["UNIQ_KEY"] ?? ""
      let text = Self.receipt(received, answer)
      let words = text.split(separator: " ")
      guard words.count == 8 else { return world.fail("\(client.name) gets the receipt \(text)") }
      // Clocks that went on by hours meanwhile let it come back before this answer came.
      if world.plan.reservedHours != nil, received.reconsumeTimes < record.entries[key]?.attempt ?? 0 {
        continue
      }
      if key != "delayed", let entry = record.entries[key],
        world.latestMs(since: entry.poppedMs) < entry.hiddenUntilMs || entry.isAcknowledged,
        !record.mayComeOnceMore(key)
      {
        world.fail(
          "\(client.name) pops message \(message.id) again, acknowledged: \(entry.isAcknowledged), hidden for "
            + "\(entry.hiddenUntilMs - world.nowMs) ms")
      }
      if let entry = record.entries[key], received.reconsumeTimes == entry.attempt + 1,
        !record.torn.contains(key)
      {
        world.checkLate(
          "popped message \(message.id)", dueMs: entry.backMs, storedMs: received.storedMs,
          since: entry.askedMs)
      }
      if key != "delayed" {
        record.entries[key] = .init(
          id: message.id, hiddenUntilMs: popMs + invisibleMs, backMs: popMs + invisibleMs,
          poppedMs: world.steadyMs, askedMs: askedMs,
          attempt: received.reconsumeTimes)
      }
      let isRetry = words[4] != "0"
      let receipt = Receipt(
        text: text,
        topic: isRetry ? "%RETRY%\(group.name)\(words[4] == "2" ? "+" : "_")\(topic)" : topic,
        queueId: received.queueId, offset: received.offset, key: key, untilMs: popMs + invisibleMs,
        givenMs: world.steadyMs)
      handle(receipt, life)
    }
  }

  /// What an answer of a pop says about one of its messages, as a client hands it back.
  static func receipt(_ received: Received, _ answer: Answer) -> String {
    if let text = received.properties["POP_CK"] { return text }
    let start = (answer.fields["startOffsetInfo"] ?? "").split(separator: ";").lazy
      .map { $0.split(separator: " ") }.first { $0[0] == "0" && $0[1] == "\(received.queueId)" }
    let times = "\(answer.fields["popTime"] ?? "?") \(answer.fields["invisibleTime"] ?? "?")"
    return "\(start?[2] ?? "?") \(times) \(answer.fields["reviveQid"] ?? "?") 0 broker-a \(received.queueId) "
      + "\(received.offset)"
  }

  private func handle(_ receipt: Receipt, _ life: Int) {
    let lot = world.areFaultsOver ? 0 : world.number(0...99)
    switch lot {
    case ..<65: later(life, ms: 0...500) { [self] in acknowledge(receipt, life) }
    case ..<80: later(life, ms: 0...3_000) { [self] in change(receipt, life) }
    case ..<88: later(life, ms: 5_000...30_000) { [self] in acknowledge(receipt, life) }
    default: break
    }
  }

  private func fields(_ receipt: Receipt) -> [(String, String)] {
    [
      ("consumerGroup", group.name), ("topic", receipt.topic), ("queueId", "\(receipt.queueId)"),
      ("offset", "\(receipt.offset)"), ("extraInfo", receipt.text),
    ]
  }

  /// Whether what is answered now counts: a message that is back stays so when the clocks are set back.
  private func holds(_ receipt: Receipt) -> Bool {
    world.nowMs < receipt.untilMs && !world.wasSetBack(since: receipt.givenMs)
  }

  private func acknowledge(_ receipt: Receipt, _ life: Int) {
    // A restart of this process forgets the request, not the server.
    record.entries[receipt.key]?.isUnsure = true
    client.ask(Self.ackMessage, fields(receipt), body: [], timeoutMs: 3_000) { [self] answer in
      world.note("\(client.name) acknowledges \(receipt.key) (\(receipt.text)): \(answer?.code ?? -1)")
      // Served late, it may count all the same, for what nobody has popped meanwhile.
      guard let answer, answer.code == 0, holds(receipt) else {
        record.entries[receipt.key]?.isUnsure = true
        return
      }
      record.entries[receipt.key]?.isAcknowledged = true
      world.cover("pop acknowledged")
      if world.plan.reservedHours != nil { world.cover("days: pop acknowledged") }
    }
  }

  private func change(_ receipt: Receipt, _ life: Int) {
    let invisibleMs = world.delayMs(1_000...15_000)
    let askedMs = world.nowMs
    let timeoutMs: Int64 = 3_000
    // From now on either time may hold; or that of somebody who popped it meanwhile.
    record.entries[receipt.key]?.hiddenUntilMs = min(receipt.untilMs, askedMs + invisibleMs)
    let backMs = record.entries[receipt.key]?.backMs ?? 0
    record.entries[receipt.key]?.backMs = max(backMs, receipt.untilMs, askedMs + timeoutMs + invisibleMs)
    let all = fields(receipt) + [("invisibleTime", "\(invisibleMs)")]
    client.ask(Self.changeInvisibleTime, all, body: [], timeoutMs: timeoutMs) { [self] answer in
      world.note("\(client.name) changes \(receipt.key) (\(receipt.text)): \(answer?.code ?? -1)")
      guard let answer, answer.code == 0, let popMs = answer.number("popTime") else { return }
      guard holds(receipt) else {
        // The clocks were set back meanwhile: the server may have counted from the time it was then.
        if let hidden = record.entries[receipt.key]?.hiddenUntilMs {
          record.entries[receipt.key]?.hiddenUntilMs = min(hidden, popMs + invisibleMs)
        }
        return
      }
      let words = receipt.text.split(separator: " ")
      var renewed = receipt
      renewed.text =
        "\(receipt.offset) \(popMs) \(invisibleMs) \(answer.fields["reviveQid"] ?? "?") \(words[4]) broker-a "
        + "\(receipt.queueId) \(receipt.offset)"
      renewed.untilMs = popMs + invisibleMs
      record.entries[receipt.key]?.backMs = renewed.untilMs
      if world.nowMs < renewed.untilMs { record.entries[receipt.key]?.hiddenUntilMs = renewed.untilMs }
      world.cover("pop changed")
      if life == self.life { handle(renewed, life) }
    }
  }
}
