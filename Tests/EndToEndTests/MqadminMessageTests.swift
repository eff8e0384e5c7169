// The other way round: what mqadmin asked Apache about messages is asked of `mq serve`, which must answer so
// that mqadmin would print the same.

import Foundation
import Linux
import TestSupport
import Testing
import Wire

extension EndToEnd {
  @Suite struct MqadminMessageTests {
    private static let scenarios = [
      "queryMsgById", "queryMsgById-body", "queryMsgById-missing", "queryMsgByKey", "queryMsgByKey-max",
      "queryMsgByKey-missing", "queryMsgByUniqueKey", "queryMsgByUniqueKey-all",
      "queryMsgByUniqueKey-missing",
      "queryMsgByOffset", "queryMsgByOffset-beyond", "printMsg", "printMsg-sub", "printMsgByQueue",
      "consumeMessage", "consumeMessage-queue", "sendMessage", "sendMessage-queue", "checkMsgSendRT",
      "sendMsgStatus", "clusterRT",
    ]
    /// Requests about messages; groups and their clients are the business of other tests.
    private static let codes: Set<Int> = [11, 12, 29, 30, 31, 33, 34, 35, 105, 106, 310]

    private static let opaque: Int32 = 1_000_000_007

    private func ask(_ server: Wired, _ asked: Asked, _ changes: [String: String] = [:]) throws -> Answer {
      var out = ByteBuffer()
      var writer = FrameWriter(request: Int32(asked.code), opaque: Self.opaque, to: &out)
      for (name, value) in asked.fields.merging(changes, uniquingKeysWith: { $1 }) {
        writer.field(named: name, value, to: &out)
      }
      writer.endHeader(to: &out)
      out.append(asked.body)
      writer.finish(to: &out)
      try server.write(out.array)
      // The broker tells a member of a group of changes in between.
      while true {
        let answer = try #require(try server.receive())
        if answer.opaque == Self.opaque { return answer }
      }
    }

    /// Record by record: the producer's id, and where it lies.
    private func records(_ body: [UInt8]) throws -> [(
      id: String, record: Record, text: String, properties: String
    )] {
      var bytes = ByteBuffer()
      bytes.append(body)
      var found: [(id: String, record: Record, text: String, properties: String)] = []
      var start = 0
      while start < bytes.count {
        let record = try Record.decode(bytes.bytes, at: start)
        start += record.totalBytes
        let properties = Properties(decoding: bytes.bytes[record.properties])
        found.append(
          (
            properties[PropertyName.uniqueKey] ?? "", record, bytes.bytes[record.body].text,
            bytes.bytes[record.properties].text
          ))
      }
      return found
    }

    /// The messages that Apache had in TopicLive, in the order of each queue, sent to this server.
    private func fill(_ server: Wired) throws {
      var stored: [Int32: [Int64: (text: String, properties: String)]] = [:]
      for scenario in AdminRecording.all.values {
        for exchange in scenario.exchanges
        where exchange.asked.code == 11 && exchange.code == 0 && exchange.asked.fields["topic"] == "TopicLive"
        {
          for entry in try records(exchange.body) {
            stored[entry.record.queueId, default: [:]][entry.record.queueOffset] = (
              entry.text, entry.properties
            )
          }
        }
      }
      #expect(stored.count == 4)
      for (queueId, messages) in stored {
        for offset in 0..<Int64(messages.count) {
          let message = try #require(messages[offset], "queue \(queueId) has a hole at \(offset)")
          server.queueSend(
            "TopicLive", queueId: Int(queueId), body: Array(message.text.utf8), properties: message.properties
          )
          try server.flush()
          #expect(try server.receive()?.code == 0)
        }
      }
    }

    @Test func mqadminsQuestionsAreAnsweredAsByApache() throws {
      let broker = try Broker()
      try broker.ok("topic", "create", "TopicLive", "--queues", "4")
      try broker.ok("topic", "create", "AdmTopic1", "--queues", "8")
      try fill(try broker.connect())
      var compared = 0
      for name in Self.scenarios {
        let (names, brokers) = (try Wired(port: broker.nameServerPort), try broker.connect())
        for exchange in try #require(AdminRecording.all[name]).exchanges
        where Self.codes.contains(exchange.asked.code)
          && exchange.asked.fields["topic"]?.hasPrefix("%RETRY%") != true
        {
          var changes: [String: String] = [:]
          if exchange.asked.code == 33, exchange.code == 0, let wanted = try records(exchange.body).first {
            // The same message lies elsewhere in another log.
            let place = wanted.record
            let pulled = try ask(
              brokers,
              Asked(
                code: 11,
                fields: [
                  "consumerGroup": "X", "topic": "TopicLive", "queueId": "\(place.queueId)",
                  "queueOffset": "\(place.queueOffset)", "maxMsgNums": "1", "sysFlag": "4",
                  "commitOffset": "0", "suspendTimeoutMillis": "0", "subscription": "*", "subVersion": "1",
                ]))
            changes["offset"] = "\(try #require(try records(pulled.body).first).record.physicalOffset)"
          }
          let answer = try ask(exchange.port == 9876 ? names : brokers, exchange.asked, changes)
          let what = "\(name): \(exchange.asked.code) \(exchange.asked.fields)"
          #expect(Int(answer.code) == exchange.code, "\(what)")
          #expect(Set(exchange.fields.keys).subtracting(answer.fields.keys).isEmpty, "\(what)")
          try compare(answer.body, exchange, what)
          compared += 1
        }
      }
      #expect(compared > 60, "\(compared)")
    }

    /// The first message is the same; an object has all members of Apache's.
    private func compare(_ body: [UInt8], _ exchange: AdminRecording.Exchange, _ what: String) throws {
      if exchange.body.isEmpty { return }
      if [11, 12, 33].contains(exchange.asked.code) {
        let (ours, theirs) = (try records(body), try records(exchange.body))
        #expect(ours.first?.text == theirs.first?.text && ours.first?.id == theirs.first?.id, "\(what)")
        #expect(ours.first?.record.queueOffset == theirs.first?.record.queueOffset, "\(what)")
        return
      }
      guard let ours = try JSON.parse(body).members, let theirs = try JSON.parse(exchange.body).members else {
        return
      }
      let missing = Set(theirs.compactMap(\.key.string)).subtracting(ours.compactMap(\.key.string))
      #expect(missing.isEmpty, "\(what)")
    }
  }
}
