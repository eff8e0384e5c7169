// What a broker says about itself in GET_BROKER_RUNTIME_INFO (Apache AdminBrokerProcessor.prepareRuntimeInfo,
// StoreStatsService, ScheduleMessageService), as measures. Value type; collector thread.

import Client
import Wire

/// The numbers of one broker.
struct RuntimeGauges {
  /// One thread pool's queue.
  struct Pool {
    let name: String
    var waiting = Measure.unknown
    var capacity = Measure.unknown
    var headWaitMs = Measure.unknown
  }
  /// One delay level: what came in, what went out, what waits.
  struct Level {
    let number: Int
    var waiting = Measure.unknown
    /// Offset of the next to deliver in the level's queue.
    var next: Int64 = 0
    var put = RateMeter()
    var delivered = RateMeter()
  }

  private(set) var put = RateMeter()
  private(set) var putBytes = RateMeter()
  private(set) var putFailed = RateMeter()
  private(set) var got = RateMeter()
  private(set) var putLatency99Ms = Measure.unknown
  private(set) var putLatencyMaxMs = Measure.unknown
  private(set) var pageCacheLockMs = Measure.unknown
  private(set) var diskRatio = Measure.unknown
  private(set) var flushBehindBytes = Measure.unknown
  private(set) var dispatchBehindBytes = Measure.unknown
  private(set) var timerWaiting = Measure.unknown
  private(set) var timerIn = Measure.unknown
  private(set) var timerOut = Measure.unknown
  private(set) var timerBehindMs = Measure.unknown
  /// In the order of the answer.
  private(set) var pools: [Pool] = []
  /// By number.
  private(set) var levels: [Level] = []
  /// Puts of the last whole minute by how long they took.
  private(set) var latencies: [(label: String, count: Int64)] = []
  private(set) var latenciesMs: Int64?
  private(set) var version = ""
  /// Start of the process, ms since 1970.
  private(set) var bootMs: Int64?
  private var hasSorted = false

  /// The longest that a send or a pull waits for a thread now.
  var queueWaitMs: Double {
    pools.filter { $0.name == "send" || $0.name == "pull" }.reduce(0) { max($0, $1.headWaitMs.number ?? 0) }
  }
  func pool(_ name: String) -> Pool? { pools.first { $0.name == name } }

  mutating func feed(_ table: KVTable, atMs: Int64) {
    for (key, value) in table.entries { feed(key, value, atMs) }
    if !hasSorted {
      pools = pools.arranged { $0.name < $1.name }
      levels = levels.arranged { $0.number < $1.number }
      hasSorted = true
    }
  }

  private mutating func feed(_ key: String, _ value: String, _ atMs: Int64) {
    func gauge(_ measure: inout Measure, scale: Double = 1) {
      guard let number = Double(value), number.isFinite, number >= 0 else { return }
      measure = .value(number * scale, atMs: atMs)
    }
    func counter(_ meter: inout RateMeter) {
      if let count = Int64(value) { meter.feed(count, atMs: atMs) }
    }
    switch key {
    case "msgPutTotalTodayNow": counter(&put)
    case "putMessageSizeTotal": counter(&putBytes)
    case "putMessageFailedTimes": counter(&putFailed)
    case "msgGetTotalTodayNow": counter(&got)
    case "putLatency99": gauge(&putLatency99Ms)
    case "putMessageEntireTimeMax": gauge(&putLatencyMaxMs)
    case "pageCacheLockTimeMills": gauge(&pageCacheLockMs)
    case "commitLogDiskRatio": gauge(&diskRatio)
    case "dispatchBehindBytes": gauge(&dispatchBehindBytes)
    case "timerCongestNum": gauge(&timerWaiting)
    case "timerEnqueueTps": gauge(&timerIn)
    case "timerDequeueTps": gauge(&timerOut)
    case "timerReadBehind": gauge(&timerBehindMs, scale: 1_000)
    case "remainHowManyDataToFlush":
      if let bytes = Self.bytes(value) { flushBehindBytes = .value(bytes, atMs: atMs) }
    case "bootTimestamp": bootMs = Int64(value) ?? bootMs
    case "brokerVersionDesc": version = Self.version(value)
    case "putMessageDistributeTime": feedLatencies(value, atMs)
    case "EndTransactionQueueSize": gauge(&pools[pool(for: "endTransaction")].waiting)
    case "EndTransactionThreadPoolQueueCapacity": gauge(&pools[pool(for: "endTransaction")].capacity)
    default:
      if key.hasSuffix("ThreadPoolQueueSize") {
        gauge(&pools[pool(for: String(key.dropLast(19)))].waiting)
      } else if key.hasSuffix("ThreadPoolQueueCapacity") {
        gauge(&pools[pool(for: String(key.dropLast(23)))].capacity)
      } else if key.hasSuffix("ThreadPoolQueueHeadWaitTimeMills") {
        gauge(&pools[pool(for: String(key.dropLast(32)))].headWaitMs)
      } else if key.hasPrefix("scheduleMessageOffset_") {
        feedLevel(key.dropFirst(22), value, atMs)
      }
    }
  }

