// The operator's log: one line an event, to stderr, rate-limited, level by flag.

import Linux

/// How much the server tells.
package enum LogLevel: Int, Sendable, CaseIterable {
  case error, warn, info, debug
}

/// Writes log lines: `2026-11-20T10:00:00.123+01:00 WARN  text`. At most `ServerLimits.logLinesPerSecond`
/// lines a second; what was left out is counted in the next line. Loop thread only.
final class Log {
  let level: LogLevel
  private var second: Int64 = 0
  private var linesInSecond = 0
  private var suppressed = 0

  init(level: LogLevel) { self.level = level }

  func error(_ text: @autoclosure () -> String) { write(.error, text) }
  func warn(_ text: @autoclosure () -> String) { write(.warn, text) }
  func info(_ text: @autoclosure () -> String) { write(.info, text) }
  func debug(_ text: @autoclosure () -> String) { write(.debug, text) }

  private func write(_ level: LogLevel, _ text: () -> String) {
    if level.rawValue > self.level.rawValue { return }
    let now = Clock.wallMs()
    if now / 1000 != second {
      second = now / 1000
      linesInSecond = 0
    }
    linesInSecond += 1
    if linesInSecond > ServerLimits.logLinesPerSecond {
      suppressed += 1
      return
    }
    var line = "\(Clock.rfc3339(now)) \(Self.label(level)) \(Self.oneLine(text()))"
    if suppressed > 0 {
      line += " (\(suppressed) lines left out)"
      suppressed = 0
    }
    Process.writeError(line + "\n")
  }

  private static func label(_ level: LogLevel) -> String {
    switch level {
    case .error: "ERROR"
    case .warn: "WARN "
    case .info: "INFO "
    case .debug: "DEBUG"
    }
  }

  /// Names come from clients: a control byte must not forge a second line.
  private static func oneLine(_ text: String) -> String {
    var clean = ""
    clean.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      if scalar.value < 0x20 || scalar.value == 0x7F {
        clean += "\\u{\(String(scalar.value, radix: 16))}"
      } else {
        clean.unicodeScalars.append(scalar)
      }
    }
    return clean
  }
}
