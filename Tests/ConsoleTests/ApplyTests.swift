// `apply` and `export`: what files may say, what is sent, and that an export applied changes nothing.

import Client
import Foundation
import Linux
import TestSupport
import Testing
import Wire

@testable import Console

@Suite struct ApplyTests {
  /// Runs a command line with a file that exists for the call; FILE in the line is its path.
  private func run(
    _ line: String, file: String, on server: CannedServer, answers: [String]? = nil
  ) throws -> Outcome {
    try run(line, file: file, on: server.address, answers: answers)
  }

  private func run(
    _ line: String, file: String, on nameServer: String, answers: [String]? = nil
  ) throws -> Outcome {
    let directory = try FileSystem.makeTemporaryDirectory(prefix: "mq-apply")
    defer { try? FileSystem.removeTree(directory) }
    let path = directory + "/file.yaml"
    try file.write(toFile: path, atomically: true, encoding: .utf8)
    let outcome = mq(
      line.replacingOccurrences(of: "FILE", with: path), environment: ["MQ_NAMESRV": nameServer],
      answers: answers)
    return Outcome(
      code: outcome.code, out: outcome.out, error: outcome.error.replacingOccurrences(of: path, with: "FILE"))
  }

  @Test func anExportThatIsAppliedChangesNothing() throws {
    let player = try Player("exportMetadata") {
      $0.code == 219 ? .answer(body: #"{"table":{"TopicLive":"broker-a:4"}}"#) : nil
    }
    for format in ["", " -o json"] {
      let export = player.mq("cluster export --metadata --config" + format)
      #expect(export.code == 0)
      #expect(export.out.contains("TopicLive") && export.out.contains("CG_Live"))
      #expect(!export.out.contains("TBW102") && !export.out.contains("%RETRY%"))
      let applied = try run("cluster apply -f FILE --prune", file: export.out, on: player.nameServer)
      #expect(applied.code == 0, "\(applied.error)")
      #expect(applied.error == "nothing changes\n")
      #expect(!player.requests.contains { [17, 18, 200, 225, 215, 207, 25, 100].contains($0.code) })
    }
  }

  @Test func aTopicIsMadeAndAnotherChanged() throws {
    let server = try CannedServer.apache { [17, 18, 100].contains($0.code) ? .answer() : nil }
    let file = """
      topics:
        TopicLive: {perm: r}
        Fresh:
          queues: 3
          order: true
          type: fifo
      """
    let tried = try run("topic apply -f FILE --dry-run --exit-code", file: file, on: server)
    #expect(tried.code == 7)
    #expect(
      tried.out.hasPrefix(
        """
        CHANGE  BROKER    KIND   NAME       SETTING  BEFORE  AFTER
        ~       broker-a  topic  TopicLive  perm     rw      r
        +       broker-a  topic  Fresh      -        -       readQueues=3 writeQueues=3 perm=rw order=true \
        attributes.message.type=FIFO
        1 to create, 1 to change, 0 to delete, 0 unchanged

        """))
    #expect(!server.requests.contains { $0.code == 18 })
    let applied = try run("topic apply -f FILE", file: file, on: server)
    // The canned broker does not change, which reading back must find.
    #expect(applied.code == 4 && applied.error.contains("read back, 2 objects are not as asked"))
    let sent = try #require(server.requests.last { $0.code == 18 })
    let body = try #require(try JSONSerialization.jsonObject(with: Data(sent.body)) as? [String: Any])
    let list = try #require(body["topicConfigList"] as? [[String: Any]])
    #expect(list.map { $0["topicName"] as? String } == ["TopicLive", "Fresh"])
    #expect(list.map { $0["perm"] as? Int } == [4, 6])
    #expect(list[1]["attributes"] as? [String: String] == ["+message.type": "FIFO"])
    let order = try #require(server.requests.last { $0.code == 100 })
    #expect(
      order.fields == ["namespace": "ORDER_TOPIC_CONFIG", "key": "Fresh", "value": "broker-a:3"])
  }

  @Test func olderBrokersGetOneRequestForEachTopic() throws {
    let answers = try ApacheAnswers()
    let server = try CannedServer.apache { asked in
      if asked.code == 17 { return .answer() }
      guard asked.code == 21, case .answer(_, _, _, let body) = answers.reply(21, address: "") else {
        return nil
      }
      return .binary(body: Array(body.utf8), version: 401)
    }
    _ = try run("topic apply -f FILE", file: "topics: {A: {}, B: {queues: 2}}", on: server)
    #expect(server.requests.filter { $0.code == 17 }.map { $0.fields["topic"] } == ["A", "B"])
    #expect(!server.requests.contains { $0.code == 18 })
  }

  @Test func pruningAsksAndLeavesTheSystemAlone() throws {
    let server = try CannedServer.apache { [215, 216, 102, 207].contains($0.code) ? .answer() : nil }
    func deleted() -> [String?] {
      server.requests.filter { $0.code == 215 }.map { $0.fields["topic"] }
    }
    let file = "topics: {TopicLive: {}}"
    let refused = try run("topic apply -f FILE --prune", file: file, on: server)
    #expect(refused.code == 2 && refused.error.contains("hint: add --yes"))
    #expect(deleted() == [])
    _ = try run("topic apply -f FILE --prune", file: file, on: server, answers: ["yes"])
    #expect(deleted().contains("TopicLiveOrder"))
    #expect(
      !deleted().contains { $0 == "TopicLive" || $0!.hasPrefix("%") || $0 == "TBW102" || $0 == "broker-a" })
    #expect(!server.requests.contains { $0.code == 207 })
    #expect(server.requests.contains { $0.code == 216 && $0.fields["topic"] == "TopicLiveOrder" })
    let groups = try run(
      "group apply -f FILE --prune --dry-run -o csv", file: "groups: {CG_Live: {}}", on: server)
    #expect(groups.out.contains("-,broker-a,group,CG_LiveOrder,"))
    #expect(!groups.out.contains("TOOLS_CONSUMER") && !groups.out.contains("group,CG_Live,"))
  }

  @Test func groupsAndSettingsAreMergedAndSent() throws {
    let server = try CannedServer.apache { asked in
      if asked.code == 26 { return .answer(body: "brokerName=broker-a\nfileReservedTime=72\n") }
      return [200, 25, 100, 219].contains(asked.code) ? .answer(body: #"{"table":{}}"#) : nil
    }
    let file = """
      groups:
        CG_Live: {retryMaxTimes: 3}
      config:
        "*": {fileReservedTime: 48}
        broker-a: {fileReservedTime: "24"}
      kv:
        SPACE: {key: value}
      """
    _ = try run("cluster apply -f FILE", file: file, on: server)
    let group = try #require(server.requests.last { $0.code == 200 })
    let body = try #require(try JSONSerialization.jsonObject(with: Data(group.body)) as? [String: Any])
    #expect(body["retryMaxTimes"] as? Int == 3 && body["consumeBroadcastEnable"] as? Bool == true)
    let config = try #require(server.requests.last { $0.code == 25 })
    #expect(String(decoding: config.body, as: UTF8.self) == "fileReservedTime=24\n")
    #expect(
      server.requests.last { $0.code == 100 }?.fields
        == ["namespace": "SPACE", "key": "key", "value": "value"])
  }

  @Test func mqadminsFilesAreRead() throws {
    let server = try CannedServer.apache()
    let list = """
      [{"attributes":{"+message.type":"FIFO"},"order":false,"perm":6,"readQueueNums":8,
      "topicFilterType":"SINGLE_TAG","topicName":"TopicListC","topicSysFlag":0,"writeQueueNums":8}]
      """
    let listed = try run("topic apply -f FILE --dry-run -o csv", file: list, on: server)
    #expect(
      listed.out.contains(
        "+,broker-a,topic,TopicListC,,,readQueues=8 writeQueues=8 perm=rw order=false attributes.message.type=FIFO"
      ))
    let player = try Player("exportMetadata")
    let exported = try #require(player.recording.files["metadata.json"])
    let applied = try run("cluster apply -f FILE --prune --dry-run", file: exported, on: player.nameServer)
    #expect(applied.code == 0 && applied.error == "nothing changes\n")
  }

  @Test(arguments: [
    ("topics:\n  A: {queues: many}", "FILE:2: queues must be a whole number from 0 to 65535"),
    ("topics:\n  A:\n    quues: 8", "FILE:3: quues is no setting of a topic"),
    ("topics:\n  A:\n    perm: rq", "FILE:3: perm must be rw, r, w or none"),
    ("topics:\n  A: {}\n  A: {}", "FILE:3: A comes twice, first in line 2"),
    ("topics:\n- name: A\n- name: A", "FILE:3: topic A comes twice, first at FILE:2"),
    ("topics:\n  TBW102: {}", "FILE:2: TBW102 is a topic of the system"),
    ("topics:\n  a@b: {}", "FILE:2: The specified topic contains illegal characters"),
    ("topics:\n  A: [1]", "FILE:2: A is no map"),
    ("topics:\n  A: {brokers: [nobody]}", "FILE:2: no broker of the cluster is named nobody"),
    ("topics:\n\tA: {}", "FILE:2: "),
    ("topcs: {}", "FILE:1: topcs is not known"),
    ("topics: &a {A: {}}\ngroups: *a", "FILE:2: references are not supported"),
    ("cluster: X\n---\ncluster: Y", "FILE:3: cluster is X already"),
    ("groups: {}", "FILE has no topics"),
    ("", "FILE has no topics"),
  ])
  func mistakesAreToldWithTheirLine(file: String, message: String) throws {
    let server = try CannedServer.apache()
    let outcome = try run("topic apply -f FILE", file: file, on: server)
    #expect(outcome.code == (message.contains("no broker") ? 3 : 2))
    #expect(outcome.error.hasPrefix("mq: \(message)"), "\(outcome.error)")
  }

  @Test func differingBrokersAreExportedOneByOne() throws {
    var state = ClusterState()
    for (name, queues, perm) in [("a", Int32(8), Int32(6)), ("b", 4, 6), ("c", 8, 4)] {
      var broker = ClusterState.Broker(target: .init(cluster: "C", name: name, id: 0, address: name + ":1"))
      var config = TopicConfig(name: "T")
      config.readQueues = queues
      config.writeQueues = queues
      config.perm = perm
      config.attributes = name == "b" ? [] : [("message.type", "FIFO")]
      broker.topics["T"] = config
      state.brokers.append(broker)
    }
    let section = StateExport.section(.topic, state, pattern: nil, all: false)
    let text = YAML.text(.object([section]))
    #expect(
      text == """
        topics:
          T:
            readQueues: 8
            writeQueues: 8
            perm: rw
            order: false
            attributes:
              message.type: FIFO
            brokers:
              a: {}
              b:
                readQueues: 4
                writeQueues: 4
                attributes: {}
              c:
                perm: r

        """)
    let directory = try FileSystem.makeTemporaryDirectory(prefix: "mq-apply")
    defer { try? FileSystem.removeTree(directory) }
    try text.write(toFile: directory + "/f", atomically: true, encoding: .utf8)
    let desired = try DesiredState.read(directory + "/f", only: .topic)
    #expect(StateDifference(state, desired, prune: true).changes.isEmpty)
  }

  @Test(arguments: [
    ("", "\"\""), ("Orders", "Orders"), ("true", "\"true\""), ("no", "\"no\""), ("8", "\"8\""),
    ("-x", "\"-x\""),
    ("a: b", "\"a: b\""), ("a#b", "\"a#b\""), ("%RETRY%g", "\"%RETRY%g\""), ("message.type", "message.type"),
    ("1s 5s", "\"1s 5s\""), ("中", "\"中\""), ("a\"b\\c\n", "\"a\\\"b\\\\c\\n\""),
  ])
  func textsSurviveYaml(text: String, printed: String) throws {
    let yaml = YAML.text(.object([.init("key", .string(text))]))
    #expect(yaml == "key: \(printed)\n")
    let back = try FileNode.parse(Array(yaml.utf8), name: "f")
    #expect(back.first?.json == .object([.init("key", .string(text))]))
  }
}
