// Pictures by chance, for tests of recordings: the same seed gives the same ones.

import TestSupport
import Top

/// A cluster whose tables grow, shrink and change in every way.
struct RandomSnapshots {
  private var random: SeededGenerator
  private(set) var snapshot = Snapshot()
  private var nowMs: Int64 = 5_000_000
  private var names = 0

  init(seed: UInt64) { random = SeededGenerator(seed: seed) }

  /// The next picture: some rows come and go, some cells change.
  mutating func next() -> Snapshot {
    nowMs += Int64.random(in: 0...3_000, using: &random)
    snapshot.sequence += 1
    snapshot.takenAtMs = nowMs
    snapshot.wallMs = 1_700_000_000_000 + nowMs
    snapshot.sweepMs = Int64.random(in: 0...100, using: &random)
    snapshot.requestsPerSecond = measure(.perSecond)
    snapshot.brokersUp = Int.random(in: 0...3, using: &random)
    snapshot.brokersExpected = 3
    snapshot.cluster = chance(10) ? "prod-\(names)" : "prod"
    snapshot.problem = chance(4) ? "broker-\(Int.random(in: 0...3, using: &random)) 不 answers" : nil
    for total in Total.allCases where chance(3) { snapshot[total] = measure(.count) }
    for kind in Snapshot.clusterTables where chance(2) { snapshot[kind] = changed(snapshot[kind]) }
    changeDetail()
    return snapshot
  }

  private mutating func chance(_ of: Int) -> Bool { Int.random(in: 0..<of, using: &random) == 0 }

  private mutating func changeDetail() {
    if chance(8) { snapshot.detail = nil }
    if chance(6) {
      let targets: [Target] = [.broker("b"), .topic("t"), .group("g"), .client("c", group: "g")]
      let target = targets[Int.random(in: 0..<4, using: &random)]
      snapshot.detail = Detail(target)
      snapshot.detail?.tables = [TableData(.topicQueues), TableData(.messages)]
    }
    guard var detail = snapshot.detail else { return }
    detail.problem = chance(3) ? "it does not say how it runs" : nil
    for index in detail.tables.indices { detail.tables[index] = changed(detail.tables[index]) }
    snapshot.detail = detail
  }

  private mutating func changed(_ table: TableData) -> TableData {
    var rows = Array(table.names.indices)
    if chance(3), !rows.isEmpty { rows.remove(at: Int.random(in: 0..<rows.count, using: &random)) }
    if chance(5) { rows.shuffle(using: &random) }
    var origins: [Int?] = rows
    while origins.count < 3 || chance(3) {
      origins.insert(nil, at: Int.random(in: 0...origins.count, using: &random))
    }
    let rowNames = origins.map { origin in
      if let origin { return table.names[origin] }
      names += 1
      return "topic-\(names % 7)-订单-\(names)"
    }
    var next = TableData(table.kind, names: rowNames)
    next.isKnown = chance(2)
    next.periodMs = Int64.random(in: 0...2, using: &random) * 1_000
    for (index, column) in table.kind.columns.enumerated() where index > 0 {
      let isBusy = chance(2)
      if column.unit == .text {
        next.set(
          column.key,
          origins.map { $0 == nil || isBusy && chance(3) ? text() : table.text($0 ?? 0, index) })
      } else if column.unit.isNumber {
        next.set(
          column.key,
          origins.map {
            $0 == nil || isBusy && chance(3) ? measure(column.unit) : table.number($0 ?? 0, index)
          })
      }
    }
    return next
  }
  private mutating func text() -> String {
    ["", "N", "master", "groß", "10.0.0.1:10911"][Int.random(in: 0..<5, using: &random)]
  }
  private mutating func measure(_ unit: Top.Unit) -> Measure {
    let atMs = chance(3) ? max(0, nowMs - Int64.random(in: 0...9_000, using: &random)) : nowMs
    switch Int.random(in: 0..<12, using: &random) {
    case 0: return .unknown
    case 1: return .first
    case 2: return .reset
    case 3: return .partial(Self.number(unit, &random), atMs: atMs)
    case 4: return .value(0, atMs: atMs)
    case 5: return .value(.infinity, atMs: atMs)
    default: return .value(Self.number(unit, &random), atMs: atMs)
    }
  }
  /// Of all sizes; whole for counts.
  static func number(_ unit: Top.Unit, _ random: inout SeededGenerator) -> Double {
    var size = 1.0
    for _ in 0..<Int.random(in: 0...12, using: &random) { size *= 10 }
    let number = Double.random(in: 0...size, using: &random)
    if unit == .ratio { return Double.random(in: 0...1, using: &random) }
    if unit == .slope, Bool.random(using: &random) { return -number }
    return unit == .count ? number.rounded() : number
  }
}
