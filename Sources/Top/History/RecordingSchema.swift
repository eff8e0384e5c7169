// The tables and columns of a recording. They stand in its file, so that a later version, which has others,
// still reads what it knows. Pure.

/// What the frames of a recording hold, in order.
struct RecordingSchema: Equatable, Sendable {
  /// A column, and where its values go in today's table.
  struct Column: Equatable, Sendable {
    let key: String
    let scale: Scale
    /// The place in `TableKind.columns`, or the total; nil for what is not known today.
    let place: Int?
  }
  struct Table: Equatable, Sendable {
    let key: String
    /// Nil for the totals, and for what is not known today.
    let kind: TableKind?
    let columns: [Column]
  }
  let tables: [Table]
  /// How many of them come in each frame: the totals, and the cluster's tables. The rest are of details.
  let fixed: Int

  private static let totalsKey = "cluster"
  private static let requestsKey = "requestsPerSecond"
  /// The place of `Snapshot.requestsPerSecond` behind the totals.
  static let requestsPlace = Total.allCases.count

  private init(tables: [Table], fixed: Int) {
    self.tables = tables
    self.fixed = fixed
  }

  /// What this version writes.
  static let current: RecordingSchema = {
    let totals =
      Total.allCases.map { Column(key: $0.key, scale: Scale($0.unit), place: $0.rawValue) }
      + [Column(key: requestsKey, scale: .decimal, place: requestsPlace)]
    let kinds =
      Snapshot.clusterTables + TableKind.allCases.filter { !Snapshot.clusterTables.contains($0) }
    return RecordingSchema(
      tables: [Table(key: totalsKey, kind: nil, columns: totals)]
        + kinds.map { kind in
          Table(
            key: "\(kind)", kind: kind,
            columns: kind.columns.enumerated().map {
              Column(key: $1.key, scale: Scale($1.unit), place: $0)
            })
        },
      fixed: 1 + Snapshot.clusterTables.count)
  }()

  /// The table of a kind, which is one of today's.
  static func number(_ kind: TableKind) -> Int {
    guard let number = current.tables.firstIndex(where: { $0.kind == kind }) else {
      preconditionFailure("the schema has all kinds")
    }
    return number
  }

  // MARK: Bytes

  /// Counts and names; the scale of a column is one byte.
  var bytes: [UInt8] {
    var out = Packer()
    func text(_ text: String) {
      out.count(text.utf8.count)
      out.append(text.utf8)
    }
    out.count(fixed)
    out.count(tables.count)
    for table in tables {
      text(table.key)
      out.count(table.columns.count)
      for column in table.columns {
        text(column.key)
        out.byte(column.scale.rawValue)
      }
    }
    return out.bytes
  }

  /// Reads them; columns and tables of other versions have no place.
  init(_ input: inout Unpacker) throws(Malformed) {
    fixed = try input.count(max: Limits.recordedTablesMax)
    let count = try input.count(max: Limits.recordedTablesMax)
    guard fixed <= count, fixed > 0 else { throw Malformed() }
    var tables: [Table] = []
    for _ in 0..<count { tables.append(try Self.table(&input, isFirst: tables.isEmpty)) }
    self.tables = tables
  }
  private static func text(_ input: inout Unpacker) throws(Malformed) -> String {
    String(decoding: try input.take(try input.count(max: Limits.nameBytesMax)), as: UTF8.self)
  }
  private static func table(_ input: inout Unpacker, isFirst: Bool) throws(Malformed) -> Table {
    let key = try text(&input)
    let kind = TableKind.allCases.first { "\($0)" == key }
    // The totals always come first.
    guard isFirst == (key == totalsKey) else { throw Malformed() }
    var columns: [Column] = []
    for _ in 0..<(try input.count(max: Limits.recordedColumnsMax)) {
      let key = try text(&input)
      guard let scale = Scale(rawValue: try input.byte()) else { throw Malformed() }
      columns.append(Column(key: key, scale: scale, place: place(key, scale, kind, isFirst: isFirst)))
    }
    return Table(key: key, kind: kind, columns: columns)
  }
  private static func place(_ key: String, _ scale: Scale, _ kind: TableKind?, isFirst: Bool) -> Int? {
    if isFirst {
      if scale == .none || scale == .texts { return nil }
      return key == requestsKey ? requestsPlace : Total.allCases.first { $0.key == key }?.rawValue
    }
    guard let kind, let place = kind.column(key) else { return nil }
    // A column that became text, or was it, is another one.
    let unit = kind.columns[place].unit
    switch scale {
    case .none: return nil
    case .texts: return unit == .text ? place : nil
    default: return unit.isNumber ? place : nil
    }
  }
}
