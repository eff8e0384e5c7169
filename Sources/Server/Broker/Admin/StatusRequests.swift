// The broker about itself: runtime information (28), configuration (26), counters (315)
// (Apache AdminBrokerProcessor, StoreStatsService).

import Linux
import Store
import Wire

enum StatusRequests {
  static let rows: [RequestRow] = [
    RequestRow(.getBrokerRuntimeInfo, "GET_BROKER_RUNTIME_INFO", .brokers, .linear, runtimeInfo),
    RequestRow(.getBrokerConfig, "GET_BROKER_CONFIG", .brokers, .linear, config),
    RequestRow(.viewBrokerStatsData, "VIEW_BROKER_STATS_DATA", .brokers, .constant, stats),
  ]

  // MARK: runtime information

  static func runtimeInfo(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    var entries = counters(node) + storeState(node) + schedule(node) + queues
    entries.sort { $0.0 < $1.0 }
    var table = KVTable()
    table.entries = entries.map { (key: $0.0, value: $0.1) }
    session.answer(header, json: table.json)
  }

  private typealias Entry = (String, String)

  private static func counters(_ node: Node) -> [Entry] {
    node.reportSends()
    let stats = node.broker.stats
    let times = max(1, stats.puts)
    return [
      ("bootTimestamp", "\(stats.bootMs)"),
      ("runtime", duration(node.nowMs - stats.bootMs)),
      ("putMessageEntireTimeMax", "\(stats.putMsMax)"),
      ("putMessageTimesTotal", "\(times)"),
      ("putMessageFailedTimes", "\(stats.putFailures)"),
      ("putMessageSizeTotal", "\(stats.putBytes)"),
      ("putMessageDistributeTime", distribution(stats)),
      ("putMessageAverageSize", "\(Double(stats.putBytes) / Double(times))"),
      ("putLatency99", decimals(stats.putPercentileMs(0.99), 2)),
      ("putLatency999", decimals(stats.putPercentileMs(0.999), 2)),
      ("putTps", stats.rates(\.puts)),
      ("getFoundTps", stats.rates(\.found)),
      ("getMissTps", stats.rates(\.missed)),
      ("getTotalTps", stats.totalRates()),
      ("getTransferredTps", stats.rates(\.transferred)),
      ("msgPutTotalYesterdayMorning", "\(stats.putsAtMorning.yesterday)"),
      ("msgPutTotalTodayMorning", "\(stats.putsAtMorning.today)"),
      ("msgPutTotalTodayNow", "\(stats.puts)"),
      ("msgGetTotalYesterdayMorning", "\(stats.getsAtMorning.yesterday)"),
      ("msgGetTotalTodayMorning", "\(stats.getsAtMorning.today)"),
      ("msgGetTotalTodayNow", "\(stats.transferred)"),
    ]
  }

  private static func storeState(_ node: Node) -> [Entry] {
    let store = node.store
    let root = store.options.root
    let logPath = root + "/commitlog"
    let used = (try? FileSystem.usedRatio(root)).map { "\($0)" } ?? "-1"
    var capacity = "Total : 0 B, Free : 0 B."
    if let space = try? FileSystem.space(root), space.totalBytes > 0 {
      capacity = "Total : \(bytes(space.totalBytes)), Free : \(bytes(space.freeBytes))."
    }
    return [
      ("commitLogDiskRatio", used), ("commitLogDiskRatio_\(logPath)", used), ("consumeQueueDiskRatio", used),
      ("commitLogMinOffset", "\(store.minOffset)"),
      ("commitLogMaxOffset", "\(store.maxOffset)"),
      ("remainHowManyDataToFlush", bytes(max(0, store.maxOffset - store.durable))),
      ("commitLogDirCapacity", capacity),
      ("earliestMessageTimeStamp", "\(earliestMs(store))"),
      ("brokerActive", "\(store.refusal == nil)"),
      ("brokerVersionDesc", "V5_3_3"), ("brokerVersion", "\(FrameWriter.version)"),
      ("dispatchBehindBytes", "0"), ("dispatchMaxBuffer", "0"), ("pageCacheLockTimeMills", "0"),
      ("getMessageEntireTimeMax", "0"), ("startAcceptSendRequestTimeStamp", "0"),
      ("remainTransientStoreBufferNumbs", "2147483647"),
    ] + TimerRequests.runtimeInfo(node)
  }

