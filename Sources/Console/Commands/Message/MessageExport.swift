// `mq message export`: a topic's messages as lines of JSON, resumable.

import Client
import Linux
import Wire

enum MessageExport {
  static let row = Command(
    ["message", "export"], summary: "Write the messages of a topic as JSON lines",
    details: """
      Writes every message that is there when the command starts, one JSON object a line with all that
      mq message import needs to send it again: topic, queue, keys, tags, properties, times, flag, and body,
      or bodyBase64 where it is no text. Lines of one queue are in its order. No group's offsets are touched.

      An export that Ctrl-C, a failure or kill -9 ended is taken up with --resume FILE: the file itself says
      which message of each queue was the last. It goes on exactly behind that, up to the messages that are
      there by then; give the same filters again.

      On a terminal stderr shows how far it is and how long it will take.
      """,
    arguments: [Argument("TOPIC", "what to write", completion: .topics)],
    flags: flags + MessageRange.flags + MessageRange.grepFlags,
    shared: [.connection, .broker],
    examples: [
      Example("mq message export orders > orders.jsonl", "the whole topic"),
      Example("mq message export orders --resume orders.jsonl", "goes on where an interrupted one ended"),
      Example("mq message export orders --since -1h --tag new -f new.jsonl", "part of it, into a new file"),
      Example("mq message export orders -q 0 | gzip > orders-0.gz", "one queue of each broker, compressed"),
    ]
  ) { invocation throws(Failure) in
    try run(&invocation, topic: invocation.required("TOPIC"), name: "mq message export", isDeadLetter: false)
  }

  static let flags: [Flag] = [
    Flag("file", short: "f", .text, "FILE", "write to this new file", completion: .files),
    Flag("resume", .text, "FILE", "go on with the file of an interrupted export", completion: .files),
    Flag("limit", .integer(1...Int64.max), "COUNT", "end after this many messages"),
  ]

  /// What an export has done so far.
  private struct State {
    var lines = 0
    /// Messages that could not be written, and why the first could not.
    var damaged = 0
    var firstDamage: String?
    var encoder: ExportLine
    var progress: ProgressBar
  }

  /// - Parameter name: The command, for hints; what it was told to export follows.
  static func run(
    _ invocation: inout Invocation, topic: String, name: String, isDeadLetter: Bool
  ) throws(Failure) {
    let range = try MessageRange(invocation)
    let cluster = try invocation.cluster()
    if !isDeadLetter { try NameCheck.check(topic: topic) }
    try range.filter.check(topic, group: "TOOLS_CONSUMER", cluster)
    let file = try open(invocation, topic)
    let scan = try MessageScan(topic, range, cluster, resume: file.places)
    let streams = invocation.streams
    var state = State(encoder: ExportLine(isDeadLetter: isDeadLetter), progress: ProgressBar(streams))
    let limit = invocation.integer("limit").map { Int(clamping: $0) } ?? .max
    var failure: Failure?
    var ending = MessageScan.Ending.complete
    do throws(Failure) {
      ending = try scan.run { lane, body throws(Failure) in
        try append(body, lane, scan, &state, to: file, limit: limit)
        try file.writeMany()
        let (done, total) = scan.progress
        state.progress.update(done: done, total: total, messages: state.lines)
        return state.lines < limit
      }
    } catch { failure = error }
    state.progress.end()
    // Also after a failure: what was read is whole lines.
    try file.close()
    let again = again("\(name) \(Escape.shell(invocation.input.arguments[0]))", invocation, file)
    try finish(failure, ending, scan, state, file, again, invocation)
  }

  private static func open(_ invocation: Invocation, _ topic: String) throws(Failure) -> ExportFile {
    let (new, old) = (invocation.string("file"), invocation.string("resume"))
    if new != nil && old != nil {
      throw Failure(
        .usage, "--file and --resume exclude each other", hint: "--resume needs a file that is there")
    }
    if let new { return try ExportFile(new: new) }
    if let old {
      return try ExportFile(resuming: old, topic: topic, warn: { invocation.warn($0) })
    }
    return try ExportFile()
  }

