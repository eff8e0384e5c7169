// How far timers and delay levels are delivered: what survives a kill, a power loss and a damaged file.

import Foundation
import Linux
import TestSupport
import Testing
import Wire

@testable import Store

struct TimerStoreTests {
  private static func key(_ fireMs: Int64, _ offset: Int64) -> TimerKey {
    TimerKey(fireMs: fireMs, offset: offset)
  }

  // MARK: Times of records

  static let times:
    [(properties: String, store: Int64, out: Int64, due: Int64, fire: Int64, isDelete: Bool)] = [
      ("TIMER_OUT_MS=5000 TIMER_DELIVER_MS=5300", 1000, 5000, 5300, 5300, false),
      ("TIMER_OUT_MS=5000 TIMER_DELIVER_MS=6000", 1000, 5000, 6000, 6000, false),
      ("TIMER_OUT_MS=5000 TIMER_DELAY_MS=4100", 1000, 5000, 5100, 5100, false),
      ("TIMER_OUT_MS=5000 TIMER_DELAY_SEC=5", 1000, 5000, 6000, 6000, false),
      // Seconds go before milliseconds; a time that is not of the slot is none.
      ("TIMER_OUT_MS=5000 TIMER_DELAY_MS=4100 TIMER_DELAY_SEC=5", 1000, 5000, 6000, 6000, false),
      ("TIMER_OUT_MS=5000 TIMER_DELAY_SEC=5 TIMER_DELAY_MS=4100", 1000, 5000, 6000, 6000, false),
      ("TIMER_OUT_MS=5000 TIMER_DELIVER_MS=5000", 1000, 5000, 6000, 6000, false),
      ("TIMER_OUT_MS=5000 TIMER_DELIVER_MS=7000", 1000, 5000, 6000, 6000, false),
      ("TIMER_OUT_MS=5000", 1000, 5000, 6000, 6000, false),
      ("TIMER_OUT_MS=5000 TIMER_DELAY_SEC=9223372036854775807", 1000, 5000, 6000, 6000, false),
      ("TIMER_OUT_MS=5000 TIMER_DELAY_MS=9223372036854775807", 1000, 5000, 6000, 6000, false),
      ("TIMER_OUT_MS=5000 TIMER_DELIVER_MS=5300 TIMER_DEL_UNIQKEY=T+k", 1000, 5000, 5000, 5000, true),
      // With a roll time of 60 s: half way when little is left then, else as long as may be.
      ("TIMER_OUT_MS=61000 TIMER_DELIVER_MS=61500", 1000, 61_000, 61_500, 31_000, false),
      ("TIMER_OUT_MS=500000 TIMER_DELIVER_MS=500001", 1000, 500_000, 500_001, 61_000, false),
    ]

  @Test(arguments: times.indices)
  func recordsSayWhen(_ index: Int) {
    let row = Self.times[index]
    let properties = Array(
      row.properties.split(separator: " ").map { $0.replacing("=", with: "\u{1}") + "\u{2}" }.joined().utf8)
    let time = Self.time(properties, row.store)
    #expect(time?.outMs == row.out && time?.dueMs == row.due && time?.fireMs == row.fire)
    #expect(time?.isDelete == row.isDelete)
  }

  @Test(arguments: [
    "", "A=1", "TIMER_OUT_MS=x", "TIMER_OUT_MS=-1", "TIMER_OUT_MS=9223372036854775807",
    "TIMER_OUT_MS=99999999999999999999", "XTIMER_OUT_MS=5",
  ])
  func otherRecordsSayNothing(_ text: String) {
    let properties = Array(text.replacing("=", with: "\u{1}").utf8)
    #expect(Self.time(properties, 1) == nil)
  }

  private static func time(_ properties: [UInt8], _ storeTimestampMs: Int64) -> TimerTime? {
    TimerTime(properties.rawBytes, storeTimestampMs: storeTimestampMs, TimerSettings(), rollMs: 60_000)
  }

  // MARK: Progress as a value

  /// Deliveries in the order of time, and arrivals after the clock was set back, against a set.
  @Test(arguments: 1...20)
  func progressKnowsWhatWasDelivered(_ seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var progress = TimerProgress()
    var waiting: Set<TimerKey> = []
    var delivered: Set<TimerKey> = []
    var nowMs: Int64 = 10_000
    for offset in 0..<500 {
      let key = Self.key(nowMs + Int64.random(in: 1...500, using: &random), Int64(offset))
      waiting.insert(key)
      progress.arrive(key, nowMs: nowMs)
      nowMs += Int64.random(in: 0...20, using: &random)
      if Int.random(in: 0..<50, using: &random) == 0 { nowMs -= 400 }
      while let key = waiting.min(), key.fireMs <= nowMs {
        waiting.remove(key)
        delivered.insert(key)
        progress.deliver(key)
      }
      #expect(TimerProgress(progress.spans) == progress)
      #expect(waiting.allSatisfy { !progress.isDelivered($0) })
      if progress.spans.count < Limits.timerSpansMax {
        #expect(delivered.allSatisfy { progress.isDelivered($0) })
      }
    }
    progress.deliver(.end(of: nowMs + 100_000))
    #expect(progress.spans.count == 1)
  }

