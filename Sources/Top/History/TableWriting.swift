// The differences of one table as bytes. `TableReading` has the other direction; the format is described in
// Recording.swift.

/// Writes tables of one frame.
struct TableWriter {
  var out = Packer()
  var texts: WrittenTexts
  private var times: FrameTimes

  init(_ texts: WrittenTexts, frameMs: Int64) {
    self.texts = texts
    times = FrameTimes(frameMs)
  }

  /// What changed in one column: its rows, and the time that others move on to.
  private struct Change {
    var next: RecordedColumn
    var rows: [Int] = []
    var movesToMs: Int64?
  }

  /// Writes how a table differs from `state`, and brings that up to date. The columns are the schema's.
  mutating func write(
    names: [String], isKnown: Bool, periodMs: Int64, columns: [ColumnData], _ state: inout RecordedTable,
    _ schema: RecordingSchema
  ) {
    var flags = isKnown ? TableFlag.isKnown : 0
    var origins: [Int]?
    if names != state.names {
      flags |= TableFlag.names
      origins = Self.origins(names, state.names)
    }
    if periodMs != state.periodMs { flags |= TableFlag.period }
    let oldCount = state.names.count
    if let origins { state.replaceRows(names, origins) }
    let scales = schema.tables[state.number].columns.map { $0.scale }
    let changes = columns.indices.map { Self.change(state.columns[$0], columns[$0], scales[$0]) }
    if changes.contains(where: { !$0.rows.isEmpty || $0.movesToMs != nil }) { flags |= TableFlag.cells }
    out.byte(flags)
    if flags & TableFlag.period != 0 { out.number(UInt64(max(0, periodMs))) }
    if let origins { writeRows(names, origins, oldCount: oldCount) }
    if flags & TableFlag.cells != 0 { writeCells(changes, state) }
    state.isKnown = isKnown
    state.periodMs = periodMs
    for index in changes.indices { state.columns[index] = changes[index].next }
  }

  // MARK: Rows

  private static func origins(_ names: [String], _ old: [String]) -> [Int] {
    if old.isEmpty { return Array(repeating: -1, count: names.count) }
    let places = Dictionary(zip(old, old.indices), uniquingKeysWith: { first, _ in first })
    return names.map { places[$0] ?? -1 }
  }

  /// Runs of rows that stood together before, and of new ones.
  private mutating func writeRows(_ names: [String], _ origins: [Int], oldCount: Int) {
    out.count(names.count)
    var expected = 0
    var start = 0
    while start < names.count {
      let isNew = origins[start] < 0
      var end = start + 1
      while end < names.count, isNew ? origins[end] < 0 : origins[end] == origins[end - 1] + 1 { end += 1 }
      out.count((end - start) << 1 | (isNew ? 1 : 0))
      if isNew {
        for name in names[start..<end] { texts.write(name, &out) }
      } else {
        out.signed(Int64(origins[start] - expected))
        expected = origins[end - 1] + 1
      }
      start = end
    }
  }

  // MARK: Differences

  private static func change(_ old: RecordedColumn, _ new: ColumnData, _ scale: Scale) -> Change {
    switch (old, new) {
    case (.numbers(let old), .numbers(let new)): return change(old, new, scale)
    case (.texts(let old), .texts(let new)):
      return Change(next: .texts(new), rows: new.indices.filter { new[$0] != old[$0] })
    default: return Change(next: old)
    }
  }
  private static func change(_ old: RecordedNumbers, _ new: [Measure], _ scale: Scale) -> Change {
    var next = old
    var newestMs = old.newestMs
    for row in new.indices {
      switch new[row] {
      case .unknown: next.kinds[row] = RecordedKind.unknown
      case .first: next.kinds[row] = RecordedKind.first
      case .reset: next.kinds[row] = RecordedKind.reset
      case .value(let number, let atMs): next.set(row, RecordedKind.value, scale.code(number), atMs)
      case .partial(let number, let atMs): next.set(row, RecordedKind.partial, scale.code(number), atMs)
      }
      if next.kinds[row] >= RecordedKind.value { newestMs = max(newestMs, next.times[row]) }
    }
    let movesToMs = newestMs > old.newestMs && isWorthMoving(old, next, newestMs) ? newestMs : nil
    var rows: [Int] = []
    for row in new.indices {
      let expectedMs =
        movesToMs.map { old.times[row] == old.newestMs ? $0 : old.times[row] } ?? old.times[row]
      if next.kinds[row] < RecordedKind.value {
        next.times[row] = expectedMs
        if next.kinds[row] != old.kinds[row] { rows.append(row) }
      } else if next.kinds[row] != old.kinds[row] || next.codes[row] != old.codes[row]
        || next.times[row] != expectedMs
      {
        rows.append(row)
        next.newestMs = max(next.newestMs, next.times[row])
      }
    }
    if let movesToMs { next.newestMs = movesToMs }
    return Change(next: .numbers(next), rows: rows, movesToMs: movesToMs)
  }
  /// Whether more times are right when those of the newest move on than when all stay.
  private static func isWorthMoving(_ old: RecordedNumbers, _ next: RecordedNumbers, _ newestMs: Int64)
    -> Bool
  {
    var gained = 0
    for row in old.times.indices where next.kinds[row] >= RecordedKind.value {
      if old.times[row] != old.newestMs { continue }
      if next.times[row] == newestMs { gained += 1 } else if next.times[row] == old.newestMs { gained -= 1 }
    }
    return gained > 0
  }

  // MARK: Cells

