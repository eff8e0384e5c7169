// Shares of a whole as rows: `<=0ms  ########  91.2`. Pure.

/// Draws histograms.
package enum Histogram {
  /// One row: what it counts, and its percentage of all; nil is not known.
  package struct Bucket: Equatable, Sendable {
    package let label: String
    package let percent: Double?
    package init(label: String, percent: Double?) {
      self.label = label
      self.percent = percent
    }
  }

  private static let valueColumns = 5

  /// Draws as many buckets as the area has rows: labels, bars, and percentages at the right edge. A full bar
  /// is 100 %; what is above zero is never blank.
  package static func draw(
    _ buckets: [Bucket], in area: Area, on frame: inout Frame, _ mode: Glyphs, style: Style = .graph
  ) {
    let labelColumns = buckets.reduce(0) { max($0, $1.label.count) }
    let barColumns = area.columns - labelColumns - 1 - 1 - valueColumns
    for (index, bucket) in buckets.prefix(area.rows).enumerated() {
      let row = area.row + index
      frame.put(String(bucket.label.prefix(area.columns)), row: row, column: area.column, .normal)
      if barColumns >= 1, let percent = bucket.percent {
        frame.put(
          bar(percent, columns: barColumns, mode), row: row, column: area.column + labelColumns + 1, style)
      }
      let value = bucket.percent.map { NumberText.fixed($0, decimals: 1) } ?? "-"
      if labelColumns + 1 + value.count <= area.columns {
        frame.put(value, row: row, endingAt: area.endColumn, .normal)
      }
    }
  }

  /// Eighths of a cell in UTF-8, whole cells elsewhere.
  private static func bar(_ percent: Double, columns: Int, _ mode: Glyphs) -> String {
    if !(percent > 0) { return "" }
    let cells = min(percent, 100) / 100 * Double(columns)
    guard mode == .utf8 else {
      let count = Int(cells.rounded())
      return count == 0 ? "." : String(repeating: "#", count: count)
    }
    let eighths = max(1, Int((cells * 8).rounded()))
    var text = String(repeating: "█", count: eighths / 8)
    if eighths % 8 > 0 { text.append(parts[eighths % 8 - 1]) }
    return text
  }
  private static let parts: [Character] = ["▏", "▎", "▍", "▌", "▋", "▊", "▉"]
}
