// `mq message import`: sends the messages of an export again.

import Client
import Linux
import Wire

enum MessageImport {
  static let row = Command(
    ["message", "import"], summary: "Send the messages of an export",
    details: """
      Reads lines as mq message export, mq dlq export and mq consume -o json write them, and sends each as a
      new message with the body, keys, tag, flag and the user's properties of the old one. It gets a new id
      unless --keep-ids is given; what a delayed delivery, a retry or a trace had added is left out. A line
      without a topic needs --topic.

      Messages of one queue go to one queue and keep their order: to the queue with the same broker and number
      where the topic has it. They travel in batches, one of each queue at a time.

      A message that a broker refuses is told, and the others go on (exit code 4). When the command is
      interrupted or a broker fails it says which lines were not sent; --lines sends exactly those. Lines
      whose broker did not answer are told apart: they may have been stored.

      --dry-run reads and checks all lines, and says what would be sent.
      """,
    impact: .writes,
    flags: [
      Flag(
        "file", short: "f", .text, "FILE", "read this file; - and none: standard input", completion: .files),
      Flag("topic", short: "t", .text, "TOPIC", "send all of them to this topic", completion: .topics),
      Flag("lines", .text, "RANGES", "only these lines, like 4001-4256,4513-"),
      Flag("rate", .integer(1...Int64(Int32.max)), "COUNT", "most messages a second"),
      Flag("keep-ids", .toggle, "", "messages keep the ids that their producers gave them"),
      Flag(
        "batch", .integer(1...Limits.batchMessagesMax), "COUNT", "most messages of one request",
        defaultText: "\(Limits.batchMessagesDefault)"),
    ],
    shared: [.change],
    examples: [
      Example("mq message import -f orders.jsonl", "sends all messages to the topics they came from"),
      Example("mq message import -f orders.jsonl --topic copy --rate 1000", "to another topic, slowly"),
      Example("mq message import -f orders.jsonl --lines 4001-", "goes on after an interruption"),
      Example("mq message import -f orders.jsonl --dry-run", "checks the file, sends nothing"),
    ], run: run)

