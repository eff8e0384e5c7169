// How a measure appears: a number, or a sign that says why there is none. Pure.

/// Text and style of a measure.
package enum MeasureText {
  /// `-` unknown, `…` waiting for the second sample, `~` before a sum with a missing part;
  /// old values are dim.
  package static func text(
    _ measure: Measure, nowMs: Int64, periodMs: Int64, _ mode: Glyphs, _ format: (Double) -> String
  ) -> (text: String, style: Style) {
    let seen = measure.forgotten(nowMs: nowMs, periodMs: periodMs)
    let isOld = (seen.ageMs(nowMs: nowMs) ?? 0) > max(Limits.staleMsMin, 3 * periodMs)
    switch seen {
    case .unknown: return ("-", .dim)
    case .first, .reset: return (mode == .utf8 ? "…" : "...", .dim)
    case .value(let number, _): return (format(number), isOld ? .dim : .normal)
    case .partial(let number, _): return ("~" + format(number), .dim)
    }
  }
}
