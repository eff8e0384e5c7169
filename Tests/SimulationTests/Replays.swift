// An operator resets a group, by time and by offset, while its members run and the server dies; and asks where
// a time lies in a queue. From the place of the newest reset on, the group sees everything once more.
//
// In some runs the server sets the new places itself (222), in the others it tells the members (220), which
// obey, commit and go on there.

import Wire

@testable import Server

final class Replays: Feature {
  private typealias Moment = (atMs: Int64, boot: Int)
  private struct Reset {
    var offset: Int64
    /// When the request was sent that was answered, and the server's life then.
    var askedMs: Int64
    var answeredMs: Int64
    var boot: Int
    /// What repeats it.
    var fields: [(String, String)]
    /// When a member began to read from there, and the server's life then.
    var taken: Moment?
  }
  static let group = "G-reset"
  /// As in Apache, a place that was set is on disk within five seconds, and until the consumer takes it up it
  /// is known in memory: when the broker dies before, the operator repeats what he did.
  private static let settledMs: Int64 = 8_000
  private static let unheardMs: Int64 = 5_000

  private let topic: (name: String, queues: Int32)
  /// Whether the members are told, by the server.
  private let isTold: Bool
  private var members: [ReplayingMember] = []
  private var resets: [Int32: Reset] = [:]
  private var repeating: Set<Int32> = []
  private var isAsking = false
  /// When a message was last seen.
  private var seenMs: [Int: Int64] = [:]
  private let places: ResetPlaces

  init(_ world: World, topic: (name: String, queues: Int32)) {
    self.topic = topic
    isTold = !world.plan.serverSideReset
    let watch = OffsetWatch(world, group: Self.group, topic: topic.name)
    places = ResetPlaces(world, topic: topic, watch)
    super.init(world, "replay operator")
  }

  override func start() {
    let group = Oracle.Group(Self.group) { [topic] in $0.topic == topic.name }
    for index: Int32 in [0, 1] {
      let queues = (0..<topic.queues).filter { $0 % 2 == index }
      let member = ReplayingMember(
        world, "replaying member \(index + 1)", group, topic.name, queues, isTold: isTold, self)
      member.onSeen = { [unowned self] message, received in
        seenMs[message.id] = world.steadyMs
        places.saw(received)
      }
      members.append(member)
      member.start()
    }
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
    var fields = [("topic", topic.name), ("group", Self.group)]
    if isTold {
      let timestampMs = world.chance(10) ? -1 : world.nowMs - world.delayMs(0...60_000)
      fields += [("isForce", "\(world.chance(70))"), ("timestamp", "\(timestampMs)")]
    } else if world.chance(50) {
      fields += [("isForce", "true"), ("timestamp", "\(world.nowMs - world.delayMs(0...60_000))")]
    } else {
      let queueId = Int32(world.number(0...Int(topic.queues) - 1))
      let end = places.stored[queueId]?.keys.max() ?? 0
      fields += place(queueId, Int64(world.number(0...Int(end))))
    }
    ask(fields)
  }

  private func place(_ queueId: Int32, _ offset: Int64) -> [(String, String)] {
    [("isForce", "true"), ("timestamp", "-1"), ("queueId", "\(queueId)"), ("offset", "\(offset)")]
  }

  private func ask(_ fields: [(String, String)], isRepeated: Bool = false) {
    isAsking = true
    let askedMs = world.steadyMs
    places.ordered(fields)
    admin.ask(.invokeBrokerToResetOffset, fields) { [self] answer in
      // What the members said before, and their places, come back by themselves.
      guard let answer, !(isTold && isRepeated && answer.code != 0) else {
        return world.after(300) { [self] in ask(fields, isRepeated: isRepeated) }
      }
      isAsking = false
      guard answer.code == 0, let json = try? JSON.parse(answer.body), let body = ResetOffsetBody(json) else {
        // The group or the offset is not there (any more).
        return world.note("a reset is refused: \(answer.code) \(answer.remark)")
      }
      if !fields.contains(where: { $0.0 == "offset" }) {
        let timestampMs = fields.first { $0.0 == "timestamp" }.flatMap { Int64($0.1) } ?? -1
        places.check(admin.name, body, timestampMs: timestampMs)
      }
      for (queue, offset) in body.offsets {
        world.note("\(Self.group) is reset to \(offset) of queue \(queue.queueId)")
        let again =
          isTold ? fields : [("topic", topic.name), ("group", Self.group)] + place(queue.queueId, offset)
        resets[queue.queueId] = Reset(
          offset: offset, askedMs: askedMs, answeredMs: world.steadyMs, boot: world.boots, fields: again)
      }
      repeatNext()
    }
  }

  /// What the broker may have forgotten is done again.
  private func repeatYoung() {
    for (queueId, reset) in resets {
      guard let taken = reset.taken else {
        repeating.insert(queueId)
        continue
      }
      // The members commit what they are told later than the server sets what it is asked for.
      let settingMs = isTold ? taken.atMs : reset.askedMs
      if world.endedMs < settingMs + Self.settledMs { repeating.insert(queueId) }
    }
    if !isAsking { repeatNext() }
  }

  /// The consumer is told once, as by Apache's broker: what its connection loses is told no more.
  private func repeatUnheard() {
    for (queueId, reset) in resets
    where reset.taken == nil && world.steadyMs > reset.askedMs + Self.unheardMs { repeating.insert(queueId) }
    if !isAsking { repeatNext() }
  }

  private func repeatNext() {
    guard let queueId = repeating.min() else { return }
    repeating.remove(queueId)
    guard let reset = resets.removeValue(forKey: queueId) else { return repeatNext() }
    // Members are told of all queues at once.
    if isTold { repeating = [] }
    ask(reset.fields, isRepeated: true)
  }

  /// A member is told of a reset.
  func told(_ name: String, _ table: ResetOffsetBody, timestampMs: Int64) {
    places.check(name, table, timestampMs: timestampMs)
  }

  /// A member asks for the messages at that place.
  func pulls(_ queueId: Int32, _ offset: Int64) {
    guard let reset = resets[queueId], reset.offset == offset, reset.taken == nil else { return }
    resets[queueId]?.taken = (world.steadyMs, world.boots)
    world.cover(isTold ? "told reset" : "reset")
  }

  /// A member that starts is sent there: never to before a reset that the same server knew of when it asked.
  func resumes(_ queueId: Int32, _ offset: Int64, askedMs: Int64) {
    guard !isAsking, let reset = resets[queueId], offset < reset.offset else { return }
    guard let known = isTold ? reset.taken : (reset.answeredMs, reset.boot), known.atMs <= askedMs,
      known.boot == world.boots
    else { return }
    world.fail("queue \(queueId) was reset to \(reset.offset), and a member begins at \(offset)")
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
    guard let known = places.stored[queueId]?.values, let first = known.min(), let last = known.max() else {
      return
    }
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
      let wrong = places.stored[queueId, default: [:]].first { place, storedMs in
        if isUpper { return place != offset && (place < offset) != (storedMs <= timestampMs) && offset > 0 }
        return (place < offset) != (storedMs < timestampMs)
      }
      if let wrong {
        world.fail("\(fields) is answered with \(offset), but \(wrong.key) was stored at \(wrong.value)")
      }
    }
  }
}
