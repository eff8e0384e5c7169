// Rates, sums, histories and slopes, and how numbers are written.

import Testing

@testable import Top

@Suite struct MeasureTests {
  @Test func firstSampleHasNoRate() {
    var meter = RateMeter()
    #expect(meter.rate == .unknown)
    meter.feed(1_000, atMs: 10_000)
    #expect(meter.rate == .first)
  }
  @Test func rateDividesByTheTimeThatPassed() {
    var meter = RateMeter()
    meter.feed(1_000, atMs: 10_000)
    meter.feed(1_500, atMs: 12_500)
    #expect(meter.rate == .value(200, atMs: 12_500))
    meter.feed(1_500, atMs: 13_000)
    #expect(meter.rate == .value(0, atMs: 13_000))
  }
  @Test func resetIsNeitherZeroNorNegative() {
    var meter = RateMeter()
    meter.feed(1_000, atMs: 0)
    meter.feed(2_000, atMs: 1_000)
    meter.feed(5, atMs: 2_000)
    #expect(meter.rate == .reset)
    meter.feed(15, atMs: 3_000)
    #expect(meter.rate == .value(10, atMs: 3_000))
  }
  @Test func newQueuesStartOver() {
    var meter = RateMeter()
    meter.feed(1_000, shape: 4, atMs: 0)
    meter.feed(9_000, shape: 8, atMs: 1_000)
    #expect(meter.rate == .first)
    meter.feed(9_100, shape: 8, atMs: 2_000)
    #expect(meter.rate == .value(100, atMs: 2_000))
  }
  @Test func samplesTooNearAreIgnored() {
    var meter = RateMeter()
    meter.feed(0, atMs: 0)
    meter.feed(1_000, atMs: 1)
    #expect(meter.rate == .first)
    meter.feed(1_000, atMs: 1_000)
    #expect(meter.rate == .value(1_000, atMs: 1_000))
  }

  /// Consumers commit every five seconds; in between their offsets stand still though they consume.
  @Test func stepsAreMeasuredFromOneToTheNext() {
    var meter = RateMeter()
    func at(_ second: Int64, _ count: Int64) -> Measure {
      meter.feed(count, stepMs: 6_500, atMs: second * 1_000)
      return meter.rate
    }
    #expect(at(0, 100) == .first)
    #expect(at(1, 100) == .first)
    // When the commit before was is not known, so 1,000 in these two seconds would be a guess.
    #expect(at(2, 1_100) == .first)
    #expect(at(3, 1_100) == .first)
    #expect(at(7, 2_100) == .value(200, atMs: 7_000))
    #expect(at(8, 2_100) == .value(200, atMs: 8_000))
    #expect(at(12, 4_100) == .value(400, atMs: 12_000))
    #expect(at(18, 4_100) == .value(400, atMs: 18_000))
    #expect(at(19, 4_100) == .value(0, atMs: 19_000))
    #expect(at(60, 4_100) == .value(0, atMs: 60_000))
    // What is committed after a rest was consumed since a commit could have come.
    #expect(at(61, 4_850) == .value(100, atMs: 61_000))
    // One that moves with each sample, and one that has nothing to count until it moves.
    var steady = RateMeter()
    for second in 0...2 as ClosedRange<Int64> {
      steady.feed(second * 50, stepMs: 6_500, atMs: second * 1_000)
    }
    #expect(steady.rate == .value(50, atMs: 2_000))
    var idle = RateMeter()
    for second in 0...1 as ClosedRange<Int64> {
      idle.feed(7, stepMs: 6_500, isIdle: true, atMs: second * 1_000)
    }
    #expect(idle.rate == .value(0, atMs: 1_000))
    idle.feed(9, stepMs: 6_500, atMs: 2_000)
    #expect(idle.rate == .first)
  }

  @Test func sumsKnowWhatIsMissing() {
    func sum(_ parts: Measure...) -> Measure {
      var sum = MeasureSum()
      for part in parts { sum.add(part) }
      return sum.sum
    }
    #expect(sum() == .unknown)
    #expect(sum(.unknown) == .unknown)
    #expect(sum(.first) == .first)
    #expect(sum(.reset, .unknown) == .reset)
    #expect(sum(.value(1, atMs: 5), .value(2, atMs: 4)) == .value(3, atMs: 4))
    #expect(sum(.value(1, atMs: 5), .unknown) == .partial(1, atMs: 5))
    #expect(sum(.value(1, atMs: 5), .partial(2, atMs: 9)) == .partial(3, atMs: 5))
  }

  @Test func oldValuesAreForgotten() {
    let measure = Measure.value(5, atMs: 1_000)
    #expect(measure.forgotten(nowMs: 1_000 + Limits.unknownMs, periodMs: 1) == measure)
    #expect(measure.forgotten(nowMs: 1_001 + Limits.unknownMs, periodMs: 1) == .unknown)
    #expect(measure.forgotten(nowMs: 1_001 + Limits.unknownMs, periodMs: 60_000) == measure)
  }

  @Test func slopeNeedsThreePoints() {
    var slope = Slope()
    #expect(slope.perSecond == .unknown)
    slope.feed(100, atMs: 0)
    slope.feed(110, atMs: 1_000)
    #expect(slope.perSecond == .first)
    slope.feed(120, atMs: 2_000)
    #expect(abs((slope.perSecond.number ?? 0) - 10) < 1e-9)
    slope.restart()
    #expect(slope.perSecond == .unknown)
  }
}

@Suite struct NumberTextTests {
  @Test(arguments: [
    (0.0, "0"), (0.01, "0.1"), (0.4, "0.4"), (1, "1"), (9.94, "9.9"), (9.96, "10"), (612, "612"),
    (999.4, "999"),
    (999.6, "1.0k"), (12_100, "12.1k"), (190_000, "190k"), (999_499, "999k"), (1_240_000, "1.24M"),
    (84_200, "84.2k"), (8.1e9, "8.10G"), (-212, "-212"), (.nan, "-"), (.infinity, "-"), (1e300, "-"),
  ])
  func counts(_ number: Double, _ text: String) {
    #expect(NumberText.count(number) == text)
  }
  @Test func countsFitSixColumns() {
    var number = 0.001
    while number < 1e17 {
      #expect(NumberText.count(number).count <= 5, "\(number)")
      number *= 1.37
    }
  }
  @Test func otherUnits() {
    #expect(NumberText.bytes(0) == "0B")
    #expect(NumberText.bytes(11.4 * 1_048_576) == "11.4MB")
    #expect(NumberText.milliseconds(1.25) == "1.3ms")
    #expect(NumberText.milliseconds(38) == "38ms")
    #expect(NumberText.milliseconds(2_500) == "2.5s")
    #expect(NumberText.percent(0.614) == "61%")
    #expect(NumberText.grouped(2_104) == "2,104")
    #expect(NumberText.grouped(1_002_104) == "1,002,104")
    #expect(NumberText.grouped(0) == "0")
    #expect(NumberText.fixed(-0.001, decimals: 1) == "0.0")
  }
}
