// Stores that Apache RocketMQ 5.3.3 wrote: each opens, yields exactly the records of its manifest, and opens
// again.

import Foundation
import Linux
import TestSupport
import Testing
import Wire

@testable import Store

struct GoldenStoreTests {
  /// One line of a manifest; which members it has depends on `kind`.
  struct Line: Decodable {
    struct Settings: Decodable { var mappedFileSizeCommitLog: Int }
    var kind: String
    var settings: Settings?
    var records: Int?
    var commitLogMinOffset: Int64?
    var commitLogMaxOffset: Int64?
    var abortFile: Bool?
    var cutOffset: Int64?
    var topic: String?
    var group: String?
    var queueId: Int32?
    var minOffset: Int64?
    var maxOffset: Int64?
    var offset: Int64?
    var physOffset: Int64?
    var size: Int?
    var bodyCrc: UInt32?
    var queueOffset: Int64?
    var sysFlag: Int32?
    var storeTimestamp: Int64?
    var recordSha256: String?
  }

  static func manifest(_ name: String) throws -> [Line] {
    let bytes = try Fixture.gunzip(Rig.fixturePath("\(name).manifest.jsonl.gz"))
    let decoder = JSONDecoder()
    return try bytes.split(separator: UInt8(ascii: "\n")).map {
      try decoder.decode(Line.self, from: Data($0))
    }
  }

  @Test(arguments: ["clean", "killed", "torn", "torn-header", "torn-crc", "many", "slave-master", "slave"])
  func opens(_ name: String) throws {
    let lines = try Self.manifest(name)
    let head = try #require(lines.first)
    let segmentBytes = try #require(head.settings?.mappedFileSizeCommitLog)
    let rig = try Rig(fixture: name, segmentBytes: segmentBytes)
    try check(rig, lines, head)
    #expect(rig.store.report.wasClean == (head.abortFile == false))
    #expect((rig.store.report.cutBytes > 0) == (head.cutOffset != nil))
    #expect(rig.store.report.skippedAt == [])
    #expect(!rig.store.report.usedSnapshot)

    try rig.reopen()
    try check(rig, lines, head)
    #expect(rig.store.report.wasClean)
    #expect(rig.store.report.usedSnapshot)
    #expect(rig.store.report.recordsScanned == 0)
    #expect(rig.store.report.cutBytes == 0)
  }

  private func check(_ rig: Rig, _ lines: [Line], _ head: Line) throws {
    let store = rig.store
    let end = try #require(head.commitLogMaxOffset)
    #expect(store.minOffset == head.commitLogMinOffset)
    #expect(store.maxOffset == end)
    var count = 0
    for line in lines where line.kind == "msg" {
      let offset = try #require(line.physOffset)
      guard offset < end else {
        #expect(rig.record(offset) == nil)
        continue
      }
      count += 1
      try check(rig, line, offset)
    }
    // Records after a damaged one are in the manifest too.
    #expect(count + lines.count { $0.kind == "msg" && $0.physOffset! >= end } == head.records)
    for line in lines where line.kind == "queue" {
      let slot = store.makeSlot(try #require(line.topic))
      let range = store.queueRange(slot, try #require(line.queueId)) ?? 0..<0
      #expect(range == line.minOffset!..<line.maxOffset!, "\(line.topic!) \(line.queueId!)")
    }
    for line in lines where line.kind == "consumerOffset" {
      #expect(
        store.consumerOffset(group: line.group!, topic: line.topic!, queueId: line.queueId!) == line.offset)
    }
  }

  private func check(_ rig: Rig, _ line: Line, _ offset: Int64) throws {
    let bytes = try #require(rig.record(offset))
    let record = try #require(bytes.record)
    #expect(record.totalBytes == line.size)
    #expect(record.bodyCRC == line.bodyCrc)
    if let sha = line.recordSha256 { #expect(SHA256.hex(bytes) == sha) }
    // Deleted topics are in the log, and their queues are found there again; only the offsets of live ones
    // are known.
    let transaction = record.sysFlag.transaction
    if transaction == .prepared || transaction == .rollback { return }
    let slot = rig.store.makeSlot(line.topic!)
    let entry = try #require(rig.store.entry(slot, line.queueId!, line.queueOffset!))
    #expect(entry.physicalOffset == offset)
    #expect(Int(entry.bytes) == line.size)
    #expect(rig.store.storeTimestampMs(slot, line.queueId!, line.queueOffset!) == line.storeTimestamp)
  }

  /// Apache's own consume queues say what each entry must be, tag codes included.
  @Test func queuesEqualConsumeQueueFiles() throws {
    let rig = try Rig(fixture: "clean", segmentBytes: 262_144) {
      $0.delayLevelsMs = [
        1, 5, 10, 30, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600, 1200, 1800, 3600, 7200,
      ].map { $0 * 1000 }
    }
    let folder = "\(rig.root)/consumequeue"
    var compared = 0
    for topic in try FileSystem.list(folder) {
      for queue in try FileSystem.list("\(folder)/\(topic)") {
        let queueId = Int32(queue)!
        for file in try FileSystem.list("\(folder)/\(topic)/\(queue)") {
          let bytes = try FileSystem.readWhole("\(folder)/\(topic)/\(queue)/\(file)", bytesMax: 1 << 20)
          let first = Int64(file)! / 20
          for index in 0..<(bytes.count / 20) {
            let size = bytes.rawBytes.int32(at: index * 20 + 8)
            if size == 0 { break }
            let entry = try #require(
              rig.store.entry(rig.store.makeSlot(topic), queueId, first + Int64(index)))
            #expect(entry.physicalOffset == bytes.rawBytes.int64(at: index * 20))
            #expect(entry.bytes == size)
            // In the timer topic ours is the time of delivery.
            if topic != TopicName.timer {
              #expect(
                entry.tagsCode == bytes.rawBytes.int64(at: index * 20 + 12), "\(topic) \(queue) \(index)")
            }
            compared += 1
          }
        }
      }
    }
    #expect(compared > 900)
  }

  @Test(arguments: ["clean", "slave-master", "many"])
  func configFilesAreRewrittenUnchanged(_ name: String) throws {
    let directory = try Scratch()
    try Fixture.untar(Rig.fixturePath("\(name).tar.gz"), to: directory.path)
    let paths = StorePaths(root: directory.path("store"))
    let arena = Arena(
      files: [try MappedFile(path: directory.path("arena"), bytes: Limits.arenaBytes)], cursor: 0,
      free: [[], [], []],
      shared: Shared(segments: [], arenas: [], published: 0, durable: 0, waker: try Waker()))
    var notices: [String] = []
    let document = { (file: ConfigFile) in try file.load(paths, notices: &notices) }
    let written: [ConfigFile: [UInt8]] = [
      .topics: Topics(try document(.topics), QueueTable(arena: arena), nowMs: 1).encoded(),
      .subscriptionGroup: Groups(try document(.subscriptionGroup), nowMs: 1).encoded(),
      .consumerOffset: ConsumerOffsets(try document(.consumerOffset), nowMs: 1).json.bytes(.pretty),
      .delayOffset: DelayOffsets(try document(.delayOffset), nowMs: 1).json.bytes(.pretty),
    ]
    for (file, bytes) in written {
      let original = try FileSystem.readWhole(file.path(paths), bytesMax: 1 << 24)
      #expect(bytes == original, "\(file.rawValue)")
    }
    #expect(notices == [])
  }
}
