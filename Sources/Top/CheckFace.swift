// `mq top --check`: runs until the checks are judged, prints what was found, and says so in the exit code.
// The caller's thread.

import Linux
import Wire

/// The dashboard without a screen and without an end of its own.
enum CheckFace {
  /// Exit codes as of `mq check`: 0 when all is well, 2 when something was found, 3 when it could not be
  /// found out; and 5 when no broker answers.
  static func run(_ options: DashboardOptions, _ exchange: Exchange, _ signals: SignalSource)
    -> Dashboard.Ending
  {
    var session = CheckSession(options.checks)
    var answeredMs: Int64?
    let sweepsMax: UInt64 = options.demo == nil ? 1 : Limits.demoSweepsMax
    return SnapshotLoop.run(exchange, signals) { snapshot in
      if snapshot.brokersUp == 0 {
        if let answeredMs, snapshot.takenAtMs - answeredMs < Limits.unknownMs { return nil }
        if answeredMs == nil, snapshot.sequence < sweepsMax { return nil }
        Process.writeError("mq top: \(snapshot.problem ?? "no broker answers")\n")
        return .code(5)
      }
      answeredMs = snapshot.takenAtMs
      guard let verdict = session.take(snapshot) else { return nil }
      let text =
        options.format == .json
        ? CheckText.json(verdict) : CheckText.lines(verdict, checks: options.checks.count)
      _ = Batch.write(text)
      return .code(verdict.exitCode)
    }
  }
}

extension CheckSession.Verdict {
  /// As Nagios and its kin read them.
  package var exitCode: Int32 { violations.isEmpty ? unclear.isEmpty ? 0 : 3 : 2 }
}

/// Verdicts for people, monitoring and scripts. Pure.
package enum CheckText {
  /// One line for the monitoring as of `mq check`, then one per violation.
  package static func lines(_ verdict: CheckSession.Verdict, checks: Int) -> String {
    let found = verdict.violations.count
    let asked = checks == 1 ? "1 check" : "\(checks) checks"
    var text =
      switch verdict.exitCode {
      case 0: "TOP OK - \(asked) found nothing\n"
      case 3: "TOP UNKNOWN - \(asked), \(verdict.unclear.count) without an answer\n"
      default: "TOP CRITICAL - \(asked) found \(found)\n"
      }
    for violation in verdict.violations {
      text += "critical: \(safe(violation.object)): \(safe(violation.values)) (\(safe(violation.check)))\n"
    }
    for check in verdict.unclear { text += "unknown: no answer has the numbers of \(safe(check))\n" }
    return text
  }
  private static func safe(_ text: String) -> String {
    DisplayText.glyphs(text, .utf8).reduce(into: "") { $0 += $1.text }
  }

  /// A list with an object per violation and per check without an answer.
  package static func json(_ verdict: CheckSession.Verdict) -> String {
    let violations = verdict.violations.map { violation in
      JSON.object([
        .init("status", .string("critical")), .init("check", .string(violation.check)),
        .init("object", .string(violation.object)), .init("message", .string(violation.values)),
        .init("heldMs", .int(violation.heldMs)),
      ])
    }
    let unclear = verdict.unclear.map { check in
      JSON.object([
        .init("status", .string("unknown")), .init("check", .string(check)), .init("object", .null),
        .init("message", .string("no answer has these numbers")), .init("heldMs", .int(0)),
      ])
    }
    return JSON.array(violations + unclear).text(.standard) + "\n"
  }
}
