// What the collector hands to the screen: one immutable picture of the cluster. Any thread may read it.

/// A number of the whole cluster.
package enum Total: Int, CaseIterable, Sendable {
  case inPerSecond, inBytesPerSecond, outPerSecond, outBytesPerSecond, putFailedPerSecond
  /// Of the worst broker; milliseconds.
  case putLatency99Ms, putLatencyMaxMs, pageCacheLockMs
  /// Of the fullest commit log disk, 0...1.
  case diskRatio
  /// Share of reads that come from disk, 0...1.
  case coldRatio
  case lag
  /// Growth of the lag in messages per second.
  case lagPerSecond
  /// Messages that came back for another attempt, per second; dead letters stored.
  case retryPerSecond, deadLetters
  /// Messages that wait for their time; half messages without an end.
  case delayed, halfMessages

  /// Name in JSON and in recordings.
  package var key: String { "\(self)" }
  /// Name in rules and checks: that of the like column of other tables.
  var columnKey: String {
    switch self {
    case .inPerSecond: "in"
    case .inBytesPerSecond: "inBytes"
    case .outPerSecond: "out"
    case .outBytesPerSecond: "outBytes"
    case .putFailedPerSecond: "failed"
    case .putLatency99Ms: "put99"
    case .putLatencyMaxMs: "putMax"
    case .pageCacheLockMs: "pageCache"
    case .diskRatio: "disk"
    case .coldRatio: "cold"
    case .lag: "lag"
    case .lagPerSecond: "slope"
    case .retryPerSecond: "retry"
    case .deadLetters: "dlq"
    case .delayed: "delayed"
    case .halfMessages: "half"
    }
  }
  var unit: Unit {
    switch self {
    case .inPerSecond, .outPerSecond, .putFailedPerSecond, .retryPerSecond: .perSecond
    case .inBytesPerSecond, .outBytesPerSecond: .bytesPerSecond
    case .putLatency99Ms, .putLatencyMaxMs, .pageCacheLockMs: .milliseconds
    case .diskRatio, .coldRatio: .ratio
    case .lagPerSecond: .slope
    case .lag, .deadLetters, .delayed, .halfMessages: .count
    }
  }
}

/// What a detail shows.
package enum Target: Hashable, Sendable {
  case broker(String)
  case topic(String)
  case group(String)
  /// A client's identifier, and the group that it belongs to.
  case client(String, group: String)

  package var name: String {
    switch self {
    case .broker(let name), .topic(let name), .group(let name), .client(let name, _): name
    }
  }
}

/// A cell that shows why a group lags.
package struct Evidence: Equatable, Sendable {
  package let kind: TableKind
  /// Name of its row, and key of its column.
  package let row: String
  package let column: String

  package init(_ kind: TableKind, _ row: String, _ column: String) {
    self.kind = kind
    self.row = row
    self.column = column
  }
}

/// The tables of one thing.
package struct Detail: Equatable, Sendable {
  package let target: Target
  package var tables: [TableData] = []
  /// Why there is nothing more to see, for example "it does not say how it runs"; nil when all is there.
  package var problem: String?
  /// Of a group that lags: the cell that says why.
  package var evidence: Evidence?

  package init(_ target: Target) { self.target = target }
}

/// One picture of the cluster.
package struct Snapshot: Equatable, Sendable {
  /// 0 is the empty picture before the first sweep; grows by one per sweep.
  package var sequence: UInt64 = 0
  /// Monotonic and wall-clock milliseconds at the end of the sweep.
  package var takenAtMs: Int64 = 0
  package var wallMs: Int64 = 0
  /// How long the sweep took.
  package var sweepMs: Int64 = 0
  /// Requests that it sent per second, to all brokers together.
  package var requestsPerSecond = Measure.unknown
  /// Name of the cluster, joined by "," when the name server knows several; empty when unknown.
  package var cluster = ""
  /// Brokers that answered in this sweep, and brokers ever seen.
  package var brokersUp = 0
  package var brokersExpected = 0
  /// Name servers that answered when they were last asked, and those configured.
  package var nameServersUp = 0
  package var nameServersExpected = 0
  /// What name servers do not agree about, in one clause; nil when they do, or only one was asked.
  package var nameServerDispute: String?
  /// The last failure in one clause with its address, nil when all was well.
  package var problem: String?
  private var totals = [Measure](repeating: .unknown, count: Total.allCases.count)
  private var tables: [TableData] = Self.clusterTables.map { TableData($0) }
  /// Of the thing that the screen has open.
  package var detail: Detail?

  /// The tables that every picture has.
  package static let clusterTables: [TableKind] = [
    .brokers, .topics, .groups, .clients, .queues, .delays, .alerts, .events, .putTimes,
  ]

  package init() {}

  /// True when an alert is about this row.
  package func isAlerting(_ kind: TableKind, _ name: String) -> Bool {
    guard let word = kind.objectWord else { return false }
    let alerts = self[.alerts]
    return !alerts.names.isEmpty && alerts.names.contains(word + " " + name)
  }
  /// Names of the rows that alerts are about.
  package func alertingRows(_ kind: TableKind) -> Set<String> {
    guard let word = kind.objectWord else { return [] }
    var rows: Set<String> = []
    for name in self[.alerts].names where name.hasPrefix(word + " ") {
      rows.insert(String(name.dropFirst(word.count + 1)))
    }
    return rows
  }

  private var totalsTable: TableData {
    var table = TableData(.totals, names: [cluster])
    table.isKnown = sequence > 0
    for total in Total.allCases { table.set(total.columnKey, [self[total]]) }
    return table
  }

  /// A number of the whole cluster.
  package subscript(_ total: Total) -> Measure {
    get { totals[total.rawValue] }
    set { totals[total.rawValue] = newValue }
  }
  /// A table of the cluster, or of the open detail; empty when there is none such.
  package subscript(_ kind: TableKind) -> TableData {
    get {
      if kind.rawValue < tables.count { return tables[kind.rawValue] }
      if kind == .totals { return totalsTable }
      return detail?.tables.first { $0.kind == kind } ?? TableData(kind)
    }
    set {
      precondition(kind.rawValue < tables.count, "details are set as a whole")
      tables[kind.rawValue] = newValue
    }
  }
}
