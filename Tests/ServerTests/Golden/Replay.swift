// Plays the requests of a recorded conversation to a node and says where its answers differ from Apache's.

import Linux
import Store
import TestSupport
import Testing
import Wire

@testable import Server

/// One conversation at a time. Its clock is that of the recording.
final class Replay {
  private let frames: [RecordedFrame]
  private let rig: Rig
  private let startMs: Int64
  private var clients: [Int: FakeClient] = [:]
  private var translation = Translation()
  /// Our answers by connection and opaque, and the requests they belong to.
  private var answers: [Key: Reply] = [:]
  private var requests: [Key: RecordedFrame] = [:]
  private var compared: Set<Key> = []
  /// Our broker's questions, by connection and the opaque of Apache's.
  private var questions: [Key: Reply] = [:]
  private(set) var differences: [String] = []
  /// Where Apache stored each message that is sent.
  private let places: [Key: Place]
  /// Records that somebody else stored: before the recording, or in frames that it left out. Oldest first.
  private var others: [RecordFacts]

  private struct Key: Hashable {
    let connection: Int
    let opaque: Int32
  }

  private static let lateMs: Int64 = 150
  /// How much later than Apache a held request may be answered.
  private static let patienceMs: Int64 = 2000

  private struct Place {
    let topic: String
    let queueId: Int32
    let offset: Int64
  }

  init(_ scenario: String, _ change: (inout ServerOptions) -> Void = { _ in }) throws {
    frames = try #require(RecordedFrame.scenarios[scenario])
    rig = try Rig { options in
      options.traceTopic = true
      change(&options)
    }
    startMs = Self.startMs(frames)
    others = Self.others(frames)
    places = Self.places(frames)
    rig.node.nowMs = startMs
    // Rounds of transaction checks come when Apache's came.
    let check = frames.first { $0.content.code == 39 && !$0.isToServer && !$0.content.isResponse }
    rig.node.broker.transactions.nextCheckMs = startMs + (check?.atMs ?? 30_000) - Self.lateMs
    for topic in Self.topics(frames) { rig.node.broker.topics.put(rig.node, topic) }
    for known in Self.offsets(frames) {
      rig.node.store.commitOffset(
        group: known.group, topic: known.topic, queueId: known.queueId, known.offset)
    }
  }

  /// Plays the whole conversation.
  func run() throws {
    try advance(to: startMs)
    var first: [String: Place] = [:]
    for place in places.values {
      let name = "\(place.topic) \(place.queueId)"
      if first[name].map({ place.offset < $0.offset }) ?? true { first[name] = place }
    }
    for place in first.values { try fill(place.topic, place.queueId, to: place.offset) }
    for frame in frames {
      try advance(to: startMs + frame.atMs)
      if frame.isToServer {
        try ask(frame)
      } else if frame.content.isResponse {
        try compare(frame)
      } else {
        try expectPush(frame)
      }
    }
  }

  // MARK: time

  /// Lets the clock pass, stopping wherever the node has something to do.
  private func advance(to timeMs: Int64) throws {
    let node = rig.node
    while let due = node.broker.nextDueMs, due + Self.lateMs < timeMs {
      node.nowMs = max(node.nowMs + 1, due + Self.lateMs)
      try work()
    }
    let seconds = timeMs / 1000 > node.nowMs / 1000
    node.nowMs = max(node.nowMs, timeMs)
    if seconds { node.everySecond() }
    while let next = others.first, next.record.storeTimestampMs <= timeMs {
      try store(next)
      others.removeFirst()
    }
    try work()
  }

  private func work() throws {
    let node = rig.node
    while let completion = node.store.nextCompletion() { node.complete(completion) }
    // Apache looks every 100 ms for what is due.
    node.nowMs -= Self.lateMs
    node.broker.work(node)
    node.nowMs += Self.lateMs
    for (connection, client) in clients {
      for answer in try client.take() {
        answers[Key(connection: connection, opaque: answer.opaque)] = answer
      }
    }
  }