  private static func append(
    _ body: [UInt8], _ lane: MessageScan.Lane, _ scan: MessageScan, _ state: inout State, to file: ExportFile,
    limit: Int
  ) throws(Failure) {
    let (tags, range) = (scan.wantedTags, scan.range)
    var input = ByteBuffer(capacity: body.count)
    input.append(body)
    var start = 0
    while start < body.count && state.lines < limit {
      let at = start
      let record: Record
      do throws(WireError) { record = try Record.decode(input.bytes, at: at) } catch {
        throw Failure(.failed, "a broker answered with a malformed message (\(error))")
      }
      start += record.totalBytes
      if record.queueOffset < lane.next || record.queueOffset >= lane.end { continue }
      if let sinceMs = range.sinceMs, record.storeTimestampMs < sinceMs { continue }
      if let untilMs = range.untilMs, record.storeTimestampMs > untilMs { continue }
      if !tags.isEmpty || range.pattern != nil {
        let message = try attempt { () throws(ClientError) in
          try Message.decode(body, at: at, broker: lane.queue.broker)
        }
        if !range.holds(message, tags: tags) { continue }
      }
      do throws(ClientError) {
        try state.encoder.append(record, of: input.bytes, broker: lane.queue.broker, to: &file.buffer)
        state.lines += 1
      } catch {
        // An export that stopped here could never be taken up behind it.
        state.damaged += 1
        state.firstDamage = state.firstDamage ?? error.message
      }
    }
  }

  // MARK: The end

  /// The command that goes on with the file; nil when there is no file that it could go on with.
  private static func again(_ command: String, _ invocation: Invocation, _ file: ExportFile) -> String? {
    guard let path = file.path ?? Process.outputFile else { return nil }
    var words = ["--resume", path]
    // Moments are told as they were meant: -1h is another moment later.
    for flag in ["since", "until"] {
      if let ms = invocation.integer(flag) { words += ["--\(flag)", Clock.rfc3339(ms)] }
    }
    for flag in ["tag", "sql", "grep"] {
      if let text = invocation.string(flag) { words += ["--\(flag)", text] }
    }
    if invocation.isOn("ignore-case") { words.append("--ignore-case") }
    if let queue = invocation.integer("queue") { words += ["-q", "\(queue)"] }
    if let broker = invocation.brokerName { words += ["-b", broker] }
    return ([command] + words.map(Escape.shell)).joined(separator: " ")
  }

  private static func finish(
    _ failure: Failure?, _ ending: MessageScan.Ending, _ scan: MessageScan, _ state: State,
    _ file: ExportFile,
    _ again: String?, _ invocation: Invocation
  ) throws(Failure) {
    if scan.removed > 0 {
      invocation.warn("\(scan.removed) messages had been removed by age before they could be read")
    }
    let lines = state.lines
    let hint = again.map { "\($0) goes on there" } ?? "write to a file: then --resume goes on there"
    let count = counted(lines, "message")
    if case .signal(let number) = ending {
      let text = "interrupted after \(count)"
      if 128 + number == Failure.Code.interrupted.rawValue { throw Failure(.interrupted, text, hint: hint) }
      invocation.warn("\(text); \(hint)")
      Process.die(bySignal: number)
    }
    if let failure {
      throw Failure(
        lines > 0 ? .partial : failure.code, "stopped after \(count): \(failure.message)", hint: hint,
        responseCode: failure.responseCode)
    }
    if let first = scan.failures.first {
      let names = scan.failures.map { "\($0.target.label): \($0.error.message)" }.joined(separator: "; ")
      throw Failure(
        lines > 0 ? .partial : Failure(first.error).code, "\(count) were written, but not all: \(names)",
        hint: hint)
    }
    if let why = state.firstDamage {
      throw Failure(.partial, "\(count) were written; \(state.damaged) could not be read: \(why)")
    }
    if !invocation.streams.isOutTerminal && (file.path != nil || Process.isTerminal(2)) {
      let before = file.oldLines > 0 ? " more, \(file.oldLines + lines) in all" : ""
      invocation.warn("\(count)\(before), \(Values.bytesText(file.bytesWritten))")
    }
  }
}
