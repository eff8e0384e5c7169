// The tables of the open thing.

import Client
import Wire

extension Sampler {
  /// The open thing as it is known now; nil when nothing is open.
  func makeDetail(_ wallMs: Int64) -> Detail? {
    guard let state = detail else { return nil }
    var detail = Detail(state.target)
    switch state.target {
    case .topic(let name):
      detail.tables = [
        topicQueueTable(state, name, wallMs), topicGroupTable(name), messageTable(state, wallMs),
      ]
      if topicsAreKnown, topicIndex[name] == nil { detail.problem = "no broker has this topic" }
    case .group(let name):
      detail.tables = [groupQueueTable(state, wallMs), groupClientTable(state, name)]
      if groupIndex[name] == nil, brokers.contains(where: { $0.groups != nil }) {
        detail.problem = "no broker has this group"
      } else if let silent = state.silent.min(by: { $0.key < $1.key }) {
        detail.problem = "client \(silent.key): \(silent.value)"
      }
    case .broker(let label):
      if let index = index(ofBroker: label) {
        detail.tables = [latencyTable(index), poolTable(index), settingTable(index)]
      } else if !nameServersUp.isEmpty {
        detail.problem = "no broker is named \(label)"
      }
    case .client(let id, let groups):
      detail.tables = clientTables(state, id, wallMs)
      detail.problem = clientProblem(state, id, groups)
    }
    return detail
  }

  private func age(_ timestampMs: Int64, _ wallMs: Int64) -> Measure {
    timestampMs > 0 ? .value(Double(max(0, wallMs - timestampMs)), atMs: nowMs) : .unknown
  }

  // MARK: A topic

  private func topicQueueTable(_ state: DetailState, _ name: String, _ wallMs: Int64) -> TableData {
    let queues = state.stats.keys.sorted().flatMap { broker in
      (state.stats[broker]?.queues ?? []).map { (broker: broker, stats: $0) }
        .arranged { $0.stats.queue.queueId < $1.stats.queue.queueId }
    }
    let parts = topicIndex[name].map { topics[$0].parts } ?? []
    let total = parts.reduce(0) { $0 + $1.queueRates.reduce(0, +) }
    let rates: [Measure] = queues.map { queue in
      guard let part = parts.first(where: { $0.broker == queue.broker }) else { return .unknown }
      let id = Int(queue.stats.queue.queueId)
      return part.queueRates.indices.contains(id) ? .value(part.queueRates[id], atMs: part.queuesMs) : .first
    }
    var table = TableData(.topicQueues, names: queues.map { "\($0.broker)#\($0.stats.queue.queueId)" })
    table.isKnown = !state.stats.isEmpty
    table.periodMs = intervalMs
    func value(_ number: Int64) -> Measure { .value(Double(number), atMs: state.statsMs) }
    table.set("in", rates)
    table.set(
      "share",
      rates.map { rate in
        rate.number.flatMap { total > 0 ? Measure.value($0 / total, atMs: nowMs) : nil } ?? .unknown
      })
    table.set("min", queues.map { value($0.stats.minOffset) })
    table.set("max", queues.map { value($0.stats.maxOffset) })
    table.set(
      "messages",
      queues.map {
        .value(max(0, Double($0.stats.maxOffset) - Double($0.stats.minOffset)), atMs: state.statsMs)
      })
    table.set("last", queues.map { age($0.stats.lastUpdateMs, wallMs) })
    return table
  }

  private func topicGroupTable(_ name: String) -> TableData {
    let names = groupsOf(topic: name)
    let periodMs = groupPeriodMs
    var table = TableData(.topicGroups, names: names)
    table.isKnown = groupsAreKnown || !names.isEmpty
    table.periodMs = periodMs
    func sum(_ group: String, _ number: (GroupState.Progress) -> Measure) -> Measure {
      guard let index = groupIndex[group] else { return .unknown }
      var sum = MeasureSum()
      for part in groups[index].parts {
        if !part.isKnown { sum.add(.unknown) }
        for progress in part.topics where progress.topic == name {
          sum.add(number(progress).forgotten(nowMs: nowMs, periodMs: periodMs))
        }
      }
      return sum.sum
    }
    table.set("lag", names.map { sum($0) { $0.backlog } })
    table.set("out", names.map { sum($0) { $0.out.rate } })
    table.set("clients", names.map { groupIndex[$0].map { groups[$0].clientCount() } ?? .unknown })
    return table
  }

