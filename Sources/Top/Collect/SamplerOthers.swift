// The snapshot's tables of clients, of the hottest queues, and of what waits for its time or its end.

import Client
import Wire

extension Sampler {
  // MARK: Clients

  /// Who is connected: a row for each client, whatever groups it is in.
  func clientTable() -> TableData {
    struct Row {
      var consumes: [String] = []
      var produces: [String] = []
      var language = ""
      var version: Int32 = 0
      var address = ""
      var brokers: Set<String> = []
    }
    var rows: [String: Row] = [:]
    for group in groups {
      for part in group.parts {
        for client in part.clients ?? [] {
          var row = rows.removeValue(forKey: client.clientId) ?? Row()
          if row.consumes.last != group.name { row.consumes.append(group.name) }
          (row.language, row.version, row.address) = (client.language, client.version, client.address)
          row.brokers.insert(part.broker)
          rows[client.clientId] = row
        }
      }
    }
    for broker in brokers where broker.isPrimary {
      // Consumers are in this group too, to send messages back.
      for (name, producers) in broker.producers ?? [] where name != "CLIENT_INNER_PRODUCER" {
        for client in producers {
          var row = rows.removeValue(forKey: client.clientId) ?? Row()
          if !row.produces.contains(name) { row.produces.append(name) }
          (row.language, row.version) = (client.language, client.version)
          row.address = String(client.remoteAddress.drop { $0 == "/" })
          row.brokers.insert(broker.group)
          rows[client.clientId] = row
        }
      }
    }
    let names = rows.keys.sorted()
    let ordered = names.map { rows[$0] ?? Row() }
    var table = TableData(.clients, names: names)
    table.isKnown =
      brokers.contains { $0.producers != nil } || groups.contains { $0.parts.contains { $0.clients != nil } }
    table.periodMs = Limits.clientsSweepMs
    table.set("group", ordered.map { ($0.consumes + $0.produces).joined(separator: ",") })
    table.set(
      "role",
      ordered.map { $0.produces.isEmpty ? "consumer" : $0.consumes.isEmpty ? "producer" : "both" })
    table.set("language", ordered.map { $0.language })
    table.set("version", ordered.map { Release.name($0.version) })
    table.set("address", ordered.map { $0.address })
    table.set("brokers", ordered.map { .value(Double($0.brokers.count), atMs: nowMs) })
    return table
  }

  // MARK: Queues

  /// Finds the topics whose queues are worth following.
  mutating func findBusyTopics() {
    var busiest: [(rate: Double, index: Int)] = []
    var least = 0.0
    for index in topics.indices {
      guard topics[index].kind != .system, let rate = topics[index].inPerSecond.number, rate > least else {
        continue
      }
      busiest.append((rate, index))
      if busiest.count >= 4 * Limits.busyTopicsMax {
        busiest = Array(busiest.arranged { $0.rate > $1.rate }.prefix(Limits.busyTopicsMax))
        least = busiest.last?.rate ?? 0
      }
    }
    busyTopics = busiest.arranged { $0.rate > $1.rate }.prefix(Limits.busyTopicsMax).map { $0.index }
  }

  /// The hottest queues of the busiest topics.
  func queueTable() -> TableData {
    struct Row {
      let place: MessageQueue
      let part: TopicState.Part
      let rate: Double
      let share: Double?
    }
    var rows: [Row] = []
    let isFresh = { (part: TopicState.Part) in
      nowMs - part.queuesMs <= max(Limits.staleMsMin, 3 * Limits.sweepEveryMs)
    }
    for index in busyTopics {
      let total = topics[index].parts.reduce(0) { $0 + $1.queueRates.reduce(0, +) }
      for part in topics[index].parts where isFresh(part) {
        for (id, rate) in part.queueRates.enumerated() where rate > 0 {
          let place = MessageQueue(topic: topics[index].name, broker: part.broker, queueId: Int32(id))
          rows.append(Row(place: place, part: part, rate: rate, share: total > 0 ? rate / total : nil))
        }
      }
    }
    rows = Array(rows.arranged { $0.rate > $1.rate }.prefix(Limits.hotQueuesMax))
    var table = TableData(.queues, names: rows.map { queueName($0.place) })
    table.isKnown = topicsAreKnown
    table.periodMs = Limits.sweepEveryMs
    table.set("broker", rows.map { $0.place.broker })
    table.set("in", rows.map { .value($0.rate, atMs: $0.part.queuesMs) })
    table.set("share", rows.map { row in row.share.map { .value($0, atMs: row.part.queuesMs) } ?? .unknown })
    table.set(
      "min", rows.map { .value(Double($0.part.firstOffsets[Int($0.place.queueId)]), atMs: $0.part.queuesMs) })
    table.set(
      "max", rows.map { .value(Double($0.part.nextOffsets[Int($0.place.queueId)]), atMs: $0.part.queuesMs) })
    let periodMs = groupPeriodMs
    table.set(
      "out",
      rows.map { (followed[$0.place]?.out.rate ?? .unknown).forgotten(nowMs: nowMs, periodMs: periodMs) })
    table.set(
      "lag", rows.map { (followed[$0.place]?.lag ?? .unknown).forgotten(nowMs: nowMs, periodMs: periodMs) })
    table.set("owner", rows.map { owners[$0.place] ?? "" })
    return table
  }

  /// "orders#3", with the broker where several have such a queue.
  func queueName(_ queue: MessageQueue) -> String {
    let name = "\(queue.topic)#\(queue.queueId)"
    return primaries.count > 1 ? name + "@" + queue.broker : name
  }

  // MARK: Delays, transactions, pop

