/// Why bytes from a peer or from disk could not be understood. Never a trap: such bytes are an operating
/// error.
package struct WireError: Error, Equatable, CustomStringConvertible {
  /// What was wrong; the raw value is the word in messages.
  package enum Reason: String, Sendable {
    case frameTooLong, frameTooShort, headerTooLong, unknownSerialization, malformedHeader, tooManyFields
    case malformedJSON, jsonTooDeep
    case truncatedRecord, badMagic, badRecordLength, badCRC, malformedBatch, malformedMessageId
  }
  package let reason: Reason
  /// Byte offset inside the input where it was noticed.
  package let at: Int

  package init(_ reason: Reason, at: Int) {
    self.reason = reason
    self.at = at
  }
  package var description: String { "\(reason.rawValue) at byte \(at)" }
}
