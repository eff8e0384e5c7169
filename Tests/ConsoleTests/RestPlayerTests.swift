// Comparisons with mqadmin's recorded output that need more than a look at a table: a thread dump, a list of
// groups from a file, tables in RocksDB, and a trace, of which no recording has one that was found.

import Foundation
import Linux
import TestSupport
import Testing
import Wire

@testable import Console

@Suite struct RestPlayerTests {
  @Test func aThreadDumpIsMqadmins() throws {
    let player = try Player("consumerStatus-jstack")
    let said = try #require(
      try player.objects("group clients CG_Live --client 127.0.0.1@live --stack").first)
    #expect(said["clientId"] as? String == "127.0.0.1@live")
    let lines = try #require(said["stack"] as? [[String: Any]]).map { $0["line"] as! String }
    let printed = player.recording.out.components(separatedBy: "#Consumer jstack#\n")[1]
      .split(separator: "\n").map(String.init)
    #expect(lines == printed && lines.count > 100)
    #expect(
      player.requests.contains { $0.code == 307 && $0.fields["jstackEnable"] == "true" },
      "a dump is asked for only with --stack")
    let table = player.mq("group clients CG_Live --client 127.0.0.1@live --stack")
    #expect(table.code == 0 && printed.allSatisfy { table.out.contains($0) })
  }

  /// What a consumer tells is read and written without loss.
  @Test func whatAClientSaysIsKept() throws {
    var count = 0
    for exchange in AdminRecording.all.values.flatMap(\.exchanges)
    where exchange.asked.code == 307 && exchange.code == 0 {
      let json = try JSON.parse(exchange.body)
      let said = try #require(ConsumerRunning(json))
      let told = said.json
      #expect(ConsumerRunning(told) == said)
      for name in ["mqPopTable", "mqTable", "statusTable", "subscriptionSet", "userConsumerInfo"] {
        #expect(told[name] == json[name], "\(name)")
      }
      #expect(told["jstack"] == json["jstack"])
      #expect(told["properties"]?.members?.count == json["properties"]?.members?.count)
      count += 1
    }
    #expect(count >= 4)
  }

  /// The file of the recording is not there, but what mqadmin made of it: the same text as a file makes the same
  /// groups.
  @Test func aListOfGroupsIsMadeAsMqadminMakesIt() throws {
    let sent = try #require(
      AdminRecording.all["updateSubGroupList"]?.exchanges.first { $0.asked.code == 225 }?.asked.body)
    let wanted = try #require(SubscriptionGroupList(try JSON.parse(sent))).groups
    let existing = try #require(
      AdminRecording.all.keys.sorted().lazy.flatMap { AdminRecording.all[$0]!.exchanges }
        .first { $0.asked.code == 201 && $0.code == 0 }?.body)
    // Before the list was sent: without its groups.
    var before = try #require(SubscriptionGroupTable(try JSON.parse(existing)))
    before.groups.removeAll { group in wanted.contains { $0.name == group.name } }
    let table = before
    let made = Made()
    let player = try Player("updateSubGroupList") { asked in
      if asked.code == 225 || asked.code == 200 { made.add(asked) }
      if asked.code != 201 { return nil }
      var now = table
      now.groups += made.groups
      return .answer(body: now.json.text(.compact))
    }
    let directory = try TemporaryDirectory()
    let path = directory.path("groups.json")
    try Data(sent).write(to: URL(fileURLWithPath: path))
    let outcome = mq("mqadmin updateSubGroupList -b \(player.broker) -f \(path) -n \(player.nameServer)")
    #expect(outcome.code == 0, "\(outcome.error)")
    #expect(made.groups == wanted, "\(outcome.out)")
    #expect(player.recording.out.contains("success"))
    #expect(made.count == 1, "one request for all, as mqadmin's")
    let again = player.mq("group apply -f \(path) -b \(player.broker) --dry-run --exit-code")
    #expect(again.code == 0, "all is as the file says: \(again.out) \(again.error)")
  }

  private final class Made: @unchecked Sendable {
    private let lock = NSLock()
    private var list: [SubscriptionGroup] = []
    private var requests = 0
    var groups: [SubscriptionGroup] { lock.withLock { list } }
    var count: Int { lock.withLock { requests } }

    func add(_ asked: Asked) {
      guard let json = try? JSON.parse(asked.body) else { return }
      lock.withLock {
        requests += 1
        list += SubscriptionGroupList(json)?.groups ?? SubscriptionGroup(json).map { [$0] } ?? []
      }
    }
  }

  /// mqadmin asked nobody: it wants a cluster besides the broker. `mq` asks the broker that is named, and
  /// says what a broker without RocksDB answers.
  @Test func rocksDBTablesAreExportedWhereMqadminRefused() throws {
    let recording = try #require(AdminRecording.all["rocksDBConfigToJson"])
    #expect(recording.exchanges.isEmpty && recording.out.contains("please input cluster"))
    for (answer, code) in [(Reply.answer(), Int32(0)), (.answer(code: 3, remark: "not supported"), 1)] {
      let player = try Player("rocksDBConfigToJson") { $0.code == 355 ? answer : nil }
      let outcome = mq(player.translated(recording.commandLine))
      #expect(outcome.code == code, "\(outcome.error)")
      let asked = player.requests.filter { $0.code == 355 }
      #expect(asked.map { $0.fields["configType"] } == ["topics;subscriptionGroups;consumerOffsets;"])
      let cluster = mq("mqadmin rocksDBConfigToJson -c DefaultCluster -t topics -n \(player.nameServer)")
      #expect(cluster.code == code, "\(cluster.error)")
      #expect(player.requests.last { $0.code == 355 }?.fields["configType"] == "topics;")
    }
  }

  // MARK: Traces

  /// A trace message as Apache's TraceDataEncoder writes it.
  private struct Trace {
    static let id = "7F000001029D4E0E2F2A64B2D4570009"
    var lines: [[String]]

    var record: StoredRecord {
      var record = StoredRecord()
      record.topic = "RMQ_SYS_TRACE_TOPIC"
      record.properties = [("KEYS", "\(Self.id) TRK")]
      record.body = Array(lines.map { $0.joined(separator: "\u{1}") + "\u{2}" }.joined().utf8)
      return record
    }

    static func sent(_ id: String, atMs: Int64, costMs: Int, succeeded: Bool) -> [String] {
      [
        "Pub", "\(atMs)", "DefaultRegion", "PG_Trace", "TopicTrace", id, "TagT", "TRK", "127.0.0.1:10911",
        "12", "\(costMs)", "0", "7F00000100002A9F0000000000000000", "\(succeeded)",
      ]
    }
    static func begin(_ group: String, _ request: String, atMs: Int64, retry: Int, _ id: String) -> [String] {
      ["SubBefore", "\(atMs)", "DefaultRegion", group, request, id, "\(retry)", "TRK"]
    }
    static func end(
      _ group: String, _ request: String, atMs: Int64, costMs: Int, succeeded: Bool, _ id: String
    ) -> [String] {
      ["SubAfter", request, id, "\(costMs)", "\(succeeded)", "TRK", succeeded ? "0" : "4", "\(atMs)", group]
    }
  }

  /// Each line that mqadmin prints of a trace (QueryMsgTraceByIdSubCommand: sendings, and consumptions that have
  /// ended, with the end's time) is in the timeline.
  @Test func aTraceHasWhatMqadminPrints() throws {
    let (id, other) = (Trace.id, "7F000001029D4E0E2F2A64B2D457000A")
    let start: Int64 = 1_795_180_794_000
    let messages = [
      Trace(
        lines: [
          Trace.sent(id, atMs: start, costMs: 14, succeeded: true),
          Trace.sent(other, atMs: start, costMs: 15, succeeded: true),
        ]),
      Trace(
        lines: [
          Trace.begin("CG_A", "R1", atMs: start + 100, retry: 0, id),
          Trace.begin("CG_A", "R1", atMs: start + 100, retry: 0, other),
          Trace.end("CG_A", "R1", atMs: start + 130, costMs: 30, succeeded: false, id),
          Trace.end("CG_A", "R1", atMs: start + 130, costMs: 30, succeeded: true, other),
        ]),
      Trace(
        lines: [
          Trace.begin("CG_A", "R2", atMs: start + 10_100, retry: 1, id),
          Trace.end("CG_A", "R2", atMs: start + 10_105, costMs: 5, succeeded: true, id),
        ]),
      Trace(
        lines: [
          Trace.begin("CG_B", "R3", atMs: start + 150, retry: 0, id),
          Trace.end("CG_B", "R3", atMs: start + 157, costMs: 7, succeeded: true, id),
        ]),
    ]
    let body = messages.flatMap(\.record.bytes)
    let server = try CannedServer.apache(topics: ["RMQ_SYS_TRACE_TOPIC"]) {
      $0.code == 12 ? .binary(body: body) : nil
    }
    let outcome = mq("message trace \(id) -o json", environment: ["MQ_NAMESRV": server.address])
    #expect(outcome.code == 0, "\(outcome.error)")
    let story = try #require(
      try JSONSerialization.jsonObject(with: Data(outcome.out.utf8)) as? [String: Any])
    let timeline = try #require(story["timeline"] as? [[String: Any]])
    func has(_ event: String, _ group: String, _ endMs: Int64, _ costMs: Int, _ result: String, retry: Int?)
      -> Bool
    {
      timeline.contains { line in
        line["event"] as? String == event && line["group"] as? String == group
          && (line["timeMs"] as? Int64).map { $0 + (event == "sent" ? 0 : Int64(costMs)) } == endMs
          && line["costMs"] as? Int == costMs && line["result"] as? String == result
          && line["retries"] as? Int == retry
      }
    }
    #expect(has("sent", "PG_Trace", start, 14, "success", retry: nil))
    #expect(has("consumed", "CG_A", start + 130, 30, "failed", retry: 0))
    #expect(has("consumed", "CG_A", start + 10_105, 5, "success", retry: 1))
    #expect(has("consumed", "CG_B", start + 157, 7, "success", retry: 0))
    #expect(timeline.filter { $0["event"] as? String != "stored" }.count == 4, "and nothing of the other")
    #expect(story["messageId"] as? String == id && story["topic"] as? String == "TopicTrace")
  }
}
