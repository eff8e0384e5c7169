// A topic of priorities. Producers name levels; a group pulls and another one pops, and both look whether
// urgent messages go first, within the bounds that PriorityTopics promises.

import Wire

@testable import Server

final class Priorities: Feature {
  static let topic = "P"
  private let queues: Int32
  private var senders: [Sender] = []
  private var consumers: [Consumer] = []

  init(_ world: World) {
    queues = Int32(world.number(2...4))
    super.init(world, "priority operator")
  }

  override func start() {
    makeTopic(Self.topic, queues: queues, attributes: "+message.type=PRIORITY") { [self] in begin() }
  }

  private func begin() {
    let last = queues - 1
    for stream in 11...12 {
      let sender = Sender(
        world, "priority producer \(stream)", topic: Self.topic, stream: stream, count: world.number(20...50))
      var levels: [Int: Int32] = [:]
      sender.draw = { [unowned world] message in
        let level = Int32(world.number(0...5))
        levels[message.id] = min(level, last)
        // Whatever queue is named, the level decides.
        return (Int32(world.number(0...Int(last))), "_SYS_MSG_PRIORITY_\u{1}\(level)\u{2}")
      }
      sender.onStored = { [unowned world] message, answer in
        let queueId = Int32(answer.number("queueId") ?? -1)
        if queueId != levels[message.id] {
          world.fail("message \(message.id) of level \(levels[message.id]!) goes to queue \(queueId)")
        }
        return (queueId, answer.number("queueOffset") ?? -1)
      }
      senders.append(sender)
      sender.start()
    }
    func group(_ name: String) -> Oracle.Group { world.oracle.addGroup(name) { $0.topic == Self.topic } }
    let all = (0..<queues).map { (topic: Self.topic, queueId: $0) }
    consumers = [
      Consumer(world, "priority consumer", group("G-priority"), queues: all),
      LatePuller(world, group("G-late"), queues: queues),
      UrgentPopper(world, group("G-urgent"), queues: queues),
    ]
    for consumer in consumers { consumer.start() }
  }

  override var isDone: Bool { !senders.isEmpty && senders.allSatisfy(\.isDone) }
}

extension Oracle {
  /// Offsets of a queue from `offset` on at which messages stand that must be there.
  fileprivate func backlog(_ topic: String, _ queueId: Int32, from offset: Int64) -> [Int64] {
    messages.compactMap { message in
      guard message.topic == topic, message.mustArrive, let place = message.place, place.queueId == queueId,
        place.offset >= offset
      else { return nil }
      return place.offset
    }
  }
}

/// Lets messages pile up, asks for those of a low level first, then reads everything.
///
/// The broker holds that pull for a second, as nobody takes the urgent ones meanwhile, and not longer.
private final class LatePuller: Consumer {
  private let queueCount: Int32
  private var next: [Int64] = []
  /// Whether the broker knows of the same place: no answer was lost.
  private var isSure = false
  private static let holdMs: Int64 = 1000
  /// Delays of the network, both ways, and pages that are not in memory.
  private static let lateMs: Int64 = 1500

  init(_ world: World, _ group: Oracle.Group, queues: Int32) {
    queueCount = queues
    next = Array(repeating: 0, count: Int(queues))
    super.init(world, "late puller", group, queues: [])
    restartEveryMs = 1_000_000
  }

  override func begin() {
    // What a power loss took may have let others take the places.
    next = Array(repeating: 0, count: Int(queueCount))
    isSure = false
    drain(queueCount - 1, life)
  }

  private func fields(_ queueId: Int32, _ offset: Int64) -> [(String, String)] {
    [
      ("consumerGroup", group.name), ("topic", Priorities.topic), ("queueId", "\(queueId)"),
      ("queueOffset", "\(offset)"), ("maxMsgNums", "32"), ("sysFlag", "4"), ("commitOffset", "0"),
      ("suspendTimeoutMillis", "0"), ("subscription", "*"), ("subVersion", "0"), ("expressionType", "TAG"),
    ]
  }

  /// Reads a queue to its end, then the less urgent ones.
  private func drain(_ queueId: Int32, _ life: Int) {
    if queueId < 0 {
      isSure = true
      return later(life, ms: 200...4_000) { [self] in probe(life) }
    }
    let offset = next[Int(queueId)]
    ask(.pullMessage, fields(queueId, offset), timeoutMs: 20_000, life) { [self] answer in
      guard let answer else {
        isSure = false
        return later(life) { [self] in drain(queueId, life) }
      }
      switch answer.code {
      case 0: take(answer, queueId)
      case 19: return drain(queueId - 1, life)
      case 20, 21: next[Int(queueId)] = answer.number("nextBeginOffset") ?? 0
      default: return later(life) { [self] in drain(queueId, life) }
      }
      drain(queueId, life)
    }
  }

  private func take(_ answer: Answer, _ queueId: Int32) {
    guard let all = try? Received.all(answer.body) else { return world.fail("\(client.name) cannot read") }
    for received in all { _ = world.oracle.seen(world, group, received) }
    next[Int(queueId)] = answer.number("nextBeginOffset") ?? 0
  }

