// `mq broker status`: everything that a broker says of itself (code 28), its texts split into numbers with
// units.

import Client
import Wire

enum BrokerStatus {
  static let row = Command(
    ["broker", "status"], summary: "Show the state of brokers: rates, log, disk, queues of requests",
    details: """
      What a broker says about itself, with units. Without BROKER every master is shown, with --all-replicas
      the slaves too. -o wide and -o json add rates over longer times, disks, thread pools, delay levels and
      the distribution of the times to store; --raw adds what it reports as it came.
      """,
    arguments: [BrokerCommands.anyBroker],
    flags: [BrokerCommands.allReplicas, Flag("raw", .toggle, "", "add all keys and values as they came")],
    shared: [.query, .cluster],
    examples: [
      Example("mq broker status broker-a", "the master of broker-a"),
      Example("mq broker status 127.0.0.1:10911 -w", "a broker by its address, every two seconds"),
      Example("mq broker status broker-a:1 -o json", "its slave 1 as JSON"),
    ],
    replaces: ["brokerStatus"], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let targets = try invocation.askedBrokers()
    let cluster = try invocation.cluster()
    var problems = Problems()
    var reports: [Report] = []
    let answers = BrokerCommands.answers(Request(.getBrokerRuntimeInfo), of: targets, cluster, &problems)
    for (target, answer) in answers {
      let runtime = problems.take(target) { () throws(ClientError) in
        try BrokerRuntime.decode(answer, from: target.address)
      }
      if let runtime { reports.append(report(target, runtime, invocation)) }
    }
    invocation.print(reports, asList: invocation.argument("BROKER") == nil)
    try problems.finish(of: targets.count)
  }

  private static func report(_ target: BrokerTarget, _ runtime: BrokerRuntime, _ invocation: Invocation)
    -> Report
  {
    var report = Report()
    report.add("Broker", key: "broker", .text(target.label))
    report.add("Address", key: "address", .text(target.address))
    report.add("Cluster", key: "cluster", .text(target.cluster.isEmpty ? nil : target.cluster))
    report.add("Version", key: "version", .text(runtime.version))
    report.add(
      "Active", key: "isActive", runtime.table["brokerActive"].map { .flag($0 == "true") } ?? .unknown)
    report.add("Started", key: "started", .time(orNever: runtime.int("bootTimestamp")))
    report.add("Up", key: "upMs", .duration(runtime.upMs ?? age(runtime.int("bootTimestamp"), invocation)))
    for (label, key, name) in [
      ("In/s", "inPerSecond", "putTps"), ("Out/s", "outPerSecond", "getTransferredTps"),
    ] {
      let rates = runtime.rates(name)
      report.add(label, key: key, .decimal(rates.first))
      report.add(label + " 1 min", key: key + "1m", .decimal(rates.dropFirst().first), wide: true)
      report.add(label + " 10 min", key: key + "10m", .decimal(rates.dropFirst(2).first), wide: true)
    }
    addMessages(&report, runtime)
    addLog(&report, runtime)
    addWaiting(&report, runtime)
    if invocation.output != .table {
      report.add("Rates per second", key: "rates", rates(runtime))
      report.add("Disks", key: "disks", disks(runtime))
      report.add("Thread pools", key: "pools", pools(runtime))
      report.add("Delay levels", key: "delayLevels", delays(runtime))
      report.add("Times to store", key: "storeTimes", times(runtime))
    }
    if invocation.output != .table || invocation.isOn("raw") {
      var table = Table([Column("KEY", key: "key"), Column("VALUE", key: "value")])
      for entry in runtime.table.entries.arranged(by: { $0.key < $1.key }) {
        table.add(.text(entry.key), .text(entry.value))
      }
      report.add("Everything it reports", key: "runtime", table)
    }
    return report
  }

  private static func age(_ bootMs: Int64?, _ invocation: Invocation) -> Int64? {
    bootMs.map { max(0, invocation.nowMs &- $0) }
  }

  // MARK: fields

