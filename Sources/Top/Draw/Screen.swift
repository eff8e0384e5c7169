// Draws the model into a frame. Pure: the same model gives the same cells.

/// The topics screen with the cluster's header.
package struct Screen {
  private let model: Model
  private let mode: Glyphs
  private let layout: Layout
  private var frame: Frame

  /// The picture of a model at its size.
  package static func draw(_ model: Model, _ glyphs: Glyphs) -> Frame {
    var screen = Screen(model, glyphs)
    screen.drawAll()
    return screen.frame
  }

  private init(_ model: Model, _ glyphs: Glyphs) {
    self.model = model
    mode = glyphs
    layout = Layout(model.size)
    frame = Frame(model.size)
  }

  private mutating func drawAll() {
    guard frame.size.columns >= 4, frame.size.rows >= 1 else { return }
    if model.helpIsOpen { return drawHelp() }
    switch layout.header {
    case .full:
      drawTitle()
      drawMeters()
    case .short:
      drawTitle()
      drawShortMeters()
    case .compact: drawCompact()
    case .none: break
    }
    drawTable()
    drawStatus()
    drawBar()
    drawMessage()
  }

  // MARK: Header

  private var snapshot: Snapshot { model.shown }
  private var columns: Int { frame.size.columns }

  /// What the picture is worth: live, paused, or why it is neither.
  private var state: (text: String, style: Style) {
    if model.isPaused { return ("PAUSED", .alert) }
    if snapshot.sequence == 0 { return ("connecting", .dim) }
    if snapshot.brokersUp == 0 { return ("no answer", .alert) }
    let ageMs = model.nowMs - snapshot.takenAtMs
    if ageMs > max(Limits.staleMsMin, 3 * model.intervalMs) { return ("old \(ageMs / 1_000)s", .alert) }
    return ("live", .strong)
  }
  private var brokers: String {
    if snapshot.brokersExpected == 0 { return "brokers -" }
    let missing = snapshot.brokersUp < snapshot.brokersExpected
    return "\(missing ? "!" : "")brokers \(snapshot.brokersUp)/\(snapshot.brokersExpected)"
  }

  private mutating func drawTitle() {
    let interval = NumberText.fixed(Double(model.intervalMs) / 1_000, decimals: 1) + "s"
    let state = state
    var parts = [brokers, state.text, interval, model.clock]
    // What is least missed goes first: the interval, the clock, the brokers. The state stays.
    func length() -> Int { parts.reduce(0) { $0 + $1.count + 2 } }
    for part in [interval, model.clock, brokers] where length() + 20 > columns {
      if let index = parts.firstIndex(of: part) { parts.remove(at: index) }
    }
    var end = columns
    for part in parts.reversed() {
      let alerts = part == state.text ? state.style : part.hasPrefix("!") ? .alert : .normal
      frame.put(part, row: 0, endingAt: end, alerts)
      end -= part.count + 2
    }
    let after = frame.put("mq top  ", row: 0, column: 0, .title)
    let room = end - after - 9
    let name = DisplayText.fitted(DisplayText.glyphs(snapshot.cluster, mode), columns: max(0, room), mode)
    if room < 1 { return }
    let nameEnd = frame.put(name, row: 0, column: after, .title)
    frame.put(name.isEmpty ? "Topics" : " > Topics", row: 0, column: nameEnd, .title)
  }

  private mutating func drawMeters() {
    let totals = snapshot.totals
    let sparkWidth = max(0, min(columns - 66, 60))
    let lines:
      [(String, (String, Style), (String, Style), [Float], [(String, Measure, (Double) -> String)])] = [
        (
          "In", rate(totals.inPerSecond), bytesRate(totals.inBytesPerSecond), totals.inSamples,
          [
            ("put p99 ", totals.putLatency99Ms, NumberText.milliseconds),
            ("max ", totals.putLatencyMaxMs, NumberText.milliseconds),
            ("fail ", totals.putFailedPerSecond, { NumberText.count($0) + "/s" }),
          ]
        ),
        (
          "Out", rate(totals.outPerSecond), ("", .normal), totals.outSamples,
          [
            (isDiskFull ? "!disk " : "disk ", totals.diskRatio, NumberText.percent),
            ("page cache ", totals.pageCacheLockMs, NumberText.milliseconds),
          ]
        ),
        (
          "Lag", show(totals.lag, NumberText.count), slope, totals.lagSamples, []
        ),
      ]
    for (index, line) in lines.enumerated() {
      let row = index + 1
      frame.put(line.0, row: row, column: 0, .strong)
      frame.put(line.1.0, row: row, endingAt: 13, line.1.1)
      frame.put(line.2.0, row: row, endingAt: 24, line.2.1)
      drawSpark(line.3, row: row, column: 26, width: sparkWidth)
      var at = 28 + sparkWidth
      for (label, measure, format) in line.4 { at = field(label, measure, format, row, at) + 2 }
      if index == 2 { drawCounts(row: row, column: at) }
    }
  }

  private mutating func drawCounts(row: Int, column: Int) {
    let isKnown = snapshot.brokersExpected > 0
    let topics = isKnown ? NumberText.grouped(snapshot.topics.count) : "-"
    let sweep = isKnown ? "\(snapshot.sweepMs)ms" : "-"
    frame.put("topics \(topics)  sweep \(sweep)", row: row, column: column, .normal)
  }

  private mutating func drawShortMeters() {
    let totals = snapshot.totals
    var at = field("In ", totals.inPerSecond, { NumberText.count($0) + "/s" }, 1, 0)
    at = field("  Out ", totals.outPerSecond, { NumberText.count($0) + "/s" }, 1, at)
    at = field("  Lag ", totals.lag, NumberText.count, 1, at)
    if at + 12 <= columns { at = frame.put(" " + slope.0, row: 1, column: at, slope.1) }
    if at + 14 <= columns { at = field("  p99 ", totals.putLatency99Ms, NumberText.milliseconds, 1, at) }
    if at + 12 <= columns {
      at = field(isDiskFull ? "  !disk " : "  disk ", totals.diskRatio, NumberText.percent, 1, at)
    }
  }

  private mutating func drawCompact() {
    let totals = snapshot.totals
    let inText = show(totals.inPerSecond, NumberText.count)
    let lagText = show(totals.lag, NumberText.count)
    let numbers = " In" + inText.0 + " Lag" + lagText.0
    let word = snapshot.sequence == 0 || snapshot.brokersUp == 0 || model.isPaused ? state.text : nil
    let name =
      word.map { $0.map { Glyph(text: String($0), columns: 1) } }
      ?? DisplayText.glyphs(snapshot.cluster, mode)
    let room = columns - numbers.count
    let shown = DisplayText.fitted(name, columns: room > 2 ? room : columns, mode)
    let at = frame.put(shown, row: 0, column: 0, word == nil ? .title : state.style)
    if room > 2 { frame.put(numbers, row: 0, column: at, .normal) }
  }

  private var isDiskFull: Bool { (snapshot.totals.diskRatio.number ?? 0) > Limits.diskAlertRatio }

  private var slope: (String, Style) {
    show(snapshot.totals.lagPerSecond) { ($0 > 0.05 ? "+" : "") + NumberText.count($0) + "/s" }
  }
  private func rate(_ measure: Measure) -> (String, Style) { show(measure) { NumberText.count($0) + "/s" } }
  private func bytesRate(_ measure: Measure) -> (String, Style) {
    show(measure) { NumberText.bytes($0) + "/s" }
  }
  private func show(_ measure: Measure, _ format: (Double) -> String) -> (String, Style) {
    let periodMs = max(model.intervalMs, snapshot.groupPeriodMs)
    return MeasureText.text(measure, nowMs: shownNowMs, periodMs: periodMs, mode, format)
  }
  /// A paused picture does not grow old.
  private var shownNowMs: Int64 { model.isPaused ? snapshot.takenAtMs : model.nowMs }

  private mutating func field(
    _ label: String, _ measure: Measure, _ format: (Double) -> String, _ row: Int, _ column: Int
  ) -> Int {
    let value = show(measure, format)
    if column + label.count + value.0.count > columns { return columns }
    let at = frame.put(label, row: row, column: column, label.contains("!") ? .alert : .normal)
    return frame.put(value.0, row: row, column: at, value.1)
  }
  private mutating func drawSpark(_ samples: [Float], row: Int, column: Int, width: Int) {
    for (index, cell) in Sparkline.cells(samples, width: width, mode).enumerated() {
      frame.put(cell, row: row, column: column + index, .graph)
    }
  }

  // MARK: Table

  private mutating func drawTable() {
    let plan = ColumnPlan(columns: columns, sort: model.sort.column)
    if let row = layout.columnTitles { drawTitles(plan, row) }
    let order = model.order
    for (line, row) in layout.rows.enumerated() {
      let position = model.top + line
      guard position < order.count else { break }
      drawRow(snapshot.topics[order[position]], plan, row, isSelected: position == model.selected)
    }
    if order.isEmpty, let row = layout.rows.first { drawEmpty(row) }
  }

  private mutating func drawTitles(_ plan: ColumnPlan, _ row: Int) {
    for place in plan.places {
      var title = place.column.title
      if place.column == model.sort.column { title = sortMark + title }
      if place.column == .name || place.column == .samples {
        frame.put(title, row: row, column: place.start + (place.column == .name ? 0 : 2), .title)
      } else {
        frame.put(title, row: row, endingAt: place.start + place.width, .title)
      }
    }
    frame.restyle(row: row, columns: 0..<columns, .title)
  }
  private var sortMark: String {
    switch (mode, model.sort.descending) {
    case (.utf8, true): "▼"
    case (.utf8, false): "▲"
    case (.ascii, true), (.wide, true): "v"
    case (.ascii, false), (.wide, false): "^"
    }
  }

  private mutating func drawRow(_ topic: TopicRow, _ plan: ColumnPlan, _ row: Int, isSelected: Bool) {
    if topic.isAlerting {
      frame.put("!", row: row, column: 0, .alert)
    } else if isSelected {
      frame.put(">", row: row, column: 0, .strong)
    }
    for place in plan.places { drawCell(topic, place, row) }
    // Only as wide as the table: each cell of the bar costs bytes whenever it moves.
    let end = plan.places.last.map { $0.start + $0.width } ?? 0
    if isSelected { frame.restyle(row: row, columns: 0..<end, .selected) }
  }

  private mutating func drawCell(_ topic: TopicRow, _ place: ColumnPlan.Place, _ row: Int) {
    let end = place.start + place.width
    switch place.column {
    case .name:
      let glyphs = DisplayText.glyphs(topic.name, mode)
      frame.put(
        DisplayText.fitted(glyphs, columns: place.width, mode), row: row, column: place.start,
        topic.isAlerting ? .alert : .normal)
    case .inPerSecond: number(topic.inPerSecond, snapshot.topicPeriodMs, row, end)
    case .outPerSecond: number(topic.outPerSecond, snapshot.groupPeriodMs, row, end)
    case .backlog: number(topic.backlog, snapshot.groupPeriodMs, row, end)
    case .samples: drawSpark(topic.samples, row: row, column: place.start + 2, width: place.width - 2)
    case .groups:
      frame.put(topic.groups.map { NumberText.count(Double($0)) } ?? "-", row: row, endingAt: end, .normal)
    case .queues: frame.put(NumberText.count(Double(topic.queues)), row: row, endingAt: end, .normal)
    case .kind: frame.put(topic.kind.rawValue, row: row, endingAt: end, .normal)
    }
  }
  private mutating func number(_ measure: Measure, _ periodMs: Int64, _ row: Int, _ end: Int) {
    let value = MeasureText.text(
      measure, nowMs: shownNowMs, periodMs: max(periodMs, model.intervalMs), mode, NumberText.count)
    frame.put(value.text, row: row, endingAt: end, value.style)
  }

  private mutating func drawEmpty(_ row: Int) {
    var text = "No topics."
    if snapshot.sequence == 0 {
      text = "Waiting for the first answer."
    } else if let problem = snapshot.problem, snapshot.topics.isEmpty {
      text = problem
    } else if !model.filter.isEmpty {
      text = "No topic matches the filter; Esc drops it."
    }
    frame.put(
      DisplayText.fitted(DisplayText.glyphs(text, mode), columns: columns - 1, mode), row: row, column: 1,
      .dim)
  }

  // MARK: Bottom

  private mutating func drawStatus() {
    guard let row = layout.status else { return }
    let rule = mode == .utf8 ? "─" : "-"
    for column in 0..<columns { frame.put(rule, row: row, column: column, .dim) }
    let count = model.order.count
    let last = min(count, model.top + layout.rows.count)
    let range = count == 0 ? "0" : "\(model.top + 1)-\(last)"
    var at = frame.put(" \(range) of \(NumberText.grouped(count)) ", row: row, column: 2, .normal)
    if !model.filter.isEmpty {
      at = frame.put(" filter: ", row: row, column: at, .normal)
      let room = max(0, min(24, columns - at - 24))
      at = frame.put(
        DisplayText.fitted(DisplayText.glyphs(model.filter, mode), columns: room, mode), row: row, column: at,
        .strong)
      at = frame.put(" ", row: row, column: at, .normal)
    }
    let sorted = " sorted \(model.sort.column.title) \(model.sort.descending ? "desc" : "asc") "
    if at + sorted.count <= columns { at = frame.put(sorted, row: row, column: at, .normal) }
    if let problem = snapshot.problem, !snapshot.topics.isEmpty, at + 16 <= columns {
      let text = DisplayText.fitted(DisplayText.glyphs("! " + problem, mode), columns: columns - at - 2, mode)
      at = frame.put(text, row: row, column: at + 1, .alert)
      frame.put(" ", row: row, column: at, .normal)
    }
  }

  private mutating func drawBar() {
    guard let row = layout.bar else { return }
    if columns < 40 {
      let alerts = model.alertCount
      frame.put(
        "Topics" + (alerts > 0 ? " !\(alerts)" : ""), row: row, column: 0, alerts > 0 ? .alert : .normal)
      frame.put("?keys q", row: row, endingAt: columns, .normal)
      return
    }
    var at = 0
    var hints = Keys.bar
    // How to quit is the last hint to go.
    while hints.count > 1, hints.reduce(-1, { $0 + $1.key.count + $1.word.count + 1 }) > columns {
      hints.remove(at: hints.count - 2)
    }
    for (key, word) in hints {
      at = frame.put(key, row: row, column: at, .barKey)
      at = frame.put(word, row: row, column: at, .barWord) + 1
    }
    let alerts = model.alertCount
    if alerts > 0 {
      let text = "! \(alerts) backlog\(alerts == 1 ? "" : "s") without a consumer"
      if at + text.count + 2 <= columns { frame.put(text, row: row, endingAt: columns, .alert) }
    }
  }

  /// The prompt while typing, else the answer to the last key.
  private mutating func drawMessage() {
    var text = model.notice
    var style = Style.strong
    switch model.input {
    case .find?:
      text = (model.findFailed ? "Not found: " : "Find: ") + model.findText + "_"
      style = model.findFailed ? .alert : .strong
    case .filter?: text = "Filter: " + model.filter + "_"
    case nil:
      if model.findFailed { text = text ?? "Not found: " + model.findText }
    }
    guard let text else { return }
    let row = layout.messageLine
    frame.put(String(repeating: " ", count: columns), row: row, column: 0, .normal)
    frame.put(
      DisplayText.fitted(DisplayText.glyphs(text, mode), columns: columns, mode), row: row, column: 0, style)
  }

  // MARK: Help

  private mutating func drawHelp() {
    frame.put("mq top: keys", row: 0, column: 0, .title)
    if columns >= 48 { frame.put("Up and Down scroll, Esc closes", row: 0, endingAt: columns, .normal) }
    let labelWidth = 13
    let legend = [
      "", "-      not known          \(mode == .utf8 ? "…" : "...")  waiting for a second sample",
      "~12    a broker is missing  !    look here",
      "T      N normal  F FIFO  D delay  T transaction  M mixed  S system",
    ]
    let lines = Keys.table.map { ($0.label, $0.help) } + legend.map { ("", $0) }
    for row in 1..<max(1, frame.size.rows) {
      let index = model.helpTop + row - 1
      guard index < lines.count else { break }
      frame.put(lines[index].0, row: row, column: 1, .strong)
      let column = lines[index].0.isEmpty && index >= Keys.table.count ? 1 : labelWidth + 2
      frame.put(lines[index].1, row: row, column: column, .normal)
    }
  }
}
