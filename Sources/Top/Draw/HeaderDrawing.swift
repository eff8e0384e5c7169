// The lines over the table: what is watched and how it is, the cluster's numbers, the names of the screens.

extension Screen {
  mutating func drawHeader() {
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
  }

  /// What the picture is worth: live, paused, or why it is neither.
  private var state: (text: String, style: Style) {
    if let text = model.timeText { return (text, .alert) }
    if snapshot.sequence == 0 { return ("connecting", .dim) }
    if snapshot.brokersUp == 0 { return ("no answer", .alert) }
    let ageMs = model.nowMs - snapshot.takenAtMs
    if ageMs > max(Limits.staleMsMin, 3 * model.intervalMs) { return ("old \(ageMs / 1_000)s", .alert) }
    return ("live", .strong)
  }

  private func share(_ word: String, _ up: Int, _ expected: Int) -> String {
    expected == 0 ? "\(word) -" : "\(up < expected ? "!" : "")\(word) \(up)/\(expected)"
  }
  private var brokers: String { share("brokers", snapshot.brokersUp, snapshot.brokersExpected) }

  private mutating func drawTitle() {
    let interval = NumberText.fixed(Double(model.intervalMs) / 1_000, decimals: 1) + "s"
    let state = state
    var parts = [brokers]
    if snapshot.nameServersExpected > 0 {
      parts.append(share("ns", snapshot.nameServersUp, snapshot.nameServersExpected))
    }
    if let requests = snapshot.requestsPerSecond.number, columns >= 120 {
      parts += ["rpc \(NumberText.count(requests))/s", "collect \(snapshot.sweepMs)ms"]
    }
    if model.connection.isReadOnly { parts.append("read-only") }
    parts += [state.text, interval]
    // The time of a picture of the past stands with its state.
    if model.timeText == nil { parts.append(model.clock) }
    // What is least missed goes first: the interval, the clock, the brokers. The state stays.
    func length() -> Int { parts.reduce(0) { $0 + $1.count + 2 } }
    let order = [interval] + parts.filter { $0.hasPrefix("ns") } + [model.clock, brokers]
    for part in order where length() + 20 > columns { parts.removeAll { $0 == part } }
    var end = columns
    for part in parts.reversed() {
      let style: Style = part == state.text ? state.style : part.hasPrefix("!") ? .alert : .normal
      frame.put(part, row: 0, endingAt: end, style)
      end -= part.count + 2
    }
    var at = columns >= 60 ? frame.put("mq top  ", row: 0, column: 0, .title) : 0
    let crumbs = [snapshot.cluster, model.place.page.title, model.place.target?.name ?? ""].filter {
      !$0.isEmpty
    }
    for (index, crumb) in crumbs.enumerated() {
      if index > 0, at + 4 <= end { at = frame.put(" > ", row: 0, column: at, .title) }
      if at < end { at = frame.put(fitted(crumb, end - at), row: 0, column: at, .title) }
    }
  }

