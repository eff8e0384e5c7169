// What holds for every request code, whatever a peer sends.

import Testing
import Wire

@testable import Server

struct RequestTableTests {
  static let control = [
    RegistrationRequests.rows, RouteRequests.rows, KeyValueRequests.rows, HeartbeatRequests.rows,
    ClientRequests.rows, OffsetRequests.rows, TopicRequests.rows, GroupRequests.rows, ProgressRequests.rows,
    StatusRequests.rows, UpkeepRequests.rows, RelayRequests.rows, StaticTopicRequests.rows,
  ].flatMap { $0 }

  /// Header fields of any request, set to what a hostile or broken client might send.
  static let names = [
    "topic", "group", "consumerGroup", "producerGroup", "groupName", "queueId", "offset", "commitOffset",
    "timestamp",
    "readQueueNums", "writeQueueNums", "perm", "topicSysFlag", "brokerName", "brokerAddr", "clusterName",
    "brokerId",
    "bodyCrc32", "heartbeatTimeoutMillis", "namespace", "key", "value", "statsName", "statsKey", "cluster",
    "topicList", "clientID", "attributes", "isOrder",
  ]
  static let values = [
    "", "-1", "9223372036854775807", "-9223372036854775808", "99999999999999999999", "x@y", "名",
  ]
  static let bodies = [
    "", "{", "null", "[]", "{}", #"{"mqSet":{},"topicConfigList":[1,null]}"#, "\u{0}\u{1}",
  ]

  /// Each row answers exactly once, and never a one-way request.
  @Test func everyRequestIsAnsweredOnce() throws {
    let rig = try Rig()
    for row in Self.control {
      let client = try rig.client(row.doors.contains(.nameServer) ? .nameServer : .broker)
      for value in Self.values {
        let fields = Self.names.map { ($0, value) }
        for body in Self.bodies {
          let reply = try client.send(row.code.rawValue, fields, body: Array(body.utf8))
          #expect(reply != nil, "\(row.name) \(value) \(body)")
        }
        #expect(try client.send(row.code.rawValue, fields, oneWay: true) == nil, "\(row.name) one-way")
      }
      #expect(try client.send(row.code.rawValue) != nil, "\(row.name) without anything")
      #expect(try client.send(row.code.rawValue, oneWay: true) == nil, "\(row.name) one-way")
    }
  }

  /// The name server's requests are not served by the broker and the other way round;
  /// both broker ports serve the same control requests.
  @Test func doorsServeTheirOwnRequests() throws {
    let rig = try Rig()
    for row in Self.control {
      let code = row.code.rawValue
      let isNameServer = row.doors.contains(.nameServer)
      #expect((rig.node.table.handler(code, at: .nameServer) != nil) == isNameServer)
      #expect((rig.node.table.handler(code, at: .broker) != nil) != isNameServer)
      #expect((rig.node.table.handler(code, at: .fast) != nil) != isNameServer)
    }
    for code in [22, 23, 27, 47, 301, -1, 0, Int32.max, Int32.min] as [Int32] {
      for role in [Role.nameServer, .broker, .fast] {
        #expect(rig.node.table.handler(code, at: role) == nil, "\(code)")
      }
    }
  }
}
