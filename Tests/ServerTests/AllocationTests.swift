// The data path allocates nothing: counted over the real handlers, from the header's bytes to the answer's.

import CAllocationCount
import Store
import Testing
import Wire

@testable import Server

struct AllocationTests {
  /// One request as the loop serves it: parse, look up, handle; the answer is taken away afterwards.
  private final class Path {
    let rig: Rig
    let client: FakeClient
    private var header = RemotingHeader(remembersShapes: true)

    init() throws {
      rig = try Rig { $0.store.segmentBytes = 8 << 20 }
      client = try rig.client()
      rig.makeTopic("T")
    }

    /// Serves a request; returns the bytes of its answer.
    func serve(_ fields: borrowing [UInt8], _ body: borrowing [UInt8]) -> Int {
      let session = client.session
      session.beginTurn()
      do throws(WireError) { try header.parse(fields.rawBytes, as: .json) } catch { return 0 }
      guard let handler = rig.node.table.handler(header.code, at: session.role) else { return 0 }
      handler(rig.node, session, header, fields.rawBytes, body.rawBytes)
      let bytes = session.out.count
      session.out.removeAll()
      return bytes
    }

    /// Allocations of `count` requests, after as many to warm up;
    /// the answers must have at least `bytesMin` bytes.
    func allocations(_ count: Int, _ fields: [UInt8], _ body: [UInt8], bytesMin: Int = 100) -> UInt {
      for _ in 0..<count { _ = serve(fields, body) }
      var isShort = false
      let before = mq_allocations()
      for _ in 0..<count where serve(fields, body) < bytesMin { isShort = true }
      let allocations = mq_allocations() - before
      #expect(!isShort, "a request was refused")
      return allocations
    }
  }

  private func header(_ code: Int32, _ fields: [(String, String)]) -> [UInt8] {
    JSON.object([
      .init("code", .int(Int64(code))),
      .init("extFields", .object(fields.map { JSON.Member($0.0, .string($0.1)) })), .init("flag", .int(0)),
      .init("language", .string("JAVA")), .init("opaque", .int(7)), .init("version", .int(479)),
    ]).bytes(.compact)
  }

  private func send(_ code: Int32) -> [UInt8] {
    let properties = "KEYS\u{1}k1\u{2}TAGS\u{1}A\u{2}UNIQ_KEY\u{1}7F0000010BF963947C6B0BA1F7F30000\u{2}"
    let names =
      code == 10
      ? [
        "producerGroup", "topic", "defaultTopic", "defaultTopicQueueNums", "queueId", "sysFlag",
        "bornTimestamp",
        "flag", "properties", "reconsumeTimes", "unitMode", "maxReconsumeTimes", "batch",
      ] : "abcdefghijklm".map { "\($0)" }
    let values = [
      "PG", "T", "TBW102", "4", "1", "0", "1700000000000", "0", properties, "0", "false", "16", "false",
    ]
    return header(code, Array(zip(names, values)))
  }

  private let pull: [(String, String)] = [
    ("consumerGroup", "G"), ("topic", "T"), ("queueId", "1"), ("queueOffset", "5"), ("maxMsgNums", "32"),
    ("sysFlag", "2"), ("commitOffset", "0"), ("suspendTimeoutMillis", "15000"), ("subscription", "*"),
    ("subVersion", "0"), ("expressionType", "TAG"),
  ]

  @Test(arguments: [10, 310] as [Int32])
  func producedMessagesCostNoAllocation(_ code: Int32) throws {
    let path = try Path()
    let body = [UInt8](repeating: 0x61, count: 128)
    let allocations = path.allocations(10_000, send(code), body)
    // A queue takes room for its next 1,024 entries at once; the path itself takes nothing.
    #expect(allocations <= 10_000 / 1024 + 1, "\(allocations) for 10,000 messages")
    let stored = try path.client.ask(.getMaxOffset, [("topic", "T"), ("queueId", "1")])
    #expect(stored.fields["offset"] == "20000")
  }

  /// Flag 2: the subscription that the heartbeat registered; 6: it comes with each pull, as C++ clients
  /// send it.
  @Test(arguments: [("2", "*"), ("6", "*"), ("6", "A || B"), ("6", "TAGS = 'A' AND KEYS CONTAINS 'k'")])
  func pulledBatchesCostAtMostTwoAllocations(_ sysFlag: String, _ subscription: String) throws {
    let path = try Path()
    let body = [UInt8](repeating: 0x61, count: 128)
    let send = send(310)
    for _ in 0..<100 { _ = path.serve(send, body) }
    _ = try path.client.ask(.heartbeat, body: ClientTests.heartbeat("c", topics: [("T", "*")]))
    let batches = 1000
    let fields = pull.map { field in
      switch field.0 {
      case "sysFlag": (field.0, sysFlag)
      case "subscription": (field.0, subscription)
      case "expressionType": (field.0, subscription.contains("=") ? "SQL92" : "TAG")
      default: field
      }
    }
    let allocations = path.allocations(batches, header(11, fields), [], bytesMin: 32 * 128)
    #expect(allocations <= 2 * UInt(batches), "\(allocations) for \(batches) batches")
  }

  @Test func heldPullsThatAppendsAnswerCostAtMostTwoAllocations() throws {
    let path = try Path()
    let body = [UInt8](repeating: 0x61, count: 128)
    let send = send(310)
    let node = path.rig.node
    _ = try path.client.ask(.heartbeat, body: ClientTests.heartbeat("c", topics: [("T", "*")]))
    var held = 0
    var answered = 0
    func round(_ offset: Int) -> UInt {
      // The request differs in its offset; making it is not the broker's work.
      var fields = pull
      fields[3].1 = "\(offset)"
      let request = header(11, fields)
      let before = mq_allocations()
      if path.serve(request, []) == 0 { held += 1 }
      _ = path.serve(send, body)
      node.broker.longPolls.serve(node)
      let allocations = mq_allocations() - before
      if path.client.session.out.count > body.count { answered += 1 }
      path.client.session.out.removeAll()
      return allocations
    }
    for offset in 0..<1000 { _ = round(offset) }
    let allocations = (1000..<2000).reduce(UInt(0)) { sum, offset in sum + round(offset) }
    #expect(held == 2000, "a pull at the end waits for the next message")
    #expect(answered == 2000, "which answers it in the same turn")
    #expect(allocations <= 2 * 1000, "\(allocations) for 1000 rounds")
  }
}
