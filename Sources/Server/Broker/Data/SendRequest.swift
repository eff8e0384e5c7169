// The header of a send, in both spellings: long names (10) and one letter each (310, 320).
// Apache: SendMessageRequestHeader, SendMessageRequestHeaderV2.

import Wire

/// Fields of a send request. Texts stay ranges of the header bytes; no allocation.
struct SendRequest {
  var group: HeaderField?
  var topic: HeaderField?
  var defaultTopic: HeaderField?
  var properties: HeaderField?
  var defaultQueues: Int32 = 0
  var queueId: Int32 = 0
  var sysFlag: Int32 = 0
  var bornTimestampMs: Int64 = 0
  var flag: Int32 = 0
  var reconsumeTimes: Int32 = 0
  var unitMode = false
  var isBatch = false
  var maxReconsumeTimes: Int32?

  /// A request without fields.
  init() {}

  /// Reads the header in one pass. Unparsable numbers stay 0, as Apache leaves them.
  init(_ header: borrowing RemotingHeader, _ fields: RawSpan) {
    let all = header.fields
    for index in all.indices {
      let field = all[index]
      take(field.letter != 0 ? field.letter : Self.letter(fields[field.name]), field, header, fields)
    }
  }

  /// Whether a field stands twice: then the last counts, whichever varies.
  static func hasRepeats(_ header: borrowing RemotingHeader, _ fields: RawSpan) -> Bool {
    let all = header.fields
    var seen: UInt32 = 0
    for index in all.indices {
      let letter = all[index].letter != 0 ? all[index].letter : letter(fields[all[index].name])
      if letter < UInt8(ascii: "a") || letter > UInt8(ascii: "m") { continue }
      let bit: UInt32 = 1 << UInt32(letter - UInt8(ascii: "a"))
      if seen & bit != 0 { return true }
      seen |= bit
    }
    return false
  }

  /// The request of a header with the same shape as the one that `other` came in.
  init(like other: SendRequest, _ header: borrowing RemotingHeader, _ fields: RawSpan) {
    self = other
    let all = header.fields
    var varying = header.varyingFields
    while varying != 0 {
      let field = all[varying.trailingZeroBitCount]
      take(field.letter != 0 ? field.letter : Self.letter(fields[field.name]), field, header, fields)
      varying &= varying &- 1
    }
  }

  private mutating func take(
    _ letter: UInt8, _ field: HeaderField, _ header: borrowing RemotingHeader, _ fields: RawSpan
  ) {
    func int() -> Int32 { Int32(truncatingIfNeeded: header.int64(of: field, in: fields) ?? 0) }
    switch letter {
    case UInt8(ascii: "a"): group = field
    case UInt8(ascii: "b"): topic = field
    case UInt8(ascii: "c"): defaultTopic = field
    case UInt8(ascii: "d"): defaultQueues = int()
    case UInt8(ascii: "e"): queueId = int()
    case UInt8(ascii: "f"): sysFlag = int()
    case UInt8(ascii: "g"): bornTimestampMs = header.int64(of: field, in: fields) ?? 0
    case UInt8(ascii: "h"): flag = int()
    case UInt8(ascii: "i"): properties = field
    case UInt8(ascii: "j"): reconsumeTimes = int()
    case UInt8(ascii: "k"): unitMode = header.bool(of: field, in: fields)
    case UInt8(ascii: "l"): maxReconsumeTimes = int()
    case UInt8(ascii: "m"): isBatch = header.bool(of: field, in: fields)
    default: break
    }
  }

  /// The one-letter spelling of a long name, 0 for others.
  private static func letter(_ name: RawSpan) -> UInt8 {
    // Lengths tell most names apart; one comparison settles the rest.
    switch name.byteCount {
    case 1: name.uint8(at: 0)
    case 4: name.equals("flag") ? UInt8(ascii: "h") : 0
    case 5: name.equals("topic") ? UInt8(ascii: "b") : name.equals("batch") ? UInt8(ascii: "m") : 0
    case 7: name.equals("queueId") ? UInt8(ascii: "e") : name.equals("sysFlag") ? UInt8(ascii: "f") : 0
    case 8: name.equals("unitMode") ? UInt8(ascii: "k") : 0
    case 10: name.equals("properties") ? UInt8(ascii: "i") : 0
    case 12: name.equals("defaultTopic") ? UInt8(ascii: "c") : 0
    case 13:
      name.equals("producerGroup")
        ? UInt8(ascii: "a") : name.equals("bornTimestamp") ? UInt8(ascii: "g") : 0
    case 14: name.equals("reconsumeTimes") ? UInt8(ascii: "j") : 0
    case 17: name.equals("maxReconsumeTimes") ? UInt8(ascii: "l") : 0
    case 21: name.equals("defaultTopicQueueNums") ? UInt8(ascii: "d") : 0
    default: 0
    }
  }
}
