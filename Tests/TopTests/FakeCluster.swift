// A made-up cluster that tests of the sampler talk to.

import Client
import Top
import Wire

/// Plays a cluster to the sampler: answers in Apache's own spelling.
struct FakeCluster {
  var sampler = Sampler(nameServers: ["ns:9876"])
  var wishes = Wishes()
  var brokers = ["broker-a"]
  var hung: Set<String> = []
  var topics = ["TopicA", "TopicB"]
  var groups = ["GroupA"]
  /// Sum of maximum offsets per topic, consumed offset of GroupA on TopicA, and messages put.
  var offsets: [String: Int64] = ["TopicA": 100, "TopicB": 50]
  var consumed: Int64 = 40
  var put: Int64 = 1_000
  var nameServerIsDown = false
  /// False plays a broker that refuses GET_BROKER_CONSUME_STATS.
  var tellsAllProgress = false
  /// True plays brokers that know no request at all.
  var knowsNothing = false
  /// Answers of some requests by code, instead of the made ones.
  var canned: [Int32: String] = [:]
  /// Records that pulls answer with, by the queue's number.
  var records: [Int32: [UInt8]] = [:]
  /// Slaves by their master's name.
  var slaves: [String: Int] = [:]

  /// Sweeps until the sampler wants no more; what was asked.
  mutating func sweep(atMs: Int64) -> [Ask] {
    var asked: [Ask] = []
    repeat {
      let plan = sampler.plan(wishes, nowMs: atMs)
      asked += plan.map { $0.ask }
      for (_, ask) in plan { sampler.take(ask, answer(ask), atMs: atMs) }
    } while sampler.wantsMore
    return asked
  }
  mutating func snapshot(atMs: Int64) -> Snapshot {
    _ = sweep(atMs: atMs)
    return sampler.snapshot(startMs: atMs, nowMs: atMs, wallMs: 0)
  }

