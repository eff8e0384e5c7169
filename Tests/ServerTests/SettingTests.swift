// Settings that change while the server runs: what is taken over, refused, saved, and found again.

import Linux
import Store
import TestSupport
import Testing
import Wire

@testable import Server

struct SettingTests {
  private func file(_ rig: Rig) throws -> String {
    let path = ServerOptions.savedSettings(ofStore: rig.node.options.store.root)
    return String(decoding: try FileSystem.readWhole(path, bytesMax: 1 << 20), as: UTF8.self)
  }

  private func shown(_ client: FakeClient, _ key: String) throws -> String? {
    let text = try client.ask(client.session.role == .nameServer ? .getNameServerConfig : .getBrokerConfig)
      .text
    return text.split(separator: "\n").first { $0.hasPrefix(key + "=") }.map {
      String($0.dropFirst(key.count + 1))
    }
  }

  /// As recorded of Apache 5.3.3, and what else it has words for.
  @Test(
    arguments: [
      ("slaveReadEnable=true\n", 0, "slaveReadEnable has no effect on this server"),
      ("noSuchKey=1\n", 0, "noSuchKey is not known"),
      ("brokerConfigPath=/x\n", 16, "Can not update config in black list."),
      ("rocketmqHome=/x\n", 16, "Can not update config in black list."),
      ("orderMessageEnable=true\n", 0, "orderMessageEnable is a setting of the name server"),
      ("listenPort=10911\n", 0, nil), ("", 0, nil), ("fileReservedTime=48\n", 0, nil),
      (
        "listenPort=10912\n", 29,
        "listenPort is read at the start only: set it in broker.conf or by a flag, and restart"
      ),
      ("fileReservedTime=0\n", 29, "fileReservedTime=0: must be a number from 1 to 1000000"),
      ("traceOn=maybe\n", 29, "traceOn=maybe: must be true or false"),
    ] as [(String, Int32, String?)])
  func answersToChanges(_ body: String, _ code: Int32, _ remark: String?) throws {
    let rig = try Rig()
    let reply = try rig.client().ask(.updateBrokerConfig, body: body)
    #expect(reply.code == code && reply.remark == remark)
  }

  @Test func nothingIsTakenOverWhenOneValueIsBad() throws {
    let rig = try Rig()
    let client = try rig.client()
    let reply = try client.ask(.updateBrokerConfig, body: "traceOn=false\nfileReservedTime=x\n")
    #expect(reply.code == 29)
    #expect(rig.node.options.traceOn && rig.node.settingsVersion.counter == 0)
    #expect(try shown(client, "traceOn") == "true")
  }

  /// Each setting that may change is shown, changed and shown again.
  @Test func everyLiveSettingChanges() throws {
    let rig = try Rig()
    let client = try rig.client()
    for row in BrokerConf.liveRows {
      let before = row.get(rig.node.options)
      let after =
        switch before {
        case "true": "false"
        case "false": "true"
        default: row.key == "deleteWhen" ? "05" : Int64(before).map { "\($0 == 6 ? 4 : $0 - 1)" } ?? "West"
        }
      let reply = try client.ask(.updateBrokerConfig, body: "\(row.key)=\(after)\n")
      #expect(reply.code == 0 && reply.remark == nil, "\(row.key)=\(after): \(reply.remark ?? "")")
      #expect(try shown(client, row.key) == after, "\(row.key)")
      #expect(try file(rig).contains("\(row.key)=\(after)\n"))
    }
    #expect(rig.node.settingsVersion.counter == Int64(BrokerConf.liveRows.count))
    let version = try client.ask(.getBrokerConfig).fields["version"] ?? ""
    #expect(DataVersion(try JSON.parse(Array(version.utf8))) == rig.node.settingsVersion)
  }

  @Test func aLongerMessageIsTakenFromThenOn() throws {
    let rig = try Rig { $0.store.messageBytesMax = 1024 }
    let client = try rig.client()
    rig.makeTopic("T")
    func send() throws -> Int32 {
      try client.ask(
        .sendMessageV2, [("a", "P"), ("b", "T"), ("e", "0"), ("g", "1")],
        body: String(repeating: "x", count: 2000)
      ).code
    }
    #expect(try send() == ResponseCode.messageIllegal.rawValue)
    #expect(try client.ask(.updateBrokerConfig, body: "maxMessageSize=4096").code == 0)
    #expect(try send() == 0)
  }

  @Test func sendersAreToldOfRegionAndTrace() throws {
    let rig = try Rig()
    let client = try rig.client()
    rig.makeTopic("T")
    #expect(try client.ask(.updateBrokerConfig, body: "regionId=East\ntraceOn=false\n").code == 0)
    let sent = try client.ask(.sendMessageV2, [("a", "P"), ("b", "T"), ("e", "0"), ("g", "1")], body: "x")
    #expect(sent.fields["MSG_REGION"] == "East" && sent.fields["TRACE_ON"] == "false")
  }

