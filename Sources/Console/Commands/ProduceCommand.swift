// `mq produce`: sends a text, a file, lines or JSON lines to a topic.

import Client
import Linux
import Wire

enum ProduceCommand {
  static let rows: [Command] = [
    Command(
      ["produce"], summary: "Send messages to a topic",
      details: """
        Without BODY each line of standard input is a message; empty lines are left out. -f sends a whole
        file as one message, with --lines its lines. With --json each line is an object with body (or
        bodyBase64), keys, tag, properties, delayLevel, as mq consume -o json prints it: a topic can be
        copied through a pipe.

        Lines are sent in batches, in order, each batch to the next queue. At the first batch that is
        refused the command stops and says how many messages were stored and where to go on.

        A topic that does not exist is created by the broker, where the cluster allows that.
        """,
      impact: .writes,
      arguments: [
        Argument("TOPIC", "where to send", completion: .topics),
        Argument("BODY", "the message; - reads lines of standard input", isOptional: true),
      ],
      flags: flags, shared: [.connection, .broker, .output],
      examples: [
        Example("mq produce orders hello", "sends one message"),
        Example("seq 1000 | mq produce orders", "sends a thousand"),
        Example(
          "mq produce orders -f order.xml --key order-17 --tag new", "sends a file, with a key and a tag"),
        Example("mq consume orders -o json | mq produce copy --json", "copies a topic"),
      ], replaces: ["sendMessage"]
    ) { invocation throws(Failure) in try run(&invocation) }
  ]

  private static let flags: [Flag] = [
    Flag("file", short: "f", .text, "FILE", "send this file", completion: .files),
    Flag("lines", .toggle, "", "each line of the file is a message"),
    Flag("json", .toggle, "", "each line is a JSON object"),
    Flag("key", .text, "KEY", "key to find the message by; several are separated by blanks"),
    Flag("tag", .text, "TAG", "tag that consumers can filter by"),
    Flag("prop", .text, "NAME=VALUE", "a property", isRepeated: true),
    Flag(
      "delay-level", .integer(0...Int64(Limits.delayLevelMax)), "LEVEL",
      "deliver after the broker's delay of this level: 1 is 1s, 2 is 5s, 3 is 10s, 5 is 1m"),
    Flag("queue", .integer(0...65_535), "QUEUE", "only to the queue with this number"),
    Flag(
      "batch", .integer(1...Limits.batchMessagesMax), "COUNT", "most messages of one request",
      defaultText: "\(Limits.batchMessagesDefault)"),
  ]