  private static func addMessages(_ report: inout Report, _ runtime: BrokerRuntime) {
    report.add("Stored", key: "storedMessages", .integer(runtime.int("putMessageTimesTotal")))
    report.add("Stored size", key: "storedBytes", .bytes(runtime.int("putMessageSizeTotal")), wide: true)
    report.add("Failed", key: "failedMessages", .integer(runtime.int("putMessageFailedTimes")))
    report.add("Message size", key: "messageSizeBytes", .bytes(average(runtime)))
    for (label, key, name) in [("In", "in", "msgPutTotal"), ("Out", "out", "msgGetTotal")] {
      report.add(label + " today", key: key + "Today", .integer(runtime.today(name)), wide: true)
      report.add(label + " yesterday", key: key + "Yesterday", .integer(runtime.yesterday(name)), wide: true)
    }
    report.add("Send p99", key: "sendP99Ms", .decimal(runtime.double("putLatency99")), wide: true)
    report.add("Send p99.9", key: "sendP999Ms", .decimal(runtime.double("putLatency999")), wide: true)
    report.add(
      "Slowest send", key: "slowestSendMs", .duration(runtime.int("putMessageEntireTimeMax")), wide: true)
    report.add(
      "Slowest read", key: "slowestReadMs", .duration(runtime.int("getMessageEntireTimeMax")), wide: true)
  }

  private static func addLog(_ report: inout Report, _ runtime: BrokerRuntime) {
    report.add("Log begins", key: "logMinOffset", .integer(runtime.int("commitLogMinOffset")))
    report.add("Log ends", key: "logMaxOffset", .integer(runtime.int("commitLogMaxOffset")))
    report.add(
      "Oldest message", key: "oldestMessage", .time(orNever: runtime.int("earliestMessageTimeStamp")))
    report.add("Disk used", key: "diskRatio", .ratio(runtime.double("commitLogDiskRatio")))
    let capacity = runtime.capacity
    report.add("Disk size", key: "diskBytes", .bytes(capacity.total), wide: true)
    report.add("Disk free", key: "diskFreeBytes", .bytes(capacity.free), wide: true)
    report.add(
      "Queues' disk used", key: "queueDiskRatio", .ratio(runtime.double("consumeQueueDiskRatio")), wide: true)
    report.add(
      "Not flushed", key: "unflushedBytes", .bytes(runtime.size("remainHowManyDataToFlush")), wide: true)
    report.add("Behind dispatch", key: "dispatchBehindBytes", .bytes(runtime.int("dispatchBehindBytes")))
    report.add(
      "Dispatch buffer", key: "dispatchBufferMax", .integer(runtime.int("dispatchMaxBuffer")), wide: true)
  }

  private static func addWaiting(_ report: inout Report, _ runtime: BrokerRuntime) {
    report.add("Waiting sends", key: "waitingSends", .integer(runtime.int("sendThreadPoolQueueSize")))
    report.add("Waiting pulls", key: "waitingPulls", .integer(runtime.int("pullThreadPoolQueueSize")))
    report.add(
      "Page cache lock", key: "pageCacheLockMs", .duration(runtime.int("pageCacheLockTimeMills")), wide: true)
    report.add(
      "Free write buffers", key: "freeWriteBuffers", .integer(runtime.int("remainTransientStoreBufferNumbs")),
      wide: true)
    report.add(
      "Accepts sends from", key: "acceptsSendsFrom",
      .time(orNever: runtime.int("startAcceptSendRequestTimeStamp")),
      wide: true)
    report.add("Timers waiting", key: "timersWaiting", .integer(runtime.int("timerCongestNum")), wide: true)
    report.add(
      "Timers in/s", key: "timersInPerSecond", .decimal(runtime.double("timerEnqueueTps")), wide: true)
    report.add(
      "Timers out/s", key: "timersOutPerSecond", .decimal(runtime.double("timerDequeueTps")), wide: true)
    report.add("Timers to read", key: "timersToRead", .integer(runtime.int("timerOffsetBehind")), wide: true)
    report.add(
      "Timers late", key: "timersLateMs", .duration(runtime.int("timerReadBehind").map { $0 &* 1000 }),
      wide: true)
  }

  private static func average(_ runtime: BrokerRuntime) -> Int64? {
    guard let value = runtime.double("putMessageAverageSize"), value.isFinite, abs(value) < 1e18 else {
      return nil
    }
    return Int64(value)
  }

  // MARK: tables

  private static func rates(_ runtime: BrokerRuntime) -> Table {
    var table = Table([
      Column("WHAT", key: "what"), Column("10 S", key: "perSecond10s", right: true),
      Column("1 MIN", key: "perSecond1m", right: true), Column("10 MIN", key: "perSecond10m", right: true),
    ])
    for (what, name) in [
      ("stored", "putTps"), ("delivered", "getTransferredTps"), ("reads", "getTotalTps"),
      ("reads found", "getFoundTps"), ("reads missed", "getMissTps"),
    ] {
      let rates = runtime.rates(name)
      table.add(
        .text(what), .decimal(rates.first), .decimal(rates.dropFirst().first),
        .decimal(rates.dropFirst(2).first))
    }
    return table
  }

