// What was promised, and whether it is kept.
//
// The oracle knows what model clients sent, what was acknowledged, and what each group has seen. A message
// says who it is in its body and in a property, and both are checked wherever it turns up.

import Linux
import Wire

@testable import Server
@testable import Store

/// A message that a model client sent, once or several times.
struct Sent {
  enum State {
    /// Nobody knows whether it is stored.
    case unknown
    case acknowledged
    /// Every attempt was refused: it must never turn up.
    case refused
  }

  var id: Int
  var topic: String
  var tag = ""
  /// KEYS; empty for none.
  var key = ""
  /// Delay that was asked for, ms.
  var delayMs: Int64 = 0
  /// Messages of one stream in one queue keep the order of their ids.
  var stream = 0
  /// Nobody in the group can consume it: it must end among the dead letters.
  var isPoison = false
  /// Whether a second copy of it is a failure.
  var comesOnce = false
  /// The broker may store it once more to keep it.
  var isKept = false
  var bodyBytes = 0
  var extraBytes = 0
  /// Of the first attempt, by the clocks and by the time that passed.
  var sentMs: Int64 = 0
  var sentSteadyMs: Int64 = 0
  /// When the last acknowledgement came.
  var acknowledgedMs: Int64 = 0
  var acknowledgedSteadyMs: Int64 = 0
  var state = State.unknown
  var wasUnknown = false
  var wasRecalled = false
  /// Acknowledged, but allowed to be lost (ASYNC flush and a power loss).
  var mayBeLost = false
  /// Its segment was deleted.
  var isGone = false
  /// When the copy was stored that it moved on to.
  var movedMs: Int64 = 0
  /// Where the acknowledgement says it is; nil for what moves on from there by itself.
  var place: (queueId: Int32, offset: Int64)?
  /// Of the newest acknowledgement.
  var physicalOffset: Int64 = -1
  /// As it was last seen.
  var uniqueKey: String?

  /// The property N, for filters; some have none.
  var number: Int? { id % 7 == 0 ? nil : id % 10 }

  var mustArrive: Bool { state == .acknowledged && !mayBeLost }

  var body: [UInt8] {
    let head = Array("\(id);".utf8)
    let start = id * 7 % 4096
    return head + Self.filler[start..<start + max(0, bodyBytes - head.count)]
  }
  private static let filler = (0..<20_000).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 7) }

  /// The property string as the client sends it.
  var properties: String {
    var text = "WHO\u{1}\(id)\u{2}"
    if let number { text += "N\u{1}\(number)\u{2}" }
    if !key.isEmpty { text += "KEYS\u{1}\(key)\u{2}" }
    if !tag.isEmpty { text += "TAGS\u{1}\(tag)\u{2}" }
    if extraBytes > 0 { text += "EXTRA\u{1}\(String(repeating: "x", count: extraBytes))\u{2}" }
    return text
  }
}

/// A message as it was received.
struct Received {
  var queueId: Int32
  var offset: Int64
  var physicalOffset: Int64
  var reconsumeTimes: Int32
  var topic: String
  var body: [UInt8]
  var properties: Properties
  var storedMs: Int64
  var bornMs: Int64

  static func all(_ body: [UInt8]) throws(WireError) -> [Received] {
    var result: [Received] = []
    var start = 0
    while start < body.count {
      let record = try Record.decode(body.rawBytes, at: start)
      result.append(Received(record, body))
      start += record.totalBytes
    }
    return result
  }

  init(_ record: Record, _ bytes: [UInt8]) {
    queueId = record.queueId
    offset = record.queueOffset
    physicalOffset = record.physicalOffset
    reconsumeTimes = record.reconsumeTimes
    topic = String(decoding: bytes[record.topic], as: UTF8.self)
    body = Array(bytes[record.body])
    properties = Properties(decoding: bytes.rawBytes.extracting(record.properties))
    storedMs = record.storeTimestampMs
    bornMs = record.bornTimestampMs
  }

  /// Whom the body names.
  var id: Int? {
    body.firstIndex(of: UInt8(ascii: ";")).flatMap { Int(String(decoding: body[..<$0], as: UTF8.self)) }
  }
}

final class Oracle {
  /// By id.
  private(set) var messages: [Sent] = []

  /// What one consumer group must see, and has seen.
  final class Group {
    let name: String
    let wants: (Sent) -> Bool
    /// By message id: the attempts (reconsumeTimes) that were seen.
    fileprivate(set) var seen: [Int: Set<Int32>] = [:]
    init(_ name: String, _ wants: @escaping (Sent) -> Bool) {
      self.name = name
      self.wants = wants
    }