  private static func earliestMs(_ store: MessageStore) -> Int64 {
    var record = ByteBuffer()
    guard store.minOffset < store.maxOffset, store.readRecord(at: store.minOffset, into: &record),
      record.count >= Record.bytesMin
    else { return -1 }
    return Record.storeTimestampMs(record.bytes, at: 0)
  }

  /// How far each delay level is: "delivered,stored".
  private static func schedule(_ node: Node) -> [Entry] {
    guard let table = node.store.delayOffsetJSON["offsetTable"]?.members,
      let slot = node.store.slot(TopicName.schedule)
    else { return [] }
    return table.compactMap { member in
      guard let level = member.key.int, let offset = member.value.int else { return nil }
      let end = node.store.queueRange(slot, Int32(truncatingIfNeeded: level - 1))?.upperBound ?? 0
      return ("scheduleMessageOffset_\(level)", "\(offset),\(end)")
    }
  }

  /// Apache's thread pools. This server has none: nothing ever waits in them. Exporters parse every key.
  private static var queues: [Entry] {
    let pools = [
      ("send", "10000"), ("pull", "100000"), ("litePull", "100000"), ("query", "20000"), ("ack", "100000"),
    ]
    return pools.flatMap { name, capacity in
      [
        ("\(name)ThreadPoolQueueSize", "0"), ("\(name)ThreadPoolQueueCapacity", capacity),
        ("\(name)ThreadPoolQueueHeadWaitTimeMills", "0"),
      ]
    } + [("EndTransactionQueueSize", "0"), ("EndTransactionThreadPoolQueueCapacity", "100000")]
  }

  private static func duration(_ ms: Int64) -> String {
    let seconds = max(0, ms / 1000)
    return "[ \(seconds / 86_400) days, \(seconds % 86_400 / 3600) hours, "
      + "\(seconds % 3600 / 60) minutes, \(seconds % 60) seconds ]"
  }

  private static func distribution(_ stats: BrokerStats) -> String {
    guard let counts = stats.lastLatencies else { return "null" }
    let labels = [
      "<=0ms", "0~10ms", "10~50ms", "50~100ms", "100~200ms", "200~500ms", "500ms~1s", "1~2s", "2~3s", "3~4s",
      "4~5s", "5~10s", "10s~",
    ]
    return zip(labels, counts).map { "[\($0)]:\($1) " }.joined()
  }

  /// "0 B", "1.5 KiB", "20.5 GiB", as exporters split it.
  static func bytes(_ count: Int64) -> String {
    if count < 1024 { return "\(count) B" }
    var value = Double(count) / 1024
    var unit = 0
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB"]
    while value >= 1024 && unit < units.count - 1 {
      value /= 1024
      unit += 1
    }
    return "\(decimals(value, 1)) \(units[unit])"
  }

  /// `value` with that many decimal places, not negative.
  static func decimals(_ value: Double, _ places: Int) -> String {
    var scale: Int64 = 1
    for _ in 0..<places { scale *= 10 }
    let scaled = Int64((value * Double(scale)).rounded())
    let fraction = "\(scaled % scale)"
    return "\(scaled / scale).\(String(repeating: "0", count: places - fraction.count))\(fraction)"
  }

  // MARK: configuration

  static func config(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    if header.isOneWay { return }
    var writer = FrameWriter(response: 0, opaque: header.opaque, to: &session.out)
    writer.field("version", node.settingsVersion.json.text(.compact), to: &session.out)
    writer.endHeader(to: &session.out)
    for (key, value) in BrokerConf.lines(of: node.options, address: node.brokerAddress) {
      session.out.append(utf8: "\(key)=\(value)\n")
    }
    writer.finish(to: &session.out)
  }

  // MARK: counters

  static func stats(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    let name = header.string("statsName", in: fields) ?? ""
    let key = header.string("statsKey", in: fields) ?? ""
    node.reportSends()
    guard let (meter, quantity) = node.broker.stats.meter(name, key, node) else {
      return session.answer(header, .systemError, remark: "The stats <\(name)> <\(key)> not exist")
    }
    func item(_ span: Meter.Span) -> BrokerStatsItem {
      let reading = meter.read(quantity, span)
      var item = BrokerStatsItem()
      item.sum = reading.sum
      item.tps = reading.perSecond
      item.average = reading.perCall
      return item
    }
    var answer = BrokerStatsData()
    answer.minute = item(.minute)
    answer.hour = item(.hour)
    answer.day = item(.day)
    session.answer(header, json: answer.json)
  }
}
