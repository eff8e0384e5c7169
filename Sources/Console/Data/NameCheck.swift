// Names that users choose for topics and groups, checked before anything is asked of a cluster. Pure.

import Wire

enum NameCheck {
  private static let hint = "letters, digits, %, |, - and _ only"

  /// - Throws: `.usage`, in Apache's words.
  static func check(topic: String) throws(Failure) {
    if let complaint = TopicName.complaint(topic: topic) { throw Failure(.usage, complaint, hint: hint) }
  }

  /// - Throws: `.usage`, in Apache's words.
  static func check(group: String) throws(Failure) {
    if let complaint = TopicName.complaint(group: group) { throw Failure(.usage, complaint, hint: hint) }
  }
}
