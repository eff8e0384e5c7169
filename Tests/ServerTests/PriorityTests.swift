// Topics of priorities: where messages go, and who is handed what first.

import Store
import Testing
import Wire

@testable import Server

@Suite struct PriorityTests {
  static let name = "_SYS_MSG_PRIORITY_"

  /// A server with topic T of `queues` levels.
  private func rig(queues: Int32 = 4) throws -> (Rig, FakeClient) {
    let rig = try Rig()
    let client = try rig.client()
    let reply = try client.ask(
      .updateAndCreateTopic,
      [
        ("topic", "T"), ("readQueueNums", "\(queues)"), ("writeQueueNums", "\(queues)"), ("perm", "6"),
        ("attributes", "+message.type=PRIORITY"),
      ])
    #expect(reply.code == 0)
    return (rig, client)
  }

  /// Levels of messages by what they say; the queue that the producer names does not count.
  @Test func levelsAreQueues() throws {
    let (rig, client) = try rig()
    let cases: [(String?, String)] = [
      (nil, "0"), ("0", "0"), ("1", "1"), ("3", "3"), ("4", "3"), ("99999999999999999999", "3"), ("007", "3"),
      ("-1", "0"), ("", "0"), ("high", "0"), ("2x", "0"), ("9999999999x", "0"), (" 2", "0"), ("2.5", "0"),
    ]
    for (value, queue) in cases {
      let properties = value.map { [(Self.name, $0)] } ?? []
      let reply = try #require(try client.produce("T", 2, [("KEYS", "k")] + properties))
      #expect(reply.code == 0 && reply.fields["queueId"] == queue, "\(value ?? "nothing")")
    }
    #expect(rig.node.store.queueRange(rig.node.store.makeSlot("T"), 2) == nil)
    // Elsewhere the property is one like others.
    rig.makeTopic("Plain")
    let plain = try #require(try client.produce("Plain", 2, [(Self.name, "1")]))
    #expect(plain.fields["queueId"] == "2")
    // A queue that there is none of is refused as ever.
    #expect(try client.produce("T", 4)?.code == 29)
  }

