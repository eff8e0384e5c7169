// Which messages of a topic a command reads: --since, --until, --tag, --sql, --queue, --broker, --grep.

import Client
import Linux
import Wire

/// The words of a command line that limit what is read, checked.
struct MessageRange {
  var filter = MessageFilter()
  /// Stored then or later, ms since 1970.
  var sinceMs: Int64?
  /// Stored then or earlier.
  var untilMs: Int64?
  var queueId: Int32?
  var broker: String?
  /// What a body, key, tag or property of the user must hold.
  var pattern: Pattern?

  static let flags: [Flag] = [
    Flag("since", .time, "TIME", "stored at that moment or later"),
    Flag("until", .time, "TIME", "stored at that moment or earlier"),
    Flag("tag", .text, "TAGS", "only messages with this tag; several are joined with ||", defaultText: "*"),
    Flag("sql", .text, "EXPR", "only messages that fulfil this expression, see mq help filters"),
    Flag("queue", short: "q", .integer(0...65_535), "QUEUE", "only the queue with this number"),
  ]

  static let grepFlags: [Flag] = [
    Flag("grep", .text, "RE", "only messages with this in the body, keys, tag or a property"),
    Flag("ignore-case", .toggle, "", "with --grep: A is a"),
  ]

  init() {}

  /// - Throws: `.usage` for an empty range or a broken expression.
  init(_ invocation: Invocation, hasGrep: Bool = true) throws(Failure) {
    filter = try MessageFilter(invocation)
    sinceMs = invocation.integer("since")
    untilMs = invocation.integer("until")
    queueId = invocation.integer("queue").map { Int32($0) }
    broker = invocation.brokerName
    if hasGrep { pattern = try Self.pattern(invocation) }
    if let sinceMs, let untilMs, sinceMs > untilMs {
      throw Failure(
        .usage, "--since is after --until", hint: "for example --since -2h --until -1h")
    }
  }

  /// What --grep says.
  static func pattern(_ invocation: Invocation) throws(Failure) -> Pattern? {
    guard let text = invocation.string("grep") else {
      if invocation.isOn("ignore-case") {
        throw Failure(.usage, "--ignore-case is for --grep", hint: "add --grep, or leave it out")
      }
      return nil
    }
    do throws(PatternError) {
      return try Pattern(text, ignoresCase: invocation.isOn("ignore-case"))
    } catch {
      throw Failure(
        .usage, "--grep='\(text)' is no regular expression: \(error.text)",
        hint: "it is an extended one, as grep -E takes it; a backslash makes ( [ { . * + ? | plain")
    }
  }

  /// Whether a message that a broker gave is wanted: brokers filter tags by hash, and times only roughly.
  func holds(_ message: Message, tags: Set<String>) -> Bool {
    if let sinceMs, message.storeTimestampMs < sinceMs { return false }
    if let untilMs, message.storeTimestampMs > untilMs { return false }
    if !tags.isEmpty && !tags.contains(message.tags ?? "") { return false }
    guard let pattern else { return true }
    return Self.matches(message, pattern)
  }

  static func matches(_ message: Message, _ pattern: Pattern) -> Bool {
    if pattern.matches(message.body) { return true }
    return message.properties.entries.contains { entry in
      let isUsers = entry.name == PropertyName.tags || entry.name == PropertyName.keys
      return (isUsers || !MessageLine.systemProperties.contains(entry.name)) && pattern.matches(entry.value)
    }
  }
}
