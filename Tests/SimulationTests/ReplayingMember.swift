// A member of the group that Replays resets: it registers, reads its queues, and goes where it is sent.

import Wire

final class ReplayingMember: Consumer {
  private unowned let replays: Replays
  private let topic: String
  private let queues: [Int32]
  /// Whether it is told of resets (220), and commits its places now and again, as clients do.
  private let isTold: Bool
  /// Where it goes on in each queue; what is not here it does not know (yet).
  private var places: [Int32: Int64] = [:]
  /// Queues whose place it asks the server for.
  private var starting: Set<Int32> = []
  private var askedMs: [Int32: Int64] = [:]
  private var connections = 0
  /// What it has committed on that connection because it was told to: the server must send it there.
  private var obeyed: [Int32: (offset: Int64, connection: Int)] = [:]

  init(
    _ world: World, _ name: String, _ group: Oracle.Group, _ topic: String, _ queues: [Int32], isTold: Bool,
    _ replays: Replays
  ) {
    self.topic = topic
    self.queues = queues
    self.isTold = isTold
    self.replays = replays
    super.init(world, name, group, queues: queues.map { (topic: topic, queueId: $0) })
    ownsPlaces = false
  }

  override func start() {
    client.onConnected = { [unowned self] in connections += 1 }
    client.onRequest = { [unowned self] request in
      if request.code == RequestCode.resetConsumerClientOffset.rawValue { told(request) }
    }
    client.heartbeat(500...3_000) { [unowned self] in
      var consumer = ConsumerData(group: group.name)
      consumer.subscriptions = [.tag(topic: topic, expression: "*", version: 1)]
      var data = HeartbeatData(clientId: client.name)
      data.consumers = [consumer]
      return data
    }
    if isTold { persist() }
    super.start()
  }

  private func persist() {
    world.after(world.delayMs(500...5_000)) { [self] in
      for queueId in queues { if let offset = places[queueId] { commit(topic, queueId, offset) } }
      persist()
    }
  }

  override func begin() {
    places = [:]
    obeyed = [:]
    starting = Set(queues)
    super.begin()
  }

  override func findOffset(_ topic: String, _ queueId: Int32, _ life: Int) {
    askedMs[queueId] = world.steadyMs
    super.findOffset(topic, queueId, life)
  }

  override func pull(_ topic: String, _ queueId: Int32, _ offset: Int64, _ life: Int) {
    if starting.remove(queueId) != nil {
      replays.resumes(queueId, offset, askedMs: askedMs[queueId] ?? 0)
      if let order = obeyed.removeValue(forKey: queueId), order.connection == connections,
        order.offset != offset
      {
        world.fail("\(client.name) obeys, commits \(order.offset) of \(queueId) and is sent to \(offset)")
      }
    }
    places[queueId] = offset
    replays.pulls(queueId, offset)
    super.pull(topic, queueId, offset, life)
  }

  override func moved(
    _ topic: String, _ queueId: Int32, from offset: Int64, to next: Int64, _ answer: Answer
  ) {
    // It goes on where it was, also when a power loss took what it had read there.
    if world.powerLosses > 0, next < offset, next == answer.number("maxOffset") { return }
    if isTold || answer.remark != "OFFSET_RESET" { world.fail("\(client.name) is moved: \(answer)") }
  }

  /// As Apache's clients do: drops what it has, waits for what still runs, commits the new places, and asks
  /// for them as if it began.
  private func told(_ request: Answer) {
    guard isTold, request.fields["group"] == group.name, request.fields["topic"] == topic,
      let json = try? JSON.parse(request.body), let body = ResetOffsetBody(json)
    else { return world.fail("\(client.name) is told something else: \(request)") }
    let offsets = body.offsets.filter { queues.contains($0.queue.queueId) }
    replays.told(client.name, body, timestampMs: request.number("timestamp") ?? -1)
    endLoops()
    places = [:]
    obeyed = [:]
    starting = []
    later(life, ms: 0...1_500) { [self, life] in
      for (queue, offset) in offsets {
        commit(topic, queue.queueId, offset)
        if client.isConnected { obeyed[queue.queueId] = (offset, connections) }
        starting.insert(queue.queueId)
        findOffset(topic, queue.queueId, life)
      }
    }
  }
}
