// Single files of a store as JSON values, one for each unit: what `mq store dump FILE` prints. Read-only.

import Linux
package import Wire

/// What a file of a store is.
package enum StoreFileKind: String, Sendable, CaseIterable {
  /// Records: a file of the commit log, a compaction log, or what `mq store repair` put aside.
  case records
  case consumequeue, batchconsumequeue, index, checkpoint, timerlog, timerwheel
}

extension StoreInspector {
  /// What the file at `path` is, by the directory that it is in and its name; nil when they do not tell.
  package static func kind(_ path: String) -> StoreFileKind? {
    let names = path.split(separator: "/").map(String.init)
    guard let name = names.last else { return nil }
    if name == "checkpoint" { return .checkpoint }
    if name == "timerwheel" { return .timerwheel }
    let folders = names.dropLast().suffix(3)
    if folders.contains("batchconsumequeue") { return .batchconsumequeue }
    if folders.contains("consumequeue") || folders.contains("compactionCq") { return .consumequeue }
    if folders.last == "index" { return .index }
    if folders.last == "timerlog" { return .timerlog }
    if folders.last == "commitlog" || folders.contains("compactionLog") || name.hasSuffix(".cut") {
      return .records
    }
    // By its first bytes.
    guard var window = try? FileWindow(path, windowBytes: Limits.pageBytes),
      let at = (try? window.need(Limits.blankBytes, at: 0)) ?? nil
    else { return nil }
    let magic = window.contents.uint32(at: at + 4)
    return magic == Record.magicV1 || magic == Record.magicV2 ? .records : nil
  }

  /// Calls `visit` with each wanted whole record of a file, wherever in the log it came from, until it
  /// returns false. `damage` gets a clause about each place without a record.
  package static func dumpRecords(
    file path: String, _ filter: DumpFilter, damage: (String) -> Void, visit: (Record, RawSpan) -> Bool
  ) throws(InspectError) {
    let match = DumpMatch(filter)
    do throws(Errno) {
      var window = try FileWindow(path)
      var place: Int64 = 0
      while place < window.bytes {
        if let record = try wholeRecord(&window, place) {
          if match.wants(record, window.contents), !visit(record, window.contents) { return }
          place += Int64(record.totalBytes)
          continue
        }
        guard let head = try window.need(Limits.blankBytes, at: place) else { return }
        if window.contents.uint32(at: head + 4) == Record.magicBlank { return }
        let start = place
        if try window.endOfData(from: place) == place { return }
        guard let next = try nextRecord(&window, behind: place) else {
          return damage("no whole record from byte \(start) on")
        }
        damage("no whole record at byte \(start); records go on at \(next)")
        place = next
      }
    } catch {
      throw .io(error, "read", path)
    }
  }

  private static func wholeRecord(_ window: inout FileWindow, _ place: Int64) throws(Errno) -> Record? {
    guard let head = try window.need(Limits.blankBytes, at: place) else { return nil }
    let size = Int(window.contents.int32(at: head))
    guard size >= Record.bytesMin, size <= Limits.inspectRecordBytesMax,
      let at = try window.need(size, at: place), let record = try? Record.decode(window.contents, at: at)
    else { return nil }
    return CRC32.masked(window.contents[record.body]) == record.bodyCRC || record.body.isEmpty ? record : nil
  }

  private static func nextRecord(_ window: inout FileWindow, behind place: Int64) throws(Errno) -> Int64? {
    var at = place + 1
    while at + Int64(Record.bytesMin) <= window.bytes {
      let count = Int(min(Int64(Limits.inspectWindowBytes), window.bytes - at))
      guard let from = try window.need(count, at: at) else { return nil }
      guard let hit = LogScan.nextMagic(window.contents, from: from, to: from + count) else {
        at += Int64(count - 7)
        continue
      }
      at += Int64(hit - from)
      if try wholeRecord(&window, at) != nil { return at }
      at += 1
    }
    return nil
  }

  /// Calls `visit` with each unit of any other file, until it returns false.
  package static func dumpUnits(
    file path: String, _ kind: StoreFileKind, visit: (JSON) -> Bool
  ) throws(InspectError) {
    do throws(Errno) {
      var window = try FileWindow(path)
      let name = path.split(separator: "/").last.map(String.init) ?? ""
      let start = name.utf8.count == 20 ? Int64(name) ?? 0 : 0
      switch kind {
      case .records: preconditionFailure("records have a dump of their own")
      case .consumequeue: try units(&window, bytes: 20, visit) { queueUnit($0, $1, start + $2) }
      case .batchconsumequeue: try units(&window, bytes: 46, visit) { (bytes, at, _) in batchUnit(bytes, at) }
      case .timerlog: try units(&window, bytes: TimerUnit.bytes, visit) { timerUnit($0, $1, start + $2) }
      case .timerwheel: try units(&window, bytes: 32, visit) { wheelSlot($0, $1, $2) }
      case .checkpoint:
        if let at = try window.need(40, at: 0) { _ = visit(checkpoint(window.contents, at)) }
      case .index: try index(&window, visit)
      }
    } catch {
      throw .io(error, "read", path)
    }
  }

