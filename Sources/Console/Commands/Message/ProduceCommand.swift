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
        bodyBase64), keys, tag, flag, properties, delayLevel, as mq consume -o json prints it: a topic can be
        copied through a pipe.

        Lines are sent in batches, in order, each batch to the next queue. At the first batch that is
        refused the command stops and says how many messages were stored and where to go on.

        --ordered KEY sends messages with the same key to the same queue, so that they are consumed in order;
        a JSON line has its key in the property __SHARDINGKEY.

        --delay and --at need brokers of 5.0 or later; to older ones a delay that is one of their levels (1s
        5s 10s 30s 1m and so on) is sent as that, any other is refused. The receipt has a handle for
        mq message recall, where the broker gives one.

        --transaction sends half messages, which nobody sees, and then commits or rolls back each. With check
        it says nothing, stays connected until the broker asks about the message (every 30 s, as Apache's
        brokers are set), and then commits; --timeout limits the wait, else 5 minutes.

        --reply sends a question, waits for its answer until --timeout is over, and prints it.

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
        Example("mq produce orders 'wake up' --delay 10s", "is delivered ten seconds later"),
        Example("mq produce orders paid --ordered order-17", "follows what was sent with that key"),
        Example("mq produce orders hello --transaction check", "shows how a transaction is checked"),
        Example("mq produce questions 'what time is it?' --reply --timeout 10s", "prints the answer"),
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
    Flag("delay", .duration, "TIME", "deliver this much later"),
    Flag("at", .text, "TIME", "deliver at that moment: 2026-11-20T10:00+08:00, 18:30 or +10m"),
    Flag("ordered", .text, "KEY", "to the queue that this key always has"),
    Flag(
      "priority", .integer(0...Int64(Int32.max)), "NUMBER",
      "a higher one is consumed first, in topics of the type priority"),
    Flag(
      "transaction", .choice(["commit", "rollback", "check"]), "END",
      "send a half message and commit it, roll it back, or let the broker ask"),
    Flag("reply", .toggle, "", "send a question and wait for the answer"),
    Flag("one-way", .toggle, "", "do not wait until brokers have stored the messages"),
    Flag("group", short: "g", .text, "GROUP", "producer group, as brokers see it", defaultText: "mq"),
    Flag("queue", .integer(0...65_535), "QUEUE", "only to the queue with this number"),
    Flag(
      "batch", .integer(1...Limits.batchMessagesMax), "COUNT", "most messages of one request",
      defaultText: "\(Limits.batchMessagesDefault)"),
  ]

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let topic = invocation.required("TOPIC")
    try NameCheck.check(topic: topic)
    let group = invocation.string("group") ?? "mq"
    try NameCheck.check(group: group)
    let source = try ProduceInput.source(invocation)
    let (way, isLeftToCheck) = try ProduceInput.way(invocation, source)
    let time = try ProduceInput.deliveryTime(invocation)
    var model = try ProduceInput.model(invocation)
    let cluster = try invocation.cluster()
    let queues = try ProduceInput.queues(invocation, cluster, topic)
    try time?.apply(to: &model, cluster, queues)
    var sender = MessageSender(
      cluster, group: group, queues: queues,
      batchMessagesMax: Int(invocation.integer("batch") ?? Limits.batchMessagesDefault), way: way)
    switch source {
    case .one(let body):
      model.body = body
      if invocation.isOn("reply") {
        try ask(model, cluster, &sender, invocation)
      } else if isLeftToCheck {
        try leaveToCheck(model, cluster, &sender, invocation)
      } else {
        report(try sender.sendOne(model), way, invocation)
      }
    case .lines(let path, let isJSON):
      if let path {
        try sendLines(LineReader(path: path), isJSON, model, &sender, invocation)
      } else {
        try sendLines(LineReader(), isJSON, model, &sender, invocation)
      }
    }
  }

  // MARK: One message

  private static func ask(
    _ question: OutgoingMessage, _ cluster: Cluster, _ sender: inout MessageSender, _ invocation: Invocation
  ) throws(Failure) {
    let target = sender.takeQueue(for: question)
    let answer = try Conversations.ask(
      question, cluster, &sender.producer, target, timeoutMs: invocation.timeoutMs)
    switch invocation.output {
    case .table, .wide: invocation.streams.write(answer.reply.body + [0x0A])
    case .name: invocation.streams.write(answer.reply.messageId + "\n")
    case .json, .yaml, .csv, .template:
      var report = Report()
      report.add("Reply id", key: "messageId", .text(answer.reply.messageId))
      report.add("Question id", key: "questionMessageId", .text(answer.asked.messageId))
      report.add("Answered by", key: "bornHost", .text(answer.reply.bornHost))
      report.add("Time", key: "elapsedMs", .duration(answer.elapsedMs))
      let body = MessageLine.body(answer.reply.body)
      report.add("Body", key: body.key.string ?? "body", .text(body.value.string))
      invocation.print(report)
    }
  }

  private static func leaveToCheck(
    _ message: OutgoingMessage, _ cluster: Cluster, _ sender: inout MessageSender, _ invocation: Invocation
  ) throws(Failure) {
    let target = sender.takeQueue(for: message)
    let timeoutMs = invocation.has("timeout") ? invocation.timeoutMs : Limits.transactionCheckMs
    let streams = invocation.streams
    let (receipt, elapsedMs) = try Conversations.leaveToCheck(
      message, cluster, &sender.producer, target, timeoutMs: timeoutMs,
      say: { line in
        if streams.format.isForPeople { streams.write(line + "\n") }
        streams.flush()
      })
    invocation.say("the broker asked after \(Values.durationText(elapsedMs)); committed")
    if !invocation.output.isForPeople {
      report(receipt, .transaction(.commit), invocation)
    }
  }

  private static func report(
    _ receipt: SendReceipt, _ way: MessageSender.Way, _ invocation: Invocation
  ) {
    let queue = receipt.queue
    if invocation.output == .table {
      let place = "\(Escape.terminal(receipt.messageId))  \(queue.topic) \(queue.broker)/\(queue.queueId)"
      switch way {
      case .acknowledged: invocation.say("\(place)@\(receipt.queueOffset)")
      case .oneWay: invocation.say("\(place), not confirmed")
      case .transaction(let end): invocation.say("\(place), \(words(end))")
      }
      if let handle = receipt.recallHandle { invocation.say("recall handle \(Escape.terminal(handle))") }
      if receipt.code != 0 { invocation.warn("stored, but not confirmed by \(slow(receipt.code))") }
      return
    }
    let isPlaced = way == .acknowledged
    var report = Report()
    report.add("Message id", key: "messageId", .text(receipt.messageId))
    report.add("Topic", key: "topic", .text(queue.topic))
    report.add("Broker", key: "broker", .text(queue.broker))
    report.add("Queue", key: "queueId", .integer(queue.queueId))
    report.add("Offset", key: "queueOffset", isPlaced ? .integer(receipt.queueOffset) : .unknown)
    report.add("Offset id", key: "offsetMessageId", isPlaced ? .text(receipt.offsetMessageId) : .unknown)
    report.add("Stored safely", key: "isConfirmed", .flag(receipt.code == 0 && way != .oneWay))
    report.add("Transaction id", key: "transactionId", .text(receipt.transactionId))
    if case .transaction(let end) = way {
      report.add("Transaction", key: "transaction", .text(words(end)))
    }
    report.add("Recall handle", key: "recallHandle", .text(receipt.recallHandle))
    invocation.print(report)
  }

  private static func words(_ end: TransactionEnd) -> String { end == .commit ? "committed" : "rolled back" }

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
        message.flag = own.flag
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

  /// The failure, with the numbers.
  private static func ended(
    _ failure: Failure, _ sender: borrowing MessageSender, line: Int?
  ) -> Failure {
    if sender.sent == 0 { return failure }
    let place = line.map { "; line \($0) and what follows was not" } ?? ""
    let doubt =
      sender.inDoubt > 0 ? " (\(sender.inDoubt) messages from there on may be stored all the same)" : ""
    return Failure(
      .partial, "\(counted(sender.sent, "message")) went out\(place)\(doubt): \(failure.message)",
      hint: failure.hint,
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
      invocation.say("\(counted(sender.sent, "message")), \(size), in \(time) (\(Int64(perSecond)) a second)")
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