  /// Stores what the recording's broker had at this place of the queue, and something else before it.
  private func store(_ facts: RecordFacts) throws {
    if facts.topic.hasPrefix(TopicName.retryPrefix) {
      _ = rig.node.broker.topics.ensure(rig.node, topic: facts.topic, queues: 1, perm: 6, unitMode: false)
    }
    try fill(facts.topic, facts.record.queueId, to: facts.record.queueOffset)
    var draft = RecordDraft()
    draft.queueId = facts.record.queueId
    draft.flag = facts.record.flag
    draft.sysFlag = facts.record.sysFlag
    draft.bornTimestampMs = facts.record.bornTimestampMs
    draft.bornHost = facts.record.bornHost
    draft.storeHost = rig.node.storeHost
    draft.reconsumeTimes = facts.record.reconsumeTimes
    draft.preparedTransactionOffset = facts.record.preparedTransactionOffset
    let properties = facts.properties.encoded
    let name = Array(facts.topic.utf8)
    let stored = try rig.node.append(
      draft, rig.node.store.makeSlot(facts.topic), topic: name.rawBytes, properties.rawBytes,
      PropertyScan(properties.rawBytes), facts.body.rawBytes)
    translation.learn(facts.record.physicalOffset, stored.physicalOffset)
  }

  /// Messages that nobody in the recording saw, so that the next one gets `offset`.
  private func fill(_ topic: String, _ queueId: Int32, to offset: Int64) throws {
    let slot = rig.node.store.makeSlot(topic)
    while (rig.node.store.queueRange(slot, queueId)?.upperBound ?? 0) < offset {
      try rig.store(topic, queueId: queueId, body: "unseen")
    }
  }

  // MARK: frames

  private func ask(_ frame: RecordedFrame) throws {
    // What a client answers to a question of its broker goes back under our broker's number.
    let client = try client(frame)
    if frame.content.isResponse {
      let key = Key(connection: frame.connection, opaque: frame.content.opaque)
      guard let question = questions.removeValue(forKey: key) else { return }
      let fields = frame.content.fields.map { ($0.key, $0.value) }
      try client.answer(
        question, code: frame.content.code, remark: frame.content.remark, fields, body: frame.content.body)
      return try work()
    }
    if let place = places[Key(connection: frame.connection, opaque: frame.content.opaque)] {
      try fill(place.topic, place.queueId, to: place.offset)
    }
    let fields = translation.fields(frame.content.code, frame.content.fields)
    let key = Key(connection: frame.connection, opaque: frame.content.opaque)
    if !frame.isOneWay { requests[key] = frame }
    let body = translation.body(frame.content.code, frame.content.body)
    if fields == frame.content.fields && body == frame.content.body {
      try client.deliver(frame.bytes)
    } else {
      try client.deliver(Self.request(frame, fields, body))
    }
    try work()
    // Questions that a thread of the store works on.
    if frame.content.code == 12 {
      rig.settle {
        (try? work()) != nil && answers[key] != nil
      }
    }
  }

  private func compare(_ recorded: RecordedFrame) throws {
    let key = Key(connection: recorded.connection, opaque: recorded.content.opaque)
    guard let request = requests[key], compared.insert(key).inserted else { return }
    try wait { answers[key] != nil }
    let place = "\(recorded.atMs) ms, code \(request.content.code), opaque \(key.opaque)"
    guard let ours = answers[key] else {
      differences.append("\(place): no answer, Apache's is \(recorded.content.code)")
      return
    }
    for difference in Comparison.differences(request.content, recorded.content, ours) {
      differences.append("\(place): \(difference)")
    }
    translation.learn(asked: request.content.code, recorded: recorded.content, ours: ours)
  }

  /// A question or message of the broker itself. Apache may be a moment earlier or later than we are.
  private func expectPush(_ recorded: RecordedFrame) throws {
    let client = try client(recorded)
    let place = "\(recorded.atMs) ms, pushed code \(recorded.content.code)"
    func position() -> Int? { client.pushed.firstIndex { $0.code == recorded.content.code } }
    try wait { position() != nil }
    guard let at = position() else {
      // Notices may be sent once where Apache sends them twice.
      if recorded.content.code != 40 { differences.append("\(place): was not sent") }
      return
    }
    let ours = client.pushed.remove(at: at)
    questions[Key(connection: recorded.connection, opaque: recorded.content.opaque)] = ours
    for difference in Comparison.differences(recorded.content, recorded.content, ours) {
      differences.append("\(place): \(difference)")
    }
    translation.learn(asked: recorded.content.code, recorded: recorded.content, ours: ours)
  }

  /// Lets the clock go on to what the node waits for until `isDone`.
  private func wait(until isDone: () -> Bool) throws {
    let end = rig.node.nowMs + Self.patienceMs
    while !isDone(), let due = rig.node.broker.nextDueMs, due + Self.lateMs <= end {
      rig.node.nowMs = max(rig.node.nowMs + 1, due + Self.lateMs)
      try work()
    }
  }

