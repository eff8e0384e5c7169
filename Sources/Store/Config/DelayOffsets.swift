// config/delayOffset.json: `{"dataVersion":…,"offsetTable":{level:offset}}`: how far each delay level was
// delivered (Apache ScheduleMessageService). Loop thread.

import Linux
import Wire

struct DelayOffsets {
  private var document: ConfigDocument
  private var version: DataVersion
  private var offsets: [Int: Int64] = [:]

  init(_ document: ConfigDocument, nowMs: Int64) {
    self.document = document
    version = DataVersion(document["dataVersion"])
    if document["dataVersion"] == nil { version.timestampMs = nowMs }
    for member in document["offsetTable"]?.members ?? [] {
      if let level = member.key.int, let offset = member.value.int { offsets[Int(level)] = offset }
    }
  }

  /// 0 when the level was never delivered.
  func offset(_ level: Int) -> Int64 { offsets[level] ?? 0 }

  /// False when nothing changed.
  mutating func set(_ level: Int, _ offset: Int64) -> Bool {
    offsets.updateValue(offset, forKey: level) != offset
  }

  /// Levels 1, 2 … in order, 0 for those never delivered.
  func list(max: Int) -> [Int64] {
    let highest = min(offsets.keys.max() ?? 0, max)
    return highest > 0 ? (1...highest).map { offset($0) } : []
  }

  mutating func bump(_ nowMs: Int64) {
    version.counter += 1
    version.timestampMs = nowMs
  }

  /// As the file has it while messages are being delivered: what is not in the log for certain is not
  /// counted, so `safe` bounds the levels 1, 2 ….
  func json(upTo safe: [Int64]) -> JSON {
    var bounded = self
    for (level, offset) in offsets where level >= 1 && level <= Limits.progressLevelsMax {
      bounded.offsets[level] = min(offset, level <= safe.count ? safe[level - 1] : 0)
    }
    return bounded.json
  }

  var json: JSON {
    var document = document
    document["dataVersion"] = version.json
    document["offsetTable"] = .object(
      offsets.sorted { $0.key < $1.key }.map { JSON.Member(.int(Int64($0.key)), .int($0.value)) })
    return document.json
  }
}
