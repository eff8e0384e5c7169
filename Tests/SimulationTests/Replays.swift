// An operator resets a group, by time and by offset, while its consumer runs and the server dies; and asks
// where a time lies in a queue. From the place of the newest reset on, the group sees everything once more.

import Wire

@testable import Server

final class Replays: Feature {
  private struct Reset {
    var offset: Int64
    /// When the request was sent that was answered.
    var askedMs: Int64
    /// The consumer reads from there.
    var isTaken = false
  }
  static let group = "G-reset"
  /// As in Apache, a place that was set is on disk within five seconds, and until the consumer takes it up it
  /// is known in memory: when the broker dies before, the operator repeats what he did.
  private static let settledMs: Int64 = 8_000
  private static let unheardMs: Int64 = 5_000

  private let topic: (name: String, queues: Int32)
  private var consumer: Consumer?
  private var resets: [Int32: Reset] = [:]
  private var repeating: Set<Int32> = []
  private var isAsking = false
  /// When a message was last seen.
  private var seenMs: [Int: Int64] = [:]
  /// Store times by queue and offset.
  private var stored: [Int32: [Int64: Int64]] = [:]

  init(_ world: World, topic: (name: String, queues: Int32)) {
    self.topic = topic
    super.init(world, "replay operator")
  }

  override func start() {
    let group = Oracle.Group(Self.group) { [topic] in $0.topic == topic.name }
    let consumer = ReplayingConsumer(world, group, topic: topic, self)
    consumer.onSeen = { [unowned self] message, received in
      seenMs[message.id] = world.steadyMs
      stored[received.queueId, default: [:]][received.offset] = received.storedMs
    }
    self.consumer = consumer
    consumer.start()
    world.onPowerLoss.append { [weak self] in self?.stored = [:] }
    world.onBoot.append { [weak self] _ in self?.repeatYoung() }
    repeatedly(3_000...12_000) { [self] in
      if !world.areFaultsOver && !isAsking { reset() }
    }
    repeatedly(500...3_000) { [self] in
      search()
      repeatUnheard()
    }
  }

  // MARK: resets

  private func reset() {
    var fields = [("topic", topic.name), ("group", Self.group), ("isForce", "true")]
    if world.chance(50) {
      fields += [("timestamp", "\(world.nowMs - world.delayMs(0...60_000))")]
    } else {
      let queueId = Int32(world.number(0...Int(topic.queues) - 1))
      let end = stored[queueId]?.keys.max() ?? 0
      fields += [
        ("timestamp", "-1"), ("queueId", "\(queueId)"), ("offset", "\(Int64(world.number(0...Int(end))))"),
      ]
    }
    ask(fields)
  }

  private func ask(_ fields: [(String, String)]) {
    isAsking = true
    let askedMs = world.steadyMs
    admin.ask(.invokeBrokerToResetOffset, fields) { [self] answer in
      guard let answer else { return world.after(300) { [self] in ask(fields) } }
      isAsking = false
      guard answer.code == 0, let json = try? JSON.parse(answer.body), let body = ResetOffsetBody(json) else {
        // The group or the offset is not there (any more).
        return world.note("a reset is refused: \(answer.code) \(answer.remark)")
      }
      for (queue, offset) in body.offsets {
        world.note("\(Self.group) is reset to \(offset) of queue \(queue.queueId)")
        resets[queue.queueId] = Reset(offset: offset, askedMs: askedMs)
      }
      repeatNext()
    }
  }

  /// What the broker may have forgotten is done again.
  private func repeatYoung() {
    for (queueId, reset) in resets
    where !reset.isTaken || world.endedMs < reset.askedMs + Self.settledMs { repeating.insert(queueId) }
    if !isAsking { repeatNext() }
  }

  /// The consumer is told once, as by Apache's broker: an answer that its connection loses is told no more.
  private func repeatUnheard() {
    for (queueId, reset) in resets where !reset.isTaken && world.steadyMs > reset.askedMs + Self.unheardMs {
      repeating.insert(queueId)
    }
    if !isAsking { repeatNext() }
  }

  private func repeatNext() {
    guard let queueId = repeating.min() else { return }
    repeating.remove(queueId)
    guard let reset = resets.removeValue(forKey: queueId) else { return repeatNext() }
    ask([
      ("topic", topic.name), ("group", Self.group), ("isForce", "true"), ("timestamp", "-1"),
      ("queueId", "\(queueId)"), ("offset", "\(reset.offset)"),
    ])
  }

  /// The consumer asks for the messages at that place.
  fileprivate func pulls(_ queueId: Int32, _ offset: Int64) {
    guard let reset = resets[queueId], reset.offset == offset, !reset.isTaken else { return }
    resets[queueId]?.isTaken = true
    world.cover("reset")
  }

  /// Messages that have not been seen since the newest reset of their queue.
  private var unseen: [Int] {
    world.oracle.messages.filter { message in
      guard message.topic == topic.name, message.mustArrive, let place = message.place,
        let reset = resets[place.queueId], place.offset >= reset.offset
      else { return false }
      return seenMs[message.id, default: -1] < reset.askedMs
    }.map(\.id)
  }

  override var isDone: Bool { !isAsking && repeating.isEmpty && unseen.isEmpty }
  override var complaint: String { "\(Self.group) was reset to \(resets) and has not seen \(unseen) since" }

  // MARK: times

  private func search() {
    let queueId = Int32(world.number(0...Int(topic.queues) - 1))
    guard let known = stored[queueId]?.values, let first = known.min(), let last = known.max() else { return }
    let timestampMs = Int64.random(in: first - 2...last + 2, using: &world.random)
    let isUpper = world.chance(50)
    let fields = [
      ("topic", topic.name), ("queueId", "\(queueId)"), ("timestamp", "\(timestampMs)"),
      ("boundaryType", isUpper ? "UPPER" : "LOWER"),
    ]
    let losses = world.powerLosses
    admin.ask(.searchOffsetByTimestamp, fields) { [self] answer in
      // Times do not grow along a queue when clocks are set back.
      guard let offset = answer?.number("offset"), losses == world.powerLosses, !world.wasSetBack() else {
        return
      }
      world.cover("time search")
      let wrong = stored[queueId, default: [:]].first { place, storedMs in
        if isUpper { return place != offset && (place < offset) != (storedMs <= timestampMs) && offset > 0 }
        return (place < offset) != (storedMs < timestampMs)
      }
      if let wrong {
        world.fail("\(fields) is answered with \(offset), but \(wrong.key) was stored at \(wrong.value)")
      }
    }
  }
}

/// Goes where it is sent.
private final class ReplayingConsumer: Consumer {
  private unowned let replays: Replays

  init(_ world: World, _ group: Oracle.Group, topic: (name: String, queues: Int32), _ replays: Replays) {
    self.replays = replays
    let queues = (0..<topic.queues).map { (topic: topic.name, queueId: $0) }
    super.init(world, "replaying consumer", group, queues: queues)
  }

  override func pull(_ topic: String, _ queueId: Int32, _ offset: Int64, _ life: Int) {
    replays.pulls(queueId, offset)
    super.pull(topic, queueId, offset, life)
  }

  override func moved(
    _ topic: String, _ queueId: Int32, from offset: Int64, to next: Int64, _ answer: Answer
  ) {
    if answer.remark != "OFFSET_RESET" { world.fail("\(client.name) is moved: \(answer)") }
  }
}
