// Payloads of frames as pictures. Value type; one thread. Nothing that a file may hold traps here.

/// Reads pictures one after the other. After an error it needs a key frame.
package struct SnapshotReader: Sendable {
  private var state: RecordingState
  private var texts = ReadTexts()
  private var head = Snapshot()
  private var problem: String?
  private var evidence: Evidence?

  init(_ schema: RecordingSchema = .current) { state = RecordingState(schema) }

  /// Reads pictures that this program wrote.
  package init() { self.init(.current) }

  /// Takes the payload in a range of bytes.
  mutating func take(_ bytes: [UInt8], _ range: Range<Int>, isKey: Bool) throws(Malformed) {
    if isKey {
      state = RecordingState(state.schema)
      texts = ReadTexts()
    }
    var input = Unpacker(bytes, range)
    state.sequence &+= UInt64(bitPattern: try input.signed())
    state.takenAtMs = try Self.time(state.takenAtMs, &input)
    state.wallMs = try Self.time(state.wallMs, &input)
    head = Snapshot()
    head.sequence = state.sequence
    head.takenAtMs = state.takenAtMs
    head.wallMs = state.wallMs
    head.sweepMs = Int64(try input.count(max: Int(Limits.recordedMsMax)))
    head.brokersUp = try input.count(max: Limits.recordedRowsMax)
    head.brokersExpected = try input.count(max: Limits.recordedRowsMax)
    head.nameServersUp = try input.count(max: Limits.recordedRowsMax)
    head.nameServersExpected = try input.count(max: Limits.recordedRowsMax)
    var reader = TableReader(input, texts, frameMs: state.takenAtMs)
    head.problem = try Self.problem(&reader)
    head.nameServerDispute = try Self.problem(&reader)
    head.cluster = try reader.texts.read(&reader.input)
    for index in state.fixed.indices { try reader.read(&state.fixed[index]) }
    try readDetail(&reader)
    guard reader.input.isAtEnd else { throw Malformed() }
    texts = reader.texts
  }
  /// Takes a payload that is alone in its bytes.
  package mutating func take(_ bytes: [UInt8], isKey: Bool) -> Bool {
    do throws(Malformed) {
      try take(bytes, bytes.indices, isKey: isKey)
      return true
    } catch {
      return false
    }
  }

  private static func time(_ before: Int64, _ input: inout Unpacker) throws(Malformed) -> Int64 {
    let (time, overflow) = before.addingReportingOverflow(try input.signed())
    guard !overflow, (0...Limits.recordedMsMax).contains(time) else { throw Malformed() }
    return time
  }
  private static func problem(_ reader: inout TableReader) throws(Malformed) -> String? {
    try reader.input.byte() == 0 ? nil : try reader.texts.read(&reader.input)
  }

  private mutating func readDetail(_ reader: inout TableReader) throws(Malformed) {
    switch try reader.input.byte() {
    case 0:
      state.target = nil
      state.details = []
      return
    case 1: if state.target == nil { throw Malformed() }
    case 2:
      state.target = try Self.target(&reader)
      state.details = []
    default: throw Malformed()
    }
    problem = try Self.problem(&reader)
    evidence = try Self.evidence(&reader)
    let count = try reader.input.count(max: Limits.recordedTablesMax)
    for index in 0..<count {
      let number = try reader.input.count(max: state.schema.tables.count - 1)
      if index == state.details.count { state.details.append(RecordedTable(state.schema, number)) }
      if state.details[index].number != number { state.details[index] = RecordedTable(state.schema, number) }
      try reader.read(&state.details[index])
    }
    state.details.removeSubrange(count...)
  }
  private static func evidence(_ reader: inout TableReader) throws(Malformed) -> Evidence? {
    if try reader.input.byte() == 0 { return nil }
    let kind = try reader.texts.read(&reader.input)
    let row = try reader.texts.read(&reader.input)
    let column = try reader.texts.read(&reader.input)
    return TableKind.allCases.first { "\($0)" == kind }.map { Evidence($0, row, column) }
  }
  private static func target(_ reader: inout TableReader) throws(Malformed) -> Target {
    let kind = try reader.input.byte()
    let name = try reader.texts.read(&reader.input)
    let group = try reader.texts.read(&reader.input)
    switch kind {
    case 0: return .broker(name)
    case 1: return .topic(name)
    case 2: return .group(name)
    case 3: return .client(name, group: group)
    default: throw Malformed()
    }
  }

  // MARK: Pictures

  /// The picture as of the last payload.
  package var snapshot: Snapshot {
    var snapshot = head
    for table in state.fixed {
      let schema = state.schema.tables[table.number]
      if table.number == 0 {
        putTotals(table, schema, &snapshot)
      } else if let kind = schema.kind, Snapshot.clusterTables.contains(kind) {
        snapshot[kind] = Self.data(table, schema, kind)
      }
    }
    if let target = state.target {
      var detail = Detail(target)
      detail.problem = problem
      detail.evidence = evidence
      for table in state.details {
        let schema = state.schema.tables[table.number]
        if let kind = schema.kind { detail.tables.append(Self.data(table, schema, kind)) }
      }
      snapshot.detail = detail
    }
    return snapshot
  }
  private func putTotals(
    _ table: RecordedTable, _ schema: RecordingSchema.Table, _ snapshot: inout Snapshot
  ) {
    if table.names.isEmpty { return }
    for (index, column) in schema.columns.enumerated() {
      guard let place = column.place, case .numbers(let numbers) = table.columns[index] else { continue }
      let measure = numbers.measure(0, column.scale)
      if let total = Total(rawValue: place) {
        snapshot[total] = measure
      } else {
        snapshot.requestsPerSecond = measure
      }
    }
  }
  private static func data(_ table: RecordedTable, _ schema: RecordingSchema.Table, _ kind: TableKind)
    -> TableData
  {
    var data = TableData(kind, names: table.names)
    data.isKnown = table.isKnown
    data.periodMs = table.periodMs
    for (index, column) in schema.columns.enumerated() {
      guard let place = column.place else { continue }
      switch table.columns[index] {
      case .numbers(let numbers):
        data.set(
          kind.columns[place].key, numbers.kinds.indices.map { numbers.measure($0, column.scale) })
      case .texts(let texts): data.set(kind.columns[place].key, texts)
      case .none: break
      }
    }
    return data
  }
}

extension RecordedNumbers {
  /// The measure in a cell.
  func measure(_ row: Int, _ scale: Scale) -> Measure {
    switch kinds[row] {
    case RecordedKind.first: .first
    case RecordedKind.reset: .reset
    case RecordedKind.value: .value(scale.number(codes[row]), atMs: times[row])
    case RecordedKind.partial: .partial(scale.number(codes[row]), atMs: times[row])
    default: .unknown
    }
  }
}

extension Snapshot {
  /// What a recording keeps of it: numbers with four digits, everything else as it is.
  package var asRecorded: Snapshot {
    var writer = SnapshotWriter(keyEvery: 1)
    var reader = SnapshotReader()
    guard let payload = writer.payload(self), reader.take(payload.bytes, isKey: true) else { return self }
    return reader.snapshot
  }
}