  /// What is read, and how far.
  private struct Reading: ~Copyable {
    var lines: LineReader
    /// Bytes of the file; nil for what has no size.
    var fileBytes: Int64?
    var line = 0
    var wanted: LineRanges?
    /// Lines without a message, and those that are not wanted.
    var passed = LineRanges()
  }

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    var reading = try open(invocation)
    let topic = invocation.string("topic")
    if let topic { try NameCheck.check(topic: topic) }
    let cluster = try invocation.cluster()
    if invocation.isDryRun { return try tryOut(&reading, topic, cluster, invocation) }
    let signals: Descriptor
    do throws(Errno) { signals = try Process.signalDescriptor() } catch {
      throw Failure(.failed, "cannot watch for signals: \(error)")
    }
    let importer = Importer(
      cluster, batchMax: Int(invocation.integer("batch") ?? Limits.batchMessagesDefault),
      rate: invocation.integer("rate"), signals: signals.raw)
    var progress = ProgressBar(invocation.streams)
    var failure: Failure?
    do throws(Failure) {
      try send(&reading, topic, importer, &progress, signals: signals.raw, invocation)
    } catch { failure = error }
    importer.flush()
    progress.end()
    let number = importer.isInterrupted ? Process.takeSignal(signals) : nil
    try finish(failure ?? importer.failure, importer, reading, number, progress.elapsedMs, invocation)
  }

  private static func open(_ invocation: Invocation) throws(Failure) -> Reading {
    let path = invocation.string("file").flatMap { $0 == "-" ? nil : $0 }
    if path == nil && Process.isStdinTerminal {
      throw Failure(.usage, "nothing to import", hint: "give -f FILE, or pipe lines in")
    }
    var wanted: LineRanges?
    if let text = invocation.string("lines") {
      wanted = LineRanges(text)
      if wanted == nil {
        throw Failure(
          .usage, "--lines=\(text) is no list of lines", hint: "for example --lines 4001-4256,4513-")
      }
    }
    var lines = if let path { try LineReader(path: path) } else { LineReader() }
    lines.lineBytesMax = Limits.exportLineBytesMax
    var fileBytes: Int64?
    if let path, let file = try? File.open(path, .readOnly) { fileBytes = try? file.size() }
    return Reading(lines: lines, fileBytes: fileBytes == 0 ? nil : fileBytes, wanted: wanted)
  }

  // MARK: Reading

  /// The next message that is wanted; nil at the end.
  private static func next(
    _ reading: inout Reading, _ topic: String?, keepsId: Bool
  ) throws(Failure) -> (message: OutgoingMessage, topic: String, broker: String, queueId: Int32)? {
    while let line = try reading.lines.next() {
      reading.line += 1
      if line.isEmpty || !(reading.wanted?.contains(reading.line) ?? true) {
        reading.passed.add(reading.line...reading.line)
        continue
      }
      let place = "line \(reading.line)"
      let json = try MessageLine.parsed(line, place: place)
      var message = try MessageLine.message(json, place: place)
      if message.body.isEmpty {
        throw Failure(.usage, "\(place) has an empty body", hint: "brokers refuse messages without a body")
      }
      guard let target = topic ?? json["topic"]?.string else {
        throw Failure(.usage, "\(place) has no topic", hint: "name one with --topic")
      }
      if topic == nil { try check(target, place) }
      if keepsId, let id = json["properties"]?[PropertyName.uniqueKey]?.string {
        message.properties[PropertyName.uniqueKey] = id
      }
      return (message, target, json["broker"]?.string ?? "", json["queueId"]?.int32 ?? 0)
    }
    return nil
  }

  /// Topics that only brokers write to are no place for an import.
  private static func check(_ topic: String, _ place: String) throws(Failure) {
    if topic.hasPrefix("%") || TopicName.isSystem(topic) {
      throw Failure(
        .usage, "\(place) is of \(topic), which belongs to the system",
        hint: "name a topic with --topic; mq dlq resend sends dead letters to where they came from")
    }
    try NameCheck.check(topic: topic)
  }

  private static func send(
    _ reading: inout Reading, _ topic: String?, _ importer: Importer, _ progress: inout ProgressBar,
    signals: CInt, _ invocation: Invocation
  ) throws(Failure) {
    let keepsId = invocation.isOn("keep-ids")
    while importer.failure == nil && !importer.isInterrupted {
      // A pipe may be silent for long: what was gathered must not wait for it, nor Ctrl-C.
      if reading.fileBytes == nil && !reading.lines.hasLine {
        importer.flush()
        while !Socket.waitReady(reading.lines.raw, .readable, timeoutMs: Limits.inputWaitMs) {
          if Socket.waitReady(signals, .readable, timeoutMs: 0) { break }
        }
        importer.arrive(waitMs: 0)
        if importer.isInterrupted { return }
      }
      guard let next = try next(&reading, topic, keepsId: keepsId) else { return }
      let target = try importer.target(
        next.topic, broker: next.broker, queueId: next.queueId,
        shardingKey: next.message.properties[PropertyName.shardingKey])
      importer.add(next.message, line: reading.line, to: target)
      progress.update(
        done: reading.lines.bytesRead, total: reading.fileBytes, messages: importer.sent)
    }
  }

  private static func tryOut(
    _ reading: inout Reading, _ topic: String?, _ cluster: Cluster, _ invocation: Invocation
  ) throws(Failure) {
    var counts: [String: (messages: Int, bytes: Int)] = [:]
    while let next = try next(&reading, topic, keepsId: false) {
      counts[next.topic, default: (0, 0)].messages += 1
      counts[next.topic]!.bytes += next.message.body.count
    }
    var table = Table([
      Column("TOPIC", key: "topic"), Column("QUEUES", key: "queues", right: true),
      Column("MESSAGES", key: "messages", right: true), Column("BODIES", key: "bodyBytes", right: true),
    ])
    table.emptyText = "nothing to do"
    let producer = Producer(cluster)
    for (topic, count) in counts.arranged(by: { $0.key < $1.key }) {
      let queues = try attempt { () throws(ClientError) in try producer.queues(topic) }
      table.add(
        .text(topic), .integer(queues.count), .integer(count.messages), .bytes(Int64(count.bytes)))
    }
    invocation.print(table)
  }

  // MARK: The end

  private static func finish(
    _ failure: Failure?, _ importer: Importer, _ reading: borrowing Reading, _ signal: Int32?,
    _ elapsedMs: Int64, _ invocation: Invocation
  ) throws(Failure) {
    let isWhole = failure == nil && !importer.isInterrupted
    let unsent = unsent(importer, reading, isWhole: isWhole)
    report(importer, unsent, elapsedMs, invocation)
    for (line, error) in importer.refused.prefix(Limits.warningsMax) {
      invocation.warn("line \(line) was refused: \(error.message)")
    }
    if !importer.doubtfulLines.isEmpty {
      invocation.warn(
        "lines \(importer.doubtfulLines.text) may have been stored: their broker did not answer")
    }
    let hint = unsent.isEmpty ? "" : "--lines \(unsent.text) sends the rest"
    let count = counted(importer.sent, "message", verb: ("was", "were")) + " sent"
    if importer.isInterrupted {
      let number = signal ?? 2
      if 128 + number == Failure.Code.interrupted.rawValue {
        throw Failure(.interrupted, "interrupted; \(count)", hint: hint)
      }
      invocation.warn("ended by signal \(number); \(count); \(hint)")
      Process.die(bySignal: number)
    }
    if let failure {
      throw Failure(
        importer.sent > 0 ? .partial : failure.code, "\(count), then: \(failure.message)",
        hint: [failure.hint, hint].filter { !$0.isEmpty }.joined(separator: "; "),
        responseCode: failure.responseCode)
    }
    if let first = importer.refused.first {
      throw Failure(
        importer.sent > 0 ? .partial : Failure(first.error).code,
        "\(count), \(importer.refused.count) refused: \(first.error.message)", hint: first.error.hint)
    }
  }

  /// Lines that were not sent, and not told otherwise; with those that were not read.
  private static func unsent(
    _ importer: Importer, _ reading: borrowing Reading, isWhole: Bool
  ) -> LineRanges {
    var known = importer.sentLines
    for range in reading.passed.ranges + importer.doubtfulLines.ranges { known.add(range) }
    for entry in importer.refused { known.add(entry.line...entry.line) }
    var unsent = reading.line > 0 ? known.gaps(in: 1...reading.line) : LineRanges()
    if isWhole { return unsent }
    guard let wanted = reading.wanted else {
      unsent.add((reading.line + 1)...Int.max)
      return unsent
    }
    for range in wanted.ranges where range.upperBound > reading.line {
      unsent.add(max(range.lowerBound, reading.line + 1)...range.upperBound)
    }
    return unsent
  }

  private static func report(
    _ importer: Importer, _ unsent: LineRanges, _ elapsedMs: Int64, _ invocation: Invocation
  ) {
    let perSecond = Double(importer.sent) * 1000 / Double(elapsedMs)
    if invocation.output == .table {
      let count = counted(importer.sent, "message")
      let size = Values.bytesText(Int64(importer.bytes))
      invocation.say("\(count), \(size), in \(Values.durationText(elapsedMs)) (\(Int64(perSecond)) a second)")
      return
    }
    var report = Report()
    report.add("Messages", key: "messages", .integer(importer.sent))
    report.add("Refused", key: "refused", .integer(importer.refused.count))
    report.add("Refused lines", key: "refusedLines", .list(importer.refused.map { "\($0.line)" }))
    report.add("Lines in doubt", key: "doubtfulLines", .text(importer.doubtfulLines.text))
    report.add("Lines not sent", key: "unsentLines", .text(unsent.text))
    report.add("Body bytes", key: "bodyBytes", .bytes(Int64(importer.bytes)))
    report.add("Time", key: "elapsedMs", .duration(elapsedMs))
    report.add("Messages a second", key: "messagesPerSecond", .decimal(perSecond))
    invocation.print(report)
  }
}
