// `kill -9` while transactions are pending: each ends once, as its producer decided.

import Foundation
import Linux
import TestSupport
import Testing
import Wire

extension EndToEnd {
  @Suite struct TransactionTests {
    static let topic = "Tx"
    static let group = "PG_Tx"
    static let kills = 4

    @Test func transactionsEndOnceOverKills() throws {
      let directory = try TemporaryDirectory()
      let conf = directory.path("broker.conf")
      try "transactionCheckInterval=200\ntransactionTimeOut=100\ntransactionCheckMax=1000\n".write(
        toFile: conf, atomically: true, encoding: .utf8)
      let store = directory.path("store")
      let flags = ["--config", conf, "--segment-size", "8M", "--log-level", "error"]
      var random = SeededGenerator(seed: 3)
      let ledger = Ledger()
      var broker = try Broker(store: store, flags)
      try broker.connect().makeTopic(Self.topic, queues: 1)
      for round in 0..<Self.kills {
        let lifeMs = UInt32.random(in: 150...500, using: &random)
        let running = broker
        try inParallel(2) { index in
          if index == 0 {
            usleep(lifeMs * 1000)
            try running.kill()
          } else {
            try? Producer(running, ledger, sends: .max, round: round).run()
          }
        }
        broker = try Broker(store: store, flags)
      }
      // The last producer only answers what it is asked, until nobody asks any more.
      try Producer(broker, ledger, sends: 0, round: Self.kills).run()

      let delivered = try broker.connect().readQueue(Self.topic, 0).map(\.body)
      let decided = ledger.acknowledged.filter { Decision($0) == .commit }
      #expect(Set(delivered).count == delivered.count, "delivered twice")
      #expect(Set(decided).subtracting(delivered) == [], "committed and lost")
      #expect(delivered.filter { Decision($0) != .commit } == [], "rolled back and delivered")
      #expect(ledger.acknowledged.count > 50 && ledger.asked > 10, "too little happened to show anything")
    }

    /// The clients' own frames: a request finds its way to a consumer, the reply back to who asked.
    @Test func replyComesBack() throws {
      let broker = try Broker()
      let (asker, replier) = (try broker.connect(), try broker.connect())
      let beat = #"{"clientID":"asker","consumerDataSet":[],"producerDataSet":[{"groupName":"PG_Req"}]}"#
      #expect(try asker.ask(34, [], body: Array(beat.utf8)).code == 0)
      replier.queue(
        325,
        [
          ("a", "PG_Reply"), ("b", "DefaultCluster_REPLY_TOPIC"), ("c", "TBW102"), ("d", "4"), ("e", "0"),
          ("f", "0"), ("g", "1700000000000"), ("h", "0"),
          ("i", "REPLY_TO_CLIENT\u{1}asker\u{2}CORRELATION_ID\u{1}C\u{2}"), ("j", "0"), ("k", "false"),
          ("m", "false"),
        ], body: Array("pong".utf8))
      try replier.flush()
      let push = try #require(try asker.receive())
      #expect(push.code == 326 && push.body == Array("pong".utf8))
      var out = ByteBuffer()
      var writer = FrameWriter(response: 0, opaque: push.opaque, to: &out)
      writer.endHeader(to: &out)
      writer.finish(to: &out)
      try asker.write(out.array)
      let answer = try #require(try replier.receive())
      #expect(answer.code == 0 && answer.number("queueOffset") == 0)
    }
  }
}

/// What a producer decides about its message, the same each time it is asked.
private enum Decision: Int {
  case commit = 8
  case rollback = 12

  init(_ body: String) { self = Int(body.split(separator: "/")[1])! % 4 < 2 ? .commit : .rollback }
  /// Whether the producer says so at once, or waits to be asked.
  static func isAtOnce(_ body: String) -> Bool { Int(body.split(separator: "/")[1])! % 2 == 0 }
}

/// Which half messages were acknowledged, over all producers.
private final class Ledger: @unchecked Sendable {
  private let lock = NSLock()
  private var bodies: [String] = []
  private var questions = 0

  func acknowledge(_ body: String) { lock.withLock { bodies.append(body) } }
  func ask() { lock.withLock { questions += 1 } }
  var acknowledged: [String] { lock.withLock { bodies } }
  var asked: Int { lock.withLock { questions } }
}

/// Sends transactions on one connection, one after the other, and answers questions in between.
private struct Producer {
  let wired: Wired
  let ledger: Ledger
  let sends: Int
  let round: Int
  /// Without a question for so long, nothing is pending: several rounds of checks have passed.
  static let quietMs: Int32 = 1000

  init(_ broker: Broker, _ ledger: Ledger, sends: Int, round: Int) throws {
    wired = try broker.connect()
    self.ledger = ledger
    self.sends = sends
    self.round = round
  }

  func run() throws {
    let beat =
      #"{"clientID":"p","consumerDataSet":[],"producerDataSet":[{"groupName":"\#(EndToEnd.TransactionTests.group)"}]}"#
    wired.queue(34, [], body: Array(beat.utf8))
    try wired.flush()
    var number = 0
    var waiting: (opaque: Int32, body: String)?
    while true {
      if waiting == nil && number < sends {
        let body = "\(round)/\(number)"
        waiting = (prepare(body), body)
        number += 1
      }
      try wired.flush()
      let frame: Answer?
      do { frame = try wired.receive(timeoutMs: Self.quietMs) } catch {
        if sends == 0 { return }
        throw error
      }
      guard let frame else { return }
      if frame.code == 39 {
        ledger.ask()
        let record = try Record.decode(frame.body.rawBytes)
        end(
          String(decoding: frame.body[record.body], as: UTF8.self),
          frame.number("tranStateTableOffset") ?? -1,
          frame.number("commitLogOffset") ?? -1, fromCheck: true)
      } else if let sent = waiting, frame.opaque == sent.opaque {
        waiting = nil
        guard frame.code == 0, let id = frame.fields["msgId"].flatMap({ OffsetMessageId($0) }) else {
          Issue.record("a half message is refused with \(frame.code)")
          return
        }
        ledger.acknowledge(sent.body)
        if Decision.isAtOnce(sent.body) {
          end(sent.body, frame.number("queueOffset") ?? -1, id.physicalOffset, fromCheck: false)
        }
      }
    }
  }

  /// Puts a half message into the outbox, born now: an old one would be given up.
  private func prepare(_ body: String) -> Int32 {
    let group = EndToEnd.TransactionTests.group
    return wired.queue(
      310,
      [
        ("a", group), ("b", EndToEnd.TransactionTests.topic), ("c", "TBW102"), ("d", "4"), ("e", "0"),
        ("f", "4"), ("g", "\(Clock.wallMs())"), ("h", "0"),
        ("i", "TRAN_MSG\u{1}true\u{2}PGROUP\u{1}\(group)\u{2}"), ("j", "0"), ("k", "false"), ("m", "false"),
      ], body: Array(body.utf8))
  }

  private func end(_ body: String, _ queueOffset: Int64, _ logOffset: Int64, fromCheck: Bool) {
    wired.queue(
      37,
      [
        ("producerGroup", EndToEnd.TransactionTests.group), ("tranStateTableOffset", "\(queueOffset)"),
        ("commitLogOffset", "\(logOffset)"), ("commitOrRollback", "\(Decision(body).rawValue)"),
        ("fromTransactionCheck", "\(fromCheck)"),
      ], oneWay: true)
  }
}
