// Who takes part in a run, and when it is over.

import TestSupport
import Wire

@testable import Server
@testable import Store

extension Plan {
  var levelsMs: [Int64] { Schedule.parse(delayLevels)! }
}

final class Scenario {
  let world: World
  private var producers: [Producer] = []
  private var consumers: [Consumer] = []
  private var transactions: TransactionalProducer?
  private var timers: TimerProducer?
  private var pops = PopRecord()
  private var features: [Feature] = []
  private var topics: [(name: String, queues: Int32)] = []
  private let admin: ModelClient

  init(seed: UInt64, isTracing: Bool) throws {
    world = try World(seed: seed, isTracing: isTracing)
    admin = ModelClient(world, "admin")
    if world.chance(10) {
      // In some of these runs the clocks go so fast that what waits may be too old before anybody looks.
      (world.plan.reservedHours, world.plan.jumpMaxMs) =
        world.chance(50) ? (72, 5 * 86_400_000) : (24, 6 * 3_600_000)
      world.plan.segmentBytes = 32 << 10
      world.disk.datesSegments = true
    }
    world.plan.serverSideReset = world.chance(50)
    for index in 0..<world.number(1...3) { topics.append(("T\(index)", Int32(world.number(1...4)))) }
  }

  func run() {
    world.boot()
    for topic in topics { makeTopic(topic.name, topic.queues) }
    addProducers()
    addConsumers()
    addFeatures()
    world.run(untilMs: world.startMs + world.plan.faultsMs + 900_000) { [self] in
      if let node = world.server?.node { afterRetention(node) }
      return world.areFaultsOver && world.server != nil && isComplete
    }
    finish()
    world.tearDown()
  }

  private func afterRetention(_ node: Node) {
    if world.plan.reservedHours == nil { return }
    world.oracle.afterRetention(world, node)
    pops.afterRetention(world, node, group: "G-pop", topic: topics[0].name)
  }

  private var isComplete: Bool {
    producers.allSatisfy(\.isDone) && transactions?.isDone != false && timers?.isDone != false
      && pops.waiting == 0 && features.allSatisfy(\.isDone) && world.oracle.isAllSeen
  }

  private func finish() {
    if world.failure != nil { return }
    let missing = world.oracle.missing()
    if !missing.isEmpty {
      let first = world.oracle.messages[missing[0].id]
      world.fail("\(missing.count) messages never came, the first: \(missing[0]) \(first)")
    }
    if pops.waiting > 0 {
      world.fail("\(pops.waiting) popped messages were never acknowledged: \(pops.firstWaiting)")
    }
    for feature in features where !feature.isDone { world.fail(feature.complaint) }
    if let node = world.server?.node { world.oracle.checkQueues(world, node) }
    world.restartInOrder()
    if let node = world.server?.node {
      world.oracle.checkQueues(world, node)
      for feature in features { feature.check(node) }
    } else {
      world.fail("the server is down at the end")
    }
  }

  private func makeTopic(_ name: String, _ queues: Int32) {
    let fields = [
      ("topic", name), ("defaultTopic", "TBW102"), ("readQueueNums", "\(queues)"),
      ("writeQueueNums", "\(queues)"), ("perm", "6"), ("topicFilterType", "SINGLE_TAG"),
      ("topicSysFlag", "0"),
      ("order", "false"),
    ]
    admin.ask(.updateAndCreateTopic, fields) { [self] answer in
      if answer?.code == 0 {
        world.oracle.topics.append(name)
      } else {
        world.after(500) { [self] in makeTopic(name, queues) }
      }
    }
  }

  // MARK: Clients

  private func addProducers() {
    for stream in 1...world.number(1...3) {
      let producer = Producer(world, stream: stream, topics: topics, count: world.number(20...80))
      producer.delayedPercent = world.chance(60) ? 15 : 0
      producer.poisonPercent = world.chance(50) ? 5 : 0
      producer.keyedPercent = world.chance(50) ? 40 : 0
      producers.append(producer)
      producer.start()
    }
    // Runs in which days pass are few.
    let percent = world.plan.reservedHours == nil ? 50 : 75
    if world.chance(percent) {
      transactions = TransactionalProducer(world, topics: topics, count: world.number(10...40))
      transactions?.start()
    }
    if world.chance(percent) {
      timers = TimerProducer(world, topics: topics, count: world.number(10...40))
      timers?.start()
    }
  }

