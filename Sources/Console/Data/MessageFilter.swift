// Which messages a consumer wants: tags, or an SQL expression that the broker evaluates.

import Client
import Linux
import Wire

struct MessageFilter: Equatable, Sendable {
  /// "*", "a || b", or SQL.
  var expression = "*"
  /// "TAG" or "SQL92".
  var type = "TAG"

  var isAll: Bool { type == "TAG" && expression == "*" }

  /// From --tag and --sql.
  ///
  /// - Throws: `.usage` when both are given, or an empty expression.
  init(_ invocation: Invocation) throws(Failure) {
    let tag = invocation.string("tag")
    guard let sql = invocation.string("sql") else {
      if let tag, !tag.isEmpty { expression = tag }
      return
    }
    if tag != nil {
      throw Failure(
        .usage, "--tag and --sql exclude each other", hint: "in SQL a tag is a property: TAGS = 'new'")
    }
    if !sql.contains(where: { !$0.isWhitespace }) {
      throw Failure(.usage, "--sql is empty", hint: "for example --sql \"price > 10 AND TAGS = 'new'\"")
    }
    (expression, type) = (sql, "SQL92")
  }

  init() {}

  /// Tags that the client compares itself, for brokers filter by hash; empty for all.
  var tags: Set<String> {
    if type != "TAG" { return [] }
    let parts = expression.split(separator: "|").map { $0.filter { !$0.isWhitespace } }.filter { !$0.isEmpty }
    return parts.contains("*") ? [] : Set(parts)
  }

  func subscription(_ topic: String, version: Int64) -> SubscriptionData {
    if type == "TAG" {
      return SubscriptionData.tag(topic: topic, expression: expression, version: version)
    }
    var data = SubscriptionData(topic: topic, subString: expression)
    (data.expressionType, data.version) = (type, version)
    return data
  }

  /// Has an SQL expression checked by every broker of the topic, because a broker that meets a broken one in
  /// a pull delivers everything.
  ///
  /// - Throws: `.usage` with the place of the mistake; `.failed` when a broker has SQL switched off.
  func check(_ topic: String, group: String, _ cluster: Cluster) throws(Failure) {
    if type == "TAG" { return }
    let route = try attempt { () throws(ClientError) in try cluster.route(topic) }
    let subscription = subscription(topic, version: Clock.wallMs())
    for address in Set(route.brokers.compactMap(\.master)).sorted() {
      do throws(ClientError) {
        try cluster.check(
          subscription, group: group, clientId: GroupMember.newClientId(), at: address)
      } catch {
        let parseFailed = ResponseCode.subscriptionParseFailed.rawValue
        if error.kind == .refused(code: parseFailed) { throw Self.malformed(expression, error.message) }
        if error.kind == .refused(code: ResponseCode.systemError.rawValue) {
          throw Failure(
            .failed, error.message, hint: "a broker filters by SQL only with enablePropertyFilter=true",
            responseCode: ResponseCode.systemError.rawValue)
        }
        throw Failure(error)
      }
    }
  }

  /// The parser's words, with a caret under the place that they name.
  static func malformed(_ expression: String, _ remark: String) -> Failure {
    let lines = remark.split(whereSeparator: \.isNewline).map(String.init)
    var first = lines.first ?? "it cannot be parsed"
    // Java names the exception's class first.
    if let space = first.firstIndex(of: " "), first[..<space].hasSuffix("Exception:") {
      first = String(first[first.index(after: space)...])
    }
    while first.last == "." || first.last == " " { first.removeLast() }
    let hint = "for example price > 10 AND TAGS IN ('new', 'paid') AND note IS NOT NULL"
    let code = ResponseCode.subscriptionParseFailed.rawValue
    // mq serve draws the caret itself, under the line of the expression that it means.
    if lines.count == 3, lines[2].filter({ !$0.isWhitespace }) == "^" {
      return Failure(
        .usage, "--sql is not valid: \(first)\n  \(lines[1])\n  \(lines[2])", hint: hint, responseCode: code)
    }
    var text = "--sql is not valid: \(first)\n  \(expression)"
    let isOneLine = !expression.contains(where: \.isNewline)
    if isOneLine, let column = number(after: "column ", in: remark), column >= 1,
      column <= expression.count + 1
    {
      text += "\n  " + String(repeating: " ", count: column - 1) + "^"
    }
    return Failure(.usage, text, hint: hint, responseCode: code)
  }

  private static func number(after word: String, in text: String) -> Int? {
    var rest = Substring(text)
    while !rest.isEmpty && !rest.hasPrefix(word) { rest.removeFirst() }
    return Int(rest.dropFirst(word.count).prefix { $0.isASCII && $0.isNumber })
  }
}