  /// Whether messages wait in a queue above.
  private func isBehind(_ queueId: Int32) -> Bool {
    ((queueId + 1)..<queueCount).contains { above in
      !world.oracle.backlog(Priorities.topic, above, from: next[Int(above)]).isEmpty
    }
  }

  private func probe(_ life: Int) {
    let low = (0..<queueCount - 1).first { queueId in
      !world.oracle.backlog(Priorities.topic, queueId, from: next[Int(queueId)]).isEmpty && isBehind(queueId)
    }
    guard isSure, let low else { return drain(queueCount - 1, life) }
    let askedMs = world.steadyMs
    ask(.pullMessage, fields(low, next[Int(low)]), timeoutMs: 20_000, life) { [self] answer in
      defer { drain(queueCount - 1, life) }
      guard let answer else { return isSure = false }
      let tookMs = world.steadyMs - askedMs
      // A hold ends when the clocks say so.
      if answer.code == 0, world.clocksSetMs < askedMs {
        world.cover("priority pull")
        if tookMs < Self.holdMs && isBehind(low) {
          world.fail("a pull of level \(low) overtakes urgent messages after \(tookMs) ms")
        }
        if tookMs > Self.holdMs + Self.lateMs { world.fail("a pull of level \(low) is held \(tookMs) ms") }
      }
      if answer.code == 0 { take(answer, low) }
    }
  }
}

/// Pops one request after another and looks at the order.
private final class UrgentPopper: Consumer {
  private let queueCount: Int32
  /// Where the next pop of each queue begins; nil when an answer was lost.
  private var next: [Int64?]
  private var requests = 0
  private var lastTurn: Int?

  init(_ world: World, _ group: Oracle.Group, queues: Int32) {
    queueCount = queues
    next = Array(repeating: 0, count: Int(queues))
    super.init(world, "urgent popper", group, queues: [])
    world.onPowerLoss.append { [weak self] in self?.forget() }
  }

  private func forget() { next = Array(repeating: nil, count: Int(queueCount)) }

  override func begin() {
    forget()
    pop(life)
  }

  private func pop(_ life: Int) {
    let count = world.number(1...8)
    let fields = [
      ("consumerGroup", group.name), ("topic", Priorities.topic), ("queueId", "-1"),
      ("maxMsgNums", "\(count)"),
      ("invisibleTime", "20000"), ("pollTime", "0"), ("bornTime", "\(world.nowMs)"), ("initMode", "0"),
      ("order", "false"), ("exp", "*"), ("expType", "TAG"),
    ]
    requests += 1
    let waiting = (0..<queueCount).map { queueId in
      next[Int(queueId)].map { world.oracle.backlog(Priorities.topic, queueId, from: $0) } ?? []
    }
    ask(.popMessage, fields, life) { [self] answer in
      if answer == nil { forget() }
      if let answer, answer.code == 0 { take(answer, waiting, life) }
      later(life, ms: 0...2_000) { [self] in pop(life) }
    }
  }

  private func take(_ answer: Answer, _ waiting: [[Int64]], _ life: Int) {
    guard let all = try? Received.all(answer.body) else { return world.fail("\(client.name) cannot read") }
    var taken = Array(repeating: [Int64](), count: Int(queueCount))
    for received in all {
      let receipt = PopConsumer.receipt(received, answer)
      acknowledge(received, receipt, life)
      _ = world.oracle.seen(world, group, received)
      let queueId = Int(received.queueId)
      if receipt.split(separator: " ")[4] != "0" { continue }
      if let known = next[queueId], received.offset < known {
        world.fail("\(client.name) gets \(received.offset) of level \(queueId) after \(known - 1)")
      }
      next[queueId] = received.offset + 1
      taken[queueId].append(received.offset)
    }
    guard let low = taken.firstIndex(where: { !$0.isEmpty }) else { return }
    world.cover("priority pop")
    let isOvertaken = ((low + 1)..<Int(queueCount)).contains { above in
      waiting[above].contains { offset in
        // What a power loss took does not wait.
        !taken[above].contains(offset)
          && world.oracle.backlog(Priorities.topic, Int32(above), from: offset).first == offset
      }
    }
    if !isOvertaken { return }
    world.cover("priority turn")
    if let lastTurn, requests - lastTurn < ServerLimits.priorityTurn {
      world.fail("level \(low) goes first twice in \(requests - lastTurn) pops")
    }
    lastTurn = requests
  }

  private func acknowledge(_ received: Received, _ receipt: String, _ life: Int) {
    let kind = receipt.split(separator: " ")[4]
    let topic =
      kind == "0" ? Priorities.topic : "%RETRY%\(group.name)\(kind == "2" ? "+" : "_")\(Priorities.topic)"
    let fields = [
      ("consumerGroup", group.name), ("topic", topic), ("queueId", "\(received.queueId)"),
      ("offset", "\(received.offset)"), ("extraInfo", receipt),
    ]
    ask(.ackMessage, fields, life) { _ in }
  }
}
