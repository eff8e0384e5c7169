// What can go wrong between a command and a cluster, and how a peer's refusal becomes words. Pure.

import Wire

/// Why a request to a cluster failed.
package struct ClientError: Error, Sendable {
  /// What kind of failure; commands turn it into an exit code.
  package enum Kind: Sendable, Equatable {
    case unreachable, timeout, refused(code: Int32), malformedAnswer, notFound, auth, usage
  }
  /// Decides the exit code.
  package let kind: Kind
  /// One clause, with the address: "127.0.0.1:9876 refused the connection".
  package let message: String
  /// What to do next; empty when nothing helps.
  package let hint: String
  /// An error in the words that a person will read.
  package init(_ kind: Kind, _ message: String, hint: String = "") {
    self.kind = kind
    self.message = message
    self.hint = hint
  }

  /// A peer's answer that is no success. Its remark is Java's: only the first line and the description count.
  static func refusal(_ response: Response, from address: String) -> ClientError {
    let remark = plain(response.remark ?? "")
    let said = remark.isEmpty ? "\(address) answered \(name(response.code))" : "\(address): \(remark)"
    switch response.code {
    case ResponseCode.topicNotExist.rawValue, ResponseCode.subscriptionGroupNotExist.rawValue:
      return ClientError(.notFound, said)
    case ResponseCode.noPermission.rawValue:
      return ClientError(.auth, said)
    case ResponseCode.requestCodeNotSupported.rawValue:
      return ClientError(
        .refused(code: response.code), said, hint: "the peer is of a version without this request")
    case ResponseCode.systemBusy.rawValue:
      return ClientError(.refused(code: response.code), said, hint: "it is overloaded; try again")
    default:
      return ClientError(.refused(code: response.code), said)
    }
  }

  /// "topicNotExist (17)".
  static func name(_ code: Int32) -> String {
    ResponseCode(rawValue: code).map { "\($0) (\(code))" } ?? "code \(code)"
  }

  /// Drops Java's "CODE: 17  DESC: " and everything after the first line.
  static func plain(_ remark: String) -> String {
    var line = remark.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
    if let bounds = find("DESC:", in: line) { line = String(line[bounds...]) }
    while line.first == " " { line.removeFirst() }
    while line.last == " " || line.last == "." { line.removeLast() }
    return line
  }

  /// The place after the first occurrence of `word`.
  private static func find(_ word: String, in text: String) -> String.Index? {
    var rest = Substring(text)
    while !rest.isEmpty {
      if rest.hasPrefix(word) { return rest.dropFirst(word.count).startIndex }
      rest.removeFirst()
    }
    return nil
  }
}
