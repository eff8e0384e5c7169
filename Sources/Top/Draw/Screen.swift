// Draws the model into a frame. Pure: the same model gives the same cells. The parts of the screen are in the
// files beside this one.

/// A picture in the making.
package struct Screen {
  let model: Model
  let mode: Glyphs
  let layout: Layout
  var frame: Frame
  /// What alerts are about: "group x".
  let alerting: Set<String>

  /// The picture of a model at its size.
  package static func draw(_ model: Model, _ glyphs: Glyphs) -> Frame {
    var screen = Screen(model, glyphs)
    screen.drawAll()
    return screen.frame
  }

  private init(_ model: Model, _ glyphs: Glyphs) {
    self.model = model
    mode = glyphs
    layout = model.layout
    frame = Frame(model.size)
    alerting = Set(model.shown[.alerts].names)
  }

  private mutating func drawAll() {
    guard columns >= 4, frame.size.rows >= 1 else { return }
    if model.helpIsOpen { return drawHelp() }
    drawHeader()
    drawTabs()
    drawSummary()
    // All edges before what they hold: neighbours share them.
    for chart in layout.charts { drawBox(chart.area, chart.edges, title(of: chart), hasFocus: false) }
    for panel in layout.panels {
      drawBox(panel.area, panel.edges, title(of: panel), hasFocus: panel.kind == model.place.table)
    }
    for chart in layout.charts { drawChart(chart) }
    for panel in layout.panels { drawPanel(panel) }
    drawStatus()
    drawAlerts()
    drawBar()
    drawMessage()
    drawDialog()
  }

  var snapshot: Snapshot { model.shown }
  var columns: Int { frame.size.columns }

  private mutating func drawBox(_ area: Area, _ edges: Box.Edges, _ title: String, hasFocus: Bool) {
    if edges.isEmpty { return }
    // Its sides reach into the upper edge of the box below, so that the lines join.
    let isLast = area.endRow >= (layout.status ?? frame.size.rows)
    let joined =
      isLast ? area : Area(column: area.column, row: area.row, columns: area.columns, rows: area.rows + 1)
    Box.draw(
      joined, title: edges.contains(.top) ? title : "", edges: edges, on: &frame, mode,
      titleStyle: hasFocus ? .title : .normal)
  }

  /// Text from outside: made safe, and cut in its middle to the columns that it may take.
  func fitted(_ text: String, _ columns: Int) -> [Glyph] {
    DisplayText.fitted(DisplayText.glyphs(text, mode), columns: max(0, columns), mode)
  }
  /// Text and style of a number of the whole cluster.
  func show(_ total: Total, _ unit: Unit) -> (text: String, style: Style) {
    let periodMs = max(model.intervalMs, snapshot[.groups].periodMs)
    var shown = ValueText.text(snapshot[total], unit, nowMs: model.shownNowMs, periodMs: periodMs, mode)
    // A column's title says what it is per; here nothing does.
    let isRate = unit == .perSecond || unit == .bytesPerSecond
    if isRate, snapshot[total].number != nil, shown.text != "-" { shown.text += "/s" }
    return shown
  }
  mutating func drawCurve(_ samples: [Float], row: Int, column: Int, width: Int) {
    for (index, cell) in Sparkline.cells(samples, width: width, mode).enumerated() {
      frame.put(cell, row: row, column: column + index, .graph)
    }
  }
  /// Samples that a cell of a curve shows.
  var samplesPerCell: Int { mode == .utf8 ? 2 : 1 }
}
