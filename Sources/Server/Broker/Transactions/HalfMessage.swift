// Half messages: what a transactional send leaves in RMQ_SYS_TRANS_HALF_TOPIC until its transaction ends
// (Apache TransactionalMessageBridge).
//
// A half that is put back (because its producer is asked, or may not be asked yet) is a new copy at the end
// of the half queue. The copy names the first one's queue offset, so that all copies are known as one
// transaction.

import Wire

/// Names of properties that only transactions use (Apache MessageConst, TransactionalMessageUtil).
enum TransactionProperty {
  static let id = "__transactionId__"
  /// How often the producer was asked.
  static let checkTimes = "TRANSACTION_CHECK_TIMES"
  /// Queue offset of a copy's first half message.
  static let origin = "TRAN_PREPARED_QUEUE_OFFSET"
  /// Seconds after birth during which the producer is not asked.
  static let immunity = "CHECK_IMMUNITY_TIME_IN_SECONDS"
}

/// What a half message's property string says about its transaction. One pass, no allocation.
struct HalfProperties {
  /// nil without the property, −1 when it is no number (Apache TransactionalMessageServiceImpl.getInt).
  private(set) var checkTimes: Int64?
  private(set) var origin: Int64?
  /// Seconds; nil without the property, −1 when it is no number.
  private(set) var immunitySeconds: Int64?

  init(_ properties: RawSpan) {
    var start = 0
    let end = properties.byteCount
    while start < end {
      var nameEnd = start
      while nameEnd < end, properties.uint8(at: nameEnd) > 2 { nameEnd += 1 }
      var valueEnd = nameEnd
      while valueEnd < end, properties.uint8(at: valueEnd) != 2 { valueEnd += 1 }
      if nameEnd + 1 < valueEnd {
        note(properties[start..<nameEnd], properties[(nameEnd + 1)..<valueEnd])
      }
      start = valueEnd + 1
    }
  }

  private mutating func note(_ name: RawSpan, _ value: RawSpan) {
    switch name.byteCount {
    case 23 where name.equals("TRANSACTION_CHECK_TIMES"): checkTimes = Self.number(value)
    case 26 where name.equals("TRAN_PREPARED_QUEUE_OFFSET"):
      let offset = Self.number(value)
      origin = offset < 0 ? nil : offset
    case 30 where name.equals("CHECK_IMMUNITY_TIME_IN_SECONDS"): immunitySeconds = Self.number(value)
    default: break
    }
  }

  /// A decimal number of up to 18 digits, −1 for everything else.
  private static func number(_ text: RawSpan) -> Int64 {
    if text.byteCount == 0 || text.byteCount > 18 { return -1 }
    var value: Int64 = 0
    for index in 0..<text.byteCount {
      let digit = Int64(text.uint8(at: index)) - 48
      if digit < 0 || digit > 9 { return -1 }
      value = value * 10 + digit
    }
    return value
  }

  /// How long after birth the producer is not asked and may end the transaction on its own, ms. At least
  /// `timeoutMs` (Apache TransactionalMessageUtil.getImmunityTime).
  func immunityMs(timeoutMs: Int64) -> Int64 {
    // A number of seconds beyond a century would overflow.
    max(min(immunitySeconds ?? 0, 1 << 32) * 1000, timeoutMs)
  }
}

extension SysFlag {
  /// The same flags with another state of the transaction (Apache MessageSysFlag.resetTransactionValue).
  func with(_ transaction: Transaction) -> SysFlag {
    SysFlag(rawValue: rawValue & ~0xC | transaction.rawValue)
  }
}