  private func addConsumers() {
    let queues = topics.flatMap { topic in (0..<topic.queues).map { (topic: topic.name, queueId: $0) } }
    let names = Set(topics.map(\.name))
    let all = world.oracle.addGroup("G-all") { names.contains($0.topic) }
    let retry = [(topic: "%RETRY%G-all", queueId: Int32(0))]
    // Two processes share the group's queues.
    let half = queues.count / 2
    consumers.append(Consumer(world, "consumer 1", all, queues: Array(queues[..<half]) + retry))
    consumers.append(Consumer(world, "consumer 2", all, queues: Array(queues[half...])))
    for consumer in consumers { consumer.isPicky = true }
    let tagged = world.oracle.addGroup("G-tag") { names.contains($0.topic) && $0.tag == "A" }
    consumers.append(Consumer(world, "tag consumer", tagged, queues: queues, tags: "A"))
    addDeadLetters(all)
    addOrderly()
    addFiltered(queues)
    if world.chance(world.plan.reservedHours == nil ? 50 : 75) { addPops() }
    for consumer in consumers { consumer.start() }
  }

  /// A few of those that not all runs have.
  private func addFeatures() {
    if world.chance(20) { features.append(Compactions(world)) }
    if world.plan.reservedHours != nil {
      features.append(Days(world))
    } else {
      if world.chance(20) { features.append(Priorities(world)) }
      if world.chance(20) { features.append(Retries(world)) }
      if world.chance(20) { features.append(Replays(world, topic: topics[0])) }
      if world.chance(15) { features.append(Clocks(world)) }
      if world.chance(20) { features.append(Keys(world)) }
      if world.chance(20) { features.append(LightQueueFeature(world)) }
      if world.chance(20) { features.append(StaticTopics(world)) }
      if world.chance(20) { features.append(Pauses(world, topic: topics[0])) }
      if world.chance(20) { features.append(Clones(world, topic: topics[0])) }
      if world.chance(20) { features.append(Conversations(world)) }
      if world.chance(20) { features.append(Broadcasts(world, topic: topics[0])) }
    }
    for feature in features { feature.start() }
  }

  private func addOrderly() {
    guard world.chance(50) else { return }
    let topic = topics[0]
    let group = world.oracle.addGroup("G-ordered") { $0.topic == topic.name }
    let record = OrderlyRecord()
    for name in ["orderly 1", "orderly 2"] {
      consumers.append(OrderlyConsumer(world, name, group, topic: topic.name, queues: topic.queues, record))
    }
  }

  private func addFiltered(_ queues: [(topic: String, queueId: Int32)]) {
    guard world.chance(30) else { return }
    let names = Set(topics.map(\.name))
    // A condition on a number that is not there is neither true nor false.
    let conditions: [(text: String, isMet: (Int?) -> Bool)] = [
      ("N BETWEEN 3 AND 6", { $0.map { (3...6).contains($0) } ?? false }),
      ("N NOT BETWEEN 3 AND 6", { $0.map { !(3...6).contains($0) } ?? false }),
      ("NOT (N > 3)", { $0.map { $0 <= 3 } ?? false }),
      ("N IS NULL OR N > 7", { $0.map { $0 > 7 } ?? true }),
    ]
    let condition = conditions.randomElement(using: &world.random)!
    let group = world.oracle.addGroup("G-sql") { names.contains($0.topic) && condition.isMet($0.number) }
    let consumer = Consumer(world, "filtered consumer", group, queues: queues, tags: condition.text)
    consumer.expressionType = "SQL92"
    consumers.append(consumer)
  }

  private func addPops() {
    let topic = topics[0].name
    let group = world.oracle.addGroup("G-pop") { $0.topic == topic }
    for name in ["popper 1", "popper 2"] {
      consumers.append(PopConsumer(world, name, group, topic: topic, pops))
    }
    world.onBoot.append { [pops, world] node in
      pops.recount(world, node, group: group.name, topic: topic)
    }
    // What is hidden and what is acknowledged is not promised across a power loss.
    world.onPowerLoss.append { [pops, world] in
      for key in pops.entries.keys { pops.entries[key]!.hiddenUntilMs = 0 }
      pops.entries = pops.entries.filter { world.plan.flushSync && !$0.value.isAcknowledged }
    }
  }

  /// Reads the dead letters: each poisonous message, and none before its last attempt.
  private func addDeadLetters(_ group: Oracle.Group) {
    let names = Set(topics.map(\.name))
    let dead = world.oracle.addGroup("G-dead") { $0.isPoison && names.contains($0.topic) }
    let reader = Consumer(
      world, "dead letter reader", dead, queues: [(topic: "%DLQ%\(group.name)", queueId: 0)])
    reader.onSeen = { [unowned world] message, _ in
      world.cover("dead letter")
      group.checkAttempts(world, message.id, triesMax: 2)
    }
    consumers.append(reader)
  }
}
