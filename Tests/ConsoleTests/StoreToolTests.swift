// `mq store` on stores that Apache RocketMQ 5.3.3 wrote: words, exit codes and output, value by value.

import Foundation
import Linux
import TestSupport
import Testing
import Wire

@testable import Console

@Suite struct StoreToolTests {
  /// One of the store's fixtures, removed at the end.
  final class Unpacked {
    let directory: String
    var root: String { "\(directory)/store" }

    init(_ name: String) throws {
      directory = try FileSystem.makeTemporaryDirectory(prefix: "mq-tool-")
      try Fixture.untar(Unpacked.fixture("\(name).tar.gz"), to: directory)
    }

    deinit { try? FileSystem.removeTree(directory) }

    static func fixture(_ name: String) -> String { "\(packageRoot)/Tests/StoreTests/Fixtures/\(name)" }

    static func manifest(_ name: String) throws -> [JSON] {
      try Fixture.gunzip(fixture("\(name).manifest.jsonl.gz")).split(separator: 10).map {
        try JSON.parse(Array($0))
      }
    }
  }

  @Test(arguments: ["clean", "torn-crc", "slave"])
  func everyMemberOfADumpedLineIsTheManifests(_ name: String) throws {
    let store = try Unpacked(name)
    let outcome = mq(["store", "dump", store.root, "--body", "base64", "--past-tear"])
    #expect(outcome.code == 0)
    let lines = try outcome.out.split(separator: "\n").map { try JSON.parse(Array($0.utf8)) }
    let expected = try Unpacked.manifest(name).filter { $0["kind"]?.string == "msg" }
    #expect(lines.count == expected.count)
    let same = [
      ("topic", "topic"), ("queueId", "queueId"), ("queueOffset", "queueOffset"),
      ("physicalOffset", "physOffset"), ("sizeBytes", "size"), ("bornTimeMs", "bornTimestamp"),
      ("bornHost", "bornHost"), ("storeTimeMs", "storeTimestamp"), ("storeHost", "storeHost"),
      ("reconsumeTimes", "reconsumeTimes"), ("preparedTransactionOffset", "preparedTransactionOffset"),
      ("flag", "flag"), ("sysFlag", "sysFlag"), ("bodyCrc", "bodyCrc"), ("offsetMessageId", "offsetMsgId"),
    ]
    for (line, wanted) in zip(lines, expected) {
      for (ours, theirs) in same { #expect(line[ours] == wanted[theirs], "\(ours) of \(line)") }
      #expect(line["version"]?.int == (wanted["magic"]?.string == "DAA320A7" ? 1 : 2))
      let body = try #require(line["bodyBase64"]?.string.flatMap { Base64.bytes($0) })
      let storedBytes = try #require(wanted["bodyLen"]?.int)
      if wanted["sysFlag"]!.int! & 1 == 0 {
        #expect(Int64(CRC32.masked(body.rawBytes)) == wanted["bodyCrc32"]?.int)
        #expect(line["bodyBytes"]?.int == storedBytes && Int64(body.count) == storedBytes)
      } else {
        // The manifest speaks of the body as it is stored; a dump unpacks it.
        #expect(Int64(body.count) > storedBytes && line["isCompressed"] == nil)
      }
      var properties = Dictionary(
        uniqueKeysWithValues: (line["properties"]?.members ?? []).map { ($0.key.string!, $0.value.string!) })
      properties["KEYS"] = line["keys"]?.string
      properties["TAGS"] = line["tags"]?.string
      let theirs = Dictionary(
        uniqueKeysWithValues: (wanted["properties"]?.members ?? []).map { ($0.key.string!, $0.value.string!) }
      )
      #expect(properties == theirs)
      #expect(line["messageId"]?.string == properties["UNIQ_KEY"] ?? wanted["offsetMsgId"]?.string)
    }
    #expect(outcome.error.isEmpty == (name != "torn-crc"))
  }

  @Test func bodiesAreTextHexOrLeftOut() throws {
    let store = try Unpacked("slave")
    let text = mq("store dump \(store.root) --limit 40").out
    #expect(text.split(separator: "\n").count == 40 && text.contains(#""body":""#))
    #expect(mq("store dump \(store.root) --limit 3 --body hex").out.contains(#""bodyHex":""#))
    for words in ["--no-body", "--body none"] {
      let out = mq("store dump \(store.root) --limit 3 \(words)").out
      #expect(!out.contains(#""body":"#) && !out.contains("bodyBase64") && out.contains("bodyBytes"))
    }
    // What was dumped can be sent.
    for line in text.split(separator: "\n") {
      #expect(throws: Never.self) { try MessageLine.message(Array(line.utf8), place: "line") }
    }
  }

  /// Exit code, and what a script reads.
  @Test(arguments: [
    ("clean", 0), ("killed", 0), ("torn", 7), ("torn-header", 7), ("torn-crc", 7), ("many", 0),
  ])
  func checkSaysItByItsExitCode(_ name: String, _ code: Int32) throws {
    let store = try Unpacked(name)
    let outcome = mq("store check \(store.root) -o json")
    #expect(outcome.code == code)
    let report = try JSON.parse(Array(outcome.out.utf8))
    let head = try #require(try Unpacked.manifest(name).first)
    #expect(report["endOffset"] == head["commitLogMaxOffset"])
    #expect(report["startOffset"] == head["commitLogMinOffset"])
    #expect(report["tornOffset"]?.int == head["cutOffset"]?.int)
    #expect(report["verdict"]?.string == (code == 7 ? "bad" : name == "many" ? "ok" : "note"))
    #expect(report["endedCleanly"]?.bool == (head["abortFile"]?.bool == false))
    #expect(report["areas"]?.array?.contains { $0["area"]?.string == "consumeQueue" } == true)
    if code == 7 {
      #expect(outcome.error.contains("commitLog") && outcome.error.contains("mq store repair"))
      #expect(mq("store check \(store.root) --fast").code == (name == "torn-crc" ? 0 : 7), "a checksum only")
    }
  }

  @Test func statCountsWhatTheManifestHolds() throws {
    let store = try Unpacked("clean")
    let report = try JSON.parse(Array(mq("store stat \(store.root) --top 0 --queues -o json").out.utf8))
    let messages = try Unpacked.manifest("clean").filter { $0["kind"]?.string == "msg" }
    let byTopic = Dictionary(grouping: messages) { $0["topic"]!.string! }
    let topics = try #require(report["topics"]?.array)
    #expect(topics.count == byTopic.count)
    for topic in topics {
      let own = try #require(byTopic[topic["topic"]!.string!])
      #expect(topic["records"]?.int == Int64(own.count))
      #expect(topic["sizeBytes"]?.int == own.reduce(0) { $0 + $1["size"]!.int! })
      #expect(topic["oldestMs"]?.int == own.map { $0["storeTimestamp"]!.int! }.min())
    }
    #expect(report["records"]?.int == 1018 && report["sizeBytes"]?.int == 699_773)
    #expect(report["queues"]?.array?.count == Set(messages.map { "\($0["topic"]!)\($0["queueId"]!)" }).count)
    #expect(mq("store stat \(store.root) --top 3 -o csv").out.split(separator: "\r\n").count == 4)
  }

  @Test func repairShowsFirstAndDoesItOnlyWhenTold() throws {
    let store = try Unpacked("torn")
    let shown = mq("store repair \(store.root)")
    #expect(shown.code == 0 && shown.out.contains("325623") && shown.error.contains("--yes"))
    #expect(mq("store repair \(store.root) --yes --dry-run").code == 0)
    #expect(mq("store check \(store.root)").code == 7, "nothing was done")
    let done = try JSON.parse(Array(mq("store repair \(store.root) --yes -o json").out.utf8))
    #expect(done["isDone"]?.bool == true && done["steps"]?.array?.first?["step"]?.string == "cut")
    #expect(mq("store check \(store.root)").code == 0)
    #expect(mq("store repair \(store.root) --yes").out.contains("nothing to do"))
  }

  @Test func singleFilesAreKnownByTheirPlace() throws {
    let store = try Unpacked("clean")
    func first(_ path: String, _ more: String = "") throws -> JSON {
      let outcome = mq("store dump \(store.root)/\(path) --limit 1 \(more)")
      return try JSON.parse(Array(outcome.out.utf8))
    }
    #expect(try first("checkpoint")["logTimeMs"]?.int == 1_795_181_779_266)
    #expect(try first("commitlog/00000000000000262144")["physicalOffset"]?.int ?? 0 >= 262_144)
    #expect(try first("consumequeue/StAlpha/0/00000000000000000000")["physicalOffset"]?.int == 21_688)
    #expect(try first("consumequeue/StBeta/0/00000000000000001000")["queueOffset"]?.int == 50)
    #expect(try first("index/20261120133508706")["slots"]?.int == 200)
    #expect(try first("timerlog/00000000000000000000")["deliverTimeMs"]?.int == 1_795_181_711_000)
    #expect(try first("timerwheel")["messages"]?.int == 1)
    #expect(mq("store dump \(store.root)/config/topics.json").code == 2)
    #expect(mq("store dump \(store.root)/config/topics.json --as records").out == "")
  }

  @Test func whatIsNotThereIsSaid() throws {
    #expect(mq("store check /nonexistent").code == 3)
    #expect(mq("store dump /nonexistent").code == 3)
    let outcome = mq("store check /usr")
    #expect(outcome.code == 2 && outcome.error.contains("no store"))
    #expect(mq("store repair /usr --yes").code == 2)
  }
}
