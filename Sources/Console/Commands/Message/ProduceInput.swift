// What `mq produce` sends: where messages come from, what they have in common, and to which queues they go.

import Client
import Linux
import Wire

/// The words of a `mq produce` command line, checked.
enum ProduceInput {
  /// Where messages come from.
  enum Source {
    case one([UInt8])
    case lines(path: String?, isJSON: Bool)
  }

  static func source(_ invocation: Invocation) throws(Failure) -> Source {
    let body = invocation.argument("BODY")
    let file = invocation.string("file")
    let isJSON = invocation.isOn("json")
    if body != nil && file != nil {
      throw Failure(.usage, "BODY and --file exclude each other", hint: "send one after the other")
    }
    if invocation.isOn("lines") && file == nil && body != nil && body != "-" {
      throw Failure(.usage, "--lines needs --file or standard input", hint: "leave out BODY, or --lines")
    }
    if let file {
      if isJSON || invocation.isOn("lines") { return .lines(path: file, isJSON: isJSON) }
      do throws(Errno) {
        return .one(try FileSystem.readWhole(file, bytesMax: Limits.lineBytesMax))
      } catch { throw LineReader.failure(file, error) }
    }
    if let body, body != "-" {
      if isJSON {
        throw Failure(
          .usage, "--json reads lines, not BODY",
          hint: "pipe them in: echo '{...}' | mq produce TOPIC --json")
      }
      if body.isEmpty {
        throw Failure(.usage, "BODY is empty", hint: "brokers and clients refuse messages without a body")
      }
      return .one(Array(body.utf8))
    }
    if body == nil && Process.isStdinTerminal {
      throw Failure(
        .usage, "nothing to send", hint: "give BODY, or -f FILE, or pipe lines in; - reads what you type")
    }
    return .lines(path: nil, isJSON: isJSON)
  }

  /// What all messages have in common.
  static func model(_ invocation: Invocation) throws(Failure) -> OutgoingMessage {
    var model = OutgoingMessage(body: [])
    for text in invocation.strings("prop") {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
        throw Failure(.usage, "--prop=\(text) is no property", hint: "write --prop NAME=VALUE")
      }
      let name = String(parts[0])
      if MessageLine.systemProperties.contains(name) {
        throw Failure(.usage, "property \(name) belongs to the system", hint: "choose another name")
      }
      try MessageLine.check(property: name, String(parts[1]), "--prop")
      model.properties[name] = String(parts[1])
    }
    if let key = invocation.string("key"), !key.isEmpty { model.properties[PropertyName.keys] = key }
    if let tag = invocation.string("tag"), !tag.isEmpty {
      if tag.contains("|") {
        throw Failure(.usage, "a tag may not hold |", hint: "consumers join tags with ||")
      }
      model.properties[PropertyName.tags] = tag
    }
    if let level = invocation.integer("delay-level"), level > 0 {
      model.properties[PropertyName.delayLevel] = "\(level)"
    }
    if let key = invocation.string("ordered") {
      if key.isEmpty { throw Failure(.usage, "--ordered is empty", hint: "for example --ordered order-17") }
      try MessageLine.check(property: PropertyName.shardingKey, key, "--ordered")
      model.properties[PropertyName.shardingKey] = key
    }
    if let priority = invocation.integer("priority") {
      model.properties[PropertyName.priority] = "\(priority)"
    }
    return model
  }

  static func queues(
    _ invocation: Invocation, _ cluster: Cluster, _ topic: String
  ) throws(Failure) -> [MessageSender.Target] {
    let producer = Producer(cluster)
    var queues = try attempt { () throws(ClientError) in try producer.queues(topic) }
    let isNew = (try? cluster.route(topic)) == nil
    if isNew { invocation.warn("topic \(topic) does not exist; the broker creates it") }
    let all = queues
    if let name = invocation.brokerName { queues.removeAll { $0.queue.broker != name && $0.address != name } }
    if queues.isEmpty {
      let names = Set(all.map(\.queue.broker)).sorted().joined(separator: ", ")
      throw Failure(.notFound, "topic \(topic) is not on that broker", hint: "it is on \(names)")
    }
    if let id = invocation.integer("queue") {
      queues.removeAll { Int64($0.queue.queueId) != id }
      if queues.isEmpty {
        throw Failure(
          .notFound, "topic \(topic) has no queue \(id)", hint: "mq topic describe \(topic) shows its queues")
      }
    }
    return queues
  }

  /// When to deliver, as --delay and --at say; nil for at once, or by --delay-level.
  static func deliveryTime(_ invocation: Invocation) throws(Failure) -> DeliveryTime? {
    try exclude(["delay", "at", "delay-level"], invocation)
    if let text = invocation.string("at") { return try DeliveryTime.at(text, nowMs: invocation.nowMs) }
    guard let delayMs = invocation.integer("delay"), delayMs > 0 else { return nil }
    return .after(delayMs)
  }

  /// How messages are sent, and whether the end of a transaction is left to the broker's question.
  static func way(
    _ invocation: Invocation, _ source: Source
  ) throws(Failure) -> (way: MessageSender.Way, isLeftToCheck: Bool) {
    try exclude(["transaction", "one-way", "reply"], invocation)
    let isOne = if case .one = source { true } else { false }
    if invocation.isOn("reply") && !isOne {
      throw Failure(.usage, "--reply asks one question", hint: "give BODY, or -f FILE without --lines")
    }
    if invocation.isOn("one-way") { return (.oneWay, false) }
    guard let end = invocation.string("transaction") else { return (.acknowledged, false) }
    for other in ["delay", "at", "delay-level"] where invocation.has(other) {
      throw Failure(
        .usage, "--transaction and --\(other) exclude each other",
        hint: "brokers deliver a committed message at once")
    }
    if end == "check" && !isOne {
      throw Failure(
        .usage, "--transaction check takes one message", hint: "give BODY, or -f FILE without --lines")
    }
    return (.transaction(end == "rollback" ? .rollback : .commit), end == "check")
  }

  /// - Throws: `.usage` when more than one of these flags is given.
  private static func exclude(_ flags: [String], _ invocation: Invocation) throws(Failure) {
    let given = flags.filter { $0 == "one-way" || $0 == "reply" ? invocation.isOn($0) : invocation.has($0) }
    if given.count > 1 {
      throw Failure(
        .usage, "--\(given[0]) and --\(given[1]) exclude each other", hint: "leave out one of them")
    }
  }
}
