// Pictures as payloads of frames. Value type; one thread.

/// Writes pictures one after the other, each as the differences to the one before it.
package struct SnapshotWriter: Sendable {
  private var state = RecordingState(.current)
  private var texts = WrittenTexts()
  private let keyEvery: Int
  /// Frames since the key frame, which counts; 0 makes the next one a key frame.
  private var sinceKey = 0

  /// - Parameter keyEvery: How many frames a key frame and its deltas are at most.
  package init(keyEvery: Int) {
    precondition(keyEvery > 0)
    self.keyEvery = keyEvery
  }

  /// The next payload; nil for a picture that is larger than a frame may be.
  package mutating func payload(_ snapshot: Snapshot) -> (isKey: Bool, bytes: [UInt8])? {
    let tables = Snapshot.clusterTables.map { snapshot[$0] } + (snapshot.detail?.tables ?? [])
    if tables.contains(where: { $0.count > Limits.recordedRowsMax }) { return nil }
    // Texts that change all the time must not be kept for ever.
    let isKey = sinceKey == 0 || sinceKey >= keyEvery || texts.byteCount > Limits.recordedKeyTextBytes
    if isKey {
      state = RecordingState(.current)
      texts = WrittenTexts()
      sinceKey = 0
    }
    let takenAtMs = Self.clamped(snapshot.takenAtMs)
    var writer = TableWriter(texts, frameMs: takenAtMs)
    writeHead(snapshot, &writer)
    writer.write(
      names: ["cluster"], isKnown: true, periodMs: 0, columns: Self.totals(snapshot), &state.fixed[0],
      state.schema)
    for (index, kind) in Snapshot.clusterTables.enumerated() {
      write(snapshot[kind], &state.fixed[1 + index], &writer)
    }
    writeDetail(snapshot.detail, &writer)
    texts = writer.texts
    sinceKey += 1
    if writer.out.bytes.count > Limits.recordedFrameBytesMax {
      sinceKey = 0
      return nil
    }
    return (isKey, writer.out.bytes)
  }

  private static func clamped(_ ms: Int64) -> Int64 { min(max(ms, 0), Limits.recordedMsMax) }

  private mutating func writeHead(_ snapshot: Snapshot, _ writer: inout TableWriter) {
    let takenAtMs = Self.clamped(snapshot.takenAtMs)
    let wallMs = Self.clamped(snapshot.wallMs)
    writer.out.signed(Int64(truncatingIfNeeded: snapshot.sequence &- state.sequence))
    writer.out.signed(takenAtMs - state.takenAtMs)
    writer.out.signed(wallMs - state.wallMs)
    writer.out.number(UInt64(Self.clamped(snapshot.sweepMs)))
    for count in [
      snapshot.brokersUp, snapshot.brokersExpected, snapshot.nameServersUp, snapshot.nameServersExpected,
    ] {
      writer.out.count(min(max(count, 0), Limits.recordedRowsMax))
    }
    writeProblem(snapshot.problem, &writer)
    writeProblem(snapshot.nameServerDispute, &writer)
    writer.texts.write(snapshot.cluster, &writer.out)
    state.sequence = snapshot.sequence
    state.takenAtMs = takenAtMs
    state.wallMs = wallMs
  }
  private func writeProblem(_ problem: String?, _ writer: inout TableWriter) {
    writer.out.byte(problem == nil ? 0 : 1)
    if let problem { writer.texts.write(problem, &writer.out) }
  }

  private static func totals(_ snapshot: Snapshot) -> [ColumnData] {
    Total.allCases.map { .numbers([snapshot[$0]]) } + [.numbers([snapshot.requestsPerSecond])]
  }
  private func write(_ table: TableData, _ recorded: inout RecordedTable, _ writer: inout TableWriter) {
    writer.write(
      names: table.names, isKnown: table.isKnown, periodMs: Self.clamped(table.periodMs),
      columns: table.columns, &recorded, state.schema)
  }

  private mutating func writeDetail(_ detail: Detail?, _ writer: inout TableWriter) {
    guard let detail else {
      writer.out.byte(0)
      state.target = nil
      state.details = []
      return
    }
    if state.target == detail.target {
      writer.out.byte(1)
    } else {
      writer.out.byte(2)
      Self.write(detail.target, &writer)
      state.target = detail.target
      state.details = []
    }
    writeProblem(detail.problem, &writer)
    writer.out.byte(detail.evidence == nil ? 0 : 1)
    if let evidence = detail.evidence {
      for text in ["\(evidence.kind)", evidence.row, evidence.column] {
        writer.texts.write(text, &writer.out)
      }
    }
    let tables = detail.tables.prefix(Limits.recordedTablesMax)
    writer.out.count(tables.count)
    for (index, table) in tables.enumerated() {
      let number = RecordingSchema.number(table.kind)
      writer.out.count(number)
      if index == state.details.count { state.details.append(RecordedTable(state.schema, number)) }
      if state.details[index].number != number { state.details[index] = RecordedTable(state.schema, number) }
      write(table, &state.details[index], &writer)
    }
  }
  private static func write(_ target: Target, _ writer: inout TableWriter) {
    let kind: UInt8
    var group = ""
    switch target {
    case .broker: kind = 0
    case .topic: kind = 1
    case .group: kind = 2
    case .client(_, let itsGroup):
      kind = 3
      group = itsGroup
    }
    writer.out.byte(kind)
    writer.texts.write(target.name, &writer.out)
    writer.texts.write(group, &writer.out)
  }
}
