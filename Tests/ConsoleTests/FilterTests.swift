// What `mq consume` wants: filters that brokers refuse, flags that exclude each other, offsets kept at home.

import Linux
import TestSupport
import Testing
import Wire

@testable import Console

@Suite struct FilterTests {
  private func run(_ words: [String], on server: CannedServer) -> Outcome {
    mq(["consume", "TopicLive"] + words, environment: ["MQ_NAMESRV": server.address])
  }

  @Test(arguments: [
    // Apache's parser, then mq serve.
    (
      """
      org.apache.rocketmq.filter.parser.ParseException: Encountered " ">" "> "" at line 1, column 5.
      Was expecting one of:
          "NOT" ...
      """,
      """
      mq: --sql is not valid: Encountered " ">" "> "" at line 1, column 5
        a > > 5 !
            ^

      """
    ),
    (
      "a property must follow (line 1, column 5)\na > > 5 !\n    ^",
      """
      mq: --sql is not valid: a property must follow (line 1, column 5)
        a > > 5 !
            ^

      """
    ),
    ("broken", "mq: --sql is not valid: broken\n  a > > 5 !\nhint: "),
    ("column 4000", "mq: --sql is not valid: column 4000\n  a > > 5 !\nhint: "),
  ])
  func theCaretStandsUnderTheMistake(remark: String, expected: String) throws {
    let server = try CannedServer.apache { $0.code == 46 ? .answer(code: 23, remark: remark) : nil }
    let outcome = run(["--sql", "a > > 5 !", "--group", "G"], on: server)
    #expect(outcome.code == 2)
    #expect(outcome.error.hasPrefix(expected), "\(outcome.error)")
    let asked = try #require(server.requests.first { $0.code == 46 })
    let body = try JSON.parse(asked.body)
    #expect(body["group"]?.string == "G")
    #expect(body["subscriptionData"]?["subString"]?.string == "a > > 5 !")
    #expect(body["subscriptionData"]?["expressionType"]?.string == "SQL92")
    #expect(!server.requests.contains { $0.code == 11 || $0.code == 34 }, "it has not begun")
  }

  @Test func aBrokerWithoutSQLIsNamedAsSuch() throws {
    let remark = "The broker does not support consumer to filter message by SQL92"
    let server = try CannedServer.apache { $0.code == 46 ? .answer(code: 1, remark: remark) : nil }
    let outcome = run(["--sql", "a > 5"], on: server)
    #expect(outcome.code == 1 && outcome.error.contains("enablePropertyFilter=true"))
  }

  @Test(arguments: [
    ["--sql", "a > 1", "--tag", "x"], ["--sql", "  "], ["--ordered"], ["--broadcast"], ["--pop"],
    ["--group", "G", "--invisible", "5s"], ["--group", "G", "--no-ack"],
    ["--group", "G", "--pop", "--broadcast"],
    ["--group", "G", "--ordered", "--broadcast"], ["--group", "G", "--pop", "--no-commit"],
    ["--group", "G", "--pop", "--from", "last=1"], ["--group", "G", "--pop", "--invisible", "10ms"],
    ["--group", "G", "--reply", ""], ["--group", "G", "--queue", "1"],
  ])
  func whatCannotBeIsRefused(flags: [String]) throws {
    let server = try CannedServer.apache()
    let outcome = run(flags, on: server)
    #expect(outcome.code == 2 && !outcome.error.isEmpty, "\(flags): \(outcome.error)")
    #expect(!server.requests.contains { [11, 34, 200_050].contains($0.code) })
  }

  @Test func tagsAreComparedAndSQLIsNot() throws {
    var filter = MessageFilter()
    #expect(filter.isAll && filter.tags.isEmpty)
    filter.expression = " a|| b "
    #expect(filter.tags == ["a", "b"])
    filter.type = "SQL92"
    #expect(filter.tags.isEmpty && !filter.isAll)
    #expect(filter.subscription("T", version: 5).expressionType == "SQL92")
  }

  @Test func offsetsAtHomeSurviveAndAreKeptApart() throws {
    let directory = try FileSystem.makeTemporaryDirectory(prefix: "mq-offsets-")
    defer { try? FileSystem.removeTree(directory) }
    let path = LocalOffsets.path(directory, nameServers: ["b:1", "[::1]:9876"], group: "G")
    #expect(path == directory + "/offsets/___1__9876,b_1/G.json")
    var offsets = try LocalOffsets(path: path)
    let queue = MessageQueue(topic: "T", broker: "b", queueId: 3)
    #expect(offsets[queue] == nil)
    offsets[queue] = 42
    try offsets.save()
    #expect(try LocalOffsets(path: path)[queue] == 42)
    try FileSystem.replace(path, with: Array("[]".utf8), backup: false)
    #expect(throws: Failure.self) { try LocalOffsets(path: path) }
  }
}
