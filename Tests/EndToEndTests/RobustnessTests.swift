// What damaged, hostile and dead clients do to the broker: nothing.

import Foundation
import Linux
import TestSupport
import Testing

extension EndToEnd {
  @Suite struct RobustnessTests {
    static let topic = "Robust"
    /// More anonymous memory than this is a leak, whatever the clients do.
    static let residentBytesMax = 192 << 20

    /// A send and a pull, each in less than 100 ms; the fastest of three, for the machine has other work too.
    private func expectServes(_ broker: Broker, at location: SourceLocation = #_sourceLocation) throws {
      let wired = try broker.connect()
      var sendMs = Int64.max
      var pullMs = Int64.max
      for _ in 0..<3 {
        let start = nowMs()
        let sent = try wired.send(RobustnessTests.topic, body: "after", timeoutMs: 5000)
        let middle = nowMs()
        #expect(sent.code == 0, sourceLocation: location)
        let offset = try #require(sent.number("queueOffset"))
        wired.queuePull(RobustnessTests.topic, queueId: 0, offset: offset)
        try wired.flush()
        let pulled = try #require(try wired.receive(timeoutMs: 5000))
        #expect(try Wired.records(pulled.body).map(\.body) == ["after"], sourceLocation: location)
        sendMs = min(sendMs, middle - start)
        pullMs = min(pullMs, nowMs() - middle)
      }
      #expect(sendMs < 100, "a send takes \(sendMs) ms", sourceLocation: location)
      #expect(pullMs < 100, "a pull takes \(pullMs) ms", sourceLocation: location)
      #expect(
        broker.residentBytes < RobustnessTests.residentBytesMax, "\(broker.residentBytes >> 20) MiB",
        sourceLocation: location)
    }

    private func broker(_ flags: String...) throws -> Broker {
      let broker = try Broker(flags)
      try broker.connect().makeTopic(Self.topic)
      return broker
    }

    /// Streams that are no frames, and how the broker ends them.
    static let damaged: [(name: String, bytes: [UInt8])] = {
      var random = SeededGenerator(seed: 3)
      let noise = (0..<300_000).map { _ in UInt8.random(in: 0...255, using: &random) }
      func frame(_ length: UInt32, _ header: UInt32, _ rest: String) -> [UInt8] {
        let words = [length, header].flatMap { word in
          (0..<4).map { UInt8(truncatingIfNeeded: word >> (24 - 8 * $0)) }
        }
        return words + Array(rest.utf8)
      }
      return [
        ("noise", [0xFF] + noise),
        ("HTTP", Array("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".utf8)),
        ("TLS", [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01]),
        ("a frame of 2 GiB", frame(0x7FFF_FFFF, 100, "{}")),
        ("a frame of -1 bytes", frame(0xFFFF_FFFF, 100, "{}")),
        ("a frame of 0 bytes", frame(0, 0, "")),
        ("a header longer than its frame", frame(100, 200, String(repeating: " ", count: 96))),
        ("a header of 16 MiB in a small frame", frame(104, 0x00FF_FFFF, String(repeating: " ", count: 100))),
        ("an unknown serialization", frame(12, 0x0900_0008, "{\"code\":")),
        ("a header that is no JSON", frame(12, 8, "not json")),
        ("a header nested too deep", frame(1004, 1000, String(repeating: "[", count: 1000))),
      ]
    }()

    @Test func damagedStreamsEndTheirOwnConnectionOnly() throws {
      let broker = try broker("--log-level", "error")
      for (name, bytes) in Self.damaged {
        for port in [broker.port, broker.nameServerPort] {
          let wired = try Wired(port: port)
          // The broker may close before it has read everything.
          try? wired.write(bytes)
          #expect(wired.isClosedByPeer(withinMs: 3000), "\(name) is not ended")
        }
      }
      try expectServes(broker)
      #expect(try broker.stop() == .code(0))
    }

    @Test func clientsThatVanishInTheMiddleOfAFrameAreForgotten() throws {
      let broker = try broker("--log-level", "error")
      for index in 0..<300 {
        let wired = try broker.connect()
        wired.queueSend(Self.topic, queueId: 0, body: [UInt8](repeating: 0x78, count: 20_000))
        let bytes = wired.takeOutbox()
        try wired.write(Array(bytes[..<(bytes.count * (index % 100) / 100)]))
        if index % 2 == 0 { wired.vanish() }
      }
      let before = try broker.connect().readQueue(Self.topic, 0).count
      #expect(before == 0, "a part of a frame was taken for a message")
      try expectServes(broker)
    }

