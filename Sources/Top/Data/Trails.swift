// The last ten minutes of the cluster's totals and of one number per topic and group, for graphs and curves.
// A moment is the numbers of all rows in blocks, and has the blocks that did not change in common with the
// moment before: ten thousand topics at 600 moments are 2 to 3 MB, for a budget of requests lets each topic
// change only every few seconds; 14 MB if all changed in each. Value type; UI thread.

/// What graphs are drawn from.
package struct Trails: Sendable {
  /// Tables with curves, and the column that is followed.
  package static let followed: [TableKind: String] = [.topics: "in", .groups: "lag"]

  private struct Moment: Sendable {
    let slot: Int64
    var totals: [Float]
    /// By table, by the row's number in `numbers`, in blocks of `blockRows`: half floats as their bits, so
    /// that equal blocks are found whether or not something was measured. NaN where nothing was.
    var rows: [[[UInt16]]]
  }
  private static let blockRows = 64
  /// The rows of one table: each name has a number for as long as the program runs.
  private struct Rows: Sendable {
    let kind: TableKind
    let column: Int
    var numbers: [String: Int] = [:]
    /// Names of the last snapshot and their numbers, to look names up only when the list changed.
    var names: [String] = []
    var ordered: [Int] = []

    mutating func follow(_ newNames: [String]) {
      if newNames == names { return }
      names = newNames
      ordered = newNames.map { name in
        if let number = numbers[name] { return number }
        let number = numbers.count
        numbers[name] = number
        return number
      }
    }
  }
  private var moments: [Moment] = []
  private var rows: [Rows]

  package init() {
    rows = [TableKind.topics, .groups].map { kind in
      let key = Self.followed[kind] ?? ""
      return Rows(kind: kind, column: kind.column(key) ?? 0)
    }
  }

  /// Takes a snapshot; within one slot of `Limits.trailSpacingMs` the newest wins.
  package mutating func feed(_ snapshot: Snapshot) {
    let slot = snapshot.takenAtMs / Limits.trailSpacingMs
    // A replay that goes back comes again to what it knew.
    while let last = moments.last, last.slot >= slot { moments.removeLast() }
    var moment = Moment(slot: slot, totals: [], rows: [])
    moment.totals = Total.allCases.map { Float(snapshot[$0].number ?? .nan) }
    for index in rows.indices {
      let table = snapshot[rows[index].kind]
      rows[index].follow(table.names)
      var values = [UInt16](repeating: Float16.nan.bitPattern, count: rows[index].numbers.count)
      for (row, number) in rows[index].ordered.enumerated() {
        if let value = table.number(row, rows[index].column).number {
          values[number] = Self.small(value).bitPattern
        }
      }
      moment.rows.append(Self.blocks(values, moments.last?.rows[index] ?? []))
    }
    moments.append(moment)
    let oldest = slot - Int64(Limits.trailMoments)
    while let first = moments.first, first.slot <= oldest { moments.removeFirst() }
  }

  /// Cuts values into blocks; those that are as they were are the same memory.
  private static func blocks(_ values: [UInt16], _ before: [[UInt16]]) -> [[UInt16]] {
    stride(from: 0, to: values.count, by: blockRows).map { start in
      let block = values[start..<min(start + blockRows, values.count)]
      let place = start / blockRows
      return place < before.count && block.elementsEqual(before[place]) ? before[place] : Array(block)
    }
  }

  /// Half floats end at 65,504; larger numbers are kept as their thousandth, told by the sign.
  private static func small(_ value: Double) -> Float16 {
    let value = max(0, value)
    return value < 60_000 ? Float16(value) : -Float16(min(value / 1_000, 6e4 * 1_000) / 1_000)
  }
  private static func large(_ value: Float16) -> Float {
    value < 0 ? -Float(value) * 1_000_000 : Float(value)
  }

  /// `count` samples of a total, each over `spacingMs`, the newest last, up to a time of the monotonic clock.
  /// A sample without a measurement is NaN.
  package func samples(of total: Total, count: Int, spacingMs: Int64, endMs: Int64) -> [Float] {
    samples(count, spacingMs, endMs) { $0.totals[total.rawValue] }
  }
  /// As above, of a row of one of the followed tables.
  package func samples(of kind: TableKind, _ name: String, count: Int, spacingMs: Int64, endMs: Int64)
    -> [Float]
  {
    guard let index = rows.firstIndex(where: { $0.kind == kind }), let number = rows[index].numbers[name]
    else { return [] }
    return samples(count, spacingMs, endMs) { moment in
      let (block, place) = number.quotientAndRemainder(dividingBy: Self.blockRows)
      let blocks = moment.rows[index]
      guard block < blocks.count, place < blocks[block].count else { return .nan }
      return Self.large(Float16(bitPattern: blocks[block][place]))
    }
  }

  /// Means over whole multiples of the spacing, so that a sample once drawn does not change.
  private func samples(_ count: Int, _ spacingMs: Int64, _ endMs: Int64, _ value: (Moment) -> Float)
    -> [Float]
  {
    let slots = max(1, spacingMs / Limits.trailSpacingMs)
    let last = endMs / Limits.trailSpacingMs / slots
    let first = last - Int64(count) + 1
    var sums = [Float](repeating: 0, count: count)
    var counts = [Float](repeating: 0, count: count)
    for moment in moments.reversed() {
      let bucket = moment.slot / slots - first
      if bucket < 0 { break }
      let sample = value(moment)
      if bucket >= Int64(count) || sample.isNaN { continue }
      sums[Int(bucket)] += sample
      counts[Int(bucket)] += 1
    }
    return (0..<count).map { counts[$0] == 0 ? .nan : sums[$0] / counts[$0] }
  }

  /// The time of the oldest moment that is kept, nil without any.
  package var oldestMs: Int64? { moments.first.map { $0.slot * Limits.trailSpacingMs } }
}