  func answer(_ ask: Ask) -> Result<Response, ClientError> {
    func body(_ text: String) -> Result<Response, ClientError> {
      .success(Response(code: 0, remark: nil, fields: [], body: Array(text.utf8)))
    }
    func refuse(_ address: String) -> Result<Response, ClientError> {
      .failure(ClientError(.timeout, "\(address) did not answer in time"))
    }
    func list(_ names: [String], _ one: (String) -> String) -> String {
      names.map(one).joined(separator: ",")
    }
    if knowsNothing, ask.request.code != .getBrokerClusterInfo {
      return .success(Response(code: 3, remark: "request type not supported"))
    }
    if let text = canned[ask.request.code.rawValue] { return body(text) }
    if case .messages(_, let queue, let offset, _) = ask, let record = records[queue.queueId] {
      let fields = ["nextBeginOffset": "\(offset + 1)", "minOffset": "0", "maxOffset": "100"]
      return .success(
        Response(code: 0, remark: nil, fields: fields.map { ($0.key, $0.value) }, body: record))
    }
    switch ask {
    case .topology:
      if nameServerIsDown { return refuse("ns:9876") }
      let table = list(brokers) {
        "\"\($0)\":{\"brokerAddrs\":{0:\"\($0):10911\"\(slaveAddresses($0))},\"brokerName\":\"\($0)\",\"cluster\":\"DefaultCluster\"}"
      }
      return body(
        "{\"brokerAddrTable\":{\(table)},\"clusterAddrTable\":{\"DefaultCluster\":[\(list(brokers) { "\"\($0)\"" })]}}"
      )
    case .runtime(let broker):
      if hung.contains(broker) { return refuse(broker) }
      return body(
        "{\"table\":{\"msgPutTotalTodayNow\":\"\(put)\",\"putMessageSizeTotal\":\"\(put * 100)\","
          + "\"putMessageFailedTimes\":\"0\",\"msgGetTotalTodayNow\":\"24\",\"putLatency99\":\"0.96\","
          + "\"putMessageEntireTimeMax\":\"26\",\"pageCacheLockTimeMills\":\"0\",\"commitLogDiskRatio\":\"0.02\"}}"
      )
    case .topicConfigs(let broker):
      if hung.contains(broker) { return refuse(broker) }
      let table = list(topics) {
        "\"\($0)\":{\"attributes\":{\"message.type\":\"FIFO\"},\"order\":false,\"perm\":6,\"readQueueNums\":4,"
          + "\"topicFilterType\":\"SINGLE_TAG\",\"topicName\":\"\($0)\",\"topicSysFlag\":0,\"writeQueueNums\":4}"
      }
      return body("{\"dataVersion\":{\"counter\":1},\"topicConfigTable\":{\(table)}}")
    case .groupConfigs(let broker):
      if hung.contains(broker) { return refuse(broker) }
      return body("{\"subscriptionGroupTable\":{\(list(groups) { "\"\($0)\":{\"groupName\":\"\($0)\"}" })}}")
    case .topicStats(let broker, let topic):
      if hung.contains(broker) { return refuse(broker) }
      return body(
        "{\"offsetTable\":{{\"brokerName\":\"\(broker)\",\"queueId\":0,\"topic\":\"\(topic)\"}:{\"lastUpdateTimestamp\":0,"
          + "\"maxOffset\":\(offsets[topic] ?? 0),\"minOffset\":0}},\"topicPutTps\":0.0}")
    case .allProgress(let broker):
      if hung.contains(broker) { return refuse(broker) }
      if !tellsAllProgress { return .success(Response(code: 3, remark: "not supported")) }
      return body(
        "{\"brokerAddr\":\"\(broker):10911\",\"consumeStatsList\":[{\"GroupB\":[]},{\"GroupA\":[{\"consumeTps\":0.0,"
          + "\"offsetTable\":{{\"brokerName\":\"\(broker)\",\"queueId\":0,\"topic\":\"TopicA\"}:{\"brokerOffset\":"
          + "\(offsets["TopicA"] ?? 0),\"consumerOffset\":\(consumed),\"lastTimestamp\":0,\"pullOffset\":0}}}]}],"
          + "\"totalDiff\":0,\"totalInflightDiff\":0}")
    case .connections:
      return .success(Response(code: 206, remark: "the consumer group[G] not online"))
    case .producers: return body("{\"data\":{}}")
    case .replication: return body("{\"haConnectionInfo\":[{\"diff\":7},{\"diff\":42}],\"master\":true}")
    case .counter(_, let name, let key):
      return .success(Response(code: 1, remark: "The stats <\(name)> <\(key)> not exist"))
    case .timeSpan(_, let topic, _):
      return body(
        "{\"consumeTimeSpanSet\":[{\"delayTime\":5000,\"messageQueue\":{\"brokerName\":\"broker-a\",\"queueId\":0,"
          + "\"topic\":\"\(topic)\"}}]}")
    case .timers, .settings, .groupsOfTopic, .running, .messages:
      return .success(Response(code: 3, remark: "not supported"))
    case .groupProgress(let broker, let group):
      if hung.contains(broker) { return refuse(broker) }
      if group != "GroupA" { return body("{\"consumeTps\":0.0,\"offsetTable\":{}}") }
      return body(
        "{\"consumeTps\":0.0,\"offsetTable\":{{\"brokerName\":\"\(broker)\",\"queueId\":0,\"topic\":\"TopicA\"}:"
          + "{\"brokerOffset\":\(offsets["TopicA"] ?? 0),\"consumerOffset\":\(consumed),\"lastTimestamp\":0,"
          + "\"pullOffset\":0}}}")
    }
  }
  private func slaveAddresses(_ broker: String) -> String {
    (0..<(slaves[broker] ?? 0)).reduce("") { $0 + ",\($1 + 1):\"\(broker)-slave:\(10921 + $1)\"" }
  }
}
