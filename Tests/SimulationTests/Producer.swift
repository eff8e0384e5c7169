// A model client that sends: plain, delayed and batched messages, each again until somebody says what became
// of it.

import Linux
import Wire

final class Producer {
  private unowned let world: World
  private let client: ModelClient
  private let topics: [(name: String, queues: Int32)]
  private let stream: Int
  private var left: Int
  private(set) var isDone = false
  /// Percent of messages by kind; the rest is plain.
  var delayedPercent = 0
  var batchPercent = 15
  var oneWayPercent = 3
  var poisonPercent = 0
  var keyedPercent = 0
  private let pauseMs: Int64

  init(_ world: World, stream: Int, topics: [(name: String, queues: Int32)], count: Int) {
    self.world = world
    client = ModelClient(world, "producer \(stream)")
    self.topics = topics
    self.stream = stream
    left = count
    pauseMs = max(10, world.plan.faultsMs * 2 / Int64(count))
  }

  func start() { world.after(world.delayMs(0...500)) { [self] in next() } }

  private func next() {
    if left <= 0 {
      isDone = true
      return
    }
    left -= 1
    let topic = topics.randomElement(using: &world.random)!
    let queueId = Int32(world.number(0...Int(topic.queues) - 1))
    let kind = world.number(0...99)
    if kind < batchPercent { return batch(topic.name, queueId) }
    var message = world.oracle.newMessage(world, topic: topic.name)
    message.stream = stream
    message.tag = world.chance(50) ? "A" : "B"
    message.isPoison = world.chance(poisonPercent)
    if world.chance(keyedPercent) { message.key = "K\(message.id % 50)" }
    if kind < batchPercent + delayedPercent {
      let levels = world.plan.levelsMs
      let level = world.number(1...levels.count)
      message.delayMs = levels[level - 1]
      message.stream = 0
      world.oracle.sending(message)
      send(message, queueId, "DELAY\u{1}\(level)\u{2}", tries: 0)
    } else if kind < batchPercent + delayedPercent + oneWayPercent {
      world.oracle.sending(message)
      client.tell(.sendMessageV2, Self.fields(message, queueId, ""), body: message.body)
      world.oracle.unknown(message.id)
      again()
    } else {
      world.oracle.sending(message)
      send(message, queueId, "", tries: 0)
    }
  }

  private func again() { world.after(world.delayMs(0...pauseMs)) { [self] in next() } }

  static func fields(_ message: Sent, _ queueId: Int32, _ properties: String) -> [(String, String)] {
    [
      ("a", "PG"), ("b", message.topic), ("c", "TBW102"), ("d", "4"), ("e", "\(queueId)"), ("f", "0"),
      ("g", "\(message.sentMs)"), ("h", "0"), ("i", message.properties + properties), ("j", "0"),
      ("k", "false"), ("m", "false"),
    ]
  }

  private func send(_ message: Sent, _ queueId: Int32, _ properties: String, tries: Int) {
    client.ask(.sendMessageV2, Self.fields(message, queueId, properties), body: message.body) {
      [self] answer in
      guard let answer, answer.code == 0 else {
        note(message.id, answer)
        if tries >= 20 { return again() }
        return world.after(world.delayMs(10...800)) { [self] in
          world.oracle.retrying(message.id)
          send(message, queueId, properties, tries: tries + 1)
        }
      }
      let physical = OffsetMessageId(answer.fields["msgId"] ?? "")?.physicalOffset ?? -1
      let place = message.delayMs > 0 ? nil : (queueId, answer.number("queueOffset") ?? -1)
      world.oracle.acknowledged(world, message.id, physicalOffset: physical, place: place)
      again()
    }
  }

  /// What an answer other than success says about a message.
  private func note(_ id: Int, _ answer: Answer?) {
    if let answer {
      world.note("message \(id) refused: \(answer.code) \(answer.remark)")
      world.oracle.refused(id)
    } else {
      world.oracle.unknown(id)
    }
  }

  // MARK: Batches

  private func batch(_ topic: String, _ queueId: Int32) {
    var messages: [Sent] = []
    var body = ByteBuffer()
    for _ in 0..<world.number(2...8) {
      var message = world.oracle.newMessage(world, topic: topic)
      message.stream = stream
      message.bodyBytes = min(message.bodyBytes, 600)
      message.extraBytes = min(message.extraBytes, 600)
      message.tag = world.chance(50) ? "A" : "B"
      world.oracle.sending(message)
      messages.append(message)
      Batch.append(
        flag: 0, body: message.body.rawBytes, properties: Array(message.properties.utf8).rawBytes, to: &body)
    }
    send(messages, queueId, body.array, tries: 0)
  }

  private func send(_ messages: [Sent], _ queueId: Int32, _ body: [UInt8], tries: Int) {
    var fields = Self.fields(messages[0], queueId, "")
    fields[8].1 = ""
    fields[11].1 = "true"
    client.ask(.sendBatchMessage, fields, body: body) { [self] answer in
      guard let answer, answer.code == 0 else {
        for message in messages { note(message.id, answer) }
        if tries >= 20 { return again() }
        return world.after(world.delayMs(10...800)) { [self] in
          for message in messages { world.oracle.retrying(message.id) }
          send(messages, queueId, body, tries: tries + 1)
        }
      }
      let ids = (answer.fields["msgId"] ?? "").split(separator: ",")
      let first = answer.number("queueOffset") ?? -1
      if ids.count != messages.count { world.fail("a batch of \(messages.count) has \(ids.count) ids") }
      for (index, message) in messages.enumerated() where index < ids.count {
        world.oracle.acknowledged(
          world, message.id, physicalOffset: OffsetMessageId(String(ids[index]))?.physicalOffset ?? -1,
          place: (queueId, first + Int64(index)))
      }
      again()
    }
  }
}
