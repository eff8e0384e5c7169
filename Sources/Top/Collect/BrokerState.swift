// What the collector knows of one broker process. Value type; collector thread.

import Client
import Wire

/// One broker: where it is, how it answers, and its meters.
struct BrokerState {
  /// The name that a master shares with its slaves.
  let group: String
  /// 0 is the master.
  let id: Int64
  /// "broker-a" for a master, "broker-a:1" for a slave: what the commands call it.
  let label: String
  var address: String
  var cluster = ""
  /// It speaks for its name: the master, or the slave of the smallest id where there is none.
  var isPrimary = false
  /// Slaves that are registered with it.
  var slaves = 0
  /// False once the name server does not list it any more.
  var isListed = true
  var answeredLast = false
  /// Failures in a row, and when it is worth asking again.
  private var failures = 0
  /// It did not answer last time.
  var isFailing: Bool { failures > 0 }
  private(set) var retryAtMs: Int64 = 0

  // MARK: Asking

  /// When the questions that have no parameter were last asked, by request code.
  var askedMs: [Int32: Int64] = [:]
  var reviveAskedMs: Int64?
  var gotBytesAskedMs: Int64?
  /// May be asked more than for its pulse in the sweep that is being planned.
  var isReady = false
  /// Until when a request is not worth asking: forever for codes that this release does not know.
  private var refusedUntilMs: [Int32: Int64] = [:]
  /// Requests that may be sent now; grows with time, as fast as `pace` allows.
  var tokens = Double(Limits.requestsPerSecondPerBroker)
  private var refilledMs: Int64?
  /// 1, or less while the broker is too busy for the questions of a dashboard.
  private(set) var pace = 1.0

  // MARK: What it told

  /// Topics and groups it listed, with a sum over the bytes of the list; nil before the first answer.
  var topics: [TopicConfig]?
  var topicsSum: UInt64 = 0
  var groups: [String]?
  var groupsSum: UInt64 = 0
  /// Groups that may not consume.
  var pausedGroups: [String] = []
  /// Bytes of its last answers about all groups and all producers; large ones cost the broker time.
  var progressBytes = 0
  var producersBytes = 0
  var producers: [(name: String, producers: [ProducerInfo])]?
  /// Messages by topic that wait in the timer wheel.
  var timers: [(topic: String, count: Measure)] = []
  /// Settings by name, and when they came.
  var settings: [String: String] = [:]
  var settingsMs: Int64?
  /// By delay level: when its next message was due on the wall clock, and when that was read.
  var dues: [Int: (dueMs: Int64, atMs: Int64)] = [:]
  var duesAskedMs: Int64?
  var haLagBytes = Measure.unknown
  /// Bytes per second that the busiest groups got, by "topic@group", and how many groups got something.
  var gotBytes: [String: Measure] = [:]
  var gotPairs = 0
  /// What its pops wrote and its revive service has not worked off.
  var revive = Measure.unknown
  var reviveRate = RateMeter()
  /// Half messages without an end.
  var half = Measure.unknown

  private(set) var gauges = RuntimeGauges()

  init(group: String, id: Int64, address: String) {
    self.group = group
    self.id = id
    self.address = address
    label = id == 0 ? group : "\(group):\(id)"
  }

  mutating func succeeded() {
    failures = 0
    retryAtMs = 0
    answeredLast = true
  }
  /// Waits 1, 2, 4, then 8 seconds between tries, so that a hung broker costs little.
  mutating func failed(nowMs: Int64) {
    answeredLast = false
    let waitMs = min(Limits.retryMsMax, Limits.retryMsMin << Int64(min(failures, 8)))
    failures += 1
    retryAtMs = nowMs + waitMs
  }

  /// Remembers a refusal; code 3 says that the release does not know the request at all.
  mutating func refused(_ request: Int32, code: Int32, nowMs: Int64) {
    let isForGood = code == ResponseCode.requestCodeNotSupported.rawValue
    refusedUntilMs[request] = isForGood ? .max : nowMs + Limits.refusalMs
  }
  func refuses(_ request: Int32, nowMs: Int64) -> Bool { (refusedUntilMs[request] ?? 0) > nowMs }
  /// Whether a question without parameters is due, that is asked every so often.
  func isDue(_ request: RequestCode, everyMs: Int64, _ nowMs: Int64) -> Bool {
    guard let askedMs = askedMs[request.rawValue] else { return true }
    return nowMs - askedMs >= everyMs
  }

  /// Lets time give the broker its share of requests; at most one second's worth is saved up.
  mutating func refill(nowMs: Int64) {
    let perSecond = Double(Limits.requestsPerSecondPerBroker) * pace
    if let refilledMs {
      tokens = min(perSecond, tokens + Double(nowMs - refilledMs) * perSecond / 1_000)
    }
    refilledMs = nowMs
  }

  /// Takes the table of GET_BROKER_RUNTIME_INFO; keys that this broker does not send leave their measure as
  /// it is.
  mutating func feed(_ table: KVTable, atMs: Int64) {
    let (bootMs, waitMs) = (gauges.bootMs, gauges.queueWaitMs)
    gauges.feed(table, atMs: atMs)
    // Another life of the broker may be another release.
    if bootMs != nil, bootMs != gauges.bootMs { refusedUntilMs.removeAll() }
    if gauges.queueWaitMs > max(waitMs, Limits.busyWaitMs) {
      pace = max(Limits.paceMin, pace / 2)
    } else {
      pace = min(1, pace * 1.25)
    }
  }

  /// A large answer about all groups costs the broker time, so it is asked for less often.
  var progressEveryMs: Int64 { max(1, Int64(progressBytes) * 1_000 / Limits.progressBytesPerSecond) }
  var producersEveryMs: Int64 {
    max(Limits.clientsEveryMs, Int64(producersBytes) * 1_000 / Limits.progressBytesPerSecond)
  }
}
