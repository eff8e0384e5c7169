// Recordings: what goes in comes out, and whatever becomes of a file, reading it ends well.

import Foundation
import Linux
import TestSupport
import Testing
import Top

@Suite struct ScaleTests {
  /// Units with the numbers that their texts change at, in units of ten.
  @Test(arguments: [
    Top.Unit.perSecond, .slope, .bytes, .bytesPerSecond, .milliseconds, .age, .ratio, .count,
  ])
  func whatIsKeptLooksTheSame(_ unit: Top.Unit) throws {
    var random = SeededGenerator(seed: 7)
    let kind = TableKind.allCases.first { $0.columns.contains { $0.unit == unit } }
    let table = try #require(kind)
    let column = try #require(table.columns.firstIndex { $0.unit == unit })
    let key = table.columns[column].key
    var numbers = (0..<4_000).map { _ in RandomSnapshots.number(unit, &random) }
    for exponent in 0..<(unit == .ratio ? 1 : 13) {
      let base = (0..<exponent).reduce(1.0) { size, _ in size * 10 }
      for digits in [0.05, 0.95, 0.995, 0.9995, 1.005, 1.15, 1.25, 1.35, 9.95, 9.995, 9.9949999] {
        for side in [0.999_999_999, 1.000_000_001] {
          numbers.append(unit == .count ? (digits * base).rounded() : digits * base * side)
        }
      }
    }
    var snapshot = Snapshot()
    var data = TableData(table, names: numbers.indices.map { "\($0)" })
    data.set(key, numbers.map { .value($0, atMs: 5) })
    if Snapshot.clusterTables.contains(table) {
      snapshot[table] = data
    } else {
      snapshot.detail = Detail(.topic("t"))
      snapshot.detail?.tables = [data]
    }
    let kept = snapshot.asRecorded
    var wrong: [Double] = []
    for (row, number) in numbers.enumerated() {
      let keptNumber = kept[table].number(row, column).number ?? .nan
      let looksSame = ValueText.number(keptNumber, unit) == ValueText.number(number, unit)
      let isNear = abs(keptNumber - number) <= max(number.magnitude / 90, unit == .age ? 100 : 0.1)
      if !looksSame || !isNear || unit == .count && keptNumber != number { wrong.append(number) }
    }
    #expect(wrong == [])
    // What was kept once is kept as it is.
    #expect(kept.asRecorded == kept)
  }
}

