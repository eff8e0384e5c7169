// Where reading starts, as people write it: `--from earliest|latest|time=…|offset=N|last=N`. Pure.

enum StartPosition: Equatable, Sendable {
  case earliest
  /// Only what comes after the start.
  case latest
  /// The first message stored at that moment (ms since 1970) or later.
  case time(Int64)
  case offset(Int64)
  /// That many messages before the end of each queue.
  case last(Int64)

  static let words = "earliest, latest, time=-5m, time=2026-11-20T10:00, offset=N or last=N"

  /// - Throws: `.usage`
  init(_ text: String, nowMs: Int64) throws(Failure) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let value = parts.count == 2 ? String(parts[1]) : nil
    switch (parts[0], value) {
    case ("earliest", nil): self = .earliest
    case ("latest", nil): self = .latest
    case ("time", let value?):
      guard let timeMs = Values.timeMs(value, nowMs: nowMs) else { throw Self.malformed(text) }
      self = .time(timeMs)
    case ("offset", let value?):
      guard let offset = Int64(value), offset >= 0 else { throw Self.malformed(text) }
      self = .offset(offset)
    case ("last", let value?):
      guard let count = Int64(value), count >= 0 else { throw Self.malformed(text) }
      self = .last(count)
    default: throw Self.malformed(text)
    }
  }

  private static func malformed(_ text: String) -> Failure {
    Failure(.usage, "--from=\(text) is no position", hint: "one of \(words)")
  }
}