  /// Where messages come from.
  private enum Source {
    case one([UInt8])
    case lines(path: String?, isJSON: Bool)
  }

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let topic = invocation.required("TOPIC")
    try NameCheck.check(topic: topic)
    let source = try source(invocation)
    let model = try model(invocation)
    let cluster = try invocation.cluster()
    var sender = MessageSender(
      cluster, queues: try queues(invocation, cluster, topic),
      batchMessagesMax: Int(invocation.integer("batch") ?? Limits.batchMessagesDefault))
    switch source {
    case .one(let body):
      var message = model
      message.body = body
      let receipt = try sender.sendOne(message)
      report(receipt, invocation)
    case .lines(let path, let isJSON):
      if let path {
        try sendLines(LineReader(path: path), isJSON, model, &sender, invocation)
      } else {
        try sendLines(LineReader(), isJSON, model, &sender, invocation)
      }
    }
  }

  // MARK: What to send

  private static func source(_ invocation: Invocation) throws(Failure) -> Source {
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
          .usage, "--json reads lines, not BODY", hint: "pipe them in: echo '{…}' | mq produce … --json")
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
  private static func model(_ invocation: Invocation) throws(Failure) -> OutgoingMessage {
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
    return model
  }

  private static func queues(
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

  // MARK: One message

  private static func report(_ receipt: SendReceipt, _ invocation: Invocation) {
    let queue = receipt.queue
    if invocation.output == .table {
      let id = Escape.terminal(receipt.messageId)
      invocation.say("\(id)  \(queue.topic) \(queue.broker)/\(queue.queueId)@\(receipt.queueOffset)")
      if receipt.code != 0 { invocation.warn("stored, but not confirmed by \(slow(receipt.code))") }
      return
    }
    var report = Report()
    report.add("Message id", key: "messageId", .text(receipt.messageId))
    report.add("Topic", key: "topic", .text(queue.topic))
    report.add("Broker", key: "broker", .text(queue.broker))
    report.add("Queue", key: "queueId", .integer(queue.queueId))
    report.add("Offset", key: "queueOffset", .integer(receipt.queueOffset))
    report.add("Offset id", key: "offsetMessageId", .text(receipt.offsetMessageId))
    report.add("Stored safely", key: "isConfirmed", .flag(receipt.code == 0))
    invocation.print(report)
  }

  private static func slow(_ code: Int32) -> String {
    code == ResponseCode.flushDiskTimeout.rawValue ? "the disk in time" : "a slave"
  }

  // MARK: Many messages

  private static func sendLines(
    _ reader: consuming LineReader, _ isJSON: Bool, _ model: OutgoingMessage, _ sender: inout MessageSender,
    _ invocation: Invocation
  ) throws(Failure) {
    var reader = reader
    let progress = try SendProgress()
    var lineNumber = 0
    while let line = try reading(&reader, sender, progress) {
      lineNumber += 1
      if line.isEmpty { continue }
      var message = model
      if isJSON {
        let own: OutgoingMessage
        do throws(Failure) {
          own = try MessageLine.message(line, place: "line \(lineNumber)")
        } catch {
          // What stands before the bad line is sent, so that the count in the message is true.
          try flush(&sender, progress)
          throw ended(error, sender, line: lineNumber)
        }
        message.body = own.body
        for entry in own.properties.entries { message.properties[entry.name] = entry.value }
      } else {
        message.body = line
      }
      if sender.add(message, line: lineNumber) || !reader.hasLine { try flush(&sender, progress) }
    }
    try flush(&sender, progress)
    progress.end()
    summarize(sender, progress, invocation)
  }

  private static func reading(
    _ reader: inout LineReader, _ sender: borrowing MessageSender, _ progress: SendProgress
  ) throws(Failure) -> [UInt8]? {
    do throws(Failure) {
      return try reader.next()
    } catch {
      progress.end()
      throw ended(error, sender, line: nil)
    }
  }

  private static func flush(_ sender: inout MessageSender, _ progress: SendProgress) throws(Failure) {
    defer { progress.note(messages: sender.sent) }
    do throws(Failure) { try sender.flush() } catch {
      progress.end()
      throw ended(error, sender, line: sender.firstUnsentLine)
    }
  }

  private static func count(_ messages: Int) -> String {
    messages == 1 ? "1 message" : "\(messages) messages"
  }

  /// The failure, with the numbers.
  private static func ended(
    _ failure: Failure, _ sender: borrowing MessageSender, line: Int?
  ) -> Failure {
    if sender.sent == 0 { return failure }
    let place = line.map { "; line \($0) and what follows was not" } ?? ""
    let doubt =
      sender.inDoubt > 0 ? " (\(sender.inDoubt) messages from there on may be stored all the same)" : ""
    return Failure(
      .partial, "\(count(sender.sent)) went out\(place)\(doubt): \(failure.message)", hint: failure.hint,
      responseCode: failure.responseCode)
  }

  private static func summarize(
    _ sender: borrowing MessageSender, _ progress: SendProgress, _ invocation: Invocation
  ) {
    let elapsedMs = max(1, Clock.monotonicMs() - progress.startMs)
    let perSecond = Double(sender.sent) * 1000 / Double(elapsedMs)
    if invocation.output == .table {
      let size = Values.bytesText(Int64(sender.bytes))
      let time = Values.durationText(elapsedMs)
      invocation.say("\(count(sender.sent)), \(size), in \(time) (\(Int64(perSecond)) a second)")
      return
    }
    var report = Report()
    report.add("Messages", key: "messages", .integer(sender.sent))
    report.add("Body bytes", key: "bodyBytes", .bytes(Int64(sender.bytes)))
    report.add("Time", key: "elapsedMs", .duration(elapsedMs))
    report.add("Messages a second", key: "messagesPerSecond", .decimal(perSecond))
    invocation.print(report)
  }
}
