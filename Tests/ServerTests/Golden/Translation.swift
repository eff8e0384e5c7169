// What a recorded conversation names by numbers that only its own broker knew (positions in the commit log,
// ids made of them, pop times), said with the numbers of the broker that answers now.

import Wire

@testable import Server

/// Learns from each pair of answers; rewrites the requests that follow.
struct Translation {
  private var texts: [String: String] = [:]
  private var physical: [String: String] = [:]
  /// Offset in the half topic or in the queue where a half message lies, by recorded offset.
  private var halves: [String: String] = [:]

  /// The same answer from both brokers.
  mutating func learn(asked: Int32, recorded: Reply, ours: Reply) {
    for name in ["msgId", "offsetMsgId", "recallHandle"] {
      guard let old = recorded.fields[name], let new = ours.fields[name] else { continue }
      for (old, new) in zip(old.split(separator: ","), new.split(separator: ",")) {
        texts[String(old)] = String(new)
        if let old = OffsetMessageId(String(old)), let new = OffsetMessageId(String(new)) {
          physical[String(old.physicalOffset)] = String(new.physicalOffset)
        }
      }
    }
    if let old = recorded.fields["commitLogOffset"], let new = ours.fields["commitLogOffset"] {
      physical[old] = new
    }
    if let old = recorded.fields["tranStateTableOffset"] ?? recorded.fields["queueOffset"],
      let new = ours.fields["tranStateTableOffset"] ?? ours.fields["queueOffset"]
    {
      halves[old] = new
    }
    for name in ["popTime", "reviveQid"] {
      if let old = recorded.fields[name], let new = ours.fields[name] {
        texts["\(name) \(recorded.fields["popTime"] ?? "") \(old)"] = new
      }
    }
    let (old, new) = (RecordFacts.all(recorded.body) ?? [], RecordFacts.all(ours.body) ?? [])
    for (old, new) in zip(old, new) {
      physical[String(old.record.physicalOffset)] = String(new.record.physicalOffset)
      let ids = [old, new].map {
        OffsetMessageId(host: $0.record.storeHost, physicalOffset: $0.record.physicalOffset).text
      }
      texts[ids[0]] = ids[1]
    }
  }

  /// The same record in both logs.
  mutating func learn(_ recorded: Int64, _ ours: Int64) { physical[String(recorded)] = String(ours) }

  /// The fields of a request as our broker knows them.
  func fields(_ code: Int32, _ fields: [String: String]) -> [String: String] {
    var result = fields
    for (name, value) in fields {
      switch name {
      case "commitLogOffset": result[name] = physical[value] ?? value
      case "offset" where code == 33 || code == 36: result[name] = physical[value] ?? value
      case "tranStateTableOffset": result[name] = halves[value] ?? value
      case "msgId", "originMsgId", "recallHandle": result[name] = texts[value] ?? value
      case "extraInfo": result[name] = extraInfo(value)
      default: break
      }
    }
    return result
  }

  /// The body of a request as our broker knows it: receipts in batches of acknowledgements.
  func body(_ code: Int32, _ body: [UInt8]) -> [UInt8] {
    guard code == RequestCode.batchAckMessage.rawValue, let json = try? JSON.parse(body) else { return body }
    func batch(_ json: JSON) -> JSON {
      let popTime = json["pt"]?.string ?? ""
      return .object(
        (json.members ?? []).map { member in
          switch member.key.string {
          case "pt":
            .init("pt", texts["popTime \(popTime) \(popTime)"].flatMap { .int(Int64($0)!) } ?? member.value)
          case "rq":
            .init(
              "rq",
              texts["reviveQid \(popTime) \(member.value.string ?? "")"].flatMap { .int(Int64($0)!) }
                ?? member.value)
          default: member
          }
        })
    }
    let acks = JSON.array((json["acks"]?.array ?? []).map(batch))
    return JSON.object([.init("acks", acks), .init("brokerName", json["brokerName"] ?? .null)]).bytes(
      .compact)
  }

  /// "ckQueueOffset popTime invisibleTime reviveQid retryFlag brokerName queueId msgQueueOffset".
  private func extraInfo(_ text: String) -> String {
    var words = text.split(separator: " ").map(String.init)
    guard words.count >= 4 else { return text }
    let popTime = words[1]
    words[1] = texts["popTime \(popTime) \(popTime)"] ?? popTime
    words[3] = texts["reviveQid \(popTime) \(words[3])"] ?? words[3]
    return words.joined(separator: " ")
  }
}
