// SQL92 expressions of subscriptions, compiled once: a consumer sends the same one with every pull
// (Apache SqlFilter with SelectorParser's cache).

import Store
import Wire

/// Compiled expressions by their bytes, the refused ones too. Loop thread only.
struct SqlFilters: ~Copyable {
  private var names = NameTable()
  private var results: [Result<SqlProgram, SqlError>] = []

  /// Name of the expression type (Apache ExpressionType).
  static let type = "SQL92"

  /// The program of an expression in a request's header. No allocation once it is known.
  mutating func program(
    _ header: borrowing RemotingHeader, _ fields: RawSpan, _ expression: HeaderField
  ) throws(SqlError) -> SqlProgram {
    if let number = names.find(fields[expression.value]) { return try results[number].get() }
    if results.count >= ServerLimits.sqlExpressionsMax { self = SqlFilters() }
    let text = header.text(of: expression, in: fields)
    let result = Result { () throws(SqlError) in try SqlProgram(text) }
    names.insert(fields[expression.value])
    results.append(result)
    return try result.get()
  }

  /// Whether subscriptions of that type are tags (Apache ExpressionType.isTagType).
  static func isTag(_ type: String) -> Bool { type.isEmpty || type == "TAG" }

  /// Why a type of expression is not served (Apache PullMessageProcessor).
  static func notSupported(_ type: String) -> String {
    "The broker does not support consumer to filter message by \(type)"
  }
}
