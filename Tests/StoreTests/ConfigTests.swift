// Topics, groups and offsets: what survives, and what happens when a file is damaged.

import Foundation
import Linux
import TestSupport
import Testing
import Wire

@testable import Store

struct ConfigTests {
  @Test func topicsSurvive() throws {
    let rig = try Rig()
    var config = TopicConfig(name: "T")
    config.readQueues = 3
    config.perm = 4
    let counter = rig.store.topicVersion.counter
    let slot = rig.store.putTopic(config)
    #expect(rig.store.topicVersion.counter == counter + 1)
    #expect(
      rig.store.gate(slot).exists && rig.store.gate(slot).readQueues == 3 && rig.store.gate(slot).perm == 4)
    #expect(!rig.store.gate(rig.store.makeSlot("Other")).exists)
    try rig.append("T", 2)
    rig.store.commitOffset(group: "G", topic: "T", queueId: 2, 1)
    try rig.reopen()
    #expect(rig.store.topicConfig("T") == config)
    #expect(rig.store.topicVersion.counter == counter + 1)
    #expect(rig.store.consumerOffset(group: "G", topic: "T", queueId: 2) == 1)

    #expect(rig.store.deleteTopic("T"))
    #expect(!rig.store.deleteTopic("T"))
    #expect(rig.store.topicConfig("T") == nil)
    #expect(rig.store.queueRange(rig.store.makeSlot("T"), 2) == nil)
    #expect(rig.store.consumerOffset(group: "G", topic: "T", queueId: 2) == nil)
    // A topic of that name begins anew, also after the next opening.
    #expect(try rig.append("T", 2).queueOffset == 0)
    try rig.reopen()
    #expect(rig.store.queueRange(rig.store.makeSlot("T"), 2) == 0..<1)
    // And when everything derived was deleted.
    rig.store.close()
    try FileSystem.removeTree("\(rig.root)/mq")
    try rig.reopen()
    #expect(rig.store.queueRange(rig.store.makeSlot("T"), 2) == 0..<1)
    #expect(rig.read("T", 2, from: 0).records.count == 1)
  }

  /// The file is pieced together from what is known of each topic; it must be what one print of it gives.
  @Test(arguments: [0, 1, 3]) func topicsAreWrittenAsOneDocument(_ count: Int) throws {
    let document = ConfigDocument(
      members: try #require(
        try JSON.parse(
          #"{"note":"\"topicConfigTable\":{}","topicConfigTable":{"odd":7},"dataVersion":{"counter":4}}"#
        ).members))
    let directory = try Scratch()
    let arena = Arena(
      files: [try MappedFile(path: directory.path("arena"), bytes: Limits.arenaBytes)], cursor: 0,
      free: [[], [], []],
      shared: Shared(segments: [], arenas: [], published: 0, durable: 0, waker: try Waker()))
    for stored in [document, ConfigDocument(members: [])] {
      var topics = Topics(stored, QueueTable(arena: arena), nowMs: 5)
      for number in 0..<count {
        var config = TopicConfig(name: "%RETRY%\"g\"\n\(number)")
        config.attributes = number == 1 ? [("message.type", "FIFO")] : []
        topics.put(TopicSlot(rawValue: Int32(number * 2)), config, nowMs: 6)
      }
      let isRemoved = count == 3 && topics.remove(TopicSlot(rawValue: 2), nowMs: 7)
      #expect(isRemoved == (count == 3))
      let bytes = topics.encoded()
      let json = try JSON.parse(bytes)
      #expect(json.bytes(JSON.Style.pretty) == bytes)
      let odd = stored["note"] == nil ? 0 : 1
      #expect(json["topicConfigTable"]?.members?.count == (count == 3 ? 2 : count) + odd)
    }
  }

  @Test func groupsSurvive() throws {
    let rig = try Rig()
    var group = SubscriptionGroup(name: "G")
    group.retryMaxTimes = 3
    rig.store.putGroup(group)
    rig.store.putGroup(SubscriptionGroup(name: "H"))
    rig.store.commitOffset(group: "G", topic: "T", queueId: 0, 5)
    rig.store.setDelayOffset(level: 3, 42)
    try rig.reopen()
    #expect(rig.store.group("G") == group)
    #expect(rig.store.groups.map(\.name) == ["G", "H"])
    #expect(rig.store.delayOffset(level: 3) == 42 && rig.store.delayOffset(level: 4) == 0)
    #expect(rig.store.deleteGroup("G", cleanOffsets: true))
    #expect(!rig.store.deleteGroup("G", cleanOffsets: false))
    #expect(rig.store.consumerOffset(group: "G", topic: "T", queueId: 0) == nil)
    try rig.reopen()
    #expect(rig.store.groups.map(\.name) == ["H"])
  }

  @Test func offsetsByGroupAndTopic() throws {
    let store = try Rig().store
    for (group, topic, queueId, offset) in [
      ("G", "T", Int32(0), Int64(1)), ("G", "T", 1, 2), ("G", "U", 0, 3), ("H", "T", 0, 4),
    ] { store.commitOffset(group: group, topic: topic, queueId: queueId, offset) }
    store.commitOffset(group: "G", topic: "T", queueId: 0, 9)
    #expect(store.consumerOffsets(group: "G", topic: "T") == [0: 9, 1: 2])
    #expect(store.topics(ofGroup: "G") == ["T", "U"])
    #expect(store.groups(ofTopic: "T") == ["G", "H"])
    let table = store.consumerOffsetJSON["offsetTable"]
    #expect(table?["T@G"]?.members?.map(\.value) == [.int(9), .int(2)])
    store.removeOffsets(group: "G", topic: "T")
    #expect(store.consumerOffsets(group: "G", topic: "T") == [:])
    #expect(store.topics(ofGroup: "G") == ["U"])
    store.removeOffsets(group: "G", topic: nil)
    #expect(store.topics(ofGroup: "G") == [])
    #expect(store.consumerOffset(group: "H", topic: "T", queueId: 0) == 4)
  }

  /// Changes reach the disk without a close.
  @Test func changesArePersisted() throws {
    let rig = try Rig()
    rig.store.putTopic(TopicConfig(name: "Now"))
    rig.store.commitOffset(group: "G", topic: "Now", queueId: 0, 5)
    let path = "\(rig.root)/config/topics.json"
    #expect(rig.wait { _ in FileSystem.exists(path) })
    rig.store.maintain(nowMs: Clock.wallMs())
    #expect(rig.wait { _ in FileSystem.exists("\(rig.root)/config/consumerOffset.json") })
    let killed = try rig.copyAsKilled()
    #expect(killed.store.topicConfig("Now") != nil)
    #expect(killed.store.consumerOffset(group: "G", topic: "Now", queueId: 0) == 5)
  }

  @Test(arguments: ["missing", "empty", "garbage"])
  func backupIsUsed(_ damage: String) throws {
    let rig = try Rig()
    rig.store.putTopic(TopicConfig(name: "Old"))
    try rig.reopen()
    rig.store.putTopic(TopicConfig(name: "New"))
    rig.store.close()
    let path = "\(rig.root)/config/topics.json"
    #expect(FileSystem.exists("\(path).bak"))
    switch damage {
    case "missing": try FileSystem.remove(path)
    case "empty": try FileSystem.replace(path, with: [], backup: false)
    default: try FileSystem.replace(path, with: Array("{\"topicConfig".utf8), backup: false)
    }
    try rig.reopen()
    #expect(rig.store.topicConfig("Old") != nil)
    #expect(rig.store.topicConfig("New") == nil)
    #expect(rig.store.report.notices.contains { $0.contains("topics.json") })
  }

  /// What we do not understand stays in the file.
  @Test func unknownContentIsKept() throws {
    let rig = try Rig()
    rig.store.close()
    let path = "\(rig.root)/config/topics.json"
    let text =
      #"{"dataVersion":{"counter":1,"stateVersion":0,"timestamp":2},"extra":[1],"topicConfigTable":{"X":7}}"#
    try FileSystem.replace(path, with: Array(text.utf8), backup: false)
    try rig.reopen()
    rig.store.putTopic(TopicConfig(name: "T"))
    rig.store.close()
    let json = try JSON.parse(FileSystem.readWhole(path, bytesMax: 1 << 20))
    #expect(json["extra"] == .array([.int(1)]))
    #expect(json["topicConfigTable"]?["X"] == .int(7))
    #expect(json["topicConfigTable"]?["T"] != nil)
  }

  @Test func damagedConfigIsAnError() throws {
    let rig = try Rig()
    rig.store.close()
    let path = "\(rig.root)/config/subscriptionGroup.json"
    for name in [path, "\(path).bak"] { try FileSystem.replace(name, with: Array("[[".utf8), backup: false) }
    do {
      try rig.reopen()
      Issue.record("opened")
    } catch let error as StoreOpenError {
      #expect(error.reason == .badConfigFile)
      #expect(error.message.contains("subscriptionGroup.json"))
    }
  }
}
