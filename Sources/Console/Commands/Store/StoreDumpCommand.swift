// `mq store dump`: records, and units of single files, as JSON lines.

import Linux
import Store
import Synchronization
import Wire

enum StoreDumpCommand {
  static let row = Command(
    ["store", "dump"], summary: "Print the records of a store or of one file as JSON lines",
    details: """
      Prints each whole record of the commit log as one JSON object, in the order of the log; mq produce
      --json sends such lines again. All conditions that are given must hold; bodies are printed unpacked.
      Places without a whole record are told on stderr and stepped over. Needs no broker and opens nothing for
      writing.

      With a file instead of a directory, prints what the file holds: records of a commit log or compaction
      file or of what mq store repair put aside, units of a consume queue, index, timer log, timer wheel or
      checkpoint. Ctrl-C ends it with 130 and says how to go on.
      """,
    impact: .local,
    arguments: [Argument("PATH", "a store directory, or one of its files", completion: .files)],
    flags: [
      Flag("topic", short: "t", .text, "TOPIC", "only this topic", completion: .topics),
      Flag("queue", short: "q", .integer(0...65_535), "ID", "only this queue"),
      Flag("since", .time, "TIME", "stored at that moment or later"),
      Flag("until", .time, "TIME", "stored at that moment or earlier"),
      Flag("from", .integer(0...Int64.max), "OFFSET", "begin at this offset of the commit log"),
      Flag("to", .integer(0...Int64.max), "OFFSET", "end before this offset of the commit log"),
      Flag("limit", .integer(1...Int64.max), "COUNT", "end after this many lines"),
      Flag("key", short: "k", .text, "KEY", "only records with this key or message id"),
      Flag("tag", .text, "TAGS", "only records with this tag; several are joined with ||"),
      Flag(
        "body", .choice(["text", "base64", "hex", "none"]), "FORM", "how to print bodies", defaultText: "text"
      ),
      Flag("no-body", .toggle, "", "as --body none"),
      Flag("past-tear", .toggle, "", "also print whole records behind a torn end"),
      Flag(
        "as", .choice(StoreFileKind.allCases.map(\.rawValue)), "KIND",
        "what the file is, where its name does not tell"),
    ],
    examples: [
      Example("mq store dump ~/store --topic orders --since -1h", "orders of the last hour"),
      Example("mq store dump ~/store --key order-17 --no-body", "where a message is, without its body"),
      Example("mq store dump ~/store -t orders | mq produce orders --json", "send all orders again"),
      Example("mq store dump ~/store/checkpoint", "one of its files"),
    ], replaces: ["dumpCompactionLog"], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let path = invocation.required("PATH")
    do throws(InspectError) {
      if FileSystem.isDirectory(path) || !FileSystem.exists(path) {
        try dumpStore(path, invocation)
      } else {
        try dumpFile(path, invocation)
      }
    } catch {
      throw StoreCommands.failure(error)
    }
  }

  private static func form(_ invocation: Invocation) -> RecordLine.Body {
    if invocation.isOn("no-body") { return .nothing }
    return RecordLine.Body(rawValue: invocation.string("body") ?? "text") ?? .text
  }

  private static func filter(_ invocation: Invocation) -> DumpFilter {
    var filter = DumpFilter()
    filter.topic = invocation.string("topic")
    filter.queueId = invocation.integer("queue").map { Int32($0) }
    filter.sinceMs = invocation.integer("since")
    filter.untilMs = invocation.integer("until")
    filter.from = invocation.integer("from")
    filter.to = invocation.integer("to")
    filter.key = invocation.string("key")
    filter.tags = (invocation.string("tag") ?? "").split(separator: "|").map { tag in
      String(tag.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }.filter { !$0.isEmpty && $0 != "*" }
    filter.pastTear = invocation.isOn("past-tear")
    return filter
  }

  private static func dumpStore(_ path: String, _ invocation: Invocation) throws(InspectError) {
    let streams = invocation.streams
    let limit = invocation.integer("limit") ?? .max
    let line = RecordLine(body: form(invocation))
    var bar = ProgressBar(streams)
    var printed: Int64 = 0
    let interruption = Interruption(streams)
    let end = try StoreInspector.dump(path, filter(invocation)) { event in
      switch event {
      case .damage(let text):
        bar.end()
        streams.warn("mq: \(text)\n")
      case .progress(let now) where !streams.isOutTerminal:
        bar.update(bytes: now.bytesDone, of: now.bytesTotal)
      case .progress: break
      }
      return !interruption.isRaised
    } visit: { record, bytes in
      streams.write(line.make(record, bytes))
      printed += 1
      return printed < limit && !interruption.isRaised
    }
    bar.end()
    if interruption.isRaised {
      throw InspectError.interrupted(
        "interrupted after \(printed) lines", hint: "go on with --from \(end.next)")
    }
  }

  private static func dumpFile(_ path: String, _ invocation: Invocation) throws(InspectError) {
    let streams = invocation.streams
    let limit = invocation.integer("limit") ?? .max
    var printed: Int64 = 0
    guard
      let kind = invocation.string("as").flatMap({ StoreFileKind(rawValue: $0) }) ?? StoreInspector.kind(path)
    else { throw InspectError.unknownKind(path) }
    if kind == .records {
      let line = RecordLine(body: form(invocation))
      return try StoreInspector.dumpRecords(file: path, filter(invocation)) { text in
        streams.warn("mq: \(text)\n")
      } visit: { record, bytes in
        streams.write(line.make(record, bytes))
        printed += 1
        return printed < limit
      }
    }
    try StoreInspector.dumpUnits(file: path, kind) { unit in
      streams.write(unit.text(.standard) + "\n")
      printed += 1
      return printed < limit
    }
  }
}

/// Whether somebody pressed Ctrl-C, so that a line is never cut.
private final class Interruption: Sendable {
  private let raised = Atomic<Bool>(false)

  /// Watches for signals, except in tests.
  init(_ streams: Streams) {
    if streams.isCaptured { return }
    _ = try? SignalWatch { [self] _ in raised.store(true, ordering: .relaxed) }
  }

  var isRaised: Bool { raised.load(ordering: .relaxed) }
}
