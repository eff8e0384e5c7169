// Checks what lies beside the log: config files, consumer offsets, checkpoint, timer files, abort and lock.

import Linux
import Wire

struct SideFileCheck {
  let layout: StoreLayout
  let facts: LogFacts
  /// Next offsets by "topic/queue".
  let ends: [String: Int64]

  /// Config files that hold JSON and have no ending (Apache ConfigManager).
  private static let bareNames: Set<String> = ["timermetrics", "transactionMetrics"]

  func run(_ findings: inout Findings) throws(InspectError) {
    do throws(Errno) {
      try checkConfig(&findings)
      try checkCheckpoint(&findings)
      try checkTimers(&findings)
    } catch {
      throw .io(error, "read", layout.root)
    }
    checkState(&findings)
  }

  // MARK: Config

  /// What a JSON file of `config/` holds; nil when it is no JSON object.
  static func document(_ path: String) -> JSON? {
    guard let bytes = try? FileSystem.readWhole(path, bytesMax: Limits.configBytesMax), !bytes.isEmpty,
      let json = try? JSON.parse(bytes), json.members != nil
    else { return nil }
    return json
  }

  /// The main files of `config/` that hold JSON, whether they are there or only their backup is.
  static func configNames(_ layout: StoreLayout) throws(Errno) -> [String] {
    let names = try FileSystem.list(layout.paths.config).map { name in
      name.hasSuffix(".bak") ? String(name.dropLast(4)) : name
    }
    return Set(names).filter { $0.hasSuffix(".json") || bareNames.contains($0) }.sorted()
  }

  /// Names in config/topics.json or its backup; nil when neither can be read.
  static func topics(_ layout: StoreLayout) -> Set<String>? {
    let path = ConfigFile.topics.path(layout.paths)
    guard let document = document(path) ?? document("\(path).bak") else { return nil }
    return Set((document["topicConfigTable"]?.members ?? []).compactMap(\.key.string))
  }

  private func checkConfig(_ findings: inout Findings) throws(Errno) {
    let names = try Self.configNames(layout)
    for name in names {
      let path = "\(layout.paths.config)/\(name)"
      let hasMain = FileSystem.exists(path)
      if hasMain && Self.document(path) != nil { continue }
      let hasBackup = Self.document("\(path).bak") != nil
      // A missing or empty file is as one that was never written when there is no backup.
      if !hasBackup, !hasMain || (try? FileSystem.readWhole(path, bytesMax: 16))?.isEmpty == true { continue }
      let what = hasMain ? "holds no JSON object" : "is missing"
      let fix = hasBackup ? "its backup is good" : "and its backup is no better"
      findings.add(.config, .bad, "config/\(name)", "\(what); \(fix)")
    }
    findings.sum(.config, counted(Int64(names.count), "file"))
    checkOffsets(&findings)
  }

  private func checkOffsets(_ findings: inout Findings) {
    var count: Int64 = 0
    let path = ConfigFile.consumerOffset.path(layout.paths)
    guard let document = Self.document(path) ?? Self.document("\(path).bak") else { return }
    for member in document["offsetTable"]?.members ?? [] {
      guard let key = member.key.string, let at = key.utf8.lastIndex(of: UInt8(ascii: "@")) else { continue }
      let (topic, group) = (String(key[..<at]), String(key[key.index(after: at)...]))
      for queue in member.value.members ?? [] {
        guard let queueId = queue.key.int ?? queue.key.string.flatMap({ Int64($0) }),
          let offset = queue.value.int
        else { continue }
        count += 1
        check(offset, of: group, "\(topic)/\(queueId)", &findings)
      }
    }
    let delays = ConfigFile.delayOffset.path(layout.paths)
    for level in (Self.document(delays) ?? Self.document("\(delays).bak"))?["offsetTable"]?.members ?? [] {
      guard let number = level.key.int ?? level.key.string.flatMap({ Int64($0) }),
        let offset = level.value.int
      else { continue }
      check(offset, of: "delivery", "\(TopicName.schedule)/\(number - 1)", &findings)
    }
    findings.sum(.offsets, counted(count, "offset"))
  }

  private func check(_ offset: Int64, of group: String, _ queue: String, _ findings: inout Findings) {
    guard let end = ends[queue] else { return }
    if offset > end && !layout.isLive {
      findings.add(
        .offsets, .bad, "config/consumerOffset.json",
        "\(group) is at \(offset) of \(queue), which ends at \(end)")
    } else if offset < 0 {
      findings.add(.offsets, .bad, "config/consumerOffset.json", "\(group) is at \(offset) of \(queue)")
    }
  }

