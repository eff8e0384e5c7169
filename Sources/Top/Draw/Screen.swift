// Draws the model into a frame. Pure: the same model gives the same cells. The parts of the screen are in the
// files beside this one.

/// A picture in the making.
package struct Screen {
  let model: Model
  let mode: Glyphs
  let layout: Layout
  var frame: Frame

  /// The picture of a model at its size.
  package static func draw(_ model: Model, _ glyphs: Glyphs) -> Frame {
    var screen = Screen(model, glyphs)
    screen.drawAll()
    return screen.frame
  }

  private init(_ model: Model, _ glyphs: Glyphs) {
    self.model = model
    mode = glyphs
    layout = Layout(model.size, model.place)
    frame = Frame(model.size)
  }

  private mutating func drawAll() {
    guard columns >= 4, frame.size.rows >= 1 else { return }
    if model.helpIsOpen { return drawHelp() }
    drawHeader()
    drawTabs()
    for panel in layout.panels { drawPanel(panel) }
    drawStatus()
    drawAlerts()
    drawBar()
    drawMessage()
    drawDialog()
  }

  var snapshot: Snapshot { model.shown }
  var columns: Int { frame.size.columns }

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
}
