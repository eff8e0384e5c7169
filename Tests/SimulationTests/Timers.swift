// A producer of messages with a time of delivery, some of which it takes back.

import Linux
import Wire

final class TimerProducer {
  private static let recallMessage: Int32 = 370
  private unowned let world: World
  private let client: ModelClient
  private let topics: [(name: String, queues: Int32)]
  private var left: Int
  private let pauseMs: Int64
  private(set) var isDone = false

  init(_ world: World, topics: [(name: String, queues: Int32)], count: Int) {
    self.world = world
    self.topics = topics
    left = count
    pauseMs = world.plan.faultsMs * 2 / Int64(count)
    client = ModelClient(world, "timer producer")
  }

  func start() { world.after(world.delayMs(0...2_000)) { [self] in next() } }

  private func next() {
    if left <= 0 {
      isDone = true
      return
    }
    left -= 1
    let topic = topics.randomElement(using: &world.random)!
    var message = world.oracle.newMessage(world, topic: topic.name)
    message.delayMs = world.chance(70) ? world.delayMs(100...20_000) : world.delayMs(20_000...150_000)
    if world.plan.reservedHours != nil, world.chance(70) {
      message.delayMs = world.delayMs(3_600_000...60 * 3_600_000)
    }
    var property = ("TIMER_DELAY_MS", message.delayMs)
    switch world.number(0...2) {
    case 0: property = ("TIMER_DELIVER_MS", world.nowMs + message.delayMs)
    case 1:
      message.delayMs = max(1, message.delayMs / 1000) * 1000
      property = ("TIMER_DELAY_SEC", message.delayMs / 1000)
    default: break
    }
    world.oracle.sending(message)
    send(
      message, Int32(world.number(0...Int(topic.queues) - 1)), "\(property.0)\u{1}\(property.1)\u{2}",
      tries: 0)
  }

  private func again() { world.after(world.delayMs(0...pauseMs)) { [self] in next() } }

  private func send(_ message: Sent, _ queueId: Int32, _ property: String, tries: Int) {
    // Copies of several attempts would each need to be taken back.
    let key = "TIMER-\(message.id)-\(tries)"
    let fields = Producer.fields(message, queueId, "\(property)UNIQ_KEY\u{1}\(key)\u{2}")
    client.ask(.sendMessageV2, fields, body: message.body) { [self] answer in
      guard let answer, answer.code == 0 else {
        answer == nil ? world.oracle.unknown(message.id) : world.oracle.refused(message.id)
        if let answer { world.note("timer \(message.id) refused: \(answer.code) \(answer.remark)") }
        if tries >= 20 { return again() }
        return world.after(world.delayMs(10...800)) { [self] in
          world.oracle.retrying(message.id)
          send(message, queueId, property, tries: tries + 1)
        }
      }
      let physical = OffsetMessageId(answer.fields["msgId"] ?? "")?.physicalOffset ?? -1
      world.oracle.acknowledged(world, message.id, physicalOffset: physical, place: nil)
      if let handle = answer.fields["recallHandle"], tries == 0, message.delayMs > 8_000, world.chance(30) {
        world.after(world.delayMs(0...2_000)) { [self] in recall(message, handle) }
      }
      again()
    }
  }

  /// Takes a message back long before it is due. Once that is acknowledged, nobody may see it.
  private func recall(_ message: Sent, _ handle: String) {
    let fields = [("producerGroup", "PG"), ("topic", message.topic), ("recallHandle", handle)]
    world.oracle.change(message.id) { $0.mayBeLost = true }
    client.ask(Self.recallMessage, fields, body: [], timeoutMs: 3_000) { [self] answer in
      guard let answer else { return world.note("recall of \(message.id): nobody answers") }
      world.note("recall of \(message.id): \(answer.code) \(answer.remark)")
      let isInTime =
        world.nowMs < message.sentMs + message.delayMs && !world.wasSetBack(since: message.sentSteadyMs)
      world.cover("recall")
      if answer.code == 0 && isInTime { world.oracle.recalled(message.id) }
    }
  }
}
