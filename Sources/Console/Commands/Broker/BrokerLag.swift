// `mq broker lag`: how far all groups of a broker are behind, by one code 317.

import Client
import Wire

enum BrokerLag {
  static let row = Command(
    ["broker", "lag"], summary: "Show how far every group of a broker is behind",
    details: """
      One line per group and topic, the furthest behind first; --queues shows each queue. The whole broker is
      asked by one request. Without BROKER every master is asked.

      IN FLIGHT are messages that consumers have and have not committed. A queue whose messages are gone, or
      that was never written to, has no time of its last message.
      """,
    arguments: [BrokerCommands.anyBroker],
    flags: [
      Flag("min", .integer(0...Int64.max), "COUNT", "only what is that far behind", defaultText: "0"),
      Flag("topic", short: "t", .text, "TOPIC", "only this topic", completion: .topics),
      Flag("group", short: "g", .text, "GROUP", "only this group", completion: .groups),
      Flag("queues", .toggle, "", "one line per queue"),
      Flag("ordered", .toggle, "", "only topics that are marked as ordered"),
    ],
    shared: [.query, .cluster],
    examples: [
      Example("mq broker lag broker-a", "all groups and topics of one broker"),
      Example("mq broker lag --min 1000 -w", "what is 1000 messages behind or more, every two seconds"),
      Example("mq broker lag broker-a --queues -o csv", "per queue, for a spreadsheet"),
    ],
    replaces: ["brokerConsumeStats"], run: run)

  /// One group on one queue, or on all queues of a topic.
  private struct Line {
    var group: String
    var topic: String
    var queues: [QueueProgress]
    /// Messages not consumed; what a consumer is ahead counts nothing.
    var lag: Int64 { queues.reduce(0) { $0 &+ max(0, $1.brokerOffset &- $1.consumerOffset) } }
    var inFlight: Int64 { queues.reduce(0) { $0 &+ max(0, $1.pullOffset &- $1.consumerOffset) } }
    var lastMs: Int64 { queues.map(\.lastTimestampMs).max() ?? 0 }
  }

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let targets = try invocation.askedBrokers()
    let cluster = try invocation.cluster()
    var problems = Problems()
    let request = Request(.getBrokerConsumeStats, [("isOrder", "\(invocation.isOn("ordered"))")])
    var reports: [Report] = []
    for (target, json) in BrokerCommands.bodies(request, of: targets, cluster, &problems) {
      reports.append(report(target, lines(json, invocation), invocation))
    }
    invocation.print(reports, asList: invocation.argument("BROKER") == nil)
    try problems.finish(of: targets.count)
  }

  /// Of {"consumeStatsList":[{"group":[stats per topic]}]}.
  private static func lines(_ json: JSON, _ invocation: Invocation) -> [Line] {
    let isPerQueue = invocation.isOn("queues")
    var lines: [Line] = []
    for member in (json["consumeStatsList"]?.array ?? []).flatMap({ $0.members ?? [] }) {
      guard let group = member.key.string, group == invocation.string("group") ?? group else { continue }
      for stats in (member.value.array ?? []).compactMap({ ConsumeStats($0) }) {
        for queue in stats.queues where queue.queue.topic == invocation.string("topic") ?? queue.queue.topic {
          if !isPerQueue, let last = lines.indices.last, lines[last].group == group,
            lines[last].topic == queue.queue.topic
          {
            lines[last].queues.append(queue)
          } else {
            lines.append(Line(group: group, topic: queue.queue.topic, queues: [queue]))
          }
        }
      }
    }
    let least = invocation.integer("min") ?? 0
    return lines.filter { $0.lag >= least }.arranged {
      ($1.lag, $0.group, $0.topic, $0.queues[0].queue.queueId) < (
        $0.lag, $1.group, $1.topic, $1.queues[0].queue.queueId
      )
    }
  }

  private static func report(_ target: BrokerTarget, _ lines: [Line], _ invocation: Invocation) -> Report {
    let isPerQueue = invocation.isOn("queues")
    var report = Report()
    report.add("Broker", key: "broker", .text(target.label))
    report.add("Behind", key: "lag", .integer(lines.reduce(0) { $0 &+ $1.lag }))
    report.add("In flight", key: "inFlight", .integer(lines.reduce(0) { $0 &+ $1.inFlight }))
    var columns = [
      Column("GROUP", key: "group"), Column("TOPIC", key: "topic"),
      isPerQueue
        ? Column("QUEUE", key: "queueId", right: true) : Column("QUEUES", key: "queues", right: true),
    ]
    if isPerQueue {
      columns += [
        Column("BROKER OFFSET", key: "brokerOffset", right: true),
        Column("CONSUMER OFFSET", key: "consumerOffset", right: true),
      ]
    }
    columns += [
      Column("LAG", key: "lag", right: true), Column("IN FLIGHT", key: "inFlight", right: true),
      Column("LAST CONSUMED", key: "lastConsumed"),
    ]
    var table = Table(columns)
    table.emptyText = "no group is behind"
    for line in lines {
      let first = line.queues[0]
      var cells: [Cell] = [.text(line.group), .text(line.topic)]
      if isPerQueue {
        cells += [
          .integer(first.queue.queueId), .integer(first.brokerOffset), .integer(first.consumerOffset),
        ]
      } else {
        cells.append(.integer(line.queues.count))
      }
      table.add(cells + [.lag(line.lag), .integer(line.inFlight), .time(orNever: line.lastMs)])
    }
    report.add("Groups", key: "groups", table)
    report.mainSection = "groups"
    return report
  }
}