  private func messageTable(_ state: DetailState, _ wallMs: Int64) -> TableData {
    let newest = state.newest.values.flatMap { $0 }
      .arranged {
        ($0.storeTimestampMs, $0.queueOffset, $0.queueId) > ($1.storeTimestampMs, $1.queueOffset, $1.queueId)
      }
      .prefix(Limits.peekMessagesMax)
    var table = TableData(.messages, names: newest.map { "\($0.broker)#\($0.queueId):\($0.queueOffset)" })
    table.isKnown =
      !state.newest.isEmpty
      || !state.stats.isEmpty
        && state.stats.values.allSatisfy { $0.queues.allSatisfy { $0.maxOffset <= $0.minOffset } }
    table.periodMs = Limits.peekEveryMs
    table.set("time", newest.map { age($0.storeTimestampMs, wallMs) })
    table.set("tags", newest.map { $0.tags ?? "" })
    table.set("keys", newest.map { $0.keys ?? "" })
    table.set("size", newest.map { .value(Double($0.body.count), atMs: nowMs) })
    table.set(
      "body", newest.map { String(decoding: $0.body.prefix(Limits.bodyShownBytes), as: UTF8.self) })
    return table
  }

  // MARK: A group

  private func groupQueueTable(_ state: DetailState, _ wallMs: Int64) -> TableData {
    let queues = state.progress.keys.sorted().flatMap { broker in
      (state.progress[broker]?.queues ?? []).map { queue in
        var queue = queue
        if queue.queue.broker.isEmpty { queue.queue.broker = broker }
        return queue
      }
    }.arranged { $0.queue < $1.queue }
    var table = TableData(.groupQueues, names: queues.map { queueName($0.queue) })
    table.isKnown = !state.progress.isEmpty
    table.periodMs = intervalMs
    func value(_ number: Int64) -> Measure { .value(Double(number), atMs: state.progressMs) }
    func lag(_ queue: QueueProgress) -> Double {
      max(0, Double(queue.brokerOffset) - Double(max(0, queue.consumerOffset)))
    }
    table.set("broker", queues.map { $0.queue.broker })
    table.set("lag", queues.map { .value(lag($0), atMs: state.progressMs) })
    table.set("out", queues.map { state.out[$0.queue]?.rate ?? .unknown })
    table.set(
      "oldest",
      queues.map { queue in
        if lag(queue) == 0 { return value(0) }
        if let known = state.oldestMs[queue.queue] {
          return known.forgotten(nowMs: nowMs, periodMs: Limits.oldestEveryMs)
        }
        // Brokers that do not tell: it came after the last that was consumed.
        let code = RequestCode.queryConsumeTimeSpan.rawValue
        let refuses = primaries[queue.queue.broker].map { brokers[$0].refuses(code, nowMs: nowMs) }
        return refuses == true ? age(queue.lastTimestampMs, wallMs) : .unknown
      })
    table.set("committed", queues.map { value($0.consumerOffset) })
    table.set("max", queues.map { value($0.brokerOffset) })
    table.set("owner", queues.map { owners[$0.queue] ?? "" })
    return table
  }

  private func groupClientTable(_ state: DetailState, _ name: String) -> TableData {
    var clients: [String: ClientConnection] = [:]
    let parts = groupIndex[name].map { groups[$0].parts } ?? []
    for part in parts { for client in part.clients ?? [] { clients[client.clientId] = client } }
    let names = clients.keys.sorted()
    var table = TableData(.groupClients, names: names)
    table.isKnown = parts.contains { $0.clients != nil }
    table.periodMs = Limits.runningEveryMs
    table.set("language", names.map { clients[$0]?.language ?? "" })
    table.set("version", names.map { clients[$0].map { Release.name($0.version) } ?? "" })
    var lags: [MessageQueue: Double] = [:]
    for stats in state.progress.values {
      for queue in stats.queues {
        lags[queue.queue] = max(0, Double(queue.brokerOffset) - Double(max(0, queue.consumerOffset)))
      }
    }
    func told(_ number: (ConsumerRunning) -> Double) -> [Measure] {
      names.map { client in
        guard let running = state.running[client], let atMs = state.runningMs[client] else { return .unknown }
        return .value(number(running), atMs: atMs).forgotten(nowMs: nowMs, periodMs: Limits.runningEveryMs)
      }
    }
    table.set("queues", told { Double($0.queues.count) })
    table.set("lag", told { $0.queues.reduce(0) { $0 + (lags[$1.queue] ?? 0) } })
    table.set("out", told { ConsumerRunning.Topic.sum($0.topics).consumeTps })
    table.set("time", told { ConsumerRunning.Topic.sum($0.topics).consumeMs })
    table.set("failed", told { ConsumerRunning.Topic.sum($0.topics).failedTps })
    return table
  }

  // MARK: A broker

  private func latencyTable(_ index: Int) -> TableData {
    let gauges = brokers[index].gauges
    var table = TableData(.latencies, names: gauges.latencies.map { $0.label })
    guard let atMs = gauges.latenciesMs else { return table }
    table.isKnown = true
    table.periodMs = intervalMs
    let total = gauges.latencies.reduce(0) { $0 + Double($1.count) }
    // The counts are those of the last whole minute.
    table.set("in", gauges.latencies.map { .value(Double($0.count) / 60, atMs: atMs) })
    table.set(
      "share", gauges.latencies.map { total > 0 ? .value(Double($0.count) / total, atMs: atMs) : .unknown })
    return table
  }

