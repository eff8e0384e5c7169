// Two processes of one group that consume in order: they compete for queue locks, and only who holds a lock
// consumes.

import Linux
import Wire

/// What the processes of one orderly group did together.
final class OrderlyRecord {
  /// Next offset that nobody has consumed, by queue; nil when unknown (the log may have lost messages).
  var next: [String: Int64] = [:]
  struct Owner {
    var client: String
    var untilMs: Int64
    /// The server's life that granted it: a restart forgets locks.
    var boot: Int
    /// When it was granted: a renewal that nobody heard of ends earlier when the clocks are set back.
    var grantedMs: Int64
  }
  var owners: [String: Owner] = [:]
}

final class OrderlyConsumer: Consumer {
  private let record: OrderlyRecord
  private let topic: String
  private let queueCount: Int32
  /// When a lock that we were granted is no longer sure (Apache: 30 s; the broker keeps it 60 s).
  private var lockedUntilMs: [Int32: Int64] = [:]
  private var running: Set<Int32> = []
  /// A grant that was asked for before the lock was given back is worth nothing.
  private var unlockedMs: [Int32: Int64] = [:]
  private static let lockMs: Int64 = 30_000

  init(
    _ world: World, _ name: String, _ group: Oracle.Group, topic: String, queues: Int32,
    _ record: OrderlyRecord
  ) {
    self.record = record
    self.topic = topic
    queueCount = queues
    super.init(world, name, group, queues: [])
    ownsPlaces = false
    world.onPowerLoss.append { [weak record] in record?.next = [:] }
  }

  override func begin() {
    lockedUntilMs = [:]
    running = []
    lock(life)
  }

  private func key(_ queueId: Int32) -> String { "\(group.name) \(topic):\(queueId)" }
  private func holds(_ queueId: Int32) -> Bool { lockedUntilMs[queueId, default: 0] > world.nowMs }

  private func lock(_ life: Int) {
    let queues = (0..<queueCount).map { MessageQueue(topic: topic, broker: "broker-a", queueId: $0) }
    let request = LockBatchRequest(consumerGroup: group.name, clientId: client.name, queues: queues)
    let askedMs = world.nowMs
    ask(.lockBatchMQ, [], body: request.json.bytes(.compact), life) { [self] answer in
      defer { later(life, ms: 3_000...9_000) { [self] in lock(life) } }
      guard let answer, answer.code == 0, let json = try? JSON.parse(answer.body),
        let granted = LockBatchResponse(json)
      else { return }
      for queue in granted.queues { grantedLock(queue.queueId, askedMs: askedMs, life) }
    }
  }

  private func grantedLock(_ queueId: Int32, askedMs: Int64, _ life: Int) {
    if askedMs <= unlockedMs[queueId, default: -1] { return }
    // Clocks that were set back meanwhile do not make it last longer.
    let untilMs = min(askedMs, world.nowMs) + Self.lockMs
    if let owner = record.owners[key(queueId)], owner.client != client.name, owner.boot == world.boots,
      owner.untilMs > world.nowMs, !world.wasSetBack(since: owner.grantedMs)
    {
      world.fail("\(client.name) gets the lock of \(key(queueId)), which \(owner.client) holds")
    }
    record.owners[key(queueId)] = .init(
      client: client.name, untilMs: untilMs, boot: world.boots, grantedMs: world.steadyMs)
    lockedUntilMs[queueId] = untilMs
    if running.insert(queueId).inserted { findOffset(topic, queueId, life) }
  }

  /// Gives a lock back, as a rebalance does.
  private func unlock(_ queueId: Int32, _ life: Int) {
    running.remove(queueId)
    unlockedMs[queueId] = world.nowMs
    lockedUntilMs[queueId] = nil
    record.owners[key(queueId)] = nil
    let queue = MessageQueue(topic: topic, broker: "broker-a", queueId: queueId)
    let request = LockBatchRequest(consumerGroup: group.name, clientId: client.name, queues: [queue])
    ask(.unlockBatchMQ, [], body: request.json.bytes(.compact), life) { _ in }
  }

  override func moved(
    _ topic: String, _ queueId: Int32, from offset: Int64, to next: Int64, _ answer: Answer
  ) {
    record.next[key(queueId)] = nil
    super.moved(topic, queueId, from: offset, to: next, answer)
  }

  override func consume(
    _ all: ArraySlice<Received>, _ topic: String, _ queueId: Int32, _ next: Int64, _ life: Int
  ) {
    // Somebody else may have the queue by now; whoever holds it begins where the group committed.
    guard holds(queueId) else {
      running.remove(queueId)
      return
    }
    guard let received = all.first else {
      if world.chance(3) { return unlock(queueId, life) }
      return later(life, ms: 0...50) { [self] in pull(topic, queueId, next, life) }
    }
    let key = key(queueId)
    if let expected = record.next[key], received.offset > expected {
      world.fail("\(client.name) gets \(received.offset) of \(key) before \(expected)")
    }
    record.next[key] = max(record.next[key] ?? 0, received.offset + 1)
    guard world.oracle.seen(world, group, received) != nil else { return }
    commit(topic, queueId, received.offset + 1)
    later(life, ms: 0...30) { [self] in consume(all.dropFirst(), topic, queueId, next, life) }
  }
}
