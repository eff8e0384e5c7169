// Conversations of Java clients with Apache RocketMQ 5.3.3, frame by frame (Fixtures/replay.jsonl.gz): whole
// ones, without authentication.

import Foundation
import TestSupport
import Wire

@testable import Server

/// One frame of a conversation.
struct RecordedFrame {
  let scenario: String
  /// Since the first frame of the scenario.
  let atMs: Int64
  let connection: Int
  let isToServer: Bool
  let role: Role
  let bytes: [UInt8]
  let serialization: Serialization
  /// Its header and body, requests and answers alike.
  let content: Reply
  let isOneWay: Bool

  static let scenarios: [String: [RecordedFrame]] = {
    let path =
      URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/../Fixtures/replay.jsonl.gz"
    let lines = try! Fixture.gunzip(path).split(separator: UInt8(ascii: "\n"))
    let frames = lines.map {
      RecordedFrame(try! JSONSerialization.jsonObject(with: Data($0)) as! [String: Any])
    }
    return Dictionary(grouping: frames, by: \.scenario)
  }()

  private init(_ line: [String: Any]) {
    scenario = line["s"] as! String
    atMs = Int64((line["t"] as! NSNumber).doubleValue)
    connection = (line["c"] as! NSNumber).intValue
    isToServer = line["to"] as! String != "client"
    role =
      switch (line["p"] as! NSNumber).intValue {
      case 9876: .nameServer
      case 10909: .fast
      default: .broker
      }
    let bytes = [UInt8](Data(base64Encoded: line["f"] as! String)!)
    let frame = try! Frame.cut(bytes.rawBytes, from: 0)!
    self.bytes = bytes
    serialization = frame.serialization
    var header = RemotingHeader()
    try! header.parse(Array(bytes[frame.header]).rawBytes, as: frame.serialization)
    isOneWay = header.isOneWay
    content = try! Reply(
      header: Array(bytes[frame.header]), as: frame.serialization, body: Array(bytes[frame.body]))
  }
}

/// A record of a pull's answer, with its texts.
struct RecordFacts {
  let record: Record
  let topic: String
  let body: [UInt8]
  let properties: Properties

  /// The same as it lies in the log: what a pop took from a retry topic left it under the topic's own name.
  func asStored(in group: String?) -> RecordFacts {
    guard let group, let receipt = properties["POP_CK"], receipt.split(separator: " ")[4] == "1" else {
      return self
    }
    var properties = properties
    properties["POP_CK"] = nil
    return RecordFacts(
      record: record, topic: PopNames.retryTopic(group: group, topic: topic, isV2: false), body: body,
      properties: properties)
  }

  /// The records of a body; nil when it is something else.
  static func all(_ body: [UInt8]) -> [RecordFacts]? {
    var result: [RecordFacts] = []
    var at = 0
    while at < body.count {
      guard let record = try? Record.decode(body.rawBytes, at: at) else { return nil }
      result.append(
        RecordFacts(
          record: record, topic: String(decoding: body[record.topic], as: UTF8.self),
          body: Array(body[record.body]),
          properties: Properties(decoding: Array(body[record.properties]).rawBytes)))
      at += record.totalBytes
    }
    return result
  }
}