  /// Whatever the clock does, nothing that waits counts as delivered, and the spans have a limit.
  @Test func clockThatOnlyFallsLosesNothing() {
    var progress = TimerProgress()
    for step in 0..<100 {
      let nowMs = 1_000_000 - Int64(step) * 1000
      progress.deliver(Self.key(nowMs - 1, Int64(step) * 2))
      let key = Self.key(nowMs - 500, Int64(step) * 2 + 1)
      progress.arrive(key, nowMs: nowMs - 600)
      #expect(progress.spans.count <= Limits.timerSpansMax)
      #expect(!progress.isDelivered(key))
    }
  }

  @Test func damagedSpansAreRefused() {
    let span = { (from: Int64, fireMs: Int64) in
      TimerProgress.Span(from: from, place: Self.key(fireMs, 0))
    }
    #expect(TimerProgress([]) == nil)
    #expect(TimerProgress([span(1, 5)]) == nil)
    #expect(TimerProgress([span(0, 5), span(3, 5)]) == nil)
    #expect(TimerProgress([span(0, 5), span(0, 4)]) == nil)
    #expect(TimerProgress([span(0, 5), span(3, 4)]) != nil)
  }

  @Test func apachesCheckpointIsUnderstood() {
    let progress = TimerProgress(readMs: 5000, queueOffset: 10)
    #expect(progress.isDelivered(Self.key(5000, 9)) && !progress.isDelivered(Self.key(5001, 9)))
    #expect(!progress.isDelivered(Self.key(1, 10)))
    #expect(!TimerProgress(readMs: 5000, queueOffset: 0).isDelivered(Self.key(1, 0)))
  }

  // MARK: The file

