// When a message is to be delivered: `--delay 10s` and `--at TIME`, as the brokers of a topic understand it.
//
// Brokers of 5.x take any moment (properties TIMER_DELAY_MS and TIMER_DELIVER_MS). Older ones ignore those
// and would deliver at once; they know only levels, so a delay that is one of their default levels is sent as
// that, and any other is refused here.

import Client
import Linux
import Wire

enum DeliveryTime: Equatable {
  /// Milliseconds after the broker got it.
  case after(Int64)
  /// Milliseconds since 1970.
  case at(Int64)

  /// `--at`: what `Values.timeMs` reads, or HH:MM[:SS], which is the next time that clocks show it.
  ///
  /// - Throws: `.usage` for a malformed moment, or one that is over.
  static func at(_ text: String, nowMs: Int64) throws(Failure) -> DeliveryTime {
    let moment = nextTimeOfDay(text, nowMs: nowMs) ?? Values.timeMs(text, nowMs: nowMs)
    guard let moment else {
      throw Failure(
        .usage, "--at=\(text) is not a time", hint: "for example 2026-11-20T10:00+08:00, 18:30 or +10m")
    }
    if moment <= nowMs {
      throw Failure(
        .usage, "--at=\(text) is over: it was \(Values.durationText(nowMs - moment)) ago",
        hint: "without --at the message is delivered at once")
    }
    return .at(moment)
  }

  private static func nextTimeOfDay(_ text: String, nowMs: Int64) -> Int64? {
    guard text.utf8.count == 5 || text.utf8.count == 8, Array(text.utf8)[2] == UInt8(ascii: ":") else {
      return nil
    }
    let date = Clock.rfc3339(nowMs).prefix(10)
    guard let today = Clock.parse("\(date)T\(text)") else { return nil }
    if today > nowMs { return today }
    // Noon of the next day has tomorrow's date also where summer time begins or ends.
    let tomorrow = Clock.rfc3339(Clock.startOfDayMs(nowMs) + 36 * 3_600_000).prefix(10)
    return Clock.parse("\(tomorrow)T\(text)")
  }

  /// Apache's default delay levels; level 1 is the first.
  private static let levelsMs: [Int64] = [
    1, 5, 10, 30, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600, 1200, 1800, 3600, 7200,
  ].map { $0 * 1000 }

  /// Writes the property that all of these brokers understand.
  func apply(
    to message: inout OutgoingMessage, _ cluster: Cluster, _ targets: [MessageSender.Target]
  ) throws(Failure) {
    guard let old = try Self.olderBroker(cluster, targets) else {
      switch self {
      case .after(let delayMs): message.properties[PropertyName.timerDelayMs] = "\(delayMs)"
      case .at(let moment): message.properties[PropertyName.timerDeliverMs] = "\(moment)"
      }
      return
    }
    guard case .after(let delayMs) = self, let level = Self.levelsMs.firstIndex(of: delayMs) else {
      throw Failure(
        .failed, "\(old) is older than 5.0 and would deliver the message at once",
        hint: "it knows only levels: 1s 5s 10s 30s 1m to 10m, 20m 30m 1h 2h, or --delay-level")
    }
    message.properties[PropertyName.delayLevel] = "\(level + 1)"
  }

  /// The address of a broker before 5.0 among the targets.
  private static func olderBroker(
    _ cluster: Cluster, _ targets: [MessageSender.Target]
  ) throws(Failure) -> String? {
    var asked: [MessageSender.Target] = []
    for target in targets where !asked.contains(where: { $0.address == target.address }) {
      asked.append(target)
    }
    let calls = asked.map { (address: $0.address, request: Cluster.maxOffsetRequest($0.queue)) }
    for (call, result) in zip(calls, cluster.callAll(calls)) {
      let version = try attempt { () throws(ClientError) in try result.get().version }
      if version < Release.v5 { return call.address }
    }
    return nil
  }
}
