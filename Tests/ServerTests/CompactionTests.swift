// Compaction topics: the last message of each key stays readable, whatever is deleted.

import Linux
import Store
import TestSupport
import Testing
import Wire

@testable import Server

struct CompactionTests {
  private func rig(
    in directory: TemporaryDirectory? = nil, _ change: (inout ServerOptions) -> Void = { _ in }
  ) throws -> Rig {
    let rig = try Rig(in: directory, change)
    rig.node.store.diskUsedRatio = { 0.1 }
    return rig
  }

  private func makeTopic(_ client: FakeClient, _ name: String = "C", queues: Int = 1) throws -> Reply {
    try client.ask(
      .updateAndCreateTopic,
      [
        ("topic", name), ("readQueueNums", "\(queues)"), ("writeQueueNums", "\(queues)"), ("perm", "6"),
        ("attributes", "+cleanup.policy=COMPACTION"),
      ])
  }

  private func send(_ client: FakeClient, _ key: String?, _ body: String, topic: String = "C") throws -> Reply
  {
    let properties = key.map { "KEYS\u{1}\($0)\u{2}" } ?? ""
    return try client.ask(
      .sendMessageV2, [("a", "P"), ("b", topic), ("e", "0"), ("g", "1"), ("i", properties)], body: body)
  }

  /// All bodies that a reader from `offset` gets, and where it ends.
  private func read(_ client: FakeClient, from offset: Int64 = 0, max: Int = 32) throws -> (
    bodies: [String], next: Int64
  ) {
    var bodies: [String] = []
    var next = offset
    for _ in 0..<10_000 {
      let reply = try client.ask(
        .pullMessage,
        [
          ("consumerGroup", "G"), ("topic", "C"), ("queueId", "0"), ("queueOffset", "\(next)"),
          ("maxMsgNums", "\(max)"), ("sysFlag", "4"), ("subscription", "*"),
        ])
      next = Int64(reply.fields["nextBeginOffset"] ?? "") ?? next
      if reply.code == 19 { return (bodies, next) }
      if reply.code == 21 { continue }
      #expect(reply.code == 0 || reply.code == 20)
      var at = 0
      while at < reply.body.count {
        let record = try Record.decode(reply.body.rawBytes, at: at)
        bodies.append(String(decoding: reply.body[record.body], as: UTF8.self))
        at += record.totalBytes
      }
    }
    Issue.record("the reader never reaches the end")
    return (bodies, next)
  }

  @Test func readersGetTheLastMessageOfEachKey() throws {
    let rig = try rig()
    let client = try rig.client()
    #expect(try makeTopic(client).code == 0)
    for (key, body) in [("a", "1"), ("b", "2"), ("a", "3"), ("c", "4"), ("a", "5"), ("b", "6")] {
      #expect(try send(client, key, body).code == 0)
    }
    #expect(try read(client) == (["4", "5", "6"], 6))
    #expect(try read(client, max: 1) == (["4", "5", "6"], 6))
    #expect(try read(client, from: 3) == (["4", "5", "6"], 6))
    #expect(try read(client, from: 5) == (["6"], 6))
    #expect(try send(client, "c", "7").code == 0)
    #expect(try read(client) == (["5", "6", "7"], 7))
  }

  @Test func popsGetTheLastMessagesToo() throws {
    let rig = try rig()
    let client = try rig.client()
    #expect(try makeTopic(client).code == 0)
    for (key, body) in [("a", "1"), ("b", "2"), ("a", "3"), ("c", "4"), ("a", "5"), ("b", "6")] {
      #expect(try send(client, key, body).code == 0)
    }
    let popped = try client.ask(
      .popMessage,
      [
        ("consumerGroup", "P"), ("topic", "C"), ("queueId", "-1"), ("maxMsgNums", "32"),
        ("invisibleTime", "60000"), ("pollTime", "0"), ("bornTime", "\(rig.node.nowMs)"), ("initMode", "0"),
        ("expType", "TAG"), ("exp", "*"), ("order", "false"),
      ])
    #expect(popped.code == 0)
    var offsets: [Int64] = []
    var at = 0
    while at < popped.body.count {
      let record = try Record.decode(popped.body.rawBytes, at: at)
      offsets.append(record.queueOffset)
      at += record.totalBytes
    }
    #expect(offsets == [3, 4, 5])
    #expect(popped.fields["msgOffsetInfo"]?.hasSuffix(" 3,4,5") == true)
  }

