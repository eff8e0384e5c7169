// Requests that no client sends: every row of the table, with fields and bodies that were drawn by lot or
// bent. Each is answered, held or refused, and the server goes on.

import Linux
import TestSupport
import Testing
import Wire

@testable import Server
@testable import Store

@Suite struct MonkeyTests {
  /// Names of fields that handlers read; what belongs to which request is left to chance.
  static let names = [
    "topic", "queueId", "consumerGroup", "producerGroup", "group", "offset", "commitOffset", "queueOffset",
    "maxMsgNums", "sysFlag", "suspendTimeoutMillis", "subscription", "subVersion", "expressionType", "a", "b",
    "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "defaultTopic", "defaultTopicQueueNums",
    "bornTimestamp", "properties", "reconsumeTimes", "unitMode", "batch", "flag", "timestamp", "boundaryType",
    "readQueueNums", "writeQueueNums", "perm", "topicFilterType", "topicSysFlag", "order", "attributes",
    "groupName", "clientId", "clientID", "key", "maxNum", "beginTimestamp", "endTimestamp", "delayLevel",
    "maxReconsumeTimes", "originMsgId", "originTopic", "tranStateTableOffset", "commitLogOffset",
    "commitOrRollback", "fromTransactionCheck", "msgId", "transactionId", "extraInfo", "invisibleTime",
    "popTime", "bornTime", "pollTime", "initMode", "exp", "expType", "recallHandle", "isForce", "brokerName",
    "clusterName", "brokerAddr", "brokerId", "namespace", "value", "consumerOffset", "mode", "attemptId",
    "statsName", "statsKey", "seconds", "timerange", "lo", "bname", "popShareQueueNum", "messageRequestMode",
    "setZeroIfNotFound", "jstackEnable", "cleanOffset", "stop", "enable", "queueIds", "suspend",
    "offsetMsgId",
  ]
  static let topics = [
    "T", "U", "", "%RETRY%G", "%DLQ%G", "SCHEDULE_TOPIC_XXXX", "RMQ_SYS_TRANS_HALF_TOPIC",
    "rmq_sys_wheel_timer",
    "TBW102", "no such topic", String(repeating: "t", count: 300), "rmq_sys_REVIVE_LOG_DefaultCluster", "G",
    "%RETRY%G_T", "TRANS_CHECK_MAX_TIME_TOPIC", "broker-a", "DefaultCluster",
  ]
  static let numbers = [
    "0", "1", "-1", "2", "4", "7", "16", "100", "1000", "65535", "65536", "2147483647", "2147483648",
    "-2147483648", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "1767000000000", "",
    "x", "1.5", " 1", "true", "false", "TRUE",
  ]
  static let texts = [
    "*", "A", "A || B", "TAG", "SQL92", "a > 1 AND b = 'x'", "a BETWEEN", "((((((", "DELAY\u{1}3\u{2}",
    "TIMER_DELAY_SEC\u{1}5\u{2}", "TIMER_DELIVER_MS\u{1}1767000009000\u{2}", "TIMER_DELAY_MS\u{1}-5\u{2}",
    "TRAN_MSG\u{1}true\u{2}PGROUP\u{1}PG\u{2}", "KEYS\u{1}a b c\u{2}TAGS\u{1}A\u{2}", "\u{1}\u{2}\u{1}",
    "\u{0}",
    "_SYS_MSG_PRIORITY_\u{1}9\u{2}", "INNER_MULTI_DISPATCH\u{1}%LMQ%a,%LMQ%b\u{2}", "UNIQ_KEY\u{1}u\u{2}",
    "0 1767000000000 60000 0 0 broker-a 0 0", "0 0 0 0 0 0 0", "UPPER", "LOWER", "SINGLE_TAG",
    "+message.type=FIFO", "+message.type=DELAY,-x", "PULL", "POP", "0A00000100002A9F0000000000000000",
    "DELAY\u{1}99999999999999999999\u{2}", "POP_CK\u{1}0 1 2 3 4 5 6 7\u{2}", "CLUSTER\u{1}x\u{2}",
  ]
  static let bodies = [
    "", "x", "{}", "[]", "null", "{\"clientID\":\"c\"}", "{\"clientID\":1,\"consumerDataSet\":[{}]}",
    "{\"topic\":\"T\",\"mqSet\":[{\"topic\":\"T\",\"brokerName\":\"broker-a\",\"queueId\":-5}]}",
    "{\"consumerGroup\":\"G\",\"clientId\":\"c\",\"mqSet\":[{\"topic\":\"T\",\"queueId\":99999999999}]}",
    "{\"groupName\":\"G\",\"retryMaxTimes\":-1,\"retryQueueNums\":2147483647}",
    "{\"brokerName\":\"broker-a\",\"acks\":[{\"c\":\"G\",\"t\":\"T\",\"r\":\"0\",\"so\":0,\"q\":-1,\"rq\":9,"
      + "\"it\":9223372036854775807,\"pt\":0,\"b\":\"AQ==\"}]}",
    "a=1\nmessageDelayLevel=1s\nflushDiskType=x\n", "{\"topicConfigTable\":{\"T\":{\"perm\":99}}}",
    "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
  ]

