// An incident, made the same each time: a consumer dies, its group's lag grows, a broker's disk fills.

import TestSupport
import Top

/// Five minutes of a small cluster. Second 60: the only consumer of ship-labels goes. Second 163: the disk of
/// broker-b is over its threshold. Second 240: the consumer is back, and the lag goes down.
enum Incident {
  static let seconds = 300
  static let startMs: Int64 = 40_000_000
  static let startWallMs: Int64 = 1_795_264_200_000

  static func snapshots() -> [Snapshot] {
    var random = SeededGenerator(seed: 2_026)
    var lag = 40.0
    return (0..<seconds).map { second in
      let isDead = second >= 60 && second < 240
      let put = 210 + Double(Int.random(in: -9...9, using: &random))
      let got =
        isDead
        ? 0 : min(lag + put, second >= 240 ? 900 : put + Double(Int.random(in: -9...9, using: &random)))
      lag = max(0, (lag + put - got).rounded())
      return snapshot(second, put: put, got: got, lag: lag, isDead: isDead, &random)
    }
  }

  private static func snapshot(
    _ second: Int, put: Double, got: Double, lag: Double, isDead: Bool, _ random: inout SeededGenerator
  ) -> Snapshot {
    var snapshot = Snapshot()
    snapshot.sequence = UInt64(second + 1)
    snapshot.takenAtMs = startMs + Int64(second) * 1_000
    snapshot.wallMs = startWallMs + Int64(second) * 1_000
    snapshot.sweepMs = 12
    snapshot.cluster = "prod-a"
    snapshot.brokersUp = 2
    snapshot.brokersExpected = 2
    snapshot.nameServersUp = 2
    snapshot.nameServersExpected = 2
    let atMs = snapshot.takenAtMs - 12
    func value(_ number: Double) -> Measure { .value(number, atMs: atMs) }
    let disk = 0.70 + Double(second) * 0.000_88
    snapshot.requestsPerSecond = value(14)
    snapshot[.inPerSecond] = value(put + 1_000)
    snapshot[.outPerSecond] = value(got + 1_000)
    snapshot[.inBytesPerSecond] = value((put + 1_000) * 900)
    snapshot[.lag] = value(lag)
    snapshot[.lagPerSecond] = value(put - got)
    snapshot[.diskRatio] = value(disk)
    snapshot[.putLatency99Ms] = value(1.2)

    var brokers = TableData(.brokers, names: ["broker-a/0", "broker-b/0"])
    brokers.isKnown = true
    brokers.set("role", ["master", "master"])
    brokers.set("version", ["5.3.2", "5.3.2"])
    brokers.set("in", [value(800), value(put + 200)])
    brokers.set("disk", [value(0.41), value(disk)])
    snapshot[.brokers] = brokers

    let names = ["labels", "orders", "payments"]
    var topics = TableData(.topics, names: names)
    topics.isKnown = true
    topics.periodMs = 1_000
    topics.set("in", [value(put), value(700), value(300 + Double(Int.random(in: 0...3, using: &random)))])
    topics.set("out", [value(got), value(700), value(300)])
    topics.set("backlog", [value(lag), value(0), value(3)])
    topics.set("type", ["N", "N", "F"])
    snapshot[.topics] = topics

    var groups = TableData(.groups, names: ["billing", "ship-labels"])
    groups.isKnown = true
    groups.periodMs = 1_000
    groups.set("lag", [value(3), value(lag)])
    groups.set("slope", [value(0), value(put - got)])
    groups.set("clients", [value(2), value(isDead ? 0 : 1)])
    groups.set("out", [value(1_000), value(got)])
    groups.set("why", ["", isDead ? "no clients" : ""])
    snapshot[.groups] = groups

    var alerts: [(String, String, String)] = []
    if isDead, second >= 70 {
      alerts.append(("group ship-labels", "critical", "\(Int(lag)) messages wait and nobody consumes them"))
    }
    if disk > 0.85 {
      alerts.append(("broker broker-b/0", "warning", "the disk of the commit log is over 85%"))
    }
    var table = TableData(.alerts, names: alerts.map { $0.0 })
    table.isKnown = true
    table.set("level", alerts.map { $0.1 })
    table.set("text", alerts.map { $0.2 })
    snapshot[.alerts] = table
    return snapshot
  }
}