  @Test func longRunsOfOldMessagesAreSkipped() throws {
    let rig = try rig()
    let client = try rig.client()
    _ = try makeTopic(client)
    for number in 0..<3000 { _ = try send(client, "k\(number % 3)", "\(number)") }
    // Slices in the background find out the rest.
    for _ in 0..<200 where rig.node.broker.compaction.nextDueMs != nil || rig.node.nowMs == 0 {
      rig.node.broker.work(rig.node)
    }
    for _ in 0..<100 {
      rig.node.nowMs += Compaction.lookMs
      rig.node.broker.work(rig.node)
    }
    #expect(try read(client) == (["2997", "2998", "2999"], 3000))
    #expect(rig.node.broker.compaction.keyCount == 3)
  }

  @Test func whatIsKnownIsFoundOutAgainAfterAStart() throws {
    let directory = try TemporaryDirectory()
    do {
      let rig = try rig(in: directory)
      let client = try rig.client()
      _ = try makeTopic(client)
      for (key, body) in [("a", "1"), ("a", "2"), ("b", "3"), ("a", "4")] { _ = try send(client, key, body) }
      rig.node.store.close()
    }
    let rig = try rig(in: directory)
    #expect(try read(rig.client()) == (["3", "4"], 4))
  }

  @Test func messagesNeedAKeyAndKeysHaveALimit() throws {
    let rig = try rig()
    let client = try rig.client()
    _ = try makeTopic(client)
    for key in [nil, " "] as [String?] {
      let refused = try send(client, key, "x")
      #expect(refused.code == 13 && refused.remark == "Required message key is missing")
    }
    var batch = ByteBuffer()
    for properties in ["KEYS\u{1}a\u{2}", "TAGS\u{1}t\u{2}"] {
      let bytes = Array(properties.utf8)
      batch.append(bigEndian: UInt32(21 + 1 + bytes.count))
      batch.append([UInt8](repeating: 0, count: 12))
      batch.append(bigEndian: UInt32(1))
      batch.append(UInt8(ascii: "x"))
      batch.append(bigEndian: UInt16(bytes.count))
      batch.append(bytes)
    }
    let before = rig.node.store.maxOffset
    let reply = try client.send(
      320, [("a", "P"), ("b", "C"), ("e", "0"), ("m", "true")], body: batch.array)
    #expect(reply?.code == 13)
    #expect(rig.node.store.maxOffset == before, "nothing of the batch is stored")
    // An ordinary topic takes both.
    rig.makeTopic("Plain")
    #expect(try send(client, nil, "x", topic: "Plain").code == 0)

    let compaction = Compaction(keysMax: 2)
    compaction.note(rig.node, rig.node.store.topicConfig("C")!)
    let slot = rig.node.store.makeSlot("C")
    for key in ["a", "b", "c"] { try rig.store("C", [("KEYS", key)]) }
    _ = compaction.start(rig.node, slot, 0, 0)
    #expect(compaction.keyCount == 2)
    func refusal(_ key: String) -> Refusal? {
      let properties = Array("KEYS\u{1}\(key)\u{2}".utf8)
      return compaction.refusal(slot, PropertyScan(properties.rawBytes), properties.rawBytes)
    }
    #expect(refusal("a") == nil && refusal("d")?.code == .systemError)
    // The key that was not remembered: all its messages stay.
    try rig.store("C", [("KEYS", "c")])
    #expect(compaction.start(rig.node, slot, 0, 2) == 2)
  }

