// `mq mqadmin`: old command lines in the new form.

import Foundation
import TestSupport
import Testing

@testable import Console

@Suite struct MqadminTests {
  private func lines(_ line: String) throws -> [String] {
    var words = line.split(separator: " ").map(String.init)
    let name = words.removeFirst()
    let old = try #require(OldCommands.all.first { $0.name == name })
    return try old.rewritten(try old.values(words)).map { $0.joined(separator: " ") }
  }

  @Test func allOfMqadminIsKnown() {
    #expect(OldCommands.all.count == 89)
    #expect(Set(OldCommands.all.map { $0.name.lowercased() }).count == 89)
  }

  @Test func theListNamesEveryNewForm() {
    let list = mq("mqadmin help").out
    #expect(list.split(separator: "\n").count == 89)
    #expect(list.contains("getColdDataFlowCtrInfo            mq broker cold list\n"), "\(list)")
    #expect(list.contains("topicRoute                        mq topic route\n"))
  }

  @Test(arguments: [
    ("topicList", ["topic list --all"]),
    ("topicRoute -t A -n x:1;y:2", ["topic route A -n x:1;y:2"]),
    ("topicRoute -tA", ["topic route A"]),
    ("topicRoute --topic=A -l", ["topic route A"]),
    ("deleteTopic --clus C -t A", ["topic delete A -c C --yes"]),
    ("updateTopicPerm -t A -p 6 -b h:1", ["topic alter A --perm rw -b h:1"]),
    ("queryMsgById -t A -i ID -f UTF-8", ["message get ID -t A"]),
    (
      "resetOffsetByTime -g G -t A -s 2026-11-20#10:00:00:000",
      ["group seek G -t A --to time=2026-11-20T10:00:00.000 --yes"]
    ),
    (
      "resetOffsetByTime -g G -t A -s now -b h:1 -q 3 -o 7",
      ["group seek G -t A --to offset=7 -b h:1 -q 3 --yes"]
    ),
    ("updateOrderConf -t A -m put -v b:4", ["topic order set A b:4"]),
    ("updateOrderConf -t A -m get", ["topic order get A"]),
  ])
  func oldLinesBecomeNewOnes(line: String, expected: [String]) throws {
    #expect(try lines(line) == expected)
  }

  @Test(arguments: [
    ("topicRoute", "topicRoute needs -t (topic)"),
    ("topicRoute -t", "-t needs a value"),
    ("topicRoute -t A -z", "topicRoute has no option -z"),
    ("topicRoute A", "topicRoute does not know what to do with A"),
    ("updateTopic -t A -c C -u true", "-u of updateTopic has no counterpart"),
    ("updateTopicPerm -t A -p 9", "9 is no permission"),
    ("updateOrderConf -t A -m swap", "updateOrderConf does not know what to do"),
  ])
  func badOldLinesAreRefused(line: String, message: String) {
    let outcome = mq("mqadmin " + line)
    #expect(outcome.code == 2)
    #expect(outcome.error.hasPrefix("mq: \(message)\n"), "\(outcome.error)")
  }

  /// They have options without a counterpart.
  private static let partlyKnown: Set<String> = ["updateTopic", "printMsg", "rocksDBConfigToJson"]

  /// The new forms are commands that exist, with flags that exist.
  @Test(arguments: OldCommands.all.filter { !$0.template.isEmpty })
  func everyFormParses(old: OldCommand) throws {
    let examples = ["perm": "6", "p": "6", "m": "put", "g": "G", "b": "1", "i": "5"]
    func value(_ option: OldCommand.Option) -> String {
      switch option.long {
      case "method": "put"
      case "commitLogReadAheadMode": "0"
      case "mode": "pop"
      case "perm": "6"
      case "orderConf": "broker-a:4"
      case "attributes": "+a=b,-c"
      case "timestamp", "beginTimestamp", "endTimestamp", "checkFrom": "1795168800000"
      case "msgKey", "maxNum", "interval", "level", "timeoutMillis": "5"
      case _ where option.long.hasSuffix("Enable") || option.long.hasSuffix("Orderly"): "true"
      case "notifyConsumerIdsChanged": "true"
      case "userType": "Super"
      case "userStatus": "disable"
      case "decision": "Allow"
      case "brokerIdentity": "C:b:1"
      case _ where option.long.hasPrefix("broker") && option.short == "b": "127.0.0.1:1"
      default: examples[option.short] ?? "1"
      }
    }
    let rows = old.optionRows.dropLast(2)
    for options in [rows.filter(\.isRequired), Array(rows)] {
      let words = options.flatMap { $0.takesValue ? ["-\($0.short)", value($0)] : ["-\($0.short)"] }
      let values = try old.values(words)
      guard let lines = try? old.rewritten(values) else {
        #expect(options.count < rows.count || Self.partlyKnown.contains(old.name), "\(old.name) \(words)")
        continue
      }
      for line in lines {
        #expect(throws: Never.self, "\(line)") { try Parser.parse(line, nowMs: testNowMs) }
      }
    }
  }