  private struct DelayRow {
    var name: String
    var broker: String
    var waiting = Measure.unknown
    var put = Measure.unknown
    var out = Measure.unknown
    var behindMs = Measure.unknown
  }

  func delayTable(_ wallMs: Int64) -> TableData {
    let rows = brokers.indices.filter { brokers[$0].isPrimary }.flatMap { delays(on: $0, wallMs) }
    var table = TableData(.delays, names: rows.map { $0.name })
    table.isKnown = brokers.contains { $0.isPrimary && $0.answeredLast }
    table.periodMs = Limits.slowEveryMs
    table.set("broker", rows.map { $0.broker })
    table.set("waiting", rows.map { $0.waiting.forgotten(nowMs: nowMs, periodMs: Limits.slowEveryMs) })
    table.set("in", rows.map { $0.put.forgotten(nowMs: nowMs, periodMs: Limits.slowEveryMs) })
    table.set("out", rows.map { $0.out.forgotten(nowMs: nowMs, periodMs: Limits.slowEveryMs) })
    table.set("behind", rows.map { $0.behindMs.forgotten(nowMs: nowMs, periodMs: Limits.slowEveryMs) })
    return table
  }

  private func delays(on index: Int, _ wallMs: Int64) -> [DelayRow] {
    let broker = brokers[index]
    let gauges = broker.gauges
    let suffix = primaries.count > 1 ? "@" + broker.group : ""
    func row(_ name: String) -> DelayRow { DelayRow(name: name + suffix, broker: broker.group) }
    var timer = row("timer")
    (timer.waiting, timer.put) = (gauges.timerWaiting, gauges.timerIn)
    (timer.out, timer.behindMs) = (gauges.timerOut, gauges.timerBehindMs)
    var half = row("transactions")
    half.waiting = halfMessages(on: index)
    half.put = rate(of: TopicName.transactionHalf, on: broker.group)
    half.out = rate(of: TopicName.transactionOp, on: broker.group)
    if let check = groupIndex[Self.transactionGroup].map({ groups[$0] }),
      let part = check.parts.first(where: { $0.broker == broker.group }),
      let progress = part.topics.first(where: { $0.topic == TopicName.transactionHalf })
    {
      half.behindMs = halfMessages(on: index).number == 0 ? .value(0, atMs: nowMs) : progress.oldestMs
    }
    var pop = row("pop")
    pop.waiting = broker.revive
    pop.out = broker.reviveRate.rate
    pop.put = rate(of: "rmq_sys_REVIVE_LOG_" + broker.cluster, on: broker.group)
    let names = Self.levelNames(broker.settings["messageDelayLevel"])
    var rows = [timer, half, pop]
    for level in levels(of: broker) {
      let name = level.number <= names.count ? " (\(names[level.number - 1]))" : ""
      var one = row("level \(level.number)\(name)")
      one.waiting = level.waiting
      one.put = level.put.rate
      one.out = level.delivered.rate
      if case .value(0, let atMs) = level.waiting {
        one.behindMs = .value(0, atMs: atMs)
      } else if let due = broker.dues[level.number] {
        // As late as it was when it was read; it may have been delivered since.
        let lateMs = wallMs - (nowMs - due.atMs) - due.dueMs
        one.behindMs = .value(Double(max(0, lateMs)), atMs: due.atMs)
      }
      rows.append(one)
    }
    for (topic, count) in broker.timers {
      var one = row("timer " + topic)
      one.waiting = count
      rows.append(one)
    }
    return rows
  }

  /// The delay levels of a broker. It tells of those that it has delivered something of; the others show in
  /// the queues of the schedule topic, which are one for each level.
  func levels(of broker: BrokerState) -> [RuntimeGauges.Level] {
    var levels = broker.gauges.levels
    let part = topicIndex[TopicName.schedule].flatMap { index in
      topics[index].parts.first { $0.broker == broker.group }
    }
    guard let part, broker.isPrimary else { return levels }
    for (id, next) in part.nextOffsets.enumerated().prefix(Limits.delayLevelsMax) where next > 0 {
      if levels.contains(where: { $0.number == id + 1 }) { continue }
      var level = RuntimeGauges.Level(number: id + 1)
      level.waiting = .value(Double(next - part.firstOffsets[id]), atMs: part.queuesMs)
      level.next = part.firstOffsets[id]
      levels.append(level)
    }
    return levels.arranged { $0.number < $1.number }
  }

  /// The next message of a delay level: it is due so long after it was stored (Apache
  /// ScheduleMessageService.computeDeliverTimestamp).
  mutating func takeDue(_ message: Message, _ index: Int) {
    let names = Self.levelNames(brokers[index].settings["messageDelayLevel"])
    let level = Int(message.queueId) + 1
    guard level <= names.count, let delayMs = Self.delayMs(names[level - 1]) else { return }
    brokers[index].dues[level] = (message.storeTimestampMs &+ delayMs, nowMs)
  }
  /// "30s", "5m", "2h", "1d" in milliseconds.
  private static func delayMs(_ text: String) -> Int64? {
    let units: [Character: Int64] = ["s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
    guard let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast()),
      (0...1_000_000).contains(count)
    else { return nil }
    return count * unit
  }

  private func rate(of topic: String, on broker: String) -> Measure {
    topicIndex[topic].flatMap { index in topics[index].parts.first { $0.broker == broker }?.rate.rate }
      ?? .unknown
  }

  /// Of the broker's setting, or Apache's when that is not known.
  private static func levelNames(_ setting: String?) -> [String] {
    (setting ?? "1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h").split(separator: " ").map(
      String.init)
  }
}
