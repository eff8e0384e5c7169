// A topic that keeps the last message of each key. Whoever reads it from its beginning finds, for every key,
// the message that was acknowledged last or a newer one, in the order of the queue; also when the segments of
// the log that it lay in were deleted.

import Wire

final class Compactions: Feature {
  fileprivate static let topic = "C"
  fileprivate static let queues: Int32 = 2
  private static let keys = 6
  private var sender: Sender?
  private var reader: CompactedReader?
  private var scansAtEnd = 0

  init(_ world: World) { super.init(world, "compaction operator") }

  override func start() {
    makeTopic(Self.topic, queues: Self.queues, attributes: "+cleanup.policy=COMPACTION") { [self] in
      // What is stored again stands behind newer messages: there is no order of a stream.
      let sender = Sender(
        world, "compaction producer", topic: Self.topic, stream: 0, count: world.number(30...100))
      sender.draw = { [unowned world] message in
        message.isKept = true
        message.key = "C\(world.number(0...Self.keys - 1))"
        return (Int32(world.number(0...Int(Self.queues) - 1)), "")
      }
      self.sender = sender
      sender.start()
      let reader = CompactedReader(world)
      self.reader = reader
      reader.start()
    }
    world.after(world.plan.faultsMs + 5_000) { [self] in scansAtEnd = reader?.scans ?? 0 }
  }

  /// Every queue was read twice since.
  override var isDone: Bool {
    sender?.isDone == true && (reader?.scans ?? 0) >= scansAtEnd + 2 * Int(Self.queues)
  }
}

/// Reads one queue after the other from its beginning to its end, over and over.
private final class CompactedReader: Consumer {
  private(set) var scans = 0
  /// Where the last acknowledged message of each key stood, by queue; one that is stored again stands behind.
  private var known: [Int32: [String: Int64]] = [:]

  /// One pass over a queue.
  private struct Scan {
    let queueId: Int32
    /// The last acknowledged offset of each key when it began.
    let wanted: [String: Int64]
    let powerLosses: Int
    var found: [String: Int64] = [:]
    var last: Int64 = -1
  }

  init(_ world: World) {
    super.init(world, "compacted reader", Oracle.Group("G-compacted") { _ in true }, queues: [])
    world.onPowerLoss.append { [weak self] in
      if !world.plan.flushSync { self?.known = [:] }
    }
  }

  override func begin() { scan(0, life) }

  private func scan(_ queueId: Int32, _ life: Int) {
    var wanted = known[queueId] ?? [:]
    for message in world.oracle.messages where message.topic == Compactions.topic && message.mustArrive {
      guard let place = message.place, place.queueId == queueId else { continue }
      wanted[message.key] = max(wanted[message.key] ?? -1, place.offset)
    }
    known[queueId] = wanted
    read(Scan(queueId: queueId, wanted: wanted, powerLosses: world.powerLosses), 0, life)
  }

  private func read(_ scan: Scan, _ offset: Int64, _ life: Int) {
    let fields = [
      ("consumerGroup", group.name), ("topic", Compactions.topic), ("queueId", "\(scan.queueId)"),
      ("queueOffset", "\(offset)"), ("maxMsgNums", "\(world.number(4...32))"), ("sysFlag", "4"),
      ("commitOffset", "0"), ("suspendTimeoutMillis", "0"), ("subscription", "*"), ("subVersion", "0"),
      ("expressionType", "TAG"),
    ]
    ask(.pullMessage, fields, life) { [self] answer in
      var scan = scan
      guard let answer, [0, 19, 20, 21].contains(answer.code) else {
        return later(life) { [self] in read(scan, offset, life) }
      }
      if scan.powerLosses != world.powerLosses || answer.code == 19 { return end(scan, life) }
      if answer.code == 0 { take(answer, &scan) }
      let next = answer.number("nextBeginOffset") ?? 0
      if answer.code == 20 && next <= offset { return end(scan, life) }
      later(life, ms: 0...20) { [self] in read(scan, next, life) }
    }
  }

  private func take(_ answer: Answer, _ scan: inout Scan) {
    guard let all = try? Received.all(answer.body) else { return world.fail("\(client.name) cannot read") }
    for received in all {
      guard let message = world.oracle.check(world, received) else { continue }
      if received.offset <= scan.last {
        world.fail("\(client.name) gets \(received.offset) of queue \(scan.queueId) after \(scan.last)")
      }
      scan.last = received.offset
      scan.found[message.key] = received.offset
    }
  }

  private func end(_ scan: Scan, _ life: Int) {
    defer {
      later(life, ms: 100...1_500) { [self] in self.scan((scan.queueId + 1) % Compactions.queues, life) }
    }
    if scan.powerLosses != world.powerLosses { return }
    scans += 1
    world.cover("compaction scan")
    for (key, offset) in scan.wanted where scan.found[key] ?? -1 < offset {
      world.fail(
        "key \(key) of queue \(scan.queueId) was last stored at \(offset), a reader finds \(scan.found[key] ?? -1)"
      )
    }
  }
}