  /// The place of that pool, made when it is new.
  private mutating func pool(for name: String) -> Int {
    if let index = pools.firstIndex(where: { $0.name == name }) { return index }
    // More would be somebody's joke.
    if pools.count >= Limits.poolsMax { return pools.count - 1 }
    pools.append(Pool(name: name))
    hasSorted = false
    return pools.count - 1
  }

  /// "scheduleMessageOffset_3": "offset of the next to deliver,offset of the next to come".
  private mutating func feedLevel(_ digits: Substring, _ value: String, _ atMs: Int64) {
    let parts = value.split(separator: ",").compactMap { Int64($0) }
    guard let number = Int(digits), (1...Limits.delayLevelsMax).contains(number), parts.count == 2 else {
      return
    }
    let index: Int
    if let known = levels.firstIndex(where: { $0.number == number }) {
      index = known
    } else {
      index = levels.count
      hasSorted = false
      levels.append(Level(number: number))
    }
    levels[index].waiting = .value(max(0, Double(parts[1]) - Double(parts[0])), atMs: atMs)
    levels[index].next = max(0, parts[0])
    levels[index].put.feed(parts[1], atMs: atMs)
    levels[index].delivered.feed(parts[0], atMs: atMs)
  }

  /// "[<=0ms]:22 [0~10ms]:6 "; "null" in the first minute.
  private mutating func feedLatencies(_ value: String, _ atMs: Int64) {
    let parts = value.split(separator: " ").compactMap { item -> (label: String, count: Int64)? in
      guard item.first == "[", let end = item.utf8.lastIndex(of: UInt8(ascii: "]")),
        let count = Int64(item[end...].dropFirst(2)), count >= 0
      else { return nil }
      return (String(item[..<end].dropFirst()), count)
    }
    if parts.isEmpty { return }
    latencies = Array(parts.prefix(Limits.latencyBucketsMax))
    latenciesMs = atMs
  }

  /// "232 B", "1.5 KiB" (Apache MixAll.humanReadableByteCount); nil for anything else.
  private static func bytes(_ text: String) -> Double? {
    let parts = text.split(separator: " ")
    guard parts.count == 2, let number = Double(parts[0]), number.isFinite, number >= 0 else { return nil }
    if parts[1] == "B" { return number }
    let base = parts[1].hasSuffix("iB") ? 1_024.0 : 1_000
    guard let unit = parts[1].first,
      let place = Array("KMGTPE").firstIndex(of: unit == "k" ? "K" : unit)
    else { return nil }
    return (0...place).reduce(number) { value, _ in value * base }
  }

  /// "5.3.3" for "V5_3_3".
  private static func version(_ text: String) -> String {
    var words = Substring(text)
    if words.first == "V" { words.removeFirst() }
    return String(words.map { $0 == "_" ? "." : $0 })
  }
}