  /// The log goes segment by segment; the last value of each key does not go with it.
  @Test func deletingOldLogKeepsTheLastValues() throws {
    let directory = try TemporaryDirectory()
    let filler = String(repeating: "x", count: 60_000)
    do {
      let rig = try rig(in: directory)
      let client = try rig.client()
      _ = try makeTopic(client)
      rig.makeTopic("Plain")
      for (key, body) in [("a", "1"), ("b", "2"), ("a", "3")] { _ = try send(client, key, body) }
      func fill() throws {
        for _ in 0..<40 {
          // The janitor prepares each next segment.
          var reply = try send(client, nil, filler, topic: "Plain")
          for _ in 0..<1000 where reply.code == 2 {
            _ = Signal().wait(timeoutMs: 1)
            reply = try send(client, nil, filler, topic: "Plain")
          }
          #expect(reply.code == 0)
        }
      }
      try fill()
      rig.node.store.diskUsedRatio = { 0.87 }
      #expect(rig.node.store.minOffset == 0)
      rig.node.store.cleanUp(nowMs: rig.node.nowMs)
      #expect(rig.node.store.minOffset == 0, "what was stored again may not be on disk")
      for _ in 0..<5000 where rig.node.store.minOffset == 0 {
        rig.node.store.publish()
        _ = Signal().wait(timeoutMs: 1)
        rig.node.store.collectResults()
        rig.node.store.cleanUp(nowMs: rig.node.nowMs)
      }
      #expect(rig.node.store.minOffset > 0, "segments went")
      #expect(try read(client).bodies == ["2", "3"])
      // Newer values win over what was stored again.
      _ = try send(client, "b", "4")
      #expect(try read(client).bodies == ["3", "4"])
      // On a disk so full that nothing can be stored, the segment that holds values stays.
      try fill()
      rig.node.store.diskUsedRatio = { 0.95 }
      let minimum = rig.node.store.minOffset
      rig.node.store.cleanUp(nowMs: rig.node.nowMs)
      #expect(rig.node.store.minOffset == minimum)
      rig.node.store.diskUsedRatio = { 0.1 }
      rig.node.store.cleanUp(nowMs: rig.node.nowMs)
      rig.node.store.close()
    }
    #expect(try read(try rig(in: directory).client()).bodies == ["3", "4"])
  }

  @Test func aDeletedTopicAndAPlainOneAreNotFiltered() throws {
    let rig = try rig()
    let client = try rig.client()
    _ = try makeTopic(client)
    for body in ["1", "2"] { _ = try send(client, "a", body) }
    #expect(try read(client).bodies == ["2"])
    #expect(try client.ask(.deleteTopicInBroker, [("topic", "C")]).code == 0)
    #expect(!rig.node.broker.compaction.isUsed && rig.node.broker.compaction.keyCount == 0)
    rig.makeTopic("C", queues: 1)
    for body in ["3", "4"] { _ = try send(client, "a", body) }
    #expect(try read(client).bodies == ["3", "4"])
    // With the engine off the attribute has no effect.
    let off = try self.rig { $0.compaction = false }
    let other = try off.client()
    _ = try makeTopic(other)
    for body in ["5", "6"] { #expect(try send(other, nil, body).code == 0) }
    #expect(try read(other).bodies == ["5", "6"])
  }
}

struct OffsetSetTests {
  /// Against a plain set, with offsets that come in any order.
  @Test func behavesAsASet() {
    var random = SeededGenerator(seed: 4)
    for _ in 0..<50 {
      var set = OffsetSet()
      var plain: Set<Int64> = []
      let base = Int64.random(in: 0...1000, using: &random)
      for _ in 0..<200 {
        let offset = base + Int64.random(in: 0...300, using: &random)
        set.insert(offset)
        plain.insert(offset)
      }
      for offset in max(0, base - 70)...(base + 400) {
        #expect(set.contains(offset) == plain.contains(offset))
        #expect(set.next(notIn: offset) == (offset...).first { !plain.contains($0) })
      }
      set.forget(below: base + 150)
      for offset in (base + 150)...(base + 400) { #expect(set.contains(offset) == plain.contains(offset)) }
    }
  }
}
