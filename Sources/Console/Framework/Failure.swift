// Why a command did not do what was asked: the exit code, one clause, and what to do next.

package import Client
package import Wire

/// A command's failure. Printed as `mq: message` and `hint: …` on stderr, or as JSON with `-o json`.
package struct Failure: Error, Sendable {
  /// Exit codes of `mq`; documented in `mq help exit-codes`.
  package enum Code: Int32, Sendable, CaseIterable {
    case failed = 1
    case usage = 2
    case notFound = 3
    /// Some brokers did it and some did not.
    case partial = 4
    /// Timeout, or nobody there.
    case unreachable = 5
    case auth = 6
    /// A threshold given by the user was crossed.
    case check = 7
    case interrupted = 130

    /// As it stands in JSON.
    package var name: String {
      switch self {
      case .failed: "failed"
      case .usage: "usage"
      case .notFound: "notFound"
      case .partial: "partial"
      case .unreachable: "unreachable"
      case .auth: "auth"
      case .check: "check"
      case .interrupted: "interrupted"
      }
    }
  }

  /// Exit code.
  package let code: Code
  /// One clause, lower case, without a full stop: "topic Orders exists already".
  package let message: String
  /// What to do next; empty when nothing helps.
  package let hint: String
  /// The response code of the peer, when it was a peer that refused.
  package let responseCode: Int32?
  /// What the process exits with.
  package private(set) var exitCode: Int32
  /// The brokers that failed, by name or address; empty when nobody was asked.
  package private(set) var brokers: [String] = []
  /// What was asked of the first of them; nil when nothing was.
  package private(set) var request: RequestCode?

  /// A failure in the words that a person will read.
  package init(_ code: Code, _ message: String, hint: String = "", responseCode: Int32? = nil) {
    self.code = code
    self.message = message
    self.hint = hint
    self.responseCode = responseCode
    exitCode = code.rawValue
  }

  /// The exit code of a check, whose findings have been printed: nothing more is said.
  package static func status(_ exitCode: Int32) -> Failure {
    var failure = Failure(.check, "")
    failure.exitCode = exitCode
    return failure
  }

  /// What the client met, as an exit code.
  package init(_ error: ClientError) {
    var responseCode = error.responseCode
    switch error.kind {
    case .unreachable, .timeout: code = .unreachable
    case .notFound: code = .notFound
    case .auth: code = .auth
    case .usage: code = .usage
    case .malformedAnswer: code = .failed
    case .refused(let number):
      code = .failed
      responseCode = number
    }
    message = error.message
    hint = error.hint
    self.responseCode = responseCode
    exitCode = code.rawValue
    brokers = error.address.isEmpty ? [] : [error.address]
    request = error.request
  }

  /// The same failure with the brokers and the request that it is about.
  func about(_ brokers: [String], _ request: RequestCode?) -> Failure {
    var failure = self
    failure.brokers = brokers
    failure.request = request
    return failure
  }

  /// The two lines for people; with `verbose` a third: what was asked of whom, and the code of the answer.
  package func text(verbose: Bool = false) -> String {
    var lines = "mq: \(Escape.terminal(message, keepLines: true))\n"
    if !hint.isEmpty { lines += "hint: \(Escape.terminal(hint, keepLines: true))\n" }
    if verbose, let request {
      lines +=
        "request: \(request.rawValue) \(request) to \(Escape.terminal(brokers.joined(separator: ", ")))"
      if let responseCode {
        let name = ResponseCode(rawValue: responseCode).map { " \($0)" } ?? ""
        lines += ", answered \(responseCode)\(name)"
      }
      lines += "\n"
    }
    return lines
  }

  /// The same for scripts.
  package var json: JSON {
    var members = [
      JSON.Member("code", .string(code.name)), JSON.Member("exitCode", .int(Int64(code.rawValue))),
    ]
    if let responseCode { members.append(.init("rpcCode", .int(Int64(responseCode)))) }
    members.append(.init("message", .string(message)))
    if !hint.isEmpty { members.append(.init("hint", .string(hint))) }
    if let first = brokers.first { members.append(.init("broker", .string(first))) }
    if brokers.count > 1 { members.append(.init("brokers", .array(brokers.map { .string($0) }))) }
    if let request { members.append(.init("request", .string("\(request)"))) }
    return .object([.init("error", .object(members))])
  }
}

/// Runs a client call and turns its error into a failure.
package func attempt<R>(_ body: () throws(ClientError) -> R) throws(Failure) -> R {
  do throws(ClientError) { return try body() } catch { throw Failure(error) }
}
