// Groups with retry policies: what is sent back comes again when the policy says so, rounded up to a delay
// level, and is a dead letter after the last attempt only.

import Wire

final class Retries: Feature {
  static let topic = "R"
  private static let queues: Int32 = 2
  /// `retryMaxTimes` of the groups.
  private static let triesMax: Int32 = 3

  /// A policy as an operator writes it, and what it means for the first, second … redelivery.
  private struct Policy {
    let group: String
    let json: String
    let waitsMs: [Int64]
  }
  private static let policies = [
    // The third number is that of the first redelivery.
    Policy(
      group: "G-custom",
      json: #"{"type":"CUSTOMIZED","customizedRetryPolicy":{"next":[100,700,1500,4000,9000]}}"#,
      waitsMs: [1500, 4000, 9000]),
    Policy(
      group: "G-exp",
      json: #"{"type":"EXPONENTIAL","exponentialRetryPolicy":{"initial":900,"max":3000,"multiplier":2}}"#,
      waitsMs: [900, 1800, 3000]),
  ]

  private var sender: Sender?
  private var consumers: [Consumer] = []

  init(_ world: World) { super.init(world, "retry operator") }

  override func start() {
    makeTopic(Self.topic, queues: Self.queues) { [self] in
      for policy in Self.policies { makeGroup(policy) }
      let sender = Sender(
        world, "retry producer", topic: Self.topic, stream: 21, count: world.number(10...40))
      sender.draw = { [unowned world] message in
        message.isPoison = world.chance(25)
        return (Int32(world.number(0...Int(Self.queues) - 1)), "")
      }
      self.sender = sender
      sender.start()
    }
  }

  private func makeGroup(_ policy: Policy) {
    let config = """
      {"groupName":"\(policy.group)","consumeEnable":true,"retryQueueNums":1,"retryMaxTimes":\(Self.triesMax),\
      "groupRetryPolicy":\(policy.json)}
      """
    let group = world.oracle.addGroup(policy.group) { $0.topic == Self.topic }
    let dead = world.oracle.addGroup("\(policy.group)-dead") { $0.topic == Self.topic && $0.isPoison }
    admin.insist(.updateAndCreateSubscriptionGroup, [], body: Array(config.utf8)) { [self] _ in
      let consumer = PatientConsumer(world, group, waitsMs: policy.waitsMs.map(roundedUp))
      let reader = Consumer(
        world, "reader of \(policy.group)'s dead", dead, queues: [("%DLQ%\(policy.group)", 0)])
      reader.onSeen = { [unowned world] message, _ in
        world.cover("policy dead letter")
        group.checkAttempts(world, message.id, triesMax: Self.triesMax)
      }
      consumers += [consumer, reader]
      consumer.start()
      reader.start()
    }
  }

  /// The shortest delay level that is as long.
  private func roundedUp(_ waitMs: Int64) -> Int64 { world.plan.levelsMs.filter { $0 >= waitMs }.min()! }

  override var isDone: Bool { sender?.isDone == true }
}

/// Sends poisonous messages back and looks when they come again.
private final class PatientConsumer: Consumer {
  private struct Attempt: Hashable {
    let id: Int
    let number: Int32
  }
  private let waitsMs: [Int64]
  /// When an attempt was first sent back, by the clocks and by the time that passed; and last.
  private var sentBack: [Attempt: (atMs: Int64, steadyMs: Int64, lastMs: Int64)] = [:]
  /// The broker serves a request no later.
  private static let servedMs: Int64 = 3_000

  init(_ world: World, _ group: Oracle.Group, waitsMs: [Int64]) {
    self.waitsMs = waitsMs
    let queues = (0..<2).map { (topic: Retries.topic, queueId: Int32($0)) }
    super.init(
      world, "consumer of \(group.name)", group, queues: queues + [("%RETRY%\(group.name)", 0)])
    isPicky = true
    triesMax = nil
    onSeen = { [weak self] message, received in self?.look(message, received) }
  }

  private func look(_ message: Sent, _ received: Received) {
    let number = received.reconsumeTimes
    if number == 0 { return }
    guard let before = sentBack[Attempt(id: message.id, number: number - 1)] else {
      return world.fail("message \(message.id) comes as attempt \(number), and nobody sent it back")
    }
    world.cover("policy redelivery")
    // The level counts from when the clocks were set back.
    let sentMs = min(before.atMs, world.lowestMs(since: before.steadyMs))
    let waitMs = waitsMs[min(Int(number), waitsMs.count) - 1]
    let dueMs = sentMs + waitMs
    if world.latestMs(since: before.steadyMs) < dueMs {
      world.fail("attempt \(number) of message \(message.id) comes \(dueMs - world.nowMs) ms early")
    }
    world.checkLate(
      "attempt \(number) of message \(message.id)", dueMs: before.lastMs + Self.servedMs + waitMs,
      storedMs: received.storedMs, since: before.steadyMs)
  }

  override func sendBack(
    _ all: ArraySlice<Received>, _ received: Received, _ topic: String, _ queueId: Int32, _ next: Int64,
    _ life: Int
  ) {
    let attempt = Attempt(id: received.id ?? -1, number: received.reconsumeTimes)
    sentBack[attempt, default: (world.nowMs, world.steadyMs, 0)].lastMs = world.nowMs
    super.sendBack(all, received, topic, queueId, next, life)
  }
}