@Suite struct RecordingTests {
  static func inDirectory(_ body: (String) throws -> Void) throws {
    let directory = try FileSystem.makeTemporaryDirectory(prefix: "mq-recording-")
    defer { try? FileSystem.removeTree(directory) }
    try body(directory)
  }
  static func record(_ snapshots: [Snapshot], _ path: String) throws {
    let recorder = try Recorder(path, replacing: false)
    for snapshot in snapshots { #expect(recorder.take(snapshot) == nil) }
    #expect(recorder.finish() == nil)
    #expect(recorder.failure == nil)
  }

  @Test(arguments: 1...6) func whatGoesInComesOut(_ seed: UInt64) throws {
    var source = RandomSnapshots(seed: seed)
    let snapshots = (0..<80).map { _ in source.next() }
    var writer = SnapshotWriter(keyEvery: 17)
    var reader = SnapshotReader()
    for snapshot in snapshots {
      let payloadMade = writer.payload(snapshot)
      let payload = try #require(payloadMade)
      let isTaken = reader.take(payload.bytes, isKey: payload.isKey)
      #expect(isTaken)
      #expect(reader.snapshot == snapshot.asRecorded)
    }
  }

  @Test func anyPictureOfAFileCanBeHad() throws {
    try Self.inDirectory { directory in
      var source = RandomSnapshots(seed: 11)
      let snapshots = (0..<60).map { _ in source.next() }
      let path = directory + "/a.mqtop"
      try Self.record(snapshots, path)
      var reader = try RecordingReader.open(path)
      #expect(reader.count == 60 && reader.isComplete && reader.problem == nil)
      #expect(reader.firstMs == snapshots[0].takenAtMs && reader.lastMs == snapshots[59].takenAtMs)
      for number in [0, 1, 2, 59, 58, 10, 11, 9, 0] {
        let snapshot = try reader.snapshot(number)
        #expect(snapshot == snapshots[number].asRecorded)
        let last = snapshots.lastIndex { $0.takenAtMs <= snapshots[number].takenAtMs }
        let found = try reader.number(atMs: snapshots[number].takenAtMs)
        #expect(found == last)
      }
      let before = try reader.number(atMs: 0)
      #expect(before == 0)
      #expect(throws: Errno.exists) { try Recorder(path, replacing: false) }
      _ = try Recorder(path, replacing: true)
      #expect(throws: RecordingError.empty) { _ = try RecordingReader.open(path) }
    }
  }

  /// Reads all that can be read; the pictures must be the first of those that were recorded.
  private func readAll(_ path: String, _ expected: [Snapshot]) -> (read: Int, error: RecordingError?, Bool) {
    var read = 0
    do throws(RecordingError) {
      var reader = try RecordingReader.open(path)
      let count = reader.count
      while read < count {
        let snapshot = try reader.snapshot(read)
        #expect(read < expected.count && snapshot == expected[read])
        read += 1
      }
      return (read, reader.problem, reader.isComplete)
    } catch {
      return (read, error, false)
    }
  }

  @Test func aCutFileReadsUpToItsLastWholeFrame() throws {
    try Self.inDirectory { directory in
      var source = RandomSnapshots(seed: 3)
      let snapshots = (0..<4).map { _ in source.next() }
      let path = directory + "/a.mqtop"
      try Self.record(snapshots, path)
      let expected = snapshots.map { $0.asRecorded }
      let bytes = try FileSystem.readWhole(path, bytesMax: 1 << 20)
      var most = 0
      for count in 0..<bytes.count {
        try Data(bytes[..<count]).write(to: URL(fileURLWithPath: path))
        let (read, error, isComplete) = readAll(path, expected)
        #expect(read >= most && !isComplete)
        if read > 0 { #expect(error == nil) } else { #expect(error != nil) }
        most = read
      }
      #expect(most == 4)
    }
  }

  @Test func aDamagedByteIsFound() throws {
    try Self.inDirectory { directory in
      var source = RandomSnapshots(seed: 5)
      let snapshots = (0..<3).map { _ in source.next() }
      let path = directory + "/a.mqtop"
      try Self.record(snapshots, path)
      let expected = snapshots.map { $0.asRecorded }
      let bytes = try FileSystem.readWhole(path, bytesMax: 1 << 20)
      var random = SeededGenerator(seed: 1)
      for index in bytes.indices {
        var damaged = bytes
        damaged[index] ^= UInt8.random(in: 1...255, using: &random)
        try Data(damaged).write(to: URL(fileURLWithPath: path))
        let (read, error, isComplete) = readAll(path, expected)
        // The two bytes behind the version have no meaning.
        if index == 10 || index == 11 { continue }
        #expect(error != nil || !isComplete, "byte \(index)")
        #expect(read <= 3)
      }
    }
  }

  /// Where the frames of a recording begin, the schema's first.
  private static func frames(_ bytes: [UInt8]) -> [Int] {
    var offsets: [Int] = []
    var offset = 12
    while offset + 16 <= bytes.count {
      offsets.append(offset)
      offset += 16 + bytes[(offset + 1)...(offset + 3)].reduce(0) { $0 << 8 | Int($1) }
    }
    return offsets
  }
  private static func reader(_ bytes: [UInt8], _ directory: String) throws -> RecordingReader {
    let path = directory + "/damaged"
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    return try RecordingReader.open(path)
  }

  /// Twenty pictures in groups of five; the eighth is damaged, and with it the two that need it.
  @Test func whatFollowsADamagedFrameIsReadFromTheNextKeyFrameOn() throws {
    try Self.inDirectory { directory in
      var source = RandomSnapshots(seed: 8)
      let snapshots = (0..<20).map { _ in source.next() }
      let recorder = try Recorder(directory + "/a", replacing: false, keyEvery: 5)
      for snapshot in snapshots { #expect(recorder.take(snapshot) == nil) }
      #expect(recorder.finish() == nil)
      let expected = snapshots.map { $0.asRecorded }
      let bytes = try FileSystem.readWhole(directory + "/a", bytesMax: 1 << 20)
      let place = Self.frames(bytes)[1 + 7]
      let damage = RecordingError.damaged(atByte: Int64(place))

      // In its payload: it keeps its number, without a picture.
      var damaged = bytes
      damaged[place + 20] ^= 0x40
      var reader = try Self.reader(damaged, directory)
      #expect(reader.count == 20 && reader.isComplete)
      for number in [6, 4, 10, 19, 0] {
        let snapshot = try reader.snapshot(number)
        #expect(snapshot == expected[number])
      }
      for number in [9, 7, 8] { #expect(throws: damage) { _ = try reader.snapshot(number) } }
      #expect([6, 7, 8, 9, 10].map { reader.nearest($0) } == [6, 10, 10, 10, 10])
      #expect([6, 7, 9, 10].map { reader.last(upTo: $0) } == [6, 6, 6, 10])
      #expect(reader.gap(before: 10) == damage && reader.gap(before: 7) == nil)
      let after = try reader.snapshot(10)
      #expect(after == expected[10])

      // In its head, of which the kind, the length or the time cannot be: it has no number.
      for (byte, value) in [(0, 9), (1, 0xff), (4, 0xff), (0, 1)] as [(Int, UInt8)] {
        damaged = bytes
        damaged[place + byte] = value
        reader = try Self.reader(damaged, directory)
        #expect(reader.count == 17 && reader.isComplete, "byte \(byte)")
        for number in 0..<17 {
          let snapshot = try reader.snapshot(number)
          #expect(snapshot == expected[number < 7 ? number : number + 3])
        }
        #expect(reader.gap(before: 7) == damage && reader.gap(before: 8) == nil)
        let found = try reader.number(atMs: snapshots[12].takenAtMs)
        #expect(found == 9)
      }

      // In the first frame of the last group: what is left are those before it.
      damaged = bytes
      damaged[Self.frames(bytes)[1 + 15] + 20] ^= 0x40
      reader = try Self.reader(damaged, directory)
      #expect(throws: (any Error).self) { _ = try reader.snapshot(17) }
      #expect(reader.nearest(17) == 14 && reader.problem != nil)
    }
  }

  /// Bytes with a right checksum that no writer made: nothing traps.
  @Test func nonsenseIsRefused() {
    var random = SeededGenerator(seed: 9)
    var source = RandomSnapshots(seed: 9)
    var writer = SnapshotWriter(keyEvery: 1)
    var refused = 0
    for _ in 0..<400 {
      guard var bytes = writer.payload(source.next())?.bytes else { continue }
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      var reader = SnapshotReader()
      if reader.take(bytes, isKey: true) {
        var model = Made.model()
        _ = model.update(.snapshot(reader.snapshot))
        #expect(Screen.draw(model, .utf8).lines.count == 24)
      } else {
        refused += 1
      }
    }
    #expect(refused > 100)
  }

  @Test func otherFilesAreNoRecordings() throws {
    try Self.inDirectory { directory in
      let path = directory + "/a"
      let cases: [([UInt8], RecordingError)] = [
        ([], .notARecording), (Array("hello, world, hello".utf8), .notARecording),
        ([0x89] + Array("MQTOP\r\n".utf8) + [0, 2, 0, 0], .version(2)),
        ([0x89] + Array("MQTOP\r\n".utf8) + [0, 1, 0, 0], .damaged(atByte: 12)),
      ]
      for (bytes, expected) in cases {
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        #expect(throws: expected) { _ = try RecordingReader.open(path) }
      }
      #expect(throws: RecordingError.file(.noSuchFile)) { _ = try RecordingReader.open(directory + "/b") }
      #expect(throws: RecordingError.file(.isDirectory)) { _ = try RecordingReader.open(directory) }
    }
  }

  /// The dashboard goes on, and the alert line keeps saying that nothing is recorded any more.
  @Test func aStoppedRecordingStaysAmongTheAlerts() {
    var model = Made.model()
    _ = model.update(.recordingStopped("recording stopped: a.mqtop: no room"))
    func alertLine() -> String {
      let row = model.layout.alerts ?? 0
      return Screen.draw(model, .utf8).lines[row].map(\.text).joined()
    }
    #expect(alertLine().hasPrefix("! recording stopped: a.mqtop: no room"))
    // The notice goes with the next key; this does not, and the brokers' alerts stand behind it.
    model.press("3")
    _ = model.update(.snapshot(Made.full()))
    #expect(alertLine().hasPrefix("! recording stopped: a.mqtop: no room   +3 more"))
  }

  /// A device without room stands for a full disk.
  @Test func aFullDiskStopsTheRecordingAndSaysSoOnce() throws {
    #expect(throws: Errno.noSpace) { try Recorder("/dev/full", replacing: true) }
  }

  /// Ten thousand topics of which five hundred change each second: at most two bytes a changed cell.
  @Test func changedCellsCostTwoBytes() throws {
    var random = SeededGenerator(seed: 2)
    var rates = (0..<10_000).map { _ in Double.random(in: 0...20_000, using: &random) }
    var backlogs = (0..<10_000).map { _ in Double(Int.random(in: 0...5_000, using: &random)) }
    var snapshot = Snapshot()
    var table = TableData(.topics, names: rates.indices.map { "team-\($0 % 40)-orders-\($0)" })
    func set(_ key: String, _ numbers: [Double], _ rows: Set<Int>?) {
      let column = TableKind.topics.column(key) ?? 0
      table.set(
        key,
        numbers.indices.map {
          rows?.contains($0) == false
            ? table.number($0, column) : .value(numbers[$0], atMs: snapshot.takenAtMs - 20)
        })
    }
    var writer = SnapshotWriter(keyEvery: 600)
    var deltaBytes = 0
    var cells = 0
    for second in 0..<12 {
      snapshot.sequence += 1
      snapshot.takenAtMs += 1_000
      snapshot.wallMs += 1_000
      let rows = Set((0..<500).map { _ in Int.random(in: 0..<10_000, using: &random) })
      for row in rows.sorted() {
        rates[row] *= Double.random(in: 0.97...1.03, using: &random)
        backlogs[row] = max(0, backlogs[row] + Double(Int.random(in: -200...200, using: &random)))
      }
      let sampled = second == 0 ? nil : rows
      set("in", rates, sampled)
      set("out", rates.map { $0 * 2 }, sampled)
      set("inBytes", rates.map { $0 * 700 }, sampled)
      set("backlog", backlogs, sampled)
      snapshot[.topics] = table
      let payloadMade = writer.payload(snapshot)
      let payload = try #require(payloadMade)
      if second > 0 {
        #expect(!payload.isKey)
        deltaBytes += payload.bytes.count
        cells += 4 * rows.count
      }
    }
    #expect(Double(deltaBytes) / Double(cells) <= 2, "\(deltaBytes) bytes for \(cells) cells")
    // Another look at the same costs next to nothing, also when all is measured again each time.
    snapshot.takenAtMs += 1_000
    set("in", rates, nil)
    snapshot[.topics] = table
    snapshot.sequence += 1
    let movedMade = writer.payload(snapshot)
    let moved = try #require(movedMade)
    set("in", rates, nil)
    snapshot.takenAtMs += 1_000
    set("in", rates, nil)
    snapshot[.topics] = table
    let sameMade = writer.payload(snapshot)
    let same = try #require(sameMade)
    #expect(moved.bytes.count < 2_500 && same.bytes.count < 60, "\(moved.bytes.count), \(same.bytes.count)")
  }
}

@Suite struct HistoryRingTests {
  @Test func anyPictureCanBeHadByNumberAndTime() throws {
    var source = RandomSnapshots(seed: 21)
    var ring = HistoryRing()
    let snapshots = (0..<150).map { _ in source.next() }
    for snapshot in snapshots { ring.append(snapshot) }
    #expect(ring.numbers == 0..<150)
    for number in [149, 148, 147, 0, 1, 60, 59, 61, 120, 119] {
      let snapshot = ring.snapshot(number)
      #expect(snapshot == snapshots[number].asRecorded)
      #expect(ring.takenAtMs(number) == snapshots[number].takenAtMs)
      let found = try #require(ring.number(atMs: snapshots[number].takenAtMs))
      #expect(snapshots[found].takenAtMs == snapshots[number].takenAtMs)
    }
    let outside = [ring.snapshot(150), ring.snapshot(-1)]
    #expect(outside == [nil, nil])
    #expect(ring.number(atMs: 0) == 0)
  }

  @Test func oldGroupsGoByTimeAndByMemory() {
    var snapshot = Made.snapshot()
    var ring = HistoryRing()
    var small = HistoryRing(bytesMax: 20_000)
    for _ in 0..<2_000 {
      snapshot.takenAtMs += 1_000
      snapshot.sequence += 1
      snapshot[.inPerSecond] = .value(Double(snapshot.sequence), atMs: snapshot.takenAtMs)
      ring.append(snapshot)
      small.append(snapshot)
      #expect(small.bytes <= 20_000 || small.numbers.count <= Limits.historyKeyEvery)
    }
    #expect(ring.numbers.upperBound == 2_000)
    let kept = ring.numbers.count
    #expect(kept >= 600 && kept <= 600 + 2 * Limits.historyKeyEvery)
    #expect(small.numbers.count < kept)
  }

  /// A day of a hundred topics: what is remembered stays as large as after the first minutes.
  @Test func aDayTakesNoMoreMemoryThanTenMinutes() {
    var random = SeededGenerator(seed: 4)
    var ring = HistoryRing()
    var snapshot = Snapshot()
    var table = TableData(.topics, names: (0..<100).map { "topic-\($0)" })
    var bytesAfterWarmUp = 0
    var most = 0
    // Each tenth second of a day: the same number of groups as of seconds, for a tenth of the time.
    for second in 0..<8_640 {
      snapshot.sequence += 1
      snapshot.takenAtMs += 1_000
      table.set(
        "in",
        (0..<100).map { _ in .value(Double.random(in: 0...9_999, using: &random), atMs: snapshot.takenAtMs) })
      snapshot[.topics] = table
      ring.append(snapshot)
      if second == 1_300 { bytesAfterWarmUp = ring.bytes }
      if second > 1_300 { most = max(most, ring.bytes) }
    }
    #expect(most <= bytesAfterWarmUp + 65_536, "\(bytesAfterWarmUp) to \(most)")
  }
}
