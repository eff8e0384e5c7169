// How the value of a column appears. Pure.

/// Texts of values by unit.
package enum ValueText {
  /// Text and style of a measure; see `MeasureText` for what is not known.
  package static func text(
    _ measure: Measure, _ unit: Unit, nowMs: Int64, periodMs: Int64, _ mode: Glyphs
  ) -> (text: String, style: Style) {
    MeasureText.text(measure, nowMs: nowMs, periodMs: periodMs, mode) { number($0, unit) }
  }

  /// A measure in full, without units of thousands, when it takes at most so many columns; else as `text`.
  package static func rawText(
    _ measure: Measure, _ unit: Unit, columns: Int, nowMs: Int64, periodMs: Int64, _ mode: Glyphs
  ) -> (text: String, style: Style) {
    let raw = MeasureText.text(measure, nowMs: nowMs, periodMs: periodMs, mode) { rawNumber($0, unit) }
    return raw.text.count <= columns ? raw : text(measure, unit, nowMs: nowMs, periodMs: periodMs, mode)
  }
  private static func rawNumber(_ value: Double, _ unit: Unit) -> String {
    switch unit {
    case .count, .bytes, .bytesPerSecond, .perSecond, .slope:
      guard value.isFinite, abs(value) >= 999.5, abs(value) < 9e15 else { return number(value, unit) }
      let digits = "\(Int64(value.rounded()))"
      return unit == .slope ? (value > 0 ? "+" : "") + digits + "/s" : digits
    default: return number(value, unit)
    }
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
