// The graphs of the cluster and of an open topic or group, and how long puts take.

import Wire

extension Screen {
  func title(of chart: Chart) -> String {
    switch chart.content {
    case .graph(.inPerSecond): "messages in/s, \(span(chart))"
    case .graph(.outPerSecond): "messages out/s, \(span(chart))"
    case .graph(.lag): "lag of all groups, \(span(chart))" + lagSlope
    case .putTimes: hasPutTimes ? "put latency, % of puts" : "put latency p99, \(span(chart))"
    case .trail:
      if case .group? = model.place.target {
        "lag, \(span(chart))"
      } else {
        "messages in/s, \(span(chart))"
      }
    case .graph, .table: ""
    }
  }
  private var lagSlope: String {
    snapshot[.lagPerSecond].number == nil ? "" : "  " + show(.lagPerSecond, .slope).text
  }
  private var hasPutTimes: Bool { snapshot[.putTimes].count > 0 }

  mutating func drawChart(_ chart: Chart) {
    let edges = chart.edges
    let area = chart.area.inset(
      left: edges.contains(.left) ? 2 : 1, top: edges.contains(.top) ? 1 : 0,
      right: edges.contains(.right) ? 2 : 1)
    switch chart.content {
    case .graph(let total):
      drawGraph(area, unit(total)) { $0.samples(of: total, count: $1, spacingMs: $2, endMs: $3) }
    case .putTimes:
      if hasPutTimes { return drawPutTimes(area) }
      drawGraph(area, .milliseconds) {
        $0.samples(of: .putLatency99Ms, count: $1, spacingMs: $2, endMs: $3)
      }
    case .trail:
      guard let target = model.place.target else { return }
      let kind: TableKind
      if case .group = target { kind = .groups } else { kind = .topics }
      drawGraph(area, .count) { $0.samples(of: kind, target.name, count: $1, spacingMs: $2, endMs: $3) }
    case .table: break
    }
  }
  /// Dots, samples and the time behind each of a graph as wide as that; its scale takes eight columns.
  private func graphSpan(_ columns: Int) -> (dots: Int, samples: Int, spacingMs: Int64) {
    let dots = max(1, (columns - 8) * samplesPerCell)
    let seconds = max(2, Limits.trailMoments / dots)
    return (dots, min(dots, Limits.trailMoments / seconds), Int64(seconds) * 1_000)
  }
  /// "10 min", of a chart as wide as that.
  private func span(_ chart: Chart) -> String {
    let span = graphSpan(chart.area.columns - 4)
    return "\((Int64(span.samples) * span.spacingMs + 30_000) / 60_000) min"
  }
  private func unit(_ total: Total) -> Unit { total == .putLatency99Ms ? .milliseconds : .count }

  /// The last minutes of a number over the whole width: up to ten minutes, in steps that are whole seconds,
  /// so that a graph moves when a step is over and not before.
  private mutating func drawGraph(
    _ area: Area, _ unit: Unit, _ samples: (Trails, Int, Int64, Int64) -> [Float]
  ) {
    let span = graphSpan(area.columns)
    var values = samples(model.trails, span.samples, span.spacingMs, model.shownNowMs)
    guard values.contains(where: { !$0.isNaN }) else {
      frame.put("-", row: area.row, column: area.column, .dim)
      return
    }
    // Where there are more dots than samples, some take two.
    if values.count < span.dots {
      values = (0..<span.dots).map { values[$0 * values.count / span.dots] }
    }
    Graph.draw(values, in: area, on: &frame, mode) { ValueText.number($0, unit) }
  }

  /// Shares of puts by the time that they took; what finds no line is added to the last.
  private mutating func drawPutTimes(_ area: Area) {
    let table = snapshot[.putTimes]
    guard let column = table.kind.column("share"), area.rows > 0 else { return }
    let notes = [("p99 ", Total.putLatency99Ms), ("max ", .putLatencyMaxMs)].map {
      $0.0 + show($0.1, .milliseconds).text
    }
    let noteColumns = notes.reduce(0) { max($0, $1.count) } + 2
    let hasNotes = area.columns >= 40 + noteColumns
    var buckets: [Histogram.Bucket] = []
    var rest: Double?
    for row in 0..<table.count {
      let percent = table.number(row, column).number.map { $0 * 100 }
      if row < area.rows - 1 || table.count <= area.rows {
        let label = String(DisplayText.glyphs(table.names[row], mode).prefix(12).flatMap { $0.text })
        buckets.append(.init(label: label, percent: percent))
      } else if let percent {
        rest = (rest ?? 0) + percent
      }
    }
    if buckets.count < table.count { buckets.append(.init(label: "slower", percent: rest)) }
    Histogram.draw(buckets, in: area.inset(right: hasNotes ? noteColumns : 0), on: &frame, mode)
    if !hasNotes { return }
    for (index, note) in notes.prefix(area.rows).enumerated() {
      frame.put(note, row: area.row + index, column: area.endColumn - noteColumns + 2, .normal)
    }
  }

  // MARK: The open thing

  /// What its own table says about the thing that is open: numbers by rank, and the longest text below.
  mutating func drawSummary() {
    guard let lines = layout.summary, let target = model.place.target else { return }
    let kind: TableKind =
      switch target {
      case .broker: .brokers
      case .topic: .topics
      case .group: .groups
      case .client: .clients
      }
    let table = snapshot[kind]
    var at = 0
    var told: String?
    if let row = table.names.firstIndex(of: target.name) {
      // Ages tell more here than in a table, whose rows they order.
      func rank(_ index: Int) -> Int {
        kind.columns[index].rank + (kind.columns[index].unit == .age ? 20 : 0)
      }
      let byRank = kind.columns.indices.dropFirst().arranged { rank($0) > rank($1) }
      for index in byRank {
        let column = kind.columns[index]
        if column.unit == .curve { continue }
        let isText = column.unit == .text
        let text = table.text(row, index)
        if isText, column.width >= 24 {
          if !text.isEmpty { told = text }
          continue
        }
        let value =
          isText
          ? (text: text.isEmpty ? "-" : text, style: text.isEmpty ? Style.dim : .normal)
          : ValueText.text(
            table.number(row, index), column.unit, nowMs: model.shownNowMs,
            periodMs: max(table.periodMs, model.intervalMs), mode)
        let glyphs = fitted(value.text, 24)
        let width = glyphs.reduce(0) { $0 + $1.columns }
        if at + column.title.count + 1 + width > columns { continue }
        at = frame.put(column.title + " ", row: lines.lowerBound, column: at, .dim)
        at = frame.put(glyphs, row: lines.lowerBound, column: at, value.style) + 2
      }
    } else {
      told = table.isKnown ? "It is not there any more." : nil
      frame.put(fitted(target.name, columns), row: lines.lowerBound, column: 0, .strong)
    }
    if lines.count > 1, let told = snapshot.detail?.problem ?? told {
      frame.put(fitted("! " + told, columns), row: lines.lowerBound + 1, column: 0, .warn)
    }
  }
}
