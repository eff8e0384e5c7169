// A model client that pulls, sends back what it cannot consume, and commits.

import Linux
import Wire

@testable import Server
@testable import Store

class Consumer {
  unowned let world: World
  let client: ModelClient
  let group: Oracle.Group
  private let queues: [(topic: String, queueId: Int32)]
  private let expression: String
  /// TAG, or SQL92.
  var expressionType = "TAG"
  /// Tries before a poisonous message is a dead letter, beside the first; nil leaves it to the group.
  var triesMax: Int32? = 2
  /// Loops of an earlier life of the process end when they notice.
  private(set) var life = 0
  var restartEveryMs: Int64 = 30_000
  /// Whether poisonous messages are sent back.
  var isPicky = false
  var onSeen: (Sent, Received) -> Void = { _, _ in }
  /// Whether nobody else says where the group goes on in its queues.
  var ownsPlaces = true
  /// What it committed last, by topic and queue.
  private var committed: [String: Int64] = [:]

  init(
    _ world: World, _ name: String, _ group: Oracle.Group, queues: [(topic: String, queueId: Int32)],
    tags expression: String = "*"
  ) {
    self.world = world
    self.group = group
    self.queues = queues
    self.expression = expression
    client = ModelClient(world, name)
    world.onPowerLoss.append { [weak self] in self?.restart() }
  }

  func start() {
    begin()
    planRestart()
  }

  private func planRestart() {
    world.after(world.delayMs(restartEveryMs / 4...restartEveryMs * 2)) { [self] in
      if world.areFaultsOver { return }
      world.note("\(client.name) restarts")
      restart()
      planRestart()
    }
  }

  private func restart() {
    life += 1
    client.restart()
    world.after(world.delayMs(50...2_000)) { [self, life] in
      if life == self.life { begin() }
    }
  }

  /// What runs so far ends when it notices; the process and its connection stay.
  func endLoops() { life += 1 }

  func begin() {
    for queue in queues { findOffset(queue.topic, queue.queueId, life) }
  }

  /// Goes on after a pause, when the process still lives.
  func later(_ life: Int, ms: ClosedRange<Int64> = 50...1_000, _ action: @escaping () -> Void) {
    world.after(world.delayMs(ms)) { [self] in
      if life == self.life { action() }
    }
  }

  func ask(
    _ code: RequestCode, _ fields: [(String, String)], body: [UInt8] = [], timeoutMs: Int64 = 3_000,
    _ life: Int,
    then: @escaping (Answer?) -> Void
  ) {
    client.ask(code, fields, body: body, timeoutMs: timeoutMs) { [self] answer in
      if life == self.life { then(answer) }
    }
  }

  // MARK: One queue

  func findOffset(_ topic: String, _ queueId: Int32, _ life: Int) {
    let fields = [("consumerGroup", group.name), ("topic", topic), ("queueId", "\(queueId)")]
    ask(.queryConsumerOffset, fields, life) { [self] answer in
      switch answer?.code {
      case 0: pull(topic, queueId, answer?.number("offset") ?? -1, life)
      case 22: pull(topic, queueId, 0, life)
      default: later(life) { [self] in findOffset(topic, queueId, life) }
      }
    }
  }

  func pull(_ topic: String, _ queueId: Int32, _ offset: Int64, _ life: Int) {
    let fields = [
      ("consumerGroup", group.name), ("topic", topic), ("queueId", "\(queueId)"),
      ("queueOffset", "\(offset)"),
      ("maxMsgNums", "\(world.number(1...32))"), ("sysFlag", "6"), ("commitOffset", "0"),
      ("suspendTimeoutMillis", "15000"), ("subscription", expression), ("subVersion", "0"),
      ("expressionType", expressionType),
    ]
    let (askedMs, askedSteadyMs) = (world.nowMs, world.steadyMs)
    ask(.pullMessage, fields, timeoutMs: 20_000, life) { [self] answer in
      if let answer, answer.code == 0 { checkHold(answer, topic, askedMs: askedMs, since: askedSteadyMs) }
      took(answer, topic, queueId, offset, life)
    }
  }