  // MARK: Checkpoint

  private func checkCheckpoint(_ findings: inout Findings) throws(Errno) {
    guard FileSystem.exists(layout.paths.checkpoint) else { return }
    let bytes = try FileSystem.readWhole(layout.paths.checkpoint, bytesMax: 1 << 20)
    guard bytes.count >= 24 else {
      return findings.add(.checkpoint, .bad, "checkpoint", "\(bytes.count) bytes are no checkpoint")
    }
    let times = (0..<3).map { bytes.rawBytes.int64(at: $0 * 8) }
    if times.contains(where: { $0 < 0 }) {
      findings.add(.checkpoint, .bad, "checkpoint", "holds times before 1970")
    } else if times[0] > facts.lastMs && facts.records > 0 && !layout.isLive {
      findings.add(
        .checkpoint, .note, "checkpoint",
        "says that the log was on disk up to \(Clock.rfc3339(times[0])), and its newest record is of "
          + Clock.rfc3339(facts.lastMs))
    }
    findings.sum(
      .checkpoint, "log on disk up to \(times[0] > 0 ? Clock.rfc3339(times[0]) : "an unknown time")")
  }

  // MARK: Timers

  private func checkTimers(_ findings: inout Findings) throws(Errno) {
    let files: [LogFile]
    do throws(InspectError) { files = try StoreLayout.logFiles(layout.paths.timerLog) } catch {
      return findings.add(.timer, .bad, "timerlog", error.message)
    }
    if files.isEmpty { return }
    var units: Int64 = 0
    var wrong: Int64 = 0
    for file in files {
      var window = try FileWindow(file.path)
      var place: Int64 = 0
      while let at = try window.need(TimerUnit.bytes, at: place) {
        let unit = TimerUnit(window.contents, at: at)
        if unit.size == 0 || unit.isBlank { break }
        guard unit.size == TimerUnit.bytes else {
          findings.add(.timer, .bad, layout.short(file.path), at: place, "a unit of \(unit.size) bytes")
          break
        }
        units += 1
        let isAhead = unit.offset >= facts.end && !layout.isLive
        if unit.previous >= file.start + place || isAhead {
          wrong += 1
          if wrong <= Int64(Limits.findingsPerPlaceMax) {
            findings.add(
              .timer, layout.hasAbort ? .note : .bad, layout.short(file.path), at: place,
              isAhead
                ? "a unit of offset \(unit.offset), behind the end of the log" : "a chain that leads forward")
          }
        }
        place += Int64(TimerUnit.bytes)
      }
    }
    findings.addLeftOut(.timer, layout.hasAbort ? .note : .bad, wrong - Int64(Limits.findingsPerPlaceMax))
    findings.sum(.timer, "\(counted(Int64(files.count), "file")), \(counted(units, "unit"))")
  }

  // MARK: State

  private func checkState(_ findings: inout Findings) {
    if layout.isLive {
      findings.add(.state, .note, "lock", "a broker runs here: what it wrote last is not judged")
    } else if layout.hasAbort {
      findings.add(.state, .note, "abort", "the last run did not end cleanly: a broker will check the log")
    }
    findings.sum(
      .state, layout.isLive ? "in use" : layout.hasAbort ? "did not end cleanly" : "ended cleanly")
  }
}

/// A unit of Apache's timer log (TimerLog): 4 size, 8 previous, 4 magic, 8 written ms, 4 delay ms, 8 offset,
/// 4 record size, 4 topic hash, 8 unused.
struct TimerUnit {
  static let bytes = 52
  let size: Int32
  let previous: Int64
  let magic: Int32
  let writtenMs: Int64
  let delayMs: Int32
  let offset: Int64
  let recordBytes: Int32

  init(_ bytes: RawSpan, at: Int) {
    size = bytes.int32(at: at)
    previous = bytes.int64(at: at + 4)
    magic = bytes.int32(at: at + 12)
    writtenMs = bytes.int64(at: at + 16)
    delayMs = bytes.int32(at: at + 24)
    offset = bytes.int64(at: at + 28)
    recordBytes = bytes.int32(at: at + 36)
  }

  /// "Continue in the next file."
  var isBlank: Bool { UInt32(bitPattern: magic) == Record.magicBlank }
}