    /// A dead letter was handed out to the group before, as often as it may be.
    func checkAttempts(_ world: World, _ id: Int, triesMax: Int32) {
      for attempt in 0...triesMax where !(seen[id] ?? []).contains(attempt) {
        world.fail("message \(id) is a dead letter without attempt \(attempt)")
      }
    }
  }
  private(set) var groups: [Group] = []
  /// Topics whose creation was acknowledged.
  var topics: [String] = []
  /// Whether a message nobody told us of is a failure.
  var knowsAllSenders = true

  // MARK: Sending

  func newMessage(_ world: World, topic: String) -> Sent {
    var message = Sent(id: messages.count, topic: topic)
    message.bodyBytes = world.chance(10) ? world.number(1_000...12_000) : world.number(10...400)
    message.extraBytes = world.chance(5) ? world.number(100...6_000) : 0
    message.sentMs = world.nowMs
    message.sentSteadyMs = world.steadyMs
    return message
  }

  func sending(_ message: Sent) {
    precondition(message.id == messages.count)
    messages.append(message)
  }

  /// An attempt ended: acknowledged, refused, or nobody knows.
  func acknowledged(_ world: World, _ id: Int, physicalOffset: Int64, place: (Int32, Int64)?) {
    world.note("message \(id) acknowledged at \(physicalOffset), place \(place.map { "\($0)" } ?? "-")")
    messages[id].state = .acknowledged
    messages[id].acknowledgedMs = world.nowMs
    messages[id].acknowledgedSteadyMs = world.steadyMs
    messages[id].mayBeLost = false
    messages[id].isGone = false
    messages[id].physicalOffset = physicalOffset
    messages[id].place = place.map { (queueId: $0.0, offset: $0.1) }
  }

  func refused(_ id: Int) {
    if messages[id].state != .acknowledged && !messages[id].wasUnknown { messages[id].state = .refused }
  }

  /// It is sent once more.
  func retrying(_ id: Int) {
    if messages[id].state == .refused { messages[id].state = .unknown }
  }

  func unknown(_ id: Int) {
    messages[id].wasUnknown = true
    if messages[id].state == .refused { messages[id].state = .unknown }
  }

  /// It was taken back: nobody may see it from now on.
  func recalled(_ id: Int) {
    if groups.allSatisfy({ $0.seen[id] == nil }) {
      messages[id].state = .refused
      messages[id].wasRecalled = true
    }
  }

  func change(_ id: Int, _ body: (inout Sent) -> Void) { body(&messages[id]) }

  // MARK: Receiving

  func addGroup(_ name: String, wants: @escaping (Sent) -> Bool) -> Group {
    let group = Group(name, wants)
    groups.append(group)
    return group
  }

  /// A consumer of the group got a message; nil when it is none of ours or damaged.
  func seen(_ world: World, _ group: Group, _ received: Received) -> Sent? {
    guard let message = check(world, received) else { return nil }
    world.note(
      "\(group.name) sees \(message.id) at \(received.topic):\(received.queueId):\(received.offset), "
        + "attempt \(received.reconsumeTimes)")
    if !group.wants(message) {
      world.fail("\(group.name) gets message \(message.id), which is not for it: \(message)")
    }
    checkDelay(world, message)
    checkLate(world, message, received)
    if world.plan.reservedHours != nil {
      if message.comesOnce { world.cover("days: transaction") }
      if message.delayMs >= 3_600_000 { world.cover("days: timer") }
      if received.properties["TIMER_ROLL_TIMES"] != nil { world.cover("days: timer stored again") }
    }
    if received.topic == message.topic { messages[message.id].uniqueKey = received.properties["UNIQ_KEY"] }
    group.seen[message.id, default: []].insert(received.reconsumeTimes)
    return message
  }

  private func checkDelay(_ world: World, _ message: Sent) {
    if message.delayMs == 0 { return }
    // A level counts from when the clock was set back, a time says what it says.
    let sentMs = min(message.sentMs, world.lowestMs(since: message.sentSteadyMs))
    // It may have been delivered before that, and be seen again now.
    let early = sentMs + message.delayMs - world.latestMs(since: message.sentSteadyMs)
    if early > 0 {
      world.fail("message \(message.id) with a delay of \(message.delayMs) ms comes \(early) ms early")
    }
  }

  /// Whether what was received is what was sent, and may be there.
  func check(_ world: World, _ received: Received) -> Sent? {
    guard let message = known(world, received) else { return nil }
    if message.state == .refused { world.fail("message \(message.id) was refused, and is there: \(message)") }
    return message
  }

  /// Whether what was received is what was sent.
  func known(_ world: World, _ received: Received) -> Sent? {
    guard let id = received.id, id >= 0, id < messages.count else {
      world.fail("a message nobody sent in \(received.topic): \(received.body.prefix(40))")
      return nil
    }
    let message = messages[id]
    if received.body != message.body { world.fail("the body of message \(id) is damaged") }
    let properties = received.properties
    if properties["WHO"] != "\(id)" || (properties["EXTRA"] ?? "").utf8.count != message.extraBytes
      || (properties["TAGS"] ?? "") != message.tag
    {
      world.fail("the properties of message \(id) are damaged: \(properties)")
    }
    return message
  }

