// The differences of one table, read back. Whatever the bytes say, it ends with a table or with `Malformed`.

/// Reads tables of one frame.
struct TableReader {
  var input: Unpacker
  var texts: ReadTexts
  private var times: FrameTimes

  init(_ input: Unpacker, _ texts: ReadTexts, frameMs: Int64) {
    self.input = input
    self.texts = texts
    times = FrameTimes(frameMs)
  }

  /// Brings a table up to date.
  mutating func read(_ state: inout RecordedTable) throws(Malformed) {
    let flags = try input.byte()
    state.isKnown = flags & TableFlag.isKnown != 0
    if flags & TableFlag.period != 0 {
      state.periodMs = Int64(try input.count(max: Int(Limits.recordedMsMax)))
    }
    if flags & TableFlag.names != 0 { try readRows(&state) }
    if flags & TableFlag.cells != 0 { try readCells(&state) }
  }

  private mutating func readRows(_ state: inout RecordedTable) throws(Malformed) {
    let count = try input.count(max: Limits.recordedRowsMax)
    var names: [String] = []
    var origins: [Int] = []
    var expected: Int64 = 0
    while names.count < count {
      let head = try input.count(max: count << 1 | 1)
      let length = head >> 1
      guard length > 0, length <= count - names.count else { throw Malformed() }
      if head & 1 == 1 {
        for _ in 0..<length {
          names.append(try texts.read(&input))
          origins.append(-1)
        }
      } else {
        let (start, overflow) = expected.addingReportingOverflow(try input.signed())
        guard !overflow, start >= 0, start <= Int64(state.names.count - length) else { throw Malformed() }
        names += state.names[Int(start)..<(Int(start) + length)]
        origins += Int(start)..<(Int(start) + length)
        expected = start + Int64(length)
      }
    }
    state.replaceRows(names, origins)
  }

  private mutating func readCells(_ state: inout RecordedTable) throws(Malformed) {
    let rows = try readChangedRows(state.names.count)
    for index in state.columns.indices {
      switch state.columns[index] {
      case .numbers(var numbers):
        // Held here alone, so that it is changed in place.
        state.columns[index] = .none
        try readNumbers(&numbers, rows)
        state.columns[index] = .numbers(numbers)
      case .texts(var texts):
        state.columns[index] = .none
        try readTexts(&texts, rows)
        state.columns[index] = .texts(texts)
      case .none: break
      }
    }
  }
  private mutating func readChangedRows(_ count: Int) throws(Malformed) -> [Int] {
    var rows: [Int] = []
    for _ in 0..<(try input.count(max: count)) {
      let head = try input.count(max: count << 1 | 1)
      let length = head & 1 == 1 ? try input.count(max: count) + 2 : 1
      let start = (rows.last.map { $0 + 1 } ?? 0) + head >> 1
      guard length <= count - start else { throw Malformed() }
      rows += start..<(start + length)
    }
    return rows
  }

  private mutating func readTexts(_ column: inout [String], _ rows: [Int]) throws(Malformed) {
    var place = 0
    for _ in 0..<(try input.count(max: rows.count)) {
      place += try input.count(max: rows.count - place)
      let length = try input.count(max: rows.count) + 1
      guard length <= rows.count - place else { throw Malformed() }
      let text = try texts.read(&input)
      for row in rows[place..<(place + length)] { column[row] = text }
      place += length
    }
  }

  private mutating func readNumbers(_ column: inout RecordedNumbers, _ rows: [Int]) throws(Malformed) {
    let flags = try input.byte()
    if flags & ColumnFlag.moves != 0 {
      let newestMs = try times.read(&input)
      for row in column.times.indices where column.times[row] == column.newestMs {
        column.times[row] = newestMs
      }
      column.newestMs = newestMs
    }
    if flags & ColumnFlag.runs == 0 { return }
    var timeMs = column.newestMs
    var place = 0
    for _ in 0..<(try input.count(max: rows.count)) {
      place += try input.count(max: rows.count - place)
      let head = try input.number()
      guard head >> 4 < UInt64(rows.count - place) else { throw Malformed() }
      let length = Int(head >> 4) + 1
      if head & RunForm.hasTime != 0 { timeMs = try times.read(&input) }
      try readRun(head & 7, rows[place..<(place + length)], timeMs, &column)
      place += length
    }
  }
  private mutating func readRun(
    _ form: UInt64, _ rows: ArraySlice<Int>, _ timeMs: Int64, _ column: inout RecordedNumbers
  ) throws(Malformed) {
    if form < RunForm.valuesAlike {
      for row in rows { column.kinds[row] = UInt8(form) }
      return
    }
    guard form <= RunForm.partials else { throw Malformed() }
    let isAlike = form == RunForm.valuesAlike || form == RunForm.partialsAlike
    let kind = form >= RunForm.partialsAlike ? RecordedKind.partial : RecordedKind.value
    var difference = isAlike ? try input.signed() : 0
    for row in rows {
      if !isAlike { difference = try input.signed() }
      column.kinds[row] = kind
      column.codes[row] &+= difference
      column.times[row] = timeMs
    }
    column.newestMs = max(column.newestMs, timeMs)
  }
}
