// Parts of the broker that some runs exercise besides sending and consuming: each with its own topics, groups,
// clients and checks.

import Wire

@testable import Server

/// One such part. It says what it did with `World.cover`.
class Feature {
  unowned let world: World
  /// Its operator.
  let admin: ModelClient

  init(_ world: World, _ name: String) {
    self.world = world
    admin = ModelClient(world, name)
  }

  func start() {}
  /// Whether nothing is left to do; asked when the faults are over.
  var isDone: Bool { true }
  /// What is missing, for the report of a failure.
  var complaint: String { "\(type(of: self)) does not come to its end" }
  /// Looks at the server that was started once more at the end.
  func check(_ node: Node) {}

  /// Creates a topic, and notes that it must not be lost.
  func makeTopic(_ name: String, queues: Int32, attributes: String = "", then: @escaping () -> Void = {}) {
    var fields = [
      ("topic", name), ("defaultTopic", "TBW102"), ("readQueueNums", "\(queues)"),
      ("writeQueueNums", "\(queues)"), ("perm", "6"), ("topicFilterType", "SINGLE_TAG"),
      ("topicSysFlag", "0"), ("order", "false"),
    ]
    if !attributes.isEmpty { fields.append(("attributes", attributes)) }
    admin.ask(.updateAndCreateTopic, fields) { [self] answer in
      // Created by a request that nobody answered, it cannot be given such an attribute again.
      guard let answer, answer.code == 0 || answer.remark.contains("unchangeable") else {
        return world.after(500) { [self] in
          makeTopic(name, queues: queues, attributes: attributes, then: then)
        }
      }
      world.oracle.topics.append(name)
      then()
    }
  }

  /// Again and again, until `isOver`.
  func repeatedly(_ pauseMs: ClosedRange<Int64>, _ action: @escaping () -> Void) {
    world.after(world.delayMs(pauseMs)) { [self] in
      action()
      repeatedly(pauseMs, action)
    }
  }
}

extension ModelClient {
  /// Asks until the answer is a success.
  func insist(
    _ code: RequestCode, _ fields: [(String, String)], body: [UInt8] = [],
    then: @escaping (Answer) -> Void = { _ in }
  ) {
    ask(code, fields, body: body) { [self] answer in
      if let answer, answer.code == 0 { return then(answer) }
      if let answer { world.note("\(name): \(code) is refused: \(answer.code) \(answer.remark)") }
      world.after(500) { [self] in insist(code, fields, body: body, then: then) }
    }
  }
}

/// Sends messages to one topic, each again until somebody says what became of it.
final class Sender {
  private unowned let world: World
  private let client: ModelClient
  private let topic: String
  private let stream: Int
  private var left: Int
  private(set) var isDone = false
  private let pauseMs: Int64
  /// Chooses what a message has and where it goes: queue and further properties.
  var draw: (inout Sent) -> (queueId: Int32, properties: String) = { _ in (0, "") }
  /// What the acknowledgement of a message says; the place in the oracle's terms, nil for none.
  var onStored: (Sent, Answer) -> (Int32, Int64)? = { _, answer in
    (Int32(answer.number("queueId") ?? -1), answer.number("queueOffset") ?? -1)
  }

  /// - Parameter stream: Of its messages; their order is checked in each queue.
  init(_ world: World, _ name: String, topic: String, stream: Int, count: Int) {
    self.world = world
    self.topic = topic
    self.stream = stream
    client = ModelClient(world, name)
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
    var message = world.oracle.newMessage(world, topic: topic)
    message.stream = stream
    let (queueId, properties) = draw(&message)
    world.oracle.sending(message)
    send(message, queueId, properties, tries: 0)
  }

  private func again() { world.after(world.delayMs(0...pauseMs)) { [self] in next() } }

  private func send(_ message: Sent, _ queueId: Int32, _ properties: String, tries: Int) {
    client.ask(.sendMessageV2, Producer.fields(message, queueId, properties), body: message.body) {
      [self] answer in
      guard let answer, answer.code == 0 else {
        if let answer {
          world.note("message \(message.id) refused: \(answer.code) \(answer.remark)")
          world.oracle.refused(message.id)
        } else {
          world.oracle.unknown(message.id)
        }
        if tries >= 20 { return again() }
        return world.after(world.delayMs(10...800)) { [self] in
          world.oracle.retrying(message.id)
          send(message, queueId, properties, tries: tries + 1)
        }
      }
      let physical = OffsetMessageId(answer.fields["msgId"] ?? "")?.physicalOffset ?? -1
      world.oracle.acknowledged(
        world, message.id, physicalOffset: physical, place: onStored(message, answer))
      again()
    }
  }
}
