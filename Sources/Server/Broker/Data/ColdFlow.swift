// Flow control of reads from the disk (Apache ColdDataCgCtrService): per group and over all groups, so many
// bytes in five seconds.

import Wire

/// What groups have read from the disk in the current window. Loop thread only.
struct ColdFlow {
  /// What one group read.
  private struct Reads {
    var bytes: Int64 = 0
    var firstMs: Int64
    var lastMs: Int64
  }
  private var isOn: Bool
  private var groupBytes: Int64
  private var globalBytes: Int64
  private var reads: [String: Reads] = [:]
  private var totalBytes: Int64 = 0
  private var windowEndMs: Int64 = 0
  /// Thresholds that an operator has set (code 2001), by group; gone with a restart, as in Apache.
  private(set) var thresholds: [String: Int64] = [:]

  static let windowMs: Int64 = 5000
  /// A group that has not read from the disk for so long is forgotten.
  static let forgetMs: Int64 = 60_000

  init(isOn: Bool, groupBytes: Int64, globalBytes: Int64) {
    self.isOn = isOn
    self.groupBytes = groupBytes
    self.globalBytes = globalBytes
  }

  /// Settings that an operator may change at any time.
  mutating func take(_ options: ServerOptions) {
    isOn = options.coldFlowControl
    groupBytes = options.coldGroupBytes
    globalBytes = options.coldGlobalBytes
  }

  /// Whether the group must slow down now.
  mutating func isExceeded(_ group: String, nowMs: Int64) -> Bool {
    if !isOn || TopicName.isSystemGroup(group) { return false }
    roll(nowMs)
    guard let own = reads[group] else { return false }
    return own.bytes >= thresholds[group] ?? groupBytes || totalBytes >= globalBytes
  }

  /// A group reads so many bytes from the disk.
  mutating func add(_ group: String, bytes: Int64, nowMs: Int64) {
    roll(nowMs)
    totalBytes += bytes
    reads[group, default: Reads(firstMs: nowMs, lastMs: nowMs)].bytes += bytes
    reads[group]?.lastMs = nowMs
  }

  /// False when too many groups have a threshold.
  mutating func set(_ group: String, threshold: Int64) -> Bool {
    if thresholds[group] == nil && thresholds.count >= ServerLimits.coldThresholdsMax { return false }
    thresholds[group] = threshold
    return true
  }

  mutating func removeThreshold(of group: String) { thresholds[group] = nil }

  private mutating func roll(_ nowMs: Int64) {
    // A clock that was set back begins a new window.
    if nowMs < windowEndMs && nowMs >= windowEndMs - Self.windowMs { return }
    windowEndMs = nowMs + Self.windowMs
    totalBytes = 0
    reads = reads.filter { nowMs - $0.value.lastMs < Self.forgetMs }
    for group in reads.keys { reads[group]?.bytes = 0 }
  }

  /// The answer to code 2003; groups sorted.
  mutating func json(nowMs: Int64) -> JSON {
    roll(nowMs)
    let runtime = reads.arranged { $0.key < $1.key }.map { group, reads in
      JSON.Member(
        group,
        .object([
          .init("coldAcc", .int(reads.bytes)), .init("createTimeMills", .int(reads.firstMs)),
          .init("lastColdReadTimeMills", .int(reads.lastMs)),
        ]))
    }
    let configured = thresholds.arranged { $0.key < $1.key }.map { JSON.Member($0.key, .int($0.value)) }
    return .object([
      .init("runtimeTable", .object(runtime)), .init("configTable", .object(configured)),
      .init("cgColdReadThreshold", .int(groupBytes)), .init("globalColdReadThreshold", .int(globalBytes)),
      .init("globalAcc", .int(totalBytes)),
    ])
  }
}
