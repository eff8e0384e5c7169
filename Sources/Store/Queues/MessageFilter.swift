// Which messages of a queue a consumer wants.

package import Wire

/// The filter of a subscription: tags by the code in the queue's entry, then SQL92 by the record's
/// properties. Any thread.
package struct MessageFilter: Sendable, Equatable {
  /// Hash codes of tags, one of which an entry must have; none lets all pass.
  package var codes: [Int32]
  /// Condition over the properties; nil lets all pass.
  package var program: SqlProgram?

  package init(codes: [Int32] = [], program: SqlProgram? = nil) {
    self.codes = codes
    self.program = program
  }

  /// Lets every message pass.
  package static let all = MessageFilter()

  /// Whether an entry with that tag code may pass. The record must be looked at too if there is a program.
  @inline(__always)
  package func passes(tagsCode: Int64) -> Bool {
    if codes.isEmpty { return true }
    let code = Int32(truncatingIfNeeded: tagsCode)
    let wanted = codes.span
    for index in 0..<wanted.count where wanted[index] == code { return true }
    return false
  }

  /// Whether a record with these properties passes. No allocation.
  package func passes(properties: RawSpan) -> Bool {
    guard let program else { return true }
    return program.matches(properties)
  }

  package static func == (a: MessageFilter, b: MessageFilter) -> Bool {
    a.codes == b.codes && a.program?.expression == b.program?.expression
  }
}