  /// The rows in which anything changed, then the runs of each column among them.
  private mutating func writeCells(_ changes: [Change], _ state: RecordedTable) {
    var places = Array(repeating: -1, count: state.names.count)
    for change in changes { for row in change.rows { places[row] = 0 } }
    var runs: [Range<Int>] = []
    var count = 0
    for row in places.indices where places[row] == 0 {
      places[row] = count
      count += 1
      if let last = runs.last, last.upperBound == row {
        runs[runs.count - 1] = last.lowerBound..<(row + 1)
      } else {
        runs.append(row..<(row + 1))
      }
    }
    out.count(runs.count)
    var end = 0
    for run in runs {
      out.count((run.lowerBound - end) << 1 | (run.count > 1 ? 1 : 0))
      if run.count > 1 { out.count(run.count - 2) }
      end = run.upperBound
    }
    for (index, change) in changes.enumerated() {
      switch (state.columns[index], change.next) {
      case (.numbers(let old), .numbers(let new)): writeNumbers(change, old, new, places)
      case (_, .texts(let new)): writeTexts(change.rows, new, places)
      default: break
      }
    }
  }

  private mutating func writeTexts(_ rows: [Int], _ texts: [String], _ places: [Int]) {
    var runs: [Range<Int>] = []
    var start = 0
    while start < rows.count {
      var end = start + 1
      let text = texts[rows[start]]
      while end < rows.count, places[rows[end]] == places[rows[end - 1]] + 1, texts[rows[end]] == text {
        end += 1
      }
      runs.append(start..<end)
      start = end
    }
    out.count(runs.count)
    var expected = 0
    for run in runs {
      let place = places[rows[run.lowerBound]]
      out.count(place - expected)
      out.count(run.count - 1)
      self.texts.write(texts[rows[run.lowerBound]], &out)
      expected = place + run.count
    }
  }

  private mutating func writeNumbers(
    _ change: Change, _ old: RecordedNumbers, _ new: RecordedNumbers, _ places: [Int]
  ) {
    out.byte(
      (change.movesToMs != nil ? ColumnFlag.moves : 0) | (change.rows.isEmpty ? 0 : ColumnFlag.runs))
    if let movesToMs = change.movesToMs { times.write(movesToMs, &out) }
    if change.rows.isEmpty { return }
    let runs = NumberRuns(change.rows, old, new, places).runs
    out.count(runs.count)
    var expected = 0
    var timeMs = change.movesToMs ?? old.newestMs
    for run in runs {
      let row = change.rows[run.range.lowerBound]
      out.count(places[row] - expected)
      expected = places[row] + run.range.count
      let hasTime = run.form >= RunForm.valuesAlike && new.times[row] != timeMs
      out.number(UInt64(run.range.count - 1) << 4 | (hasTime ? RunForm.hasTime : 0) | run.form)
      if hasTime {
        timeMs = new.times[row]
        times.write(timeMs, &out)
      }
      switch run.form {
      case RunForm.valuesAlike, RunForm.partialsAlike: out.signed(new.codes[row] &- old.codes[row])
      case RunForm.values, RunForm.partials:
        for row in change.rows[run.range] { out.signed(new.codes[row] &- old.codes[row]) }
      default: break
      }
    }
  }
}

extension RecordedNumbers {
  /// Puts a number into a cell; what is none is unknown.
  mutating func set(_ row: Int, _ kind: UInt8, _ code: Int64?, _ atMs: Int64) {
    guard let code else {
      kinds[row] = RecordedKind.unknown
      return
    }
    kinds[row] = kind
    codes[row] = code
    times[row] = min(max(atMs, 0), Limits.recordedMsMax)
  }
}

/// Changed cells of one column, in runs of neighbours of one kind and time.
private struct NumberRuns {
  private(set) var runs: [(form: UInt64, range: Range<Int>)] = []
  private let rows: [Int]
  private let old: RecordedNumbers
  private let new: RecordedNumbers
  /// So many neighbours with the same difference are worth a run of their own.
  private static let alikeMin = 4

  init(_ rows: [Int], _ old: RecordedNumbers, _ new: RecordedNumbers, _ places: [Int]) {
    self.rows = rows
    self.old = old
    self.new = new
    var start = 0
    while start < rows.count {
      let kind = new.kinds[rows[start]]
      var end = start + 1
      while end < rows.count, places[rows[end]] == places[rows[end - 1]] + 1, new.kinds[rows[end]] == kind,
        kind < RecordedKind.value || new.times[rows[end]] == new.times[rows[start]]
      {
        end += 1
      }
      if kind < RecordedKind.value {
        runs.append((UInt64(kind), start..<end))
      } else {
        split(start..<end, isPartial: kind == RecordedKind.partial)
      }
      start = end
    }
  }

  private func difference(_ index: Int) -> Int64 { new.codes[rows[index]] &- old.codes[rows[index]] }
  /// How many cells from one on, up to an end, changed by the same.
  private func alike(_ start: Int, _ end: Int) -> Int {
    var next = start + 1
    while next < end, difference(next) == difference(start) { next += 1 }
    return next - start
  }
  private mutating func split(_ range: Range<Int>, isPartial: Bool) {
    var start = range.lowerBound
    while start < range.upperBound {
      var end = start + alike(start, range.upperBound)
      if end - start >= Self.alikeMin || end == range.upperBound {
        runs.append((isPartial ? RunForm.partialsAlike : RunForm.valuesAlike, start..<end))
      } else {
        while end < range.upperBound {
          let more = alike(end, range.upperBound)
          if more >= Self.alikeMin { break }
          end += more
        }
        runs.append((isPartial ? RunForm.partials : RunForm.values, start..<end))
      }
      start = end
    }
  }
}