  @Test func eachMessageOfABatchHasItsOwnLevel() throws {
    let (rig, client) = try rig()
    let body = SendKindTests.batch(["3", "0", "3"].map { ("m\($0)", [(Self.name, $0)]) })
    let reply = try #require(
      try client.send(
        320,
        [
          ("a", "P"), ("b", "T"), ("c", "TBW102"), ("d", "4"), ("e", "1"), ("f", "0"), ("g", "1"), ("h", "0"),
          ("i", ""), ("j", "0"), ("k", "false"), ("m", "true"),
        ], body: body))
    #expect(reply.code == 0 && reply.fields["queueId"] == "3" && reply.fields["queueOffset"] == "0")
    let slot = rig.node.store.makeSlot("T")
    #expect((0..<4).map { rig.node.store.queueRange(slot, $0)?.upperBound ?? 0 } == [1, 0, 0, 2])
  }

  /// A delayed message comes back at its level.
  @Test func delayKeepsTheLevel() throws {
    let (rig, client) = try rig()
    try client.produce("T", 0, [(Self.name, "2"), ("DELAY", "1")])
    rig.node.nowMs += 1000
    rig.node.broker.work(rig.node)
    #expect(rig.node.store.queueRange(rig.node.store.makeSlot("T"), 2) == 0..<1)
  }

  // MARK: pull

  /// What a pull of a level was answered with, nil while it is held.
  private func bodies(_ reply: Reply?) throws -> [String]? { try reply?.records().map(\.body) }

  @Test func lessUrgentPullsWaitForTheBacklogAbove() throws {
    let (rig, client) = try rig()
    for index in 0..<3 {
      for level in [0, 1, 3] {
        try client.produce("T", 0, body: "\(level)-\(index)", [(Self.name, "\(level)")])
      }
    }
    // All levels are pulled at once, as a push consumer does; the urgent one in two steps.
    #expect(try client.pull("T", 0, from: 0, holdMs: 15_000) == nil)
    #expect(try client.pull("T", 1, from: 0, holdMs: 15_000) == nil)
    #expect(try client.pull("T", 2, from: 0, holdMs: 15_000) == nil, "it has nothing")
    #expect(try bodies(client.pull("T", 3, from: 0, count: 2)) == ["3-0", "3-1"])
    rig.node.broker.work(rig.node)
    #expect(try client.take().isEmpty)
    // The last urgent message lets level 1 go on, and that level 0, in this order.
    #expect(rig.node.broker.priority.count == 2)
    #expect(
      try client.pullAll("T", 3, from: 2) == [["3-2"], ["1-0", "1-1", "1-2"], ["0-0", "0-1", "0-2"]])
    #expect(rig.node.broker.priority.count == 0 && rig.node.broker.priority.nextDeadlineMs == nil)
    // Without backlog above nothing waits.
    try client.produce("T", 0, body: "late")
    #expect(try bodies(client.pull("T", 0, from: 3)) == ["late"])
  }

  @Test func noLevelStarves() throws {
    let (rig, client) = try rig()
    try client.produce("T", 0, body: "low")
    try client.produce("T", 0, body: "high", [(Self.name, "3")])
    #expect(try client.pull("T", 0, from: 0) == nil, "a pull without long polling is held too")
    #expect(rig.node.broker.nextDueMs == rig.node.nowMs + rig.node.options.priorityHoldMs)
    rig.node.nowMs += rig.node.options.priorityHoldMs - 1
    rig.node.broker.work(rig.node)
    #expect(try client.take().isEmpty)
    rig.node.nowMs += 1
    rig.node.broker.work(rig.node)
    #expect(try bodies(client.take().last) == ["low"], "nobody pulled the urgent queue")
  }

  /// Each group has its own backlog, and what it committed before a restart counts as handed out.
  @Test func groupsDoNotWaitForEachOther() throws {
    let (rig, client) = try rig()
    try client.produce("T", 0, body: "low")
    try client.produce("T", 0, body: "high", [(Self.name, "1")])
    rig.node.broker.clients.put(rig.node, SubscriptionGroup(name: "Done"))
    rig.node.store.commitOffset(group: "Done", topic: "T", queueId: 1, 1)
    #expect(try bodies(client.pull("T", 0, from: 0, group: "Done")) == ["low"])
    #expect(try client.pull("T", 0, from: 0, group: "Behind") == nil)
    // An answer at an odd offset is no message: it is given at once.
    #expect(try client.pull("T", 0, from: 7, group: "Behind")?.code == 21)
    rig.disconnect(client)
    rig.node.nowMs += 60_000
    rig.node.broker.work(rig.node)
    #expect(rig.node.broker.priority.count == 0)
  }

  /// A message that arrives for a pull that waited long yields as any other.
  @Test func anArrivalYieldsToTheBacklogAbove() throws {
    let (rig, client) = try rig()
    #expect(try client.pull("T", 0, from: 0, holdMs: 15_000) == nil)
    rig.node.nowMs += 5000
    try client.produce("T", 0, body: "high", [(Self.name, "1")])
    try client.produce("T", 0, body: "low")
    rig.node.broker.work(rig.node)
    #expect(try client.take().isEmpty && rig.node.broker.priority.count == 1)
    #expect(try client.pullAll("T", 1, from: 0) == [["high"], ["low"]])
  }

  /// As many pulls as anybody cares to send wait up to a limit and are answered without trouble.
  @Test func thereIsALimitToWaiting() throws {
    let (rig, client) = try rig()
    try client.produce("T", 0, body: "low")
    try client.produce("T", 0, body: "high", [(Self.name, "3")])
    for _ in 0..<ServerLimits.yieldingPullsMax { #expect(try client.pull("T", 0, from: 0) == nil) }
    #expect(try bodies(client.pull("T", 0, from: 0)) == ["low"])
    #expect(try client.pullAll("T", 3, from: 0).count == ServerLimits.yieldingPullsMax + 1)
    #expect(rig.node.broker.priority.count == 0 && rig.node.broker.priority.nextDeadlineMs == nil)
  }

  // MARK: pop

  @Test(arguments: [Int32(1), 2, 4, 9])
  func popVisitsTheUrgentFirstAndAllInTurn(_ queues: Int32) throws {
    let (rig, _) = try rig(queues: queues)
    let group = try #require(rig.node.broker.clients.group(rig.node, "G"))
    let slot = rig.node.store.makeSlot("T")
    var firsts: [Int32: Int] = [:]
    let pops = ServerLimits.priorityTurn * Int(queues)
    for _ in 0..<pops {
      let order = rig.node.broker.priority.order(group, slot, queues: queues)
      let visited = (0..<queues).map { order[$0] }
      #expect(visited.sorted() == Array(0..<queues))
      #expect(visited.dropFirst().elementsEqual(visited.dropFirst().sorted(by: >)))
      firsts[visited[0], default: 0] += 1
    }
    // Every level comes first at least once, the most urgent nearly always.
    #expect(firsts.count == Int(queues))
    #expect(firsts[queues - 1]! >= pops * (ServerLimits.priorityTurn - 1) / ServerLimits.priorityTurn)
  }

  @Test func popsHandOutTheUrgentFirst() throws {
    let (_, client) = try rig(queues: 3)
    let popper = Popper(client: client)
    for index in 0..<2 {
      for level in 0..<3 { try client.produce("T", 0, body: "\(level)-\(index)", [(Self.name, "\(level)")]) }
    }
    let order = try (0..<6).map { _ in try #require(try popper.pop(max: 1).first).body }
    #expect(order == ["2-0", "2-1", "1-0", "1-1", "0-0", "0-1"])
    // A backlog that never ends does not keep the others back for good.
    for _ in 0..<60 { try client.produce("T", 0, body: "urgent", [(Self.name, "2")]) }
    try client.produce("T", 0, body: "low")
    try client.produce("T", 0, body: "middle", [(Self.name, "1")])
    let all = try (0..<48).map { _ in try #require(try popper.pop(max: 1).first).body }
    let bound = ServerLimits.priorityTurn * 3
    #expect(all.prefix(bound).contains("low") && all.prefix(bound).contains("middle"))
    #expect(all.count { $0 == "urgent" } == 46)
  }

  @Test func theTypeIsAnAttributeOfTheTopic() throws {
    let (rig, client) = try rig()
    let slot = rig.node.store.makeSlot("T")
    #expect(rig.node.store.gate(slot).isPriority)
    let config = TopicConfig(try client.ask(.getTopicConfig, [("topic", "T")]).json())
    #expect(config?.attributes.map(\.value) == ["PRIORITY"])
    func change(_ attributes: String) throws -> Int32 {
      try client.ask(
        .updateAndCreateTopic,
        [
          ("topic", "T"), ("readQueueNums", "4"), ("writeQueueNums", "4"), ("perm", "6"),
          ("attributes", attributes),
        ]
      ).code
    }
    #expect(try change("+message.type=URGENT") == 1 && rig.node.store.gate(slot).isPriority)
    #expect(try change("-message.type") == 0 && !rig.node.store.gate(slot).isPriority)
    #expect(try change("+message.type=PRIORITY") == 0 && rig.node.store.gate(slot).isPriority)
  }
}

extension FakeClient {
  /// Pulls and returns the bodies of all answers that this causes.
  fileprivate func pullAll(_ topic: String, _ queueId: Int32, from offset: Int64) throws -> [[String]] {
    try request(
      11,
      [
        ("consumerGroup", "G"), ("topic", topic), ("queueId", "\(queueId)"), ("queueOffset", "\(offset)"),
        ("maxMsgNums", "32"), ("sysFlag", "4"), ("commitOffset", "0"), ("suspendTimeoutMillis", "0"),
        ("subscription", "*"), ("subVersion", "0"),
      ])
    return try take().map { try $0.records().map(\.body) }
  }
}
