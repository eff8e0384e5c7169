// `kill -9` while producers are at work: what was acknowledged is there, once and in order,
// after every restart.

import Foundation
import Linux
import TestSupport
import Testing

extension EndToEnd {
  @Suite struct KillTests {
    static let topic = "Killed"
    static let queues = 4
    static let producers = 8
    static let kills = 10

    @Test(arguments: ["async", "sync"])
    func acknowledgedMessagesSurviveTenKills(_ flush: String) throws {
      let directory = try TemporaryDirectory()
      let store = directory.path("store")
      // Small segments, so that some kills hit the change from one to the next.
      let flags = ["--flush", flush, "--segment-size", "8M", "--log-level", "error"]
      let ledger = Ledger()
      var random = SeededGenerator(seed: flush == "sync" ? 11 : 7)
      var broker = try Broker(store: store, flags)
      try broker.connect().makeTopic(Self.topic, queues: Self.queues)

      for round in 0..<Self.kills {
        let lifeMs = UInt32.random(in: 30...350, using: &random)
        let running = broker
        let seeds = (0..<Self.producers).map { _ in random.next() }
        try inParallel(Self.producers + 1) { index in
          if index == Self.producers {
            usleep(lifeMs * 1000)
            try running.kill()
          } else {
            Self.produce(running, producer: index, round: round, seed: seeds[index], ledger)
          }
        }
        broker = try Broker(store: store, flags)
        try Self.check(broker, ledger, "after kill \(round + 1), \(lifeMs) ms")
      }

      #expect(ledger.count > 1000, "only \(ledger.count) messages were acknowledged; that shows little")
      #expect(try broker.stop() == .code(0))
      broker = try Broker(store: store, flags)
      try Self.check(broker, ledger, "after a clean stop")
    }

    /// Sends until the connection breaks, up to 16 at a time, and notes what is acknowledged.
    private static func produce(_ broker: Broker, producer: Int, round: Int, seed: UInt64, _ ledger: Ledger) {
      var random = SeededGenerator(seed: seed)
      var waiting: [Int32: (queueId: Int, body: String)] = [:]
      var number = 0
      do {
        let wired = try broker.connect()
        while true {
          while waiting.count < 16 {
            let name = "\(producer)/\(round)/\(number) "
            let body = name + String(repeating: "x", count: Int.random(in: 0...1500, using: &random))
            let queueId = Int.random(in: 0..<queues, using: &random)
            waiting[wired.queueSend(topic, queueId: queueId, body: Array(body.utf8))] = (queueId, body)
            number += 1
          }
          try wired.flush()
          // Half of the answers, then more sends: the pipe is never empty.
          for _ in 0..<8 {
            guard let answer = try wired.receive() else { return }
            guard let sent = waiting.removeValue(forKey: answer.opaque) else { continue }
            guard answer.code == 0, let offset = answer.number("queueOffset") else {
              Issue.record("a send is refused with code \(answer.code)")
              return
            }
            ledger.acknowledge(Place(queueId: sent.queueId, offset: offset), sent.body)
          }
        }
      } catch {
        // The broker was killed: what is still waiting may be there or not.
      }
    }

    private static func check(_ broker: Broker, _ ledger: Ledger, _ when: String) throws {
      let wired = try broker.connect()
      var seen: Set<Substring> = []
      for queueId in 0..<queues {
        let messages = try wired.readQueue(topic, queueId)
        let offsets = messages.map(\.offset)
        #expect(offsets == Array(0..<Int64(offsets.count)), "\(when): queue \(queueId) is dense and in order")
        var last: [Substring: (round: Int, number: Int)] = [:]
        var doubled: [Substring] = []
        var disordered: [Substring] = []
        for message in messages {
          let name = message.body.prefix { $0 != " " }
          if !seen.insert(name).inserted { doubled.append(name) }
          let parts = name.split(separator: "/")
          let key = (round: Int(parts[1])!, number: Int(parts[2])!)
          if let before = last[parts[0]], before >= key { disordered.append(name) }
          last[parts[0]] = key
        }
        #expect(doubled == [], "\(when): stored twice")
        #expect(disordered == [], "\(when): out of order in queue \(queueId)")
        let lost = ledger.all(queueId).filter { place, body in
          place.offset >= messages.count || messages[Int(place.offset)].body != body
        }.map(\.key.offset).sorted()
        #expect(lost == [], "\(when): acknowledged messages missing in queue \(queueId) of \(messages.count)")
      }
    }
  }
}

/// A place in a queue.
private struct Place: Hashable, Sendable {
  var queueId: Int
  var offset: Int64
}

/// What was acknowledged, over all producers and rounds.
private final class Ledger: @unchecked Sendable {
  private let lock = NSLock()
  private var bodies: [Place: String] = [:]

  func acknowledge(_ place: Place, _ body: String) {
    let before = lock.withLock { bodies.updateValue(body, forKey: place) }
    if before != nil { Issue.record("two messages were acknowledged at \(place)") }
  }

  var count: Int { lock.withLock { bodies.count } }
  func all(_ queueId: Int) -> [Place: String] {
    lock.withLock { bodies.filter { $0.key.queueId == queueId } }
  }
}