  /// Whether each group has seen what it has to.
  var isAllSeen: Bool {
    !groups.contains { group in
      messages.contains { $0.mustArrive && group.seen[$0.id] == nil && group.wants($0) }
    }
  }

  /// What some group has to see and has not.
  func missing() -> [(group: String, id: Int)] {
    groups.flatMap { group in
      messages.filter { $0.mustArrive && group.wants($0) && group.seen[$0.id] == nil }.map {
        (group.name, $0.id)
      }
    }
  }

  // MARK: The disk

  /// What ASYNC flush does not promise across a power loss.
  func afterPowerLoss(_ world: World, syncedTo: Int64) {
    if world.plan.flushSync { return }
    for id in messages.indices where messages[id].wasRecalled { messages[id].state = .unknown }
    for id in messages.indices where messages[id].state == .acknowledged {
      // The end of the record is not known exactly.
      let bytesMax = Int64(messages[id].bodyBytes + messages[id].extraBytes + 2_000)
      if messages[id].physicalOffset + bytesMax > syncedTo {
        messages[id].mayBeLost = true
        messages[id].place = nil
        messages[id].uniqueKey = nil
      }
    }
  }

  func afterBoot(_ world: World, _ node: Node) {
    afterRetention(world, node)
    for topic in topics where node.store.topicConfig(topic) == nil {
      world.fail("topic \(topic) was acknowledged and is gone")
    }
    if knowsAllSenders && world.chance(25) { checkQueues(world, node) }
  }

  /// Every queue of every topic: dense, in the order of the log, each record where it says it is; streams in
  /// their order; acknowledged places hold what they were given.
  func checkQueues(_ world: World, _ node: Node) {
    var found: [String: [Int32: [Int64: Int]]] = [:]
    for config in node.store.topicConfigs {
      guard let slot = node.store.slot(Array(config.name.utf8).rawBytes) else { continue }
      var copies: [Int: [Int64]] = [:]
      for queueId in 0..<max(config.readQueues, config.writeQueues) {
        guard let range = node.store.queueRange(slot, queueId) else { continue }
        let ids = checkQueue(world, node, config.name, slot, queueId, range, &copies)
        found[config.name, default: [:]][queueId] = ids
      }
      checkCopies(world, config.name, copies)
    }
    for message in messages where message.mustArrive {
      guard let place = message.place else { continue }
      let id = found[message.topic]?[place.queueId]?[place.offset]
      if id != message.id {
        world.fail("message \(message.id) was acknowledged at \(place), where now \(id ?? -1) is: \(message)")
      }
    }
  }

  private func checkQueue(
    _ world: World, _ node: Node, _ topic: String, _ slot: TopicSlot, _ queueId: Int32, _ range: Range<Int64>,
    _ copies: inout [Int: [Int64]]
  ) -> [Int64: Int] {
    var ids: [Int64: Int] = [:]
    var lastPhysical: Int64 = -1
    var lastOfStream: [Int: Int] = [:]
    var known: Set<Int> = []
    var raw = ByteBuffer()
    for offset in range {
      raw.removeAll()
      guard let entry = node.store.entry(slot, queueId, offset) else {
        world.fail("\(topic):\(queueId) has no entry at \(offset) of \(range)")
        continue
      }
      // A page that a power loss took from the middle of what was not synced.
      if entry.bytes == QueueEntry.blankSize && world.powerLosses > 0 { continue }
      guard node.store.readRecord(at: entry.physicalOffset, into: &raw),
        let record = try? Record.decode(raw.bytes)
      else {
        world.fail("\(topic):\(queueId) has no record at \(offset) of \(range)")
        continue
      }
      let received = Received(record, raw.array)
      if received.topic != topic || received.queueId != queueId || received.offset != offset
        || received.physicalOffset <= lastPhysical
      {
        world.fail(
          "\(topic):\(queueId) at \(offset) holds \(received.topic):\(received.queueId):\(received.offset) "
            + "from \(received.physicalOffset), after \(lastPhysical)")
      }
      lastPhysical = received.physicalOffset
      if TopicName.isSystem(topic) { continue }
      guard let message = check(world, received) else { continue }
      ids[offset] = message.id
      if topic == message.topic { copies[message.id, default: []].append(received.storedMs) }
      // What was sent again after an attempt that nobody answered may stand twice.
      if message.stream > 0 && received.topic == message.topic && known.insert(message.id).inserted {
        let last = lastOfStream[message.stream] ?? -1
        if message.id < last { world.fail("message \(message.id) is behind \(last) in \(topic):\(queueId)") }
        lastOfStream[message.stream] = max(last, message.id)
      }
    }
    return ids
  }
}
