// What may differ between two brokers that behave the same: everything that is masked when our answers are
// compared with Apache's, and why. Nothing is masked anywhere else.

import Wire

@testable import Server

enum Masks {
  /// extFields of answers that name places in the log, times or chance.
  static let fields: Set<String> = [
    // Positions in the commit log, and ids made of them.
    "msgId", "offsetMsgId", "commitLogOffset",
    // Clock.
    "timestamp", "popTime", "msgStoreTime", "storeTimestamp",
    // A connection's port.
    "bornHost",
    // A queue of the revive topic, taken in turns.
    "reviveQid",
    // Ends with the delivery time.
    "recallHandle",
    // How far the key index got: Apache builds it behind the log, in files of its own.
    "indexLastUpdatePhyoffset", "indexLastUpdateTimestamp",
  ]

  /// Fields of the answer to a send whose message first waits in a topic of the broker's own, with others.
  static let fieldsOfWaiting: Set<String> = ["queueOffset"]
  static let propertiesOfWaiting = ["DELAY\u{1}", "TIMER_D", "TRAN_MSG\u{1}true"]

  static func isMasked(_ field: String, _ request: Reply) -> Bool {
    if fields.contains(field) { return true }
    // Apache serves replies by many threads: those that came together may change places.
    if field == "queueOffset" && (request.code == 324 || request.code == 325) { return true }
    let sent = request.fields["i"] ?? request.fields["properties"] ?? ""
    return fieldsOfWaiting.contains(field) && propertiesOfWaiting.contains { sent.contains($0) }
  }

  /// Properties that a broker writes by its clock or by positions in its log.
  static let properties: Set<String> = [
    "ORIGIN_MESSAGE_ID", "DLQ_ORIGIN_MESSAGE_ID", "1ST_POP_TIME", "POP_CK", "ARRIVE_TIME", "PUSH_REPLY_TIME",
    "TIMER_OUT_MS", "TIMER_ENQUEUE_MS", "TIMER_DEQUEUE_MS", "__CRC32#",
  ]

  /// Answers of ours that are other than Apache's on purpose.
  struct Deviation {
    let asked: Int32
    let theirs: Int32
    let ours: Int32
    let why: String
  }
  static let deviations: [Deviation] = [
    Deviation(
      asked: 10, theirs: 1, ours: 13, why: "a send without a body ends in Apache's NullPointerException"),
    Deviation(asked: 25, theirs: 0, ours: 3, why: "the configuration is read at the start"),
  ]

  /// Members of JSON bodies, at any depth.
  static let members: Set<String> = ["lastUpdateTimestamp", "lastTimestamp", "dataVersion", "timestamp"]

  static func masked(_ json: JSON) -> JSON {
    switch json {
    case .object(let list):
      // fastjson writes maps in the order of a hash table.
      let kept = list.filter { !members.contains($0.key.string ?? "") }.map {
        JSON.Member($0.key, masked($0.value))
      }
      return .object(kept.sorted { "\($0.key)" < "\($1.key)" })
    // Lists of clients and topics come in the order of hash tables too.
    case .array(let items): return .array(items.map(masked).sorted { "\($0)" < "\($1)" })
    default: return json
    }
  }

  /// Pops look at the queues from a random one on.
  static func masked(_ field: String, _ value: String) -> String {
    guard field == "startOffsetInfo" || field == "msgOffsetInfo" else { return value }
    return value.split(separator: ";").sorted().joined(separator: ";")
  }

  /// Apache brings messages back that nobody acknowledged by eight threads, each on its own time: which of
  /// them a pop of the retry topic finds first is chance.
  static func isRevived(_ facts: RecordFacts) -> Bool { facts.properties["POP_CK"] != nil }

  /// Apache serves send-backs by many threads: messages of a retry topic may change places. So may the queues
  /// of a pop.
  static func masked(_ records: [RecordFacts]) -> [RecordFacts] {
    let isMixed = Set(records.map(\.record.queueId)).count > 1
    guard isMixed || records.contains(where: { $0.topic.hasPrefix("%RETRY%") }) else { return records }
    return records.sorted { ($0.properties["UNIQ_KEY"] ?? "") < ($1.properties["UNIQ_KEY"] ?? "") }
  }

  static func masked(_ properties: Properties) -> [String: String] {
    var result: [String: String] = [:]
    for entry in properties.entries {
      result[entry.name] = Self.properties.contains(entry.name) ? "…" : entry.value
    }
    return result
  }
}