  private static func disks(_ runtime: BrokerRuntime) -> Table {
    var table = Table([Column("LOG", key: "path"), Column("USED", key: "usedRatio", right: true)])
    let prefix = "commitLogDiskRatio_"
    for entry in runtime.table.entries where entry.key.hasPrefix(prefix) {
      table.add(.text(String(entry.key.dropFirst(prefix.count))), .ratio(Double(entry.value)))
    }
    return table
  }

  private static func pools(_ runtime: BrokerRuntime) -> Table {
    var table = Table([
      Column("POOL", key: "pool"), Column("WAITING", key: "waiting", right: true),
      Column("CAPACITY", key: "capacity", right: true), Column("LONGEST", key: "longestWaitMs", right: true),
    ])
    let suffix = "ThreadPoolQueueCapacity"
    for entry in runtime.table.entries.arranged(by: { $0.key < $1.key }) where entry.key.hasSuffix(suffix) {
      let name = String(entry.key.dropLast(suffix.count))
      table.add(
        .text(name),
        .integer(runtime.int("\(name)ThreadPoolQueueSize") ?? runtime.int("\(name)QueueSize")),
        .integer(Int64(entry.value)), .duration(runtime.int("\(name)ThreadPoolQueueHeadWaitTimeMills")))
    }
    return table
  }

  private static func delays(_ runtime: BrokerRuntime) -> Table {
    var table = Table([
      Column("LEVEL", key: "level", right: true), Column("DELIVERED", key: "deliveredOffset", right: true),
      Column("STORED", key: "storedOffset", right: true), Column("WAITING", key: "waiting", right: true),
    ])
    let prefix = "scheduleMessageOffset_"
    let levels = runtime.table.entries.compactMap { entry in
      entry.key.hasPrefix(prefix) ? Int64(entry.key.dropFirst(prefix.count)) : nil
    }
    for level in levels.sorted() {
      let offsets = runtime.table["\(prefix)\(level)"]?.split(separator: ",").compactMap { Int64($0) } ?? []
      guard offsets.count == 2 else { continue }
      table.add(
        .integer(level), .integer(offsets[0]), .integer(offsets[1]),
        .integer(max(0, offsets[1] &- offsets[0])))
    }
    return table
  }

  /// "[<=0ms]:22 [0~10ms]:6 …"
  private static func times(_ runtime: BrokerRuntime) -> Table {
    var table = Table([Column("TIME", key: "time"), Column("MESSAGES", key: "messages", right: true)])
    for item in runtime.table["putMessageDistributeTime"]?.split(separator: " ") ?? [] {
      let parts = item.split(separator: ":")
      guard parts.count == 2, let count = Int64(parts[1]) else { continue }
      table.add(.text(String(parts[0].dropFirst().dropLast())), .integer(count))
    }
    return table
  }
}

extension BrokerRuntime {
  /// Messages since midnight, of "msgPutTotal" or "msgGetTotal".
  func today(_ name: String) -> Int64? {
    guard let now = int(name + "TodayNow"), let morning = int(name + "TodayMorning") else { return nil }
    return now &- morning
  }
  /// Messages of the day before.
  func yesterday(_ name: String) -> Int64? {
    guard let morning = int(name + "TodayMorning"), let before = int(name + "YesterdayMorning") else {
      return nil
    }
    return morning &- before
  }

  /// Time since its start by its own clock: "[ 0 days, 0 hours, 10 minutes, 11 seconds ]".
  var upMs: Int64? {
    let numbers = table["runtime"]?.split(separator: " ").compactMap { Int64($0) } ?? []
    guard numbers.count == 4, numbers.allSatisfy({ (0...1_000_000).contains($0) }) else { return nil }
    return (((numbers[0] * 24 + numbers[1]) * 60 + numbers[2]) * 60 + numbers[3]) * 1000
  }

  /// "232 B", "1.5 KiB" in bytes.
  func size(_ key: String) -> Int64? { table[key].flatMap(Self.bytes) }

  /// "Total : 6.0 GiB, Free : 5.9 GiB."
  var capacity: (total: Int64?, free: Int64?) {
    let parts = (table["commitLogDirCapacity"] ?? "").split(separator: ",").map { part in
      part.split(separator: ":").last.map { Self.bytes(String($0.last == "." ? $0.dropLast() : $0)) } ?? nil
    }
    return parts.count == 2 ? (parts[0], parts[1]) : (nil, nil)
  }

  private static func bytes(_ text: String) -> Int64? {
    Values.bytes(text.filter { $0 != " " })
  }
}