  /// A pull that is held is answered when its message is stored.
  private func checkHold(_ answer: Answer, _ topic: String, askedMs: Int64, since askedSteadyMs: Int64) {
    // There it may also be held for others.
    if topic == Priorities.topic { return }
    guard let first = (try? Received.all(answer.body))?.first, first.storedMs > askedMs else { return }
    world.cover("held pull")
    world.checkLate(
      "what \(client.name) waits for in \(topic)", dueMs: first.storedMs, storedMs: world.nowMs,
      since: askedSteadyMs)
  }

  /// What the answer to a pull means.
  func took(_ answer: Answer?, _ topic: String, _ queueId: Int32, _ offset: Int64, _ life: Int) {
    guard let answer else { return later(life) { [self] in pull(topic, queueId, offset, life) } }
    let next = answer.number("nextBeginOffset") ?? -1
    switch answer.code {
    case 0:
      guard let all = try? Received.all(answer.body) else {
        return world.fail("\(client.name) gets records that cannot be read")
      }
      consume(all[...], topic, queueId, next, life)
    case 19, 20:
      if next < offset { world.fail("\(client.name) is sent back from \(offset) to \(next)") }
      later(life, ms: 0...300) { [self] in pull(topic, queueId, max(next, offset), life) }
    case 21:
      moved(topic, queueId, from: offset, to: next, answer)
      later(life, ms: 0...300) { [self] in pull(topic, queueId, next, life) }
    default:
      world.note("\(client.name) is refused: \(answer.code) \(answer.remark)")
      later(life, ms: 200...1_500) { [self] in pull(topic, queueId, offset, life) }
    }
  }

  /// Told to go on elsewhere: nobody reset the group, but what it would read may be too old.
  func moved(_ topic: String, _ queueId: Int32, from offset: Int64, to next: Int64, _ answer: Answer) {
    if world.plan.reservedHours != nil, next > offset, next == answer.number("minOffset") {
      return world.cover("retention moved a consumer")
    }
    world.fail("\(client.name) asks \(topic):\(queueId) at \(offset) and is moved to \(next)")
  }

  func consume(
    _ all: ArraySlice<Received>, _ topic: String, _ queueId: Int32, _ next: Int64, _ life: Int
  ) {
    guard let received = all.first else {
      if world.chance(60) { commit(topic, queueId, next) }
      return later(life, ms: 0...50) { [self] in pull(topic, queueId, next, life) }
    }
    guard let message = world.oracle.seen(world, group, received) else { return }
    onSeen(message, received)
    if isPicky && message.isPoison { return sendBack(all, received, topic, queueId, next, life) }
    consume(all.dropFirst(), topic, queueId, next, life)
  }

  func commit(_ topic: String, _ queueId: Int32, _ offset: Int64) {
    let fields = [
      ("consumerGroup", group.name), ("topic", topic), ("queueId", "\(queueId)"),
      ("commitOffset", "\(offset)"),
    ]
    world.note("\(client.name) commits \(topic):\(queueId) at \(offset)")
    let key = "\(topic):\(queueId)"
    committed[key] = offset
    // Most clients do not wait for an answer.
    if !world.chance(20) { return client.tell(.updateConsumerOffset, fields) }
    ask(.updateConsumerOffset, fields, life) { [self, boot = world.boots] answer in
      guard answer?.code == 0, ownsPlaces, committed[key] == offset, boot == world.boots else { return }
      let known = world.server?.node.store.consumerOffset(group: group.name, topic: topic, queueId: queueId)
      world.cover("commit answered")
      if known != offset {
        world.fail("\(client.name) committed \(offset) of \(key), and stands at \(known ?? -1)")
      }
    }
  }

  /// Only an acknowledged send-back lets the queue go on.
  func sendBack(
    _ all: ArraySlice<Received>, _ received: Received, _ topic: String, _ queueId: Int32, _ next: Int64,
    _ life: Int
  ) {
    var fields = [
      ("group", group.name), ("offset", "\(received.physicalOffset)"), ("delayLevel", "0"),
      ("originMsgId", ""), ("originTopic", topic), ("unitMode", "false"),
    ]
    if let triesMax { fields.append(("maxReconsumeTimes", "\(triesMax)")) }
    ask(.consumerSendMessageBack, fields, life) { [self] answer in
      guard answer?.code == 0 else {
        return later(life) { [self] in sendBack(all, received, topic, queueId, next, life) }
      }
      consume(all.dropFirst(), topic, queueId, next, life)
    }
  }
}