  private func client(_ frame: RecordedFrame) throws -> FakeClient {
    if let known = clients[frame.connection] { return known }
    let client = try rig.client(frame.role)
    clients[frame.connection] = client
    return client
  }

  private static func request(_ frame: RecordedFrame, _ fields: [String: String], _ body: [UInt8]) -> [UInt8]
  {
    var out = ByteBuffer()
    var writer = FrameWriter(
      request: frame.content.code, opaque: frame.content.opaque, oneWay: frame.isOneWay, to: &out)
    for (name, value) in fields { writer.field(named: name, value, to: &out) }
    writer.endHeader(to: &out)
    out.append(body)
    writer.finish(to: &out)
    return out.array
  }

  // MARK: what was there before

  /// What groups had committed before: as the first question of each queue was answered, if nothing in the
  /// recording committed it.
  private static func offsets(
    _ frames: [RecordedFrame]
  ) -> [(group: String, topic: String, queueId: Int32, offset: Int64)] {
    var asked: [Key: (String, String, Int32)] = [:]
    var popped: [Key: (String, String)] = [:]
    var seen: Set<String> = []
    var result: [(group: String, topic: String, queueId: Int32, offset: Int64)] = []
    for frame in frames {
      let key = Key(connection: frame.connection, opaque: frame.content.opaque)
      let fields = frame.content.fields
      if frame.isToServer {
        guard let group = fields["consumerGroup"], let topic = fields["topic"],
          let queueId = fields["queueId"].flatMap({ Int32($0) })
        else { continue }
        let isNew = seen.insert("\(group) \(topic) \(queueId)").inserted
        if frame.content.code == 14 && isNew { asked[key] = (group, topic, queueId) }
        if frame.content.code == 200_050 && isNew { popped[key] = (group, topic) }
      } else if let (group, topic) = popped[key] {
        for start in fields["startOffsetInfo"]?.split(separator: ";") ?? [] {
          let words = start.split(separator: " ")
          let isRetry = words[0] == "1"
          let real = isRetry ? PopNames.retryTopic(group: group, topic: topic, isV2: false) : topic
          result.append((group, real, Int32(words[1])!, Int64(words[2])!))
        }
      } else if let (group, topic, queueId) = asked[key],
        let offset = fields["offset"].flatMap({ Int64($0) })
      {
        result.append((group, topic, queueId, offset))
      }
    }
    return result
  }

  private static func places(_ frames: [RecordedFrame]) -> [Key: Place] {
    var topics: [Key: String] = [:]
    var result: [Key: Place] = [:]
    for frame in frames {
      let key = Key(connection: frame.connection, opaque: frame.content.opaque)
      let fields = frame.content.fields
      if frame.isToServer, [10, 310, 320, 324, 325].contains(frame.content.code) {
        // Messages that wait elsewhere first have no place of their own yet.
        let properties = fields["i"] ?? fields["properties"] ?? ""
        if Masks.propertiesOfWaiting.contains(where: { properties.contains($0) }) { continue }
        topics[key] = fields["b"] ?? fields["topic"]
      } else if let topic = topics[key], let queueId = fields["queueId"].flatMap({ Int32($0) }),
        let offset = fields["queueOffset"].flatMap({ Int64($0) })
      {
        result[key] = Place(topic: topic, queueId: queueId, offset: offset)
      }
    }
    return result
  }

  /// Records in answers whose messages the recording does not send.
  private static func others(_ frames: [RecordedFrame]) -> [RecordFacts] {
    var sent: Set<String> = []
    for frame in frames where frame.isToServer && !frame.content.isResponse {
      let text = frame.content.fields["i"] ?? frame.content.fields["properties"] ?? ""
      let properties = Properties(decoding: Array(text.utf8).rawBytes)
      if let key = properties["UNIQ_KEY"] { sent.insert(key) }
      if frame.content.fields["m"] == "true" || frame.content.fields["batch"] == "true" {
        sent.formUnion(batchKeys(frame.content.body))
      }
    }
    var seen: Set<String> = []
    var keys: Set<String> = []
    var result: [RecordFacts] = []
    let pops = groupsOfPops(frames)
    for frame in frames where !frame.isToServer && frame.content.isResponse {
      sent.formUnion((frame.content.fields["msgId"] ?? "").split(separator: ",").map(String.init))
      for facts in RecordFacts.all(frame.content.body) ?? [] {
        let facts = facts.asStored(in: pops[Key(connection: frame.connection, opaque: frame.content.opaque)])
        let id = OffsetMessageId(host: facts.record.storeHost, physicalOffset: facts.record.physicalOffset)
        let names = [facts.properties["UNIQ_KEY"], facts.properties["ORIGIN_MESSAGE_ID"], id.text]
        let place = "\(facts.topic) \(facts.record.queueId) \(facts.record.queueOffset)"
        // What comes back in the recording comes back here too.
        if facts.topic.hasPrefix(TopicName.retryPrefix), !keys.insert(names[0] ?? "").inserted { continue }
        keys.insert(names[0] ?? "")
        if names.allSatisfy({ !sent.contains($0 ?? "") }), seen.insert(place).inserted {
          result.append(facts)
        }
      }
    }
    return result.sorted {
      ($0.record.storeTimestampMs, $0.record.physicalOffset)
        < ($1.record.storeTimestampMs, $1.record.physicalOffset)
    }
  }

