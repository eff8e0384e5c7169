// What the collector knows of one broker. Value type; collector thread.

import Wire

/// One broker: where it is, how it answers, and its meters.
struct BrokerState {
  let name: String
  var address: String
  /// False once the name server does not list it any more.
  var isListed = true
  var answeredLast = false
  /// Failures in a row, and when it is worth asking again.
  private var failures = 0
  /// It did not answer last time.
  var isFailing: Bool { failures > 0 }
  private(set) var retryAtMs: Int64 = 0
  var topicsAskedMs: Int64?
  var groupsAskedMs: Int64?
  /// Topics and groups it listed; nil before the first answer.
  var topics: [TopicConfig]?
  var groups: [String]?

  /// False once it refused GET_BROKER_CONSUME_STATS; its groups are then asked for one by one.
  var answersAllProgress = true
  var progressAskedMs: Int64?
  /// Size of its last answer about all groups.
  var progressBytes = 0
  /// A large answer costs the broker time, so it is asked for less often.
  var progressEveryMs: Int64 { max(1, Int64(progressBytes) * 1_000 / Limits.progressBytesPerSecond) }

  private var put = RateMeter()
  private var putBytes = RateMeter()
  private var putFailed = RateMeter()
  private var got = RateMeter()
  private(set) var putLatency99Ms = Measure.unknown
  private(set) var putLatencyMaxMs = Measure.unknown
  private(set) var pageCacheLockMs = Measure.unknown
  private(set) var diskRatio = Measure.unknown

  init(name: String, address: String) {
    self.name = name
    self.address = address
  }

  mutating func succeeded() {
    failures = 0
    retryAtMs = 0
    answeredLast = true
  }
  /// Waits 1, 2, 4, then 8 seconds between tries, so that a hung broker does not hold up every sweep.
  mutating func failed(nowMs: Int64) {
    answeredLast = false
    let waitMs = min(Limits.retryMsMax, Limits.retryMsMin << Int64(min(failures, 8)))
    failures += 1
    retryAtMs = nowMs + waitMs
  }

  /// Takes the table of GET_BROKER_RUNTIME_INFO (Apache AdminBrokerProcessor.prepareRuntimeInfo); keys that
  /// this broker does not send leave their measure as it is.
  mutating func feed(_ table: KVTable, atMs: Int64) {
    func gauge(_ key: String, _ measure: inout Measure) {
      guard let number = table[key].flatMap({ Double($0) }), number.isFinite, number >= 0 else { return }
      measure = .value(number, atMs: atMs)
    }
    func counter(_ key: String, _ meter: inout RateMeter) {
      guard let count = table[key].flatMap({ Int64($0) }) else { return }
      meter.feed(count, atMs: atMs)
    }
    counter("msgPutTotalTodayNow", &put)
    counter("putMessageSizeTotal", &putBytes)
    counter("putMessageFailedTimes", &putFailed)
    counter("msgGetTotalTodayNow", &got)
    gauge("putLatency99", &putLatency99Ms)
    gauge("putMessageEntireTimeMax", &putLatencyMaxMs)
    gauge("pageCacheLockTimeMills", &pageCacheLockMs)
    gauge("commitLogDiskRatio", &diskRatio)
  }

  /// Rates, or unknown when the broker did not answer for so long that they are no news.
  func rates(nowMs: Int64, periodMs: Int64) -> (put: Measure, bytes: Measure, failed: Measure, got: Measure) {
    func fresh(_ meter: RateMeter) -> Measure {
      let ageMs = meter.rate.ageMs(nowMs: nowMs) ?? 0
      return ageMs > max(Limits.staleMsMin, 3 * periodMs) ? .unknown : meter.rate
    }
    return (fresh(put), fresh(putBytes), fresh(putFailed), fresh(got))
  }
}
