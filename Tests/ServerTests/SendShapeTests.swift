// Sends that are like earlier ones are served from what is remembered of those. Nobody may see that: a server
// that reads every request anew stores the same records and gives the same answers.

import TestSupport
import Testing
import Wire

@testable import Server
@testable import Store

struct SendShapeTests {
  private static let topics = ["TA", "TB", "TC"]
  /// `#` is a digit of its own in each message.
  private static let properties = [
    "UNIQ_KEY\u{1}7F0000012A9C18B4AAC20A1B2C####\u{2}WAIT\u{1}true\u{2}TAGS\u{1}A\u{2}",
    "UNIQ_KEY\u{1}7F0000012A9C18B4AAC20A1B2C####\u{2}WAIT\u{1}true\u{2}TAGS\u{1}#\u{2}",
    "KEYS\u{1}order ####\u{2}UNIQ_KEY\u{1}7F0000012A9C18B4AAC20A1B2C####\u{2}",
    "UNIQ_KEY\u{1}7F0000012A9C18B4AAC20A1B2C####\u{2}KEYS\u{1}without an end ##",
    "KEYS\u{1}without a key of its own ####\u{2}WAIT\u{1}true\u{2}",
    "UNIQ_KEY\u{1}7F0000012A9C18B4AAC20A1B2C####\u{2}TRACE_ON\u{1}no\u{2}x\u{1}####\u{2}",
    "POP_CK\u{1}##\u{2}UNIQ_KEY\u{1}7F0000012A9C18B4AAC20A1B2C####\u{2}x\u{1}####\u{2}",
    "text\u{1}\"é\u{7F}\\ ####\u{2}UNIQ_KEY\u{1}7F0000012A9C18B4AAC20A1B2C####\u{2}",
    "name ####\u{1}value\u{2}UNIQ_KEY\u{1}7F0000012A9C18B4AAC20A1B2C####\u{2}",
    "UNIQ_KEY\u{1}7F0000012A9C18B4AAC20A1B2C####\u{2}_SYS_MSG_PRIORITY_\u{1}#\u{2}",
    "",
  ]

  private struct Server {
    let rig: Rig
    let client: FakeClient

    init() throws {
      rig = try Rig { $0.seed = 7 }
      rig.node.nowMs = 1_763_780_000_000
      client = try rig.client()
      for topic in SendShapeTests.topics { rig.makeTopic(topic) }
    }

    /// What came back, and what lies behind the old end of the log.
    func serve(_ frame: [UInt8]) throws -> (answer: [UInt8], record: [UInt8]) {
      let start = rig.node.store.maxOffset
      client.session.out.removeAll()
      try rig.node.receive(client.session, frame.rawBytes)
      rig.node.store.publish()
      return (client.session.out.array, try record(at: start))
    }

    private func record(at offset: Int64) throws -> [UInt8] {
      guard offset < rig.node.store.maxOffset else { return [] }
      let segment = try #require(rig.node.store.shared.segment(holding: offset))
      let at = Int(offset - segment.start)
      let record = try Record.decode(segment.file.contents, at: at)
      var bytes = segment.file.contents[at..<at + record.totalBytes].array
      // The time at which it was stored.
      for index in 56..<64 { bytes[index] = 0 }
      return bytes
    }

    /// Forgets what was remembered.
    func forget() {
      rig.node.broker.producing.shapes = SendShapes()
      rig.node.header = RemotingHeader(remembersShapes: true)
    }
  }

  private func frame(_ opaque: Int, _ random: inout SeededGenerator) -> [UInt8] {
    let isUsual = Int.random(in: 0..<4, using: &random) > 0
    let topic = isUsual ? "TA" : Self.topics.randomElement(using: &random)!
    let which = Int.random(in: 0..<(Self.properties.count * 2), using: &random)
    var properties = ""
    for character in Self.properties[which < Self.properties.count ? which : 0] {
      properties += character == "#" ? String(Int.random(in: 0...9, using: &random)) : String(character)
    }
    let queue = Int.random(in: 0..<40, using: &random)
    let fields = [
      ("a", "group"), ("b", topic), ("c", "TBW102"), ("d", "4"), ("e", "\(queue < 5 ? queue : 1)"),
      ("f", "0"), ("g", "17637800\(10_000 + opaque)"), ("h", "0"), ("i", properties), ("j", "0"),
      ("k", "false"), ("m", "false"),
    ]
    let header = JSON.object([
      .init("code", .int(310)),
      .init("extFields", .object(fields.map { JSON.Member($0.0, .string($0.1)) })), .init("flag", .int(0)),
      .init("language", .string("JAVA")), .init("opaque", .int(Int64(100_000 + opaque))),
      .init("version", .int(479)),
    ]).bytes(.compact)
    var out = ByteBuffer()
    out.append(bigEndian: Int32(4 + header.count + 4))
    out.append(bigEndian: Int32(header.count))
    out.append(header)
    out.append("body")
    return out.array
  }

  @Test func whatIsRememberedDoesNotShow() throws {
    let remembering = try Server()
    let forgetful = try Server()
    var random = SeededGenerator(seed: 11)
    var fromTemplates = 0
    for round in 0..<4000 {
      if round.isMultiple(of: 700) {
        for server in [remembering, forgetful] {
          var options = server.rig.node.options
          options.region = "Region\(round)"
          server.rig.node.take(options)
        }
      }
      if round.isMultiple(of: 900) {
        for server in [remembering, forgetful] {
          #expect(try server.client.ask(.deleteTopicInBroker, [("topic", "TA")]).code == 0)
          if round > 1000 { server.rig.makeTopic("TA", queues: 2) }
        }
      }
      forgetful.forget()
      let frame = frame(round, &random)
      let expected = try forgetful.serve(frame)
      let found = try remembering.serve(frame)
      try #require(found.answer == expected.answer, "round \(round)")
      try #require(found.record == expected.record, "round \(round)")
      var properties = ByteBuffer()
      if !expected.record.isEmpty,
        remembering.rig.node.broker.producing.shapes.complete(frame[8...].array.rawBytes, into: &properties)
          != nil
      {
        fromTemplates += 1
      }
    }
    #expect(fromTemplates > 1000, "\(fromTemplates) came from what was remembered")
  }
}

extension ArraySlice<UInt8> {
  fileprivate var array: [UInt8] { Array(self) }
}
