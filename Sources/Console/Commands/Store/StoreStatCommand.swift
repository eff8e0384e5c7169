// `mq store stat`: what a store on disk holds, in numbers.

import Store

enum StoreStatCommand {
  static let row = Command(
    ["store", "stat"], summary: "Show what a store directory holds, in numbers",
    details: """
      Reads the records of the commit log, without checking their bodies, and counts them by topic; --queues
      counts by queue. The parts of the directory are shown with the space that they take on the device, which
      is less than their size where files have holes. Needs no broker and changes nothing.
      """,
    impact: .local, arguments: [StoreCommands.directory],
    flags: [
      Flag(
        "top", .integer(0...1_000_000), "COUNT", "topics with the most bytes; 0 is all", defaultText: "20"),
      Flag("queues", .toggle, "", "also count by queue"),
    ], shared: [.output],
    examples: [
      Example("mq store stat ~/store", "what the store holds and which topics take the most"),
      Example("mq store stat ~/store --top 0 -o csv", "all topics, for a spreadsheet"),
      Example("mq store stat ~/store --queues -o json", "every queue with its offsets"),
    ], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    var options = InspectOptions()
    options.logOnly = true
    let found = try StoreCommands.inspect(invocation, options)
    var report = StoreCommands.head(found)
    report.add("Topics", key: "topicCount", .integer(found.topics.count))
    report.add("Queues", key: "queueCount", .integer(found.queues.count))
    StoreCommands.addRate(found, to: &report)
    let top = Int(invocation.integer("top") ?? 20)
    report.add("Topics by size", key: "topics", topics(found.topics.prefix(top == 0 ? .max : top)))
    if invocation.isOn("queues") { report.add("Queues by name", key: "queues", queues(found.queues)) }
    report.add("Directory", key: "parts", parts(found.parts))
    report.mainSection = invocation.isOn("queues") ? "queues" : "topics"
    invocation.print(report)
  }

  private static func topics(_ topics: ArraySlice<TopicSummary>) -> Table {
    var table = Table([
      Column("TOPIC", key: "topic"), Column("QUEUES", key: "queues", right: true),
      Column("RECORDS", key: "records", right: true), Column("SIZE", key: "sizeBytes", right: true),
      Column("OLDEST", key: "oldest"), Column("NEWEST", key: "newest"),
    ])
    for topic in topics {
      table.add(
        .text(topic.topic), .integer(topic.queues), .integer(topic.records), .bytes(topic.bytes),
        .time(orNever: topic.firstMs), .time(orNever: topic.lastMs))
    }
    return table
  }

  private static func queues(_ queues: [QueueSummary]) -> Table {
    var table = Table([
      Column("TOPIC", key: "topic"), Column("QUEUE", key: "queueId", right: true),
      Column("RECORDS", key: "records", right: true), Column("SIZE", key: "sizeBytes", right: true),
      Column("MIN", key: "minOffset", right: true), Column("MAX", key: "maxOffset", right: true),
      Column("OLDEST", key: "oldest"), Column("NEWEST", key: "newest"),
    ])
    for queue in queues {
      table.add(
        .text(queue.topic), .integer(queue.queueId), .integer(queue.records), .bytes(queue.bytes),
        .integer(queue.minOffset), .integer(queue.maxOffset), .time(orNever: queue.firstMs),
        .time(orNever: queue.lastMs))
    }
    return table
  }

  private static func parts(_ parts: [PartSummary]) -> Table {
    var table = Table([
      Column("PART", key: "name"), Column("FILES", key: "files", right: true),
      Column("SIZE", key: "sizeBytes", right: true), Column("ON DEVICE", key: "allocatedBytes", right: true),
    ])
    for part in parts {
      table.add(.text(part.name), .integer(part.files), .bytes(part.bytes), .bytes(part.allocatedBytes))
    }
    return table
  }
}