  /// Every recorded run of mqadmin, typed at mq and answered as Apache answered: what failed there fails here,
  /// with an exit code, and what worked works.
  @Test(arguments: AdminRecording.all.keys.sorted().filter { !left.contains($0) })
  func recordedLinesSucceedAndFailAsTheyDid(name: String) throws {
    let player = try Player(name) { Self.unrecorded($0, name) }
    let line = player.translated(player.recording.commandLine)
    let outcome = mq(Self.shellWords(line), environment: ["MQ_NAMESRV": player.nameServer])
    if let code = Self.readBack[name] {
      #expect(player.requests.contains { $0.code == code }, "\(line): \(outcome.error)")
      return
    }
    let failed = !player.recording.error.isEmpty || Self.silentFailures.contains(name)
    #expect((outcome.code != 0) == failed, "\(line): \(outcome.code) \(outcome.error)")
  }

  /// What mq asks before a change, and mqadmin did not.
  private static func unrecorded(_ asked: Asked, _ name: String) -> Reply? {
    switch (asked.code, name) {
    case (101, "deleteKvConfig"): .answer(fields: ["value": "v"])
    case (29, _) where name.hasPrefix("resetOffset"): .answer(fields: ["offset": "0"])
    case (351, _) where name.hasPrefix("updateTopicPerm"):
      .answer(body: #"{"topicName":"AdmTopic1","readQueueNums":4,"writeQueueNums":4,"perm":2}"#)
    default: nil
    }
  }

  /// They go on until they are interrupted, or take a file that is not recorded.
  private static let left: Set<String> = [
    "clusterRT", "startMonitoring", "updateTopicList", "updateTopicList-cluster", "updateSubGroupList",
  ]
  /// mqadmin said nothing on stderr, but did not do what was asked: the thing is not there, or its name or
  /// value is none.
  private static let silentFailures: Set<String> = [
    "addWritePerm-nobroker", "wipeWritePerm-nobroker", "checkMsgSendRT-notopic", "clusterList-nocluster",
    "deleteKvConfig-missing", "deleteSubGroup-nogroup", "deleteTopic-nocluster", "deleteTopic-notopic",
    "deleteUser-nouser", "getConsumerConfig-nogroup", "getUser-nouser", "noSuchCommand",
    "queryMsgByOffset-beyond", "setCommitLogReadAheadMode-bad", "updateBrokerConfig-unknownkey",
    "updateSubGroup-badname", "updateTopic-nocluster", "exportMetadataInRocksDB",
  ]
  /// mq reads back what it wrote, and the recording still says what was before: the request that writes.
  private static let readBack: [String: Int] = [
    "cloneGroupOffset": 222, "resetOffsetByTime": 222, "resetOffsetByTime-past": 222,
    "resetOffsetByTime-queue": 222, "setConsumeMode": 401, "setConsumeMode-pull": 401,
    "skipAccumulatedMessage": 222, "skipAccumulatedMessage-offline": 222, "updateBrokerConfig": 25,
    "updateTopicPerm": 17, "updateTopicPerm-cluster": 17,
  ]

  private static func shellWords(_ line: String) -> [String] {
    var words: [String] = []
    var word: String?
    var quote: Character?
    for character in line {
      if character == quote {
        quote = nil
      } else if quote == nil, character == "'" || character == "\"" {
        quote = character
        word = word ?? ""
      } else if quote == nil, character == " " {
        if let done = word { words.append(done) }
        word = nil
      } else {
        word = (word ?? "") + String(character)
      }
    }
    if let done = word { words.append(done) }
    return words
  }
}
