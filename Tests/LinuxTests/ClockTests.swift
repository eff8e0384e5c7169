// Clocks, and times as text in every zone.

import Glibc
import Linux
import TestSupport
import Testing

@Suite struct ClockTests {
  @Test(
    arguments: [
      ("1970-01-01T00:00:00Z", 0), ("2026-11-20T10:00:00Z", 1_795_168_800_000),
      ("2026-11-20T10:00:00+08:00", 1_795_140_000_000), ("2026-11-20 10:00:00.5-03:30", 1_795_181_400_500),
      ("2024-02-29T23:59:59.999Z", 1_709_251_199_999), ("1969-12-31T23:59:59.999Z", -1),
      ("2026-11-20T10:00:00.123456Z", 1_795_168_800_123), ("2026-11-20T10:00Z", 1_795_168_800_000),
    ] as [(String, Int64)])
  func parsesZones(text: String, wallMs: Int64) {
    #expect(Clock.parse(text) == wallMs)
  }

  @Test(arguments: [
    "", "2026", "2026-11", "2026-11-2", "2026-13-01", "2026-02-29", "2026-11-31", "2026-11-20T",
    "2026-11-20T10",
    "2026-11-20T24:00", "2026-11-20T10:60", "2026-11-20T10:00:60", "2026-11-20T10:00:00.",
    "2026-11-20T10:00:00+8",
    "2026-11-20T10:00:00+24:00", "2026-11-20T10:00:00Zx", "2026-11-20x", "-026-11-20", "２026-11-20",
  ])
  func refuses(text: String) {
    #expect(Clock.parse(text) == nil)
  }

  @Test func localTextAndFieldsRoundTrip() throws {
    var random = SeededGenerator(seed: 7)
    for _ in 0..<500 {
      let wallMs = Int64.random(in: -1_000_000_000_000...4_000_000_000_000, using: &random)
      let local = Clock.local(wallMs)
      // Zones before 1970 may have offsets with seconds, which the text cannot show.
      #expect(abs(local.wallMs - wallMs) < 60_000)
      #expect(local.isValid)
      if wallMs > 0 { #expect(Clock.parse(Clock.rfc3339(wallMs)) == wallMs) }
    }
  }

  /// Timestamps come from other hosts: none may trap.
  @Test(arguments: [Int64.min, -1, 0, Int64.max])
  func everyMomentHasALocalTime(wallMs: Int64) {
    let local = Clock.local(wallMs)
    #expect(local.isValid)
    #expect(!Clock.rfc3339(wallMs).isEmpty)
  }

  @Test func startsOfDayAndMonthAreMidnights() throws {
    let wallMs = try #require(Clock.parse("2026-11-20T10:11:12.345"))
    #expect(Clock.startOfDayMs(wallMs) == Clock.parse("2026-11-20"))
    #expect(Clock.startOfMonthMs(wallMs) == Clock.parse("2026-11-01"))
    #expect(Clock.parse("2026-11-20T00:00") == Clock.parse("2026-11-20"))
  }

  /// The zone is read once per process, so each zone has its own.
  @Test func localTimeFollowsTheZone() async {
    await #expect(processExitsWith: .success) {
      setenv("TZ", "Asia/Shanghai", 1)
      #expect(Clock.rfc3339(1_795_168_800_123) == "2026-11-20T18:00:00.123+08:00")
      #expect(Clock.parse("2026-11-20T18:00") == 1_795_168_800_000)
      #expect(Clock.rfc3339(-1) == "1970-01-01T07:59:59.999+08:00")
    }
    await #expect(processExitsWith: .success) {
      setenv("TZ", "America/St_Johns", 1)
      #expect(Clock.rfc3339(1_795_168_800_000) == "2026-11-20T06:30:00.000-03:30")
      // The day on which summer time begins has 23 hours.
      let noon = Clock.parse("2026-03-08T12:00")!
      #expect(noon - Clock.startOfDayMs(noon) == 11 * 3_600_000)
    }
  }

  @Test func monotonicTimeDoesNotGoBack() {
    let before = Clock.monotonicNs()
    #expect(Clock.monotonicNs() >= before)
    #expect(Clock.monotonicMs() >= before / 1_000_000)
    #expect(Clock.wallMs() > 1_700_000_000_000)
  }
}
