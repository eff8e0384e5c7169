// How the value of a column appears. Pure.

/// Texts of values by unit.
package enum ValueText {
  /// Text and style of a measure; see `MeasureText` for what is not known.
  package static func text(
    _ measure: Measure, _ unit: Unit, nowMs: Int64, periodMs: Int64, _ mode: Glyphs
  ) -> (text: String, style: Style) {
    MeasureText.text(measure, nowMs: nowMs, periodMs: periodMs, mode) { number($0, unit) }
  }

  /// A number as its unit is written.
  package static func number(_ value: Double, _ unit: Unit) -> String {
    switch unit {
    case .bytes, .bytesPerSecond: NumberText.bytes(value)
    case .milliseconds: NumberText.milliseconds(value)
    case .age: value == .infinity ? "never" : NumberText.age(value)
    case .ratio: NumberText.percent(value)
    case .slope: (value > 0.05 ? "+" : "") + NumberText.count(value) + "/s"
    case .name, .text, .count, .perSecond, .curve: NumberText.count(value)
    }
  }
}