  /// What `make` gives for each unit of so many bytes; nil skips one.
  private static func units(
    _ window: inout FileWindow, bytes: Int, _ visit: (JSON) -> Bool, _ make: (RawSpan, Int, Int64) -> JSON?
  ) throws(Errno) {
    var place: Int64 = 0
    while let at = try window.need(bytes, at: place) {
      if let unit = make(window.contents, at, place), !visit(unit) { return }
      place += Int64(bytes)
    }
  }

  private static func queueUnit(_ bytes: RawSpan, _ at: Int, _ place: Int64) -> JSON? {
    let size = bytes.int32(at: at + 8)
    if size <= 0 { return nil }
    return .object([
      .init("queueOffset", .int(place / 20)), .init("physicalOffset", .int(bytes.int64(at: at))),
      .init("sizeBytes", size == QueueEntry.blankSize ? .null : .int(Int64(size))),
      .init("tagsCode", .int(bytes.int64(at: at + 12))),
    ])
  }

  /// Apache BatchConsumeQueue: 8 offset, 4 size, 8 tag code, 8 store time, 8 first queue offset, 2 messages.
  private static func batchUnit(_ bytes: RawSpan, _ at: Int) -> JSON? {
    let size = bytes.int32(at: at + 8)
    if size <= 0 { return nil }
    return .object(
      [
        .init("queueOffset", .int(bytes.int64(at: at + 28))),
        .init("messages", .int(Int64(bytes.int16(at: at + 36)))),
        .init("physicalOffset", .int(bytes.int64(at: at))), .init("sizeBytes", .int(Int64(size))),
        .init("tagsCode", .int(bytes.int64(at: at + 12))),
      ] + time("storeTime", bytes.int64(at: at + 20)))
  }

  private static func timerUnit(_ bytes: RawSpan, _ at: Int, _ place: Int64) -> JSON? {
    let unit = TimerUnit(bytes, at: at)
    guard unit.size == Int32(TimerUnit.bytes) else { return nil }
    return .object(
      [
        .init("position", .int(place)), .init("previousPosition", .int(unit.previous)),
        .init("magic", .int(Int64(unit.magic))), .init("physicalOffset", .int(unit.offset)),
        .init("sizeBytes", .int(Int64(unit.recordBytes))),
      ] + time("deliverTime", unit.writtenMs + Int64(unit.delayMs)))
  }

  /// Apache Slot: 8 time in steps, 8 first position, 8 last position, 4 messages, 4 magic.
  private static func wheelSlot(_ bytes: RawSpan, _ at: Int, _ place: Int64) -> JSON? {
    let count = bytes.int32(at: at + 24)
    if count == 0 { return nil }
    return .object([
      .init("slot", .int(place / 32)), .init("timeSteps", .int(bytes.int64(at: at))),
      .init("firstPosition", .int(bytes.int64(at: at + 8))),
      .init("lastPosition", .int(bytes.int64(at: at + 16))), .init("messages", .int(Int64(count))),
    ])
  }

  private static func checkpoint(_ bytes: RawSpan, _ at: Int) -> JSON {
    .object(
      time("logTime", bytes.int64(at: at)) + time("queueTime", bytes.int64(at: at + 8))
        + time("indexTime", bytes.int64(at: at + 16)) + [
          .init("masterFlushedOffset", .int(bytes.int64(at: at + 24))),
          .init("confirmOffset", .int(bytes.int64(at: at + 32))),
        ])
  }

  private static func index(_ window: inout FileWindow, _ visit: (JSON) -> Bool) throws(Errno) {
    guard let at = try window.need(IndexHeader.bytes, at: 0) else { return }
    let header = IndexHeader(window.contents, at: at)
    let slots = try IndexCheck.slots(&window, header)
    let isWanted = visit(
      .object(
        [
          .init("entries", .int(Int64(header.count) - 1)), .init("slotsUsed", .int(Int64(header.slotsUsed))),
          .init("slots", slots.map { .int(Int64($0)) } ?? .null),
          .init("beginOffset", .int(header.beginOffset)), .init("endOffset", .int(header.endOffset)),
        ] + time("beginTime", header.beginMs) + time("endTime", header.endMs)))
    guard isWanted, let slots else { return }
    for number in 1..<max(1, Int64(header.count)) {
      let place = Int64(IndexHeader.bytes) + Int64(slots) * 4 + number * 20
      guard let at = try window.need(IndexCheck.entryBytes, at: place) else { return }
      let hash = Int64(window.contents.uint32(at: at))
      let entry = JSON.object(
        [
          .init("entry", .int(number)), .init("keyHash", .int(hash)),
          .init("slot", .int(hash % Int64(slots))),
          .init("physicalOffset", .int(window.contents.int64(at: at + 4))),
          .init("previousEntry", .int(Int64(window.contents.int32(at: at + 16)))),
        ] + time("storeTime", header.beginMs + Int64(window.contents.int32(at: at + 12)) * 1000))
      if !visit(entry) { return }
    }
  }

  /// A time as two members.
  private static func time(_ name: String, _ ms: Int64) -> [JSON.Member] {
    [.init(name, ms > 0 ? .string(Clock.rfc3339(ms)) : .null), .init("\(name)Ms", .int(ms))]
  }
}