  /// The group of each pop.
  private static func groupsOfPops(_ frames: [RecordedFrame]) -> [Key: String] {
    var result: [Key: String] = [:]
    for frame in frames where frame.isToServer && frame.content.code == RequestCode.popMessage.rawValue {
      let key = Key(connection: frame.connection, opaque: frame.content.opaque)
      result[key] = frame.content.fields["consumerGroup"]
    }
    return result
  }

  /// Unique keys of the messages of a batch (4 size, 4 magic, 4 CRC, 4 flag, 4 + n body, 2 + n properties).
  private static func batchKeys(_ body: [UInt8]) -> [String] {
    var keys: [String] = []
    var at = 0
    while at + 20 <= body.count {
      let size = Int(body.rawBytes.int32(at: at))
      let propertiesAt = at + 20 + Int(body.rawBytes.int32(at: at + 16))
      guard size >= 22, at + size <= body.count, propertiesAt + 2 <= at + size else { break }
      let properties = Properties(decoding: Array(body[(propertiesAt + 2)..<(at + size)]).rawBytes)
      if let key = properties["UNIQ_KEY"] { keys.append(key) }
      at += size
    }
    return keys
  }

  /// The topics that the routes of the recording show from the start.
  private static func topics(_ frames: [RecordedFrame]) -> [TopicConfig] {
    var asked: [Key: String] = [:]
    var seen: Set<String> = []
    var result: [TopicConfig] = []
    for frame in frames where frame.role == .nameServer {
      let key = Key(connection: frame.connection, opaque: frame.content.opaque)
      if frame.isToServer {
        if frame.content.code == 105 { asked[key] = frame.content.fields["topic"] }
        continue
      }
      guard let topic = asked[key], seen.insert(topic).inserted, frame.content.code == 0,
        let queues = try? frame.content.json()["queueDatas"]?.array?.first, !TopicName.isSystem(topic)
      else { continue }
      var config = TopicConfig(name: topic)
      config.readQueues = queues["readQueueNums"]?.int32 ?? 4
      config.writeQueues = queues["writeQueueNums"]?.int32 ?? 4
      config.perm = queues["perm"]?.int32 ?? 6
      result.append(config)
    }
    return result
  }

  /// The wall clock of the recording: the first send says it.
  private static func startMs(_ frames: [RecordedFrame]) -> Int64 {
    for frame in frames where frame.isToServer {
      if let born = frame.content.fields["g"] ?? frame.content.fields["bornTimestamp"],
        let ms = Int64(born), ms > 1_700_000_000_000
      {
        return ms - frame.atMs
      }
    }
    // Without one, everything that was read is older.
    let read = frames.flatMap { RecordFacts.all($0.content.body) ?? [] }
    return read.map(\.record.storeTimestampMs).max() ?? 1_795_180_000_000
  }
}

extension FakeClient {
  /// Hands in a whole frame as it came from a client.
  func deliver(_ bytes: [UInt8]) throws {
    let frame = try #require(try Frame.cut(bytes.rawBytes, from: 0))
    var header = RemotingHeader()
    let fields = Array(bytes[frame.header])
    let body = Array(bytes[frame.body])
    try header.parse(fields.rawBytes, as: frame.serialization)
    if let handler = node.table.handler(header.code, at: session.role) {
      handler(node, session, header, fields.rawBytes, body.rawBytes)
    } else {
      session.answer(header, .requestCodeNotSupported, remark: " request type \(header.code) not supported")
    }
  }
}
