// When memory is used up fast enough for large pages.

import Testing

@testable import Store

struct PaceTests {
  @Test func onlyAStretchWithinASecondIsFast() {
    var pace = Pace(stretchBytes: 100, used: 1000)
    pace.note(1100, nowMs: 50_000)
    #expect(!pace.isFast, "nobody knows since when")
    pace.note(1199, nowMs: 50_010)
    #expect(!pace.isFast)
    pace.note(1200, nowMs: 50_020)
    #expect(pace.isFast)
    pace.note(1299, nowMs: 51_019)
    #expect(pace.isFast)
    pace.note(1299, nowMs: 51_020)
    #expect(!pace.isFast, "a stretch takes a second")
    pace.note(1300, nowMs: 51_030)
    #expect(!pace.isFast)
    pace.note(1400, nowMs: 52_029)
    #expect(pace.isFast)
  }
}
