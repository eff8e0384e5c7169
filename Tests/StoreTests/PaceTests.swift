// When memory is used up fast enough for large pages.

import Testing

@testable import Store

struct PaceTests {
  @Test func onlyAStretchWithinASecondIsFast() {
    var pace = Pace(stretchBytes: 100, used: 1000)
    let notes: [(used: Int64, atMs: Int64, isFast: Bool)] = [
      // Nobody knows since when.
      (1100, 50_000, false), (1199, 50_010, false),
      (1200, 50_020, true), (1299, 51_019, true),
      // A stretch that takes a second.
      (1299, 51_020, false), (1300, 51_030, false),
      (1400, 52_029, true),
    ]
    for note in notes {
      pace.note(note.used, nowMs: note.atMs)
      #expect(pace.isFast == note.isFast, "\(note)")
    }
  }
}
