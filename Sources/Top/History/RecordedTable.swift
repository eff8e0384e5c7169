// A table as both ends of a recording know it: what the next frame says only the differences to. Value types.

/// What a cell holds; the numbers are those of the format.
enum RecordedKind {
  static let unknown: UInt8 = 0
  static let first: UInt8 = 1
  static let reset: UInt8 = 2
  static let value: UInt8 = 3
  static let partial: UInt8 = 4
}

/// A column of numbers. A cell without a number keeps the code and the time of its last one.
struct RecordedNumbers {
  var kinds: [UInt8]
  var codes: [Int64]
  var times: [Int64]
  /// The newest time that the column has named: measures of that time may all move on at once.
  var newestMs: Int64 = 0

  init(rows: Int) {
    kinds = Array(repeating: RecordedKind.unknown, count: rows)
    codes = Array(repeating: 0, count: rows)
    times = Array(repeating: 0, count: rows)
  }
}

enum RecordedColumn {
  case numbers(RecordedNumbers)
  case texts([String])
  case none
}

struct RecordedTable {
  /// Its place in the schema.
  let number: Int
  var names: [String] = []
  var isKnown = false
  var periodMs: Int64 = 0
  var columns: [RecordedColumn]

  init(_ schema: RecordingSchema, _ number: Int) {
    self.number = number
    columns = schema.tables[number].columns.map { column in
      switch column.scale {
      case .none: .none
      case .texts: .texts([])
      default: .numbers(RecordedNumbers(rows: 0))
      }
    }
  }

  /// Replaces the rows; `origins` has the old place of each, -1 for a new one.
  mutating func replaceRows(_ newNames: [String], _ origins: [Int]) {
    names = newNames
    for index in columns.indices {
      switch columns[index] {
      case .numbers(let old):
        var next = RecordedNumbers(rows: origins.count)
        next.newestMs = old.newestMs
        for (row, origin) in origins.enumerated() where origin >= 0 {
          next.kinds[row] = old.kinds[origin]
          next.codes[row] = old.codes[origin]
          next.times[row] = old.times[origin]
        }
        columns[index] = .numbers(next)
      case .texts(let old): columns[index] = .texts(origins.map { $0 < 0 ? "" : old[$0] })
      case .none: break
      }
    }
  }
}

/// What both ends know before a frame; a key frame begins with nothing.
struct RecordingState {
  let schema: RecordingSchema
  var sequence: UInt64 = 0
  var takenAtMs: Int64 = 0
  var wallMs: Int64 = 0
  var fixed: [RecordedTable]
  var target: Target?
  /// Tables of the open detail.
  var details: [RecordedTable] = []

  init(_ schema: RecordingSchema) {
    self.schema = schema
    fixed = (0..<schema.fixed).map { RecordedTable(schema, $0) }
  }
}

/// The bits of a table's first byte.
enum TableFlag {
  static let isKnown: UInt8 = 1
  static let names: UInt8 = 2
  static let period: UInt8 = 4
  static let cells: UInt8 = 8
}

/// The bits of a column's first byte.
enum ColumnFlag {
  /// Measures of the newest time have a newer one.
  static let moves: UInt8 = 1
  static let runs: UInt8 = 2
}

/// What a run of cells of numbers holds, in the lowest three bits of its head. The first three are the kinds.
enum RunForm {
  /// Values that all changed by the same, and values that each changed by something else; then partial ones.
  static let valuesAlike: UInt64 = 3
  static let values: UInt64 = 4
  static let partialsAlike: UInt64 = 5
  static let partials: UInt64 = 6
  /// The run's time is not that of the run before it.
  static let hasTime: UInt64 = 8
}