  private func slots(_ states: [(UInt64, ProgressFile.State)?]) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: Limits.progressBytes)
    for (slot, entry) in states.enumerated() {
      guard let entry else { continue }
      var out = ByteBuffer()
      ProgressFile.encode(entry.1, number: entry.0, to: &out)
      bytes.replaceSubrange((slot * 1024)..<(slot * 1024 + out.count), with: out.array)
    }
    return bytes
  }

  private func state(_ logEnd: Int64, _ fireMs: Int64) -> ProgressFile.State {
    var timers = TimerProgress()
    timers.deliver(.end(of: fireMs))
    return ProgressFile.State(logEnd: logEnd, timers: timers, timersSeen: fireMs, levels: [fireMs, 0, 7])
  }

  /// The newest slot counts, but not one whose log is gone: after a power loss the file may be ahead of it.
  @Test func newestStateWithItsLogCounts() {
    let (old, middle, new) = (state(100, 1), state(200, 2), state(300, 3))
    let bytes = slots([(8, new), (7, middle), (3, old)])
    #expect(ProgressFile.newest(bytes.rawBytes, logEnd: 1000) == new)
    #expect(ProgressFile.newest(bytes.rawBytes, logEnd: 300) == new)
    #expect(ProgressFile.newest(bytes.rawBytes, logEnd: 299) == middle)
    #expect(ProgressFile.newest(bytes.rawBytes, logEnd: 150) == old)
    #expect(ProgressFile.newest(bytes.rawBytes, logEnd: 99) == nil)
  }

  /// A torn or flipped slot does not count; the one before it does. Every byte and every length.
  @Test func everyDamageOfASlotIsNoticed() {
    let (old, new) = (state(100, 1), state(200, 2))
    let bytes = slots([(8, new), (7, old), nil])
    var out = ByteBuffer()
    ProgressFile.encode(new, number: 8, to: &out)
    for at in 0..<out.count {
      var damaged = bytes
      damaged[at] ^= 0x40
      #expect(ProgressFile.newest(damaged.rawBytes, logEnd: 1000) == old)
    }
    for length in 0..<out.count {
      var torn = bytes
      for at in length..<1024 { torn[at] = 0 }
      // A slot may end in zeros of its own.
      if torn != bytes { #expect(ProgressFile.newest(torn.rawBytes, logEnd: 1000) == old) }
    }
    for length in stride(from: 0, to: bytes.count, by: 7) {
      let found = ProgressFile.newest(Array(bytes[..<length]).rawBytes, logEnd: 1000)
      #expect(found == (length >= 1024 ? new : nil))
    }
  }

  /// The file as a store uses it: cut at any length, the store opens and goes by Apache's files.
  @Test(arguments: [0, 1, 31, 200, 1023, 1024, 1100, 2048, 3000, 4095, 4096])
  func anyTruncationOfTheFileIsRecovered(_ length: Int) throws {
    let rig = try Rig { $0.delayLevelsMs = [1000] }
    rig.store.setDelayOffset(level: 1, 0)
    try rig.append("T")
    for level in 1...2 { rig.store.setDelayOffset(level: level, Int64(level) * 10) }
    var timers = rig.store.timerProgress
    timers.deliver(Self.key(5_000, 3))
    rig.store.setTimerProgress(timers, seen: 0)
    rig.store.setTimerCheckpoint(readMs: 4000, queueOffset: 4)
    rig.store.close()
    let path = "\(rig.root)/mq/progress"
    let bytes = try FileSystem.readWhole(path, bytesMax: 1 << 20)
    #expect(bytes.count == 4096)
    try FileSystem.replace(path, with: Array(bytes[..<length]), backup: false)
    try rig.reopen()
    #expect(rig.store.delayOffset(level: 1) == 10 && rig.store.delayOffset(level: 2) == 20)
    let place = rig.store.timerProgress.isDelivered(Self.key(4000, 0))
    #expect(place)
    #expect(!rig.store.timerProgress.isDelivered(Self.key(5001, 0)))
    #expect(!rig.store.timerProgress.isDelivered(Self.key(5000, 4)))
  }

  /// What was delivered is known after a kill, to the message.
  @Test func progressSurvivesAKill() throws {
    let rig = try Rig { $0.delayLevelsMs = [1000, 5000] }
    try rig.append("T")
    rig.store.setDelayOffset(level: 2, 7)
    var timers = rig.store.timerProgress
    timers.deliver(Self.key(5_000, 3))
    rig.store.setTimerProgress(timers, seen: 0)
    let copy = try rig.copyAsKilled()
    #expect(copy.store.delayOffset(level: 2) == 7 && copy.store.delayOffset(level: 1) == 0)
    #expect(copy.store.timerProgress == timers)
  }

  /// Apache's files tell only of deliveries that are on disk: a power loss takes none of them.
  @Test func apachesFilesWaitForTheLog() throws {
    let rig = try Rig {
      $0.delayLevelsMs = [1000]
      // SYNC comes too late for this test.
      $0.flushIntervalMs = 600_000
    }
    try rig.append("T")
    let before = rig.store.durable
    rig.store.publish()
    rig.store.setDelayOffset(level: 1, 9)
    for second in 1...3 { rig.store.maintain(nowMs: Clock.wallMs() + Int64(second) * 1000) }
    if rig.store.durable == before {
      #expect(!FileSystem.exists("\(rig.root)/config/timercheck"))
    }
    rig.store.close()
    let text = String(
      decoding: try FileSystem.readWhole("\(rig.root)/config/delayOffset.json", bytesMax: 1 << 20),
      as: UTF8.self)
    #expect(text.contains("{1:9"))
  }

  /// Apache ran meanwhile: its files are further.
  @Test func furtherFilesOfApacheCount() throws {
    let rig = try Rig { $0.delayLevelsMs = [1000] }
    try rig.append("T")
    var timers = rig.store.timerProgress
    timers.deliver(Self.key(5_000, 3))
    rig.store.setTimerProgress(timers, seen: 0)
    rig.store.setTimerCheckpoint(readMs: 5000, queueOffset: 4)
    rig.store.setDelayOffset(level: 1, 2)
    rig.store.close()
    let path = "\(rig.root)/config/timercheck"
    var check = try FileSystem.readWhole(path, bytesMax: 1 << 20)
    #expect(check.count == 4096 && check.rawBytes.int64(at: 0) == 5000)
    #expect(check.rawBytes.int64(at: 16) == 4 && check.rawBytes.int64(at: 24) == 4)
    check[6] += 1
    try FileSystem.replace(path, with: check, backup: false)
    let offsets = "\(rig.root)/config/delayOffset.json"
    let text = String(decoding: try FileSystem.readWhole(offsets, bytesMax: 1 << 20), as: UTF8.self)
    try FileSystem.replace(offsets, with: Array(text.replacing("1:2", with: "1:5").utf8), backup: false)
    try rig.reopen()
    #expect(rig.store.delayOffset(level: 1) == 5)
    #expect(rig.store.timerProgress == TimerProgress(readMs: 5256, queueOffset: 4))
  }

  @Test func waitingMessagesAreCountedByTopic() throws {
    let rig = try Rig()
    rig.store.countTimer("A", 2, nowMs: 10)
    rig.store.countTimer("A", -1, nowMs: 11)
    rig.store.countTimer("B", -1, nowMs: 12)
    let text =
      #"{"dataVersion":{"counter":3,"stateVersion":0,"timestamp":12},"timingCount":"#
      + #"{"A":{"count":1,"timeStamp":11},"B":{"count":0,"timeStamp":12}}}"#
    #expect(rig.store.timerMetricsJSON.text(.compact) == text)
    try rig.reopen()
    #expect(rig.store.timerMetricsJSON.text(.compact) == text)
    // A damaged file only costs the counts.
    rig.store.close()
    try FileSystem.replace("\(rig.root)/config/timermetrics", with: Array("{".utf8), backup: false)
    try rig.reopen()
    #expect(rig.store.timerMetricsJSON["timingCount"]?.members?.isEmpty ?? false)
  }
}
