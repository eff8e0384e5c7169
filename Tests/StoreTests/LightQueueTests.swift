// Light queues in the store: one record, many entries, the same entries after every way of opening.

import Foundation
import Testing
import Wire

@testable import Store

struct LightQueueTests {
  private static let both: [(String, String)] = [
    ("INNER_MULTI_DISPATCH", "%LMQ%a,%LMQ%b"), ("INNER_MULTI_QUEUE_OFFSET", "0,0"),
  ]

  private func rig(_ change: (inout StoreOptions) -> Void = { _ in }) throws -> Rig {
    try Rig { options in
      options.lightQueues = true
      options.lightDispatch = true
      change(&options)
    }
  }

  private func range(_ store: MessageStore, _ topic: String) -> Range<Int64>? {
    store.slot(Array(topic.utf8).rawBytes).flatMap { store.queueRange($0, 0) }
  }

  @Test func aRecordHasAnEntryInEachQueueThatItNames() throws {
    let rig = try rig()
    let first = try rig.append("Parent", 3, more: Self.both)
    let second = try rig.append(
      "Parent", 2, more: [("INNER_MULTI_DISPATCH", "%LMQ%b"), ("INNER_MULTI_QUEUE_OFFSET", "1")])
    func entries(_ store: MessageStore, _ topic: String) -> [Int64] {
      guard let slot = store.slot(Array(topic.utf8).rawBytes), let range = store.queueRange(slot, 0) else {
        return []
      }
      return range.map { store.entry(slot, 0, $0)!.physicalOffset }
    }
    func check(_ store: MessageStore) {
      #expect(entries(store, "%LMQ%a") == [first.physicalOffset])
      #expect(entries(store, "%LMQ%b") == [first.physicalOffset, second.physicalOffset])
      #expect(store.topicConfig("%LMQ%a")?.readQueues == 1)
      #expect(!store.topicConfigs.contains { $0.name.hasPrefix("%LMQ%") })
    }
    check(rig.store)
    // From the log alone, and from a snapshot.
    check(try rig.copyAsKilled().store)
    try rig.reopen()
    #expect(rig.store.report.usedSnapshot)
    check(rig.store)
  }

  /// What the client writes is no reason to trap or to give entries elsewhere.
  @Test(
    arguments: [
      ("%LMQ%a", nil), ("%LMQ%a,%LMQ%b", "0"), ("%LMQ%a", "x"), ("%LMQ%a", "-1"), ("Other", "0"), ("", ""),
      (",", ","), ("%LMQ%a", "99999999999999999999"),
    ] as [(String, String?)])
  func whatDoesNotFitTogetherIsNoDispatch(_ names: String, _ offsets: String?) throws {
    let rig = try rig()
    let more = [("INNER_MULTI_DISPATCH", names)] + (offsets.map { [("INNER_MULTI_QUEUE_OFFSET", $0)] } ?? [])
    try rig.append("Parent", more: more)
    for store in [rig.store, try rig.copyAsKilled().store] {
      #expect(range(store, "%LMQ%a") == nil && range(store, "Other") == nil)
      #expect(range(store, "Parent") == 0..<1)
    }
  }

  @Test(arguments: ["%RETRY%G", "rmq_sys_wheel_timer", "SCHEDULE_TOPIC_XXXX", "RMQ_SYS_TRANS_HALF_TOPIC"])
  func whatWaitsIsNotDispatchedYet(_ topic: String) throws {
    let rig = try rig()
    try rig.append(topic, more: Self.both)
    #expect(range(rig.store, "%LMQ%a") == nil)
    #expect(range(try rig.copyAsKilled().store, "%LMQ%a") == nil)
  }

  @Test func withoutTheSettingNothingChanges() throws {
    let rig = try Rig()
    try rig.append("Parent", more: Self.both)
    #expect(range(rig.store, "%LMQ%a") == nil && rig.store.topicConfig("%LMQ%a") == nil)
    let dispatchOnly = try Rig { $0.lightDispatch = true }
    try dispatchOnly.append("Parent", more: Self.both)
    #expect(range(dispatchOnly.store, "%LMQ%a") == nil)
  }

  @Test func namesComeToBeUpToTheLimit() throws {
    let rig = try rig { $0.lightQueuesMax = 2 }
    for name in ["%LMQ%a", "%LMQ%b"] { #expect(rig.store.topicConfig(name) != nil) }
    #expect(rig.store.topicConfig("%LMQ%c") == nil)
    #expect(!rig.store.hasRoomForLightQueues(1))
    #expect(rig.store.topicConfig("%LMQ%a") != nil, "a known one stays")
  }

  /// An Apache broker with light queues keeps all offsets in a file of its own.
  @Test func offsetsOfApachesOwnFileAreTakenOver() throws {
    let rig = try rig()
    rig.store.commitOffset(group: "G", topic: "T", queueId: 1, 7)
    rig.store.close()
    try """
    {"dataVersion":{"counter":1,"stateVersion":0,"timestamp":1},
    "lmqOffsetTable":{"%LMQ%a@%LMQ%client":5,"%LMQ%b@%LMQ%client":"x"},
    "offsetTable":{"T@G":{1:3,2:4},"Other@H":{0:9}}}
    """.write(
      toFile: "\(rig.root)/config/lmqConsumerOffset.json", atomically: true, encoding: .utf8)
    try rig.reopen()
    #expect(rig.store.consumerOffset(group: "%LMQ%client", topic: "%LMQ%a", queueId: 0) == 5)
    #expect(rig.store.consumerOffset(group: "%LMQ%client", topic: "%LMQ%b", queueId: 0) == nil)
    #expect(rig.store.consumerOffsets(group: "G", topic: "T") == [1: 7, 2: 4], "what is known here counts")
    #expect(rig.store.consumerOffset(group: "H", topic: "Other", queueId: 0) == 9)
    #expect(rig.store.topics(ofGroup: "H") == ["Other"])
  }

  @Test func deletingALightQueueForgetsItsEntriesAndOffsets() throws {
    let rig = try rig()
    try rig.append("Parent", more: Self.both)
    rig.store.commitOffset(group: "G", topic: "%LMQ%a", queueId: 0, 1)
    #expect(rig.store.deleteTopic("%LMQ%a"))
    #expect(range(rig.store, "%LMQ%a") == nil && range(rig.store, "%LMQ%b") == 0..<1)
    #expect(rig.store.consumerOffset(group: "G", topic: "%LMQ%a", queueId: 0) == nil)
    #expect(rig.store.topicConfig("Parent") == nil, "no config was made")
  }
}