  private func poolTable(_ index: Int) -> TableData {
    let pools = brokers[index].gauges.pools
    var table = TableData(.pools, names: pools.map { $0.name })
    table.isKnown = brokers[index].answeredLast
    table.periodMs = intervalMs
    table.set("waiting", pools.map { fresh($0.waiting) })
    table.set("capacity", pools.map { fresh($0.capacity) })
    table.set("wait", pools.map { fresh($0.headWaitMs) })
    return table
  }

  private func settingTable(_ index: Int) -> TableData {
    let own = brokers[index].settings
    let peers = peers(of: index).filter { brokers[$0].settingsMs != nil }
    var rows: [(name: String, value: String, others: String)] = []
    for (name, value) in own where !Self.isIdentity(name) {
      let others = Set(peers.compactMap { brokers[$0].settings[name] })
      if others.contains(where: { $0 != value }) {
        rows.append((name, value, others.sorted().joined(separator: ", ")))
      }
    }
    rows = rows.arranged { $0.name < $1.name }
    var table = TableData(.settings, names: rows.map { $0.name })
    table.isKnown = brokers[index].settingsMs != nil
    table.set("value", rows.map { $0.value })
    table.set("others", rows.map { $0.others })
    return table
  }
  /// Settings that no two brokers share.
  private static func isIdentity(_ name: String) -> Bool {
    ["brokerName", "brokerId", "brokerClusterName", "bindAddress", "rocketmqHome", "haMasterAddress"]
      .contains(name)
      || name.hasPrefix("brokerIP") || name.hasPrefix("storePath") || name.hasSuffix("Path")
      || name.hasSuffix("istenPort")
  }

  // MARK: A client

  private func clientTables(_ state: DetailState, _ id: String, _ wallMs: Int64) -> [TableData] {
    let running = state.running[id]
    let atMs = state.runningMs[id] ?? nowMs
    let topics = running?.topics ?? []
    let subscribed = running?.subscriptions ?? []
    let names = Set(subscribed.map { $0.topic }).union(topics.map { $0.topic }).sorted()
    func value(_ topic: String, _ number: (ConsumerRunning.Topic) -> Double) -> Measure {
      topics.first { $0.topic == topic }.map { .value(number($0), atMs: atMs) } ?? .unknown
    }
    var subscriptions = TableData(.subscriptions, names: names)
    subscriptions.isKnown = running != nil
    subscriptions.periodMs = Limits.runningEveryMs
    let data = names.map { name in subscribed.first { $0.topic == name } }
    subscriptions.set("kind", data.map { $0?.expressionType ?? "" })
    subscriptions.set("expression", data.map { $0?.subString ?? "" })
    subscriptions.set("out", names.map { value($0) { $0.consumeTps } })
    subscriptions.set("time", names.map { value($0) { $0.consumeMs } })
    subscriptions.set("failed", names.map { value($0) { $0.failedTps } })

    let held = running?.queues ?? []
    var queues = TableData(.clientQueues, names: held.map { queueName($0.queue) })
    queues.isKnown = running != nil
    queues.periodMs = Limits.runningEveryMs
    queues.set("broker", held.map { $0.queue.broker })
    queues.set("cached", held.map { .value(Double($0.cachedMessages), atMs: atMs) })
    queues.set("committed", held.map { $0.offset.map { .value(Double($0), atMs: atMs) } ?? .unknown })
    queues.set("idle", held.map { age($0.lastPullMs, wallMs) })

    return [subscriptions, queues, stackTable(running)]
  }

  /// Lines repeat in a stack, but rows need names of their own: they are numbered.
  private func stackTable(_ running: ConsumerRunning?) -> TableData {
    let lines = (running?.stack ?? "").split(separator: "\n").prefix(Limits.stackLinesMax)
    let names = lines.enumerated().map { number, line in
      let digits = "\(number + 1)"
      return String(repeating: " ", count: max(0, 4 - digits.count)) + digits + " " + line
    }
    var table = TableData(.stack, names: names)
    table.isKnown = running != nil
    return table
  }

  private func clientProblem(_ state: DetailState, _ id: String, _ groups: String) -> String? {
    if let why = state.silent[id] { return why }
    if state.running[id] != nil { return nil }
    let names = groups.split(separator: ",").map(String.init)
    let parts = names.compactMap { groupIndex[$0] }.flatMap { self.groups[$0].parts }
    if parts.contains(where: { $0.clients?.contains { $0.clientId == id } == true }) { return nil }
    let produces = brokers.contains { broker in
      (broker.producers ?? []).contains { $0.producers.contains { $0.clientId == id } }
    }
    if produces { return "only consumers say how they run, and this is a producer" }
    return parts.allSatisfy { $0.clients != nil } ? "it is not connected" : nil
  }
}
