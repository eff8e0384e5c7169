// What can go wrong between a command and a cluster, and how a peer's refusal becomes words. Pure.

package import Wire

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
  /// Who failed, "host:port"; empty when nobody was asked.
  package private(set) var address = ""
  /// What was asked of it; nil when nothing was.
  package private(set) var request: RequestCode?
  /// What it answered; nil when it did not.
  package private(set) var responseCode: Int32?
  /// An error in the words that a person will read.
  package init(_ kind: Kind, _ message: String, hint: String = "") {
    self.kind = kind
    self.message = message
    self.hint = hint
  }

  /// The same error with whom and what it is about, where that is not known yet.
  package func about(_ address: String, _ request: RequestCode?, answered code: Int32? = nil) -> ClientError {
    var error = self
    if error.address.isEmpty { error.address = address }
    error.request = error.request ?? request
    error.responseCode = error.responseCode ?? code
    return error
  }

  /// A peer's answer that is no success. Its remark is Java's: only the first line and the description count.
  static func refusal(_ response: Response, from address: String) -> ClientError {
    let remark = plain(response.remark ?? "")
    let said = remark.isEmpty ? "\(address) answered \(name(response.code))" : "\(address): \(remark)"
    return reason(response, said, address).about(address, response.origin?.request, answered: response.code)
  }

  private static func reason(_ response: Response, _ said: String, _ address: String) -> ClientError {
    let kind = Kind.refused(code: response.code)
    switch response.code {
    case ResponseCode.topicNotExist.rawValue, ResponseCode.subscriptionGroupNotExist.rawValue:
      return ClientError(.notFound, said)
    case ResponseCode.noPermission.rawValue:
      return ClientError(.auth, said, hint: credentialsHint(response.origin))
    case ResponseCode.requestCodeNotSupported.rawValue:
      return unsupported(response, said, address)
    case ResponseCode.systemBusy.rawValue:
      return ClientError(kind, said, hint: "it is overloaded; try again")
    default:
      return ClientError(kind, said)
    }
  }

  /// A broker that is asked what only name servers know, or the reverse, or a release without the request.
  private static func unsupported(_ response: Response, _ said: String, _ address: String) -> ClientError {
    let kind = Kind.refused(code: response.code)
    guard let origin = response.origin else {
      return ClientError(kind, said, hint: "the peer is of a version without this request")
    }
    if origin.isNameServer && ofNameServers.contains(origin.request) {
      return ClientError(
        kind, "\(address) is no name server, but perhaps a broker",
        hint: "give a name server with -n; its port is 9876 unless configured otherwise")
    }
    if ofAllBrokers.contains(origin.request) {
      return ClientError(
        kind, "\(address) is no broker, but perhaps a name server",
        hint: "brokers listen on port 10911 unless configured otherwise; mq cluster list shows them")
    }
    return ClientError(kind, said, hint: "it is of a version without this request")
  }

  /// Requests that every name server knows, and no broker.
  private static let ofNameServers: Set<RequestCode> = [
    .getRouteInfoByTopic, .getBrokerClusterInfo, .getAllTopicListFromNameServer,
  ]
  /// Requests that every broker knows since 4.0, and no name server.
  private static let ofAllBrokers: Set<RequestCode> = [
    .getBrokerRuntimeInfo, .getAllTopicConfig, .getAllSubscriptionGroupConfig, .updateAndCreateTopic,
    .getTopicStatsInfo, .getConsumeStats, .getConsumerConnectionList, .sendMessage, .sendMessageV2,
    .pullMessage, .getMinOffset, .getMaxOffset, .heartbeat,
  ]

  private static func credentialsHint(_ origin: Origin?) -> String {
    if let user = origin?.user {
      return
        "the request was signed by \(user): check its secret key and its permissions, or use another user"
    }
    return "no credentials were given: --access-key with MQ_SECRET_KEY or --secret-key-file, or a context"
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