  @Test func thePermissionIsAnnouncedAtOnce() throws {
    let rig = try Rig()
    rig.makeTopic("T")
    let client = try rig.client()
    let names = try rig.client(.nameServer)
    func perm() throws -> Int32? {
      TopicRoute(try names.ask(.getRouteInfoByTopic, [("topic", "T")]).json())?.queues.first?.perm
    }
    let version = rig.node.store.topicVersion.counter
    #expect(try client.ask(.updateBrokerConfig, body: "brokerPermission=4").code == 0)
    #expect(try perm() == Perm.read && rig.node.store.topicVersion.counter > version)
    #expect(try client.ask(.updateBrokerConfig, body: "brokerPermission=6").code == 0)
    #expect(try perm() == Perm.read | Perm.write)
  }

  @Test func automaticTopicsGoAndComeBack() throws {
    let rig = try Rig()
    let client = try rig.client()
    func send(_ topic: String) throws -> Int32 {
      try client.ask(
        .sendMessageV2, [("a", "P"), ("b", topic), ("c", "TBW102"), ("d", "16"), ("e", "0"), ("g", "1")],
        body: "x"
      ).code
    }
    #expect(try send("One") == 0)
    #expect(try client.ask(.updateBrokerConfig, body: "autoCreateTopicEnable=false").code == 0)
    #expect(try send("Two") == ResponseCode.topicNotExist.rawValue)
    let change = "autoCreateTopicEnable=true\ndefaultTopicQueueNums=3\n"
    #expect(try client.ask(.updateBrokerConfig, body: change).code == 0)
    #expect(try send("Three") == 0)
    #expect(rig.node.store.topicConfig("Three")?.writeQueues == 3)
  }

  @Test func checksOfTransactionsFollow() throws {
    let rig = try Rig()
    let client = try rig.client()
    #expect(
      try client.ask(.updateBrokerConfig, body: "transactionCheckInterval=1000\ntransactionCheckMax=2").code
        == 0)
    #expect(rig.node.broker.transactions.nextCheckMs <= rig.node.nowMs + 1000)
    #expect(rig.node.broker.transactions.checkMax == 2)
  }

  // MARK: the file

  @Test func changesAreKeptInTheFileThatWasRead() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path("broker.conf")
    let before = "# mine\nfileReservedTime = 72\nbrokerName=broker-a\n"
    try FileSystem.replace(path, with: Array(before.utf8), backup: false)
    let rig = try Rig { $0.configurationFile = path }
    #expect(
      try rig.client().ask(.updateBrokerConfig, body: "fileReservedTime=24\ntraceOn=false\n").code == 0)
    let after = String(decoding: try FileSystem.readWhole(path, bytesMax: 1 << 20), as: UTF8.self)
    #expect(after == "# mine\nfileReservedTime=24\nbrokerName=broker-a\ntraceOn=false\n")
    var options = ServerOptions(root: "/r")
    #expect(try BrokerConf.read(path, into: &options) == [])
    #expect(options.store.fileReservedHours == 24 && !options.traceOn)
  }

  @Test func aChangeThatCannotBeSavedIsNone() throws {
    let rig = try Rig { $0.configurationFile = "/proc/none/broker.conf" }
    let reply = try rig.client().ask(.updateBrokerConfig, body: "traceOn=false")
    #expect(reply.code == 1 && reply.remark?.contains("/proc/none/broker.conf cannot be written") == true)
    #expect(rig.node.options.traceOn)
  }

  @Test(arguments: [
    ("", "a=1\n"), ("# c", "# c\na=1\n"), ("a=0", "a=1"), ("a=0\n", "a=1\n"), ("b=2\n", "b=2\na=1\n"),
    ("a=0\nb=2\n a : 3\nc=4\n", "b=2\na=1\nc=4\n"), ("a=x\\\n  y\nb=2\n", "a=1\nb=2\n"),
    ("\n\na 5\n", "\n\na=1\n"),
  ])
  func aLineChangesInItsPlace(_ text: String, _ expected: String) {
    #expect(BrokerConf.edited(text, [("a", "1")]) == expected)
  }

  @Test(arguments: ["C:\\data", " leading", "two\nlines", "tab\there", "日本"])
  func writtenValuesAreReadBack(_ value: String) {
    let text = BrokerConf.edited("", [("key", value)])
    #expect(PropertiesText.entries(text) == [PropertiesText.Entry(line: 1, key: "key", value: value)])
  }

  // MARK: the name server

  @Test func theNameServerShowsAndChangesItsOwn() throws {
    let rig = try Rig()
    let client = try rig.client(.nameServer)
    #expect(try shown(client, "orderMessageEnable") == "false")
    #expect(try client.ask(.updateNameServerConfig, body: "orderMessageEnable=true\n").code == 0)
    #expect(rig.node.options.orderMessages)
    #expect(try shown(client, "orderMessageEnable") == "true")
    #expect(try file(rig) == "orderMessageEnable=true\n")
    let forbidden = try client.ask(.updateNameServerConfig, body: "kvConfigPath=/x\n")
    #expect(forbidden.code == 16 && forbidden.remark == "Can not update config in black list.")
    #expect(try client.ask(.updateNameServerConfig, body: "listenPort=1\n").code == 29)
    let unknown = try client.ask(.updateNameServerConfig, body: "noSuchKey=1\n")
    #expect(unknown.code == 0 && unknown.remark == "noSuchKey is not known")
  }
}
