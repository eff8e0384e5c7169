// What a person may set about alerts. Value type.

package import Wire

/// Rules of the dashboard.
package struct WatchSettings: Sendable {
  /// Rows that alert stand before the others of their table.
  package var pinsAlerts = false
  private var thresholds = Threshold.allCases.map { $0.standard }
  private var own: [AlertRule] = []

  /// A number that an alert begins at, as it is called in settings.
  package enum Threshold: String, CaseIterable, Sendable {
    case backlog, disk, diskCritical, putLatency, pageCache, sendWait, retry

    var standard: Double {
      switch self {
      case .backlog: Limits.backlogAlertMessages
      case .disk: Limits.diskAlertRatio
      case .diskCritical: Limits.diskCriticalRatio
      case .putLatency: Limits.putLatencyAlertMs
      case .pageCache: Limits.pageCacheAlertMs
      case .sendWait: Limits.sendWaitAlertMs
      case .retry: Limits.retryAlertMessages
      }
    }
    var unit: Unit {
      switch self {
      case .backlog, .retry: .count
      case .disk, .diskCritical: .ratio
      case .putLatency, .pageCache, .sendWait: .milliseconds
      }
    }
  }

  package init() {}

  /// Why a file of settings is not understood.
  package struct Problem: Error, Equatable, Sendable {
    /// From 1 on.
    package let line: Int
    package let what: String
  }

  /// Reads lines of `KEY = VALUE`; a line that begins with # is a comment.
  package init(file text: String) throws(Problem) {
    var number = 0
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      number += 1
      let line = Self.trimmed(line)
      if line.isEmpty || line.utf8.first == UInt8(ascii: "#") { continue }
      guard let sign = line.firstIndex(of: "=") else {
        throw Problem(line: number, what: "KEY = VALUE is missing")
      }
      let key = Self.trimmed(line[..<sign])
      let isKnown: Bool
      do throws(RowExpression.Problem) {
        isKnown = try take(key, Self.trimmed(line[line.index(after: sign)...]))
      } catch { throw Problem(line: number, what: error.what) }
      if !isKnown {
        let keys = (["alert", "pinAlerts"] + Threshold.allCases.map { $0.rawValue }).joined(separator: ", ")
        throw Problem(line: number, what: "there is no setting \(key); there is: \(keys)")
      }
    }
  }
  private static func trimmed(_ text: Substring) -> String {
    var text = text
    while let first = text.first, first.isWhitespace { text.removeFirst() }
    while let last = text.last, last.isWhitespace { text.removeLast() }
    return String(text)
  }

  /// In the unit of its column.
  package subscript(_ threshold: Threshold) -> Double {
    thresholds[Threshold.allCases.firstIndex(of: threshold) ?? 0]
  }

  /// Takes one setting: `pinAlerts` is true or false, `alert` a further rule, and each
  /// threshold a number with its unit ("80%", "1s").
  ///
  /// - Returns: False when there is no such setting.
  /// - Throws: What is wrong with its value.
  package mutating func take(_ key: String, _ value: String) throws(RowExpression.Problem) -> Bool {
    switch key {
    case "pinAlerts":
      guard value == "true" || value == "false" else {
        throw RowExpression.Problem(at: 0, "\(value) is neither true nor false")
      }
      pinsAlerts = value == "true"
    case "alert": own.append(try AlertRule(value, level: .warning))
    default:
      guard let index = Threshold.allCases.firstIndex(where: { $0.rawValue == key }) else { return false }
      guard let number = RowTest.number(value, Threshold.allCases[index].unit), number >= 0 else {
        throw RowExpression.Problem(at: 0, "\(value) is no value of \(key)")
      }
      thresholds[index] = number
    }
    return true
  }

  /// All rules; of one family the worst come first.
  var rules: [AlertRule] {
    func rule(
      _ text: String, _ level: AlertRule.Level, _ wording: AlertRule.Wording, _ family: String
    ) -> AlertRule {
      do throws(RowExpression.Problem) {
        return try AlertRule(text, level: level, wording: wording, family: family)
      } catch { preconditionFailure("\(text): \(error.what)") }
    }
    let backlog = self[.backlog]
    return [
      rule("group: clients=0 and slope>=1 and lag>=\(backlog) for 1m", .critical, .unattended, "lag"),
      rule("group: clients=0 and lag>=\(backlog) for 1m", .warning, .backlog, "lag"),
      rule("broker: disk>\(self[.diskCritical])", .critical, .diskStops, "disk"),
      rule("broker: disk>\(self[.disk])", .warning, .disk, "disk"),
      rule("broker: sendWait>=\(10 * self[.sendWait]) for 5s", .critical, .sendWait, "sendWait"),
      rule("broker: sendWait>=\(self[.sendWait]) for 5s", .warning, .sendWait, "sendWait"),
      rule("broker: pageCache>=\(self[.pageCache]) for 2s", .warning, .pageCache, "pageCache"),
      rule("total: put99>=\(self[.putLatency]) for 10s", .warning, .putLatency, "putLatency"),
      rule("group: retry>=\(self[.retry]) for 1m", .warning, .retry, "retry"),
    ] + own
  }
}