  private mutating func drawMeters() {
    let curveWidth = max(0, min(columns - 66, 75))
    let lines: [(title: String, main: (Total, Unit), side: (Total, Unit)?, rest: [(String, Total, Unit)])] = [
      (
        "In", (.inPerSecond, .perSecond), (.inBytesPerSecond, .bytesPerSecond),
        [
          ("put p99 ", .putLatency99Ms, .milliseconds), ("max ", .putLatencyMaxMs, .milliseconds),
          ("fail ", .putFailedPerSecond, .perSecond),
        ]
      ),
      (
        "Out", (.outPerSecond, .perSecond), (.outBytesPerSecond, .bytesPerSecond),
        [
          (isDiskFull ? "!disk " : "disk ", .diskRatio, .ratio),
          ("pagecache ", .pageCacheLockMs, .milliseconds), ("cold ", .coldRatio, .ratio),
        ]
      ),
      (
        "Lag", (.lag, .count), (.lagPerSecond, .slope),
        [
          ("retry ", .retryPerSecond, .perSecond), ("dlq ", .deadLetters, .count),
          ("delayed ", .delayed, .count),
        ]
      ),
    ]
    for (index, line) in lines.enumerated() {
      let row = index + 1
      frame.put(line.title, row: row, column: 0, .strong)
      let main = show(line.main.0, line.main.1)
      frame.put(main.text, row: row, endingAt: 13, main.style)
      if let side = line.side {
        let text = show(side.0, side.1)
        frame.put(text.text, row: row, endingAt: 24, text.style)
      }
      let samples = model.trails.samples(
        of: line.main.0, count: curveWidth * samplesPerCell, spacingMs: Limits.graphSpacingMs,
        endMs: model.shownNowMs)
      drawCurve(samples, row: row, column: 26, width: curveWidth)
      var at = 28 + curveWidth
      for (label, total, unit) in line.rest { at = field(label, total, unit, row, at) + 2 }
    }
  }
  /// All numbers in one line, as many as fit; what is told first goes last.
  private mutating func drawShortMeters() {
    var at = field("In ", .inPerSecond, .perSecond, 1, 0)
    if columns >= 140 { at = field(" ", .inBytesPerSecond, .bytesPerSecond, 1, at) }
    at = field("  Out ", .outPerSecond, .perSecond, 1, at)
    if columns >= 140 { at = field(" ", .outBytesPerSecond, .bytesPerSecond, 1, at) }
    at = field("  Lag ", .lag, .count, 1, at)
    at = field(" ", .lagPerSecond, .slope, 1, at)
    if columns >= 120, let eta = lagETA { at = put("  ETA " + eta, at) }
    at = field("  p99 ", .putLatency99Ms, .milliseconds, 1, at)
    at = field(isDiskFull ? "  !disk " : "  disk ", .diskRatio, .ratio, 1, at)
    at = field("  retry ", .retryPerSecond, .perSecond, 1, at)
    at = field("  dlq ", .deadLetters, .count, 1, at)
    at = field("  delayed ", .delayed, .count, 1, at)
    at = field("  half ", .halfMessages, .count, 1, at)
    at = field("  fail ", .putFailedPerSecond, .perSecond, 1, at)
    at = field("  cold ", .coldRatio, .ratio, 1, at)
  }
  private mutating func put(_ text: String, _ column: Int) -> Int {
    if column + text.count > columns { return columns }
    return frame.put(text, row: 1, column: column, .normal)
  }
  /// When the lag is gone if it goes on like this; nil without a lag.
  private var lagETA: String? {
    guard let lag = snapshot[.lag].number, let slope = snapshot[.lagPerSecond].number, lag > 0 else {
      return nil
    }
    return slope > -0.05 ? "never" : NumberText.age(lag / -slope * 1_000)
  }

  /// A number in as few characters as can be: "48k", "1.2M".
  private func brief(_ total: Total) -> String {
    let periodMs = max(model.intervalMs, snapshot[.groups].periodMs)
    return MeasureText.text(
      snapshot[total], nowMs: model.shownNowMs, periodMs: periodMs, mode, NumberText.brief
    ).text
  }
  private mutating func drawCompact() {
    let numbers = " In" + brief(.inPerSecond) + " Lag" + brief(.lag)
    let isTold = snapshot.sequence == 0 || snapshot.brokersUp == 0 || model.timeText != nil
    let room = columns - numbers.count
    let name = isTold ? state.text : snapshot.cluster
    let at = frame.put(
      fitted(name, room > 2 ? room : columns), row: 0, column: 0, isTold ? state.style : .title)
    if room > 2 { frame.put(numbers, row: 0, column: at, .normal) }
  }

  private var isDiskFull: Bool { (snapshot[.diskRatio].number ?? 0) > Limits.diskAlertRatio }

  /// A label and a number, left out where they do not fit; returns the column after them.
  private mutating func field(_ label: String, _ total: Total, _ unit: Unit, _ row: Int, _ column: Int) -> Int
  {
    let value = show(total, unit)
    if column + label.count + value.text.count > columns { return columns }
    let at = frame.put(label, row: row, column: column, label.contains("!") ? .alert : .normal)
    return frame.put(value.text, row: row, column: at, value.style)
  }

  /// The names of the screens. Where they do not fit, first the numbers of rows go, then the words of those
  /// at the end; the open one and the alerts keep theirs.
  mutating func drawTabs() {
    guard let row = layout.tabs else { return }
    for tab in model.tabSpots {
      let isHere = tab.meaning == model.place.page
      let alerts = tab.meaning == .alerts && snapshot[.alerts].count > 0
      if isHere { frame.put("[", row: row, column: tab.columns.lowerBound - 1, .strong) }
      frame.put(
        tab.text, row: row, column: tab.columns.lowerBound, isHere ? .openTab : alerts ? .alert : .tab)
      if isHere { frame.put("]", row: row, column: tab.columns.upperBound, .strong) }
    }
  }
}