  /// One server, many requests of every row.
  @Test(arguments: [1, 2, 3, 4] as [UInt64])
  func everyRequestIsSurvived(_ seed: UInt64) throws {
    let world = try World(seed: seed, isTracing: false, hasFaults: false)
    world.oracle.knowsAllSenders = false
    world.boot()
    let monkey = Monkey(world)
    for round in 0..<5_000 where world.failure == nil {
      monkey.act()
      if round % 20 == 0 { world.run(untilMs: world.steadyMs + 1_500) { false } }
    }
    // The longest hold is over by then: whoever waits still will wait for ever.
    world.run(untilMs: world.steadyMs + 400_000) { false }
    if let failure = world.failure { Issue.record("seed \(seed): \(failure)") }
    // 37: as in Apache, nobody hears of an end that decides nothing.
    #expect(monkey.unanswered.keys.filter { $0 != 37 } == [])
    #expect(monkey.answers > 3_000)
    world.restartInOrder()
    #expect(world.failure == nil)
    world.tearDown()
  }
}

/// Draws requests and hands them to a server.
final class Monkey {
  private let world: World
  private let clients: [ModelClient]
  /// Throws bent bytes; nobody counts its answers.
  private let vandal: ModelClient
  private let rows: [(code: Int32, doors: RequestRow.Doors)]
  private(set) var answers = 0
  /// Requests without an answer, by code.
  private(set) var unanswered: [Int32: Int] = [:]

  init(_ world: World) {
    self.world = world
    clients = [Role.nameServer, .broker, .fast].map { role in
      let client = ModelClient(world, "monkey")
      client.role = role
      return client
    }
    vandal = ModelClient(world, "vandal")
    vandal.isLoose = true
    rows = Families.all.joined().map { ($0.code.rawValue, $0.doors) }
  }

  func act() {
    let row = rows.randomElement(using: &world.random)!
    let fields = fields()
    let body = body()
    if world.chance(15) { return vandalise(row.code, fields, body) }
    let doors = (0..<3).filter { row.doors.contains(RequestRow.Doors(rawValue: 1 << UInt8($0))) }
    let client = clients[doors.randomElement(using: &world.random)!]
    unanswered[row.code, default: 0] += 1
    client.ask(row.code, fields, body: body, timeoutMs: 10_000_000) { [self] answer in
      if answer == nil { world.fail("request \(row.code) with \(fields) ends its connection") }
      answers += 1
      unanswered[row.code]! -= 1
      if unanswered[row.code] == 0 { unanswered[row.code] = nil }
    }
  }

  private func pick(_ texts: [String]) -> String { texts.randomElement(using: &world.random)! }

  private func fields() -> [(String, String)] {
    let names = MonkeyTests.names.shuffled(using: &world.random).prefix(world.number(0...40))
    return names.map { ($0, value($0)) }
  }

  private func value(_ name: String) -> String {
    let pools = [MonkeyTests.topics, MonkeyTests.numbers, MonkeyTests.texts]
    if world.chance(15) { return pick(pools.randomElement(using: &world.random)!) }
    let lower = name.lowercased()
    if ["topic", "b", "defaulttopic", "c"].contains(lower) { return pick(MonkeyTests.topics) }
    if lower.contains("group") || lower == "a" { return pick(["G", "G", "H", "no group", ""]) }
    if ["i", "properties", "exp", "extrainfo", "subscription", "recallhandle", "key", "attributes"].contains(
      lower)
    {
      return pick(MonkeyTests.texts)
    }
    return pick(MonkeyTests.numbers)
  }

  private func body() -> [UInt8] {
    if world.chance(10) { return (0..<world.number(1...200)).map { _ in UInt8(world.number(0...255)) } }
    return Array(pick(MonkeyTests.bodies).utf8)
  }

  /// A frame with a few bytes that are not what they were.
  private func vandalise(_ code: Int32, _ fields: [(String, String)], _ body: [UInt8]) {
    vandal.role = [Role.nameServer, .broker, .fast].randomElement(using: &world.random)!
    var bytes = ModelClient.frame(code, fields, body, opaque: 7, oneWay: world.chance(20))
    for _ in 0..<world.number(1...4) {
      bytes[world.number(world.chance(95) ? 8...bytes.count - 1 : 0...7)] = UInt8(world.number(0...255))
    }
    vandal.send(bytes)
    if world.chance(30) { vandal.restart() }
  }
}