    @Test func fiveThousandIdleConnectionsCostLittle() throws {
      #expect(Linux.Process.raiseDescriptorLimit() >= 6000, "too few descriptors are allowed; ulimit -n")
      let broker = try broker("--log-level", "error")
      let before = broker.residentBytes
      var idle: [Wired] = []
      for _ in 0..<5000 {
        let wired = try broker.connect()
        idle.append(wired)
      }
      try expectServes(broker)
      // Each has said something once, and still lives.
      for wired in idle {
        wired.queuePull(Self.topic, queueId: 3, offset: 0)
        try wired.flush()
      }
      for wired in idle { #expect(try wired.receive() != nil) }
      try expectServes(broker)
      let grown = broker.residentBytes - before
      #expect(grown < 5000 * 16 << 10, "\(grown >> 10) KiB for 5000 connections")
      idle = []
      try expectServes(broker)
    }

    /// 64 messages of 64 KiB, 4 MiB in all.
    private func fill(_ broker: Broker, _ topic: String = topic) throws {
      let wired = try broker.connect()
      for _ in 0..<64 {
        wired.queueSend(topic, queueId: 1, body: [UInt8](repeating: 0x79, count: 64 << 10))
      }
      try wired.flush()
      for _ in 0..<64 { #expect(try wired.receive()?.code == 0) }
    }

    @Test func consumerThatStopsReadingHoldsNothingUp() throws {
      let broker = try broker("--log-level", "error")
      try fill(broker)
      let before = broker.residentBytes
      // It asks for far more than 100 MB of answers and takes none.
      let stuck = try Wired(port: broker.port, receiveBufferBytes: 4096)
      for index in 0..<1600 { stuck.queuePull(Self.topic, queueId: 1, offset: Int64(index % 64), count: 32) }
      let requests = stuck.takeOutbox()
      let writer = Foundation.Thread { try? stuck.write(requests) }
      writer.start()
      usleep(500_000)
      try expectServes(broker)
      let grown = broker.residentBytes - before
      #expect(grown < 32 << 20, "\(grown >> 20) MiB wait for one consumer")
      stuck.vanish()
      while !writer.isFinished { usleep(1000) }
      try expectServes(broker)
    }

    @Test func heldPullIsAnsweredByTheNextMessageAndNotBefore() throws {
      let broker = try broker()
      let consumer = try broker.connect()
      consumer.queueHeldPull(Self.topic, queueId: 0, offset: 0, holdMs: 10_000)
      try consumer.flush()
      #expect(throws: WiredError.self, "nothing is there yet") { try consumer.receive(timeoutMs: 300) }
      let start = nowMs()
      #expect(try broker.connect().send(Self.topic, body: "news").code == 0)
      let answer = try #require(try consumer.receive())
      #expect(try Wired.records(answer.body).map(\.body) == ["news"])
      #expect(nowMs() - start < 100)

      // Its time is over: an answer without messages, not silence.
      consumer.queueHeldPull(Self.topic, queueId: 0, offset: 1, holdMs: 300)
      try consumer.flush()
      #expect(try consumer.receive()?.code == 19)
      #expect((250..<1500).contains(nowMs() - start))
    }

    @Test func slowReaderDoesNotSlowProducers() throws {
      let broker = try broker("--log-level", "error")
      try fill(broker)
      _ = try rate(broker)
      let alone = try (0..<3).map { _ in try rate(broker) }.max()!
      let slow = try Wired(port: broker.port, receiveBufferBytes: 4096)
      let reader = Foundation.Thread {
        while !Foundation.Thread.current.isCancelled {
          for index in 0..<8 { slow.queuePull(Self.topic, queueId: 1, offset: Int64(index), count: 32) }
          guard (try? slow.flush()) != nil else { return }
          for _ in 0..<8 where !Foundation.Thread.current.isCancelled {
            guard let answer = try? slow.receive(), answer.code == 0 else { return }
            usleep(20_000)
          }
        }
      }
      reader.start()
      usleep(100_000)
      // The machine has other work too: the best of a few.
      var beside = 0.0
      for _ in 0..<10 where beside <= alone / 2 { beside = max(beside, try rate(broker)) }
      reader.cancel()
      slow.vanish()
      while !reader.isFinished { usleep(1000) }
      #expect(beside > alone / 2, "\(Int(alone)) messages/s alone, \(Int(beside)) beside a slow reader")
      try expectServes(broker)
    }

    /// Messages per second of 4 producers with 32 sends under way each.
    private func rate(_ broker: Broker) throws -> Double {
      let messages = 1000
      let start = nowMs()
      try inParallel(4) { _ in
        let wired = try broker.connect()
        var sent = 0
        var answered = 0
        while answered < messages {
          while sent < messages && sent - answered < 32 {
            wired.queueSend(Self.topic, queueId: 2, body: [UInt8](repeating: 0x7A, count: 128))
            sent += 1
          }
          try wired.flush()
          for _ in 0..<min(16, messages - answered) {
            guard let answer = try wired.receive(), answer.code == 0 else {
              throw WiredError(description: "a send fails")
            }
            answered += 1
          }
        }
      }
      return Double(4 * messages) * 1000 / Double(max(1, nowMs() - start))
    }
  }
}
