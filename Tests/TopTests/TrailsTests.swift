// What graphs and curves are drawn from.

import Testing
import Top

@Suite struct TrailsTests {
  private func snapshot(second: Int64, total: Measure, _ topics: [(String, Double)]) -> Snapshot {
    var snapshot = Snapshot()
    snapshot.takenAtMs = second * 1_000
    snapshot[.inPerSecond] = total
    var table = TableData(.topics, names: topics.map { $0.0 })
    table.set("in", topics.map { .value($0.1, atMs: second * 1_000) })
    snapshot[.topics] = table
    return snapshot
  }

  @Test func samplesAreMeansAndGapsAreGaps() {
    var trails = Trails()
    for second in [0, 1, 2, 3, 6, 7] as [Int64] {
      let total: Measure = second == 1 ? .unknown : .value(Double(second), atMs: second * 1_000)
      trails.feed(snapshot(second: second, total: total, []))
    }
    let each = trails.samples(of: .inPerSecond, count: 8, spacingMs: 1_000, endMs: 7_400)
    #expect(each[0] == 0 && each[1].isNaN && each[2] == 2 && each[4].isNaN && each[7] == 7)
    let pairs = trails.samples(of: .inPerSecond, count: 4, spacingMs: 2_000, endMs: 7_000)
    #expect(pairs[0] == 0 && pairs[1] == 2.5 && pairs[2].isNaN && pairs[3] == 6.5)
  }

  @Test func rowsKeepTheirTrailWhenOthersComeAndGo() {
    var trails = Trails()
    trails.feed(snapshot(second: 1, total: .unknown, [("b", 2)]))
    trails.feed(snapshot(second: 2, total: .unknown, [("a", 1), ("b", 200_000)]))
    trails.feed(snapshot(second: 3, total: .unknown, [("a", 5)]))
    func samples(_ name: String) -> [Float] {
      trails.samples(of: .topics, name, count: 3, spacingMs: 1_000, endMs: 3_000)
    }
    #expect(samples("b")[0] == 2 && abs(samples("b")[1] - 200_000) < 200 && samples("b")[2].isNaN)
    #expect(samples("a")[0].isNaN && samples("a")[1] == 1 && samples("a")[2] == 5)
    #expect(samples("never").isEmpty)
  }

  /// Rows are kept in blocks that moments have in common: each row still has its own numbers.
  @Test func manyRowsKeepTheirOwnNumbers() {
    var trails = Trails()
    let names = (0..<200).map { "topic-\($0)" }
    // In each second one row has another number, then a block has none, and at last a row comes to the last.
    for second in 1...5 as ClosedRange<Int64> {
      let numbers = (0..<200).map { Double($0 == Int(second) * 40 ? 1_000 + second : Int64($0)) }
      trails.feed(snapshot(second: second, total: .unknown, Array(zip(names, numbers))))
    }
    trails.feed(snapshot(second: 6, total: .unknown, Array(zip(names, (0..<100).map { Double($0) }))))
    trails.feed(snapshot(second: 7, total: .unknown, [("new", 7)]))
    for row in 0..<200 {
      let samples = trails.samples(of: .topics, names[row], count: 7, spacingMs: 1_000, endMs: 7_000)
      for second in 1...5 {
        #expect(samples[second - 1] == (row == second * 40 ? 1_000 + Float(second) : Float(row)))
      }
      #expect(row < 100 ? samples[5] == Float(row) : samples[5].isNaN)
      #expect(samples[6].isNaN)
    }
    #expect(trails.samples(of: .topics, "new", count: 2, spacingMs: 1_000, endMs: 7_000)[1] == 7)
  }

  @Test func tenMinutesAreKept() {
    var trails = Trails()
    for second in 0..<Int64(Limits.trailMoments + 50) {
      trails.feed(snapshot(second: second, total: .value(1, atMs: 0), []))
    }
    #expect(trails.oldestMs == Int64(50_000))
  }
}
