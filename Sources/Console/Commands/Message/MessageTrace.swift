// `mq message trace`: the story of a message as its clients wrote it into the trace topic.

import Client
import Linux
import Wire

enum MessageTrace {
  static let row = Command(
    ["message", "trace"], summary: "Show who sent, stored and consumed a message, and when",
    details: """
      Clients that trace (enableMsgTrace in Java) write into a topic of the cluster what they did with each
      message. ID is the producer's id of a message, or one of its keys. Times are the clients' own.

      Without traces mq message status says which groups have consumed a message.
      """,
    arguments: [Argument("ID", "id that the producer gave, or a key")],
    flags: [
      Flag(
        "trace-topic", .text, "TOPIC", "where clients write their traces", defaultText: TopicName.trace,
        completion: .topics),
      Flag("since", .time, "TIME", "written at that moment or later"),
      Flag("until", .time, "TIME", "written at that moment or earlier"),
    ], shared: [.query],
    examples: [
      Example("mq message trace AC1100010000A1B2C3D4E5F600010000", "the story of one message"),
      Example("mq message trace order-17 -o json", "of every message with that key, as JSON"),
    ], replaces: ["queryMsgTraceById"], run: run)

  /// What one client wrote.
  struct Entry {
    var event: TraceEvent
    /// Address that it was written from.
    var writer: String
  }

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let id = invocation.required("ID")
    let topic = invocation.string("trace-topic") ?? TopicName.trace
    let records: [Message]
    do throws(Failure) {
      records = try MessageCommands.query(
        &invocation, topic, key: id, isUnique: false, limit: Limits.traceRecordsMax)
    } catch {
      if error.code != .notFound { throw error }
      throw Failure(
        .notFound, "the cluster has no topic \(topic): nothing was ever traced",
        hint: "mq message status says which groups have consumed a message")
    }
    let entries = records.flatMap { record in
      TraceEvent.decodeAll(record.body).map { Entry(event: $0, writer: record.bornHost) }
    }
    let stories = stories(entries, of: id)
    if stories.isEmpty {
      throw Failure(
        .notFound, "no client has traced \(id)",
        hint: "clients trace only when told to; mq message status says which groups have consumed a message")
    }
    invocation.print(stories.map { report($0.id, $0.entries) }, asList: false)
  }

  /// Entries of each message that has the id or key, in the order of their first.
  static func stories(_ entries: [Entry], of id: String) -> [(id: String, entries: [Entry])] {
    var stories: [(id: String, entries: [Entry])] = []
    // A record may tell of other messages of the same batch.
    for entry in entries
    where entry.event.messageId == id || entry.event.keys.split(separator: " ").contains(where: { $0 == id })
    {
      if let index = stories.firstIndex(where: { $0.id == entry.event.messageId }) {
        stories[index].entries.append(entry)
      } else {
        stories.append((entry.event.messageId, [entry]))
      }
    }
    return stories
  }

  private static func report(_ id: String, _ entries: [Entry]) -> Report {
    let sent = entries.first { $0.event.kind == .sent }?.event
    var report = Report()
    report.add("Message id", key: "messageId", .text(id))
    report.add("Topic", key: "topic", .text(sent?.topic))
    report.add("Keys", key: "keys", .text(entries.map(\.event.keys).first { !$0.isEmpty }))
    report.add("Tag", key: "tags", .text(sent?.tags))
    report.add("Body", key: "bodyBytes", sent?.bodyBytes.map { .bytes($0) } ?? .unknown)
    report.add("Offset id", key: "offsetMessageId", .text(sent?.offsetMessageId), wide: true)
    report.add("Timeline", key: "timeline", timeline(entries))
    report.mainSection = "timeline"
    return report
  }

  /// One line of the story, before it is sorted by time.
  private struct Line {
    var timeMs: Int64
    var event: String
    var group = ""
    var host = ""
    var costMs: Int64?
    var result: Bool?
    var retries: Int?
  }

  private static func timeline(_ entries: [Entry]) -> Table {
    var table = Table([
      Column("TIME", key: "time"), Column("EVENT", key: "event"), Column("GROUP", key: "group"),
      Column("HOST", key: "host"), Column("TOOK", key: "costMs", right: true),
      Column("RESULT", key: "result"), Column("RETRY", key: "retries", right: true),
    ])
    for line in lines(entries).arranged(by: { $0.timeMs < $1.timeMs }) {
      table.add(
        .time(orNever: line.timeMs), .text(line.event), .text(line.group), .text(line.host),
        line.costMs.map { .duration($0) } ?? .unknown,
        .text(line.result.map { $0 ? "success" : "failed" }), .integer(line.retries.map { Int64($0) }))
    }
    return table
  }

  private static func lines(_ entries: [Entry]) -> [Line] {
    var lines: [Line] = []
    var isEnded: [Bool] = entries.map { _ in false }
    for entry in entries {
      let event = entry.event
      let host = event.clientHost.isEmpty ? entry.writer : event.clientHost
      var line = Line(timeMs: event.timeMs, event: "", group: event.group, host: host)
      (line.costMs, line.result) = (event.costMs, event.isSuccess)
      switch event.kind {
      case .sent:
        line.event = sending(event.messageType)
        lines.append(line)
        if event.isSuccess == true {
          lines.append(
            Line(timeMs: event.timeMs + (event.costMs ?? 0), event: "stored", host: event.storeHost))
        }
        continue
      case .consuming:
        line.event = "consumed"
        line.retries = event.retries
        let end = entries.indices.first { other in
          !isEnded[other] && entries[other].event.kind == .consumed
            && entries[other].event.requestId == event.requestId
            && entries[other].event.messageId == event.messageId
        }
        if let end {
          isEnded[end] = true
          (line.costMs, line.result) = (entries[end].event.costMs, entries[end].event.isSuccess)
        } else {
          line.event = "consuming"
        }
      case .consumed:
        // The end belongs to a begin that is told of elsewhere in the list, or was lost.
        let hasBegin = entries.contains {
          $0.event.kind == .consuming && $0.event.requestId == event.requestId
            && $0.event.messageId == event.messageId
        }
        if hasBegin { continue }
        line.event = "consumed"
      case .ended: line.event = ending(event)
      case .recalled: line.event = "recalled"
      }
      lines.append(line)
    }
    return lines
  }

  private static func sending(_ type: Int?) -> String {
    switch type {
    case 1: "sent half"
    case 2: "sent committed"
    case 3: "sent delayed"
    case 4: "sent ordered"
    default: "sent"
    }
  }

  private static func ending(_ event: TraceEvent) -> String {
    let word =
      switch event.transactionState {
      case "COMMIT_MESSAGE": "committed"
      case "ROLLBACK_MESSAGE": "rolled back"
      default: "left unknown"
      }
    return event.isChecked ? word + " at check" : word
  }
}
