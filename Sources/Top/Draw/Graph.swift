// Samples over time as an area: braille with 2 x 4 dots a cell, `.:|` elsewhere. Pure.

/// Draws graphs.
package enum Graph {
  /// Draws samples, the newest at the right edge, with the scale at the left: each row is labelled with the
  /// value at its upper edge.
  ///
  /// All samples are shown: where there are more than dots, each dot is the highest of its share. NaN is a
  /// gap; a measured zero is the lowest dot.
  ///
  /// - Parameters:
  ///   - newest: The running number of the last sample. With it samples keep to their shares when the first
  ///     ones are dropped, so that the graph moves by whole dots and does not flicker.
  ///   - top: The value of the full height; nil takes a round number above the highest sample.
  ///   - label: The text of a value of the scale; nil draws no scale.
  package static func draw(
    _ samples: [Float], newest: Int? = nil, top: Float? = nil, in area: Area, on frame: inout Frame,
    _ mode: Glyphs, style: Style = .graph, label: ((Double) -> String)? = nil
  ) {
    let top = top ?? roundTop(samples)
    var plot = area
    if let label, area.rows > 0, top > 0 {
      let labels = (0..<area.rows).map { label(Double(top) * Double(area.rows - $0) / Double(area.rows)) }
      let columns = labels.reduce(0) { max($0, $1.count) }
      // The curve matters more than its scale.
      if area.columns >= 2 * columns + 2 {
        for (index, text) in labels.enumerated() {
          frame.put(text, row: area.row + index, endingAt: area.column + columns, .dim)
        }
        plot = area.inset(left: columns + 1)
      }
    }
    let rows = cells(samples, newest: newest, top: top, columns: plot.columns, rows: plot.rows, mode)
    for (index, row) in rows.enumerated() {
      for (column, text) in row.enumerated() where text != " " {
        frame.put(text, row: plot.row + index, column: plot.column + column, style)
      }
    }
  }

  /// The cells of a graph, row by row from above.
  package static func cells(
    _ samples: [Float], newest: Int? = nil, top: Float, columns: Int, rows: Int, _ mode: Glyphs
  ) -> [[String]] {
    if columns <= 0 || rows <= 0 { return [] }
    let perColumn = mode == .utf8 ? 2 : 1
    let perRow = mode == .utf8 ? 4 : 3
    let levels = fitted(samples, newest: newest, to: columns * perColumn).map {
      Sparkline.level($0, top, rows * perRow)
    }
    return (0..<rows).map { row in
      let below = (rows - 1 - row) * perRow
      func part(_ index: Int) -> Int { min(max(levels[index] - below, 0), perRow) }
      return (0..<columns).map { column in
        mode == .utf8
          ? Sparkline.braille(part(2 * column), part(2 * column + 1)) : Sparkline.ascii(part(column))
      }
    }
  }

  /// Samples as exactly `count` values, the newest last: gaps before the first, or the highest of each share
  /// of equal length. Shares begin at running numbers that are multiples of their length.
  package static func fitted(_ samples: [Float], newest: Int? = nil, to count: Int) -> [Float] {
    if count <= 0 { return [] }
    if samples.count <= count { return Array(repeating: .nan, count: count - samples.count) + samples }
    let newest = newest ?? samples.count - 1
    let share = (samples.count + count - 1) / count
    var out = Array(repeating: Float.nan, count: count)
    let last = newest / share
    for (index, sample) in samples.enumerated() where !sample.isNaN {
      let number = newest - (samples.count - 1 - index)
      // Rounds down for the samples before number 0, too.
      let place = count - 1 - (last - (number >= 0 ? number / share : (number + 1) / share - 1))
      if place < 0 { continue }
      if out[place].isNaN || out[place] < sample { out[place] = sample }
    }
    return out
  }

  /// A round number that is at least the highest sample, so that the scale rests while values move a little.
  package static func roundTop(_ samples: [Float]) -> Float {
    let highest = samples.reduce(Float(0)) { $1.isFinite ? max($0, $1) : $0 }
    if highest <= 0 { return 0 }
    var unit: Float = 1
    while unit * 10 <= highest { unit *= 10 }
    while unit > highest { unit /= 10 }
    for step in [1, 1.2, 1.6, 2, 2.4, 3.2, 4, 5, 6, 8] as [Float] where unit * step >= highest {
      return unit * step
    }
    return unit * 10
  }
}
