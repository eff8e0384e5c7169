// `mq group list`: the groups of many brokers, by two requests to each, however many groups there are.

import Client
import Wire

enum GroupList {
  static let row = Command(
    ["group", "list"], summary: "List consumer groups with their lag",
    details: """
      The groups that brokers know, whether consumers are connected or not. LAG is the number of stored
      messages that the group has not consumed, TPS the messages a second that it gets, both over all its
      topics. Each broker is asked twice, for its groups (code 201) and their progress (317), however many
      there are; --clients asks once more per group (203). With -o name only the names are asked for, unless
      --lag chooses among them.
      """,
    arguments: [
      Argument("PATTERN", "only groups that match: * is any text, ? one character", isOptional: true)
    ],
    flags: [
      Flag("all", .toggle, "", "also the groups of the system"),
      Flag("clients", .toggle, "", "also the number of connected clients, and how they consume"),
      Flag(
        "lag", .text, "CONDITION", "only groups with such a lag: '>1000', '<=10', '=0'; 1000 is at least"),
      Flag(
        "sort", .choice(["name", "lag", "tps"]), "BY", "order; largest first by lag and tps",
        defaultText: "name"),
    ],
    shared: [.query, .cluster, .broker],
    examples: [
      Example("mq group list --lag '>0' --sort lag", "the groups that are behind, the worst first"),
      Example(
        "mq group list 'pay*' -o wide -w", "those that begin with pay, with settings, every two seconds"),
      Example("mq group list --clients -o json", "as JSON, with the number of clients"),
    ],
    replaces: ["consumerProgress"], run: run)

  /// What one group does now, on all brokers together.
  fileprivate struct Activity {
    var lag: Int64 = 0
    var topics: Int64 = 0
    var tps = 0.0
    var lastTimestampMs: Int64 = 0
  }

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let condition = try invocation.string("lag").map(Condition.parse)
    let cluster = try invocation.admin()
    let targets = try invocation.masters()
    var problems = Problems()
    let pattern = invocation.argument("PATTERN")
    let isAll = invocation.isOn("all")
    let needsProgress =
      invocation.output != .name || condition != nil || invocation.has("sort")
      || invocation.wants("lag", "tps", "topics", "lastConsumed")
    let (all, answers) = ask(cluster, targets, withProgress: needsProgress, &problems)
    var entries = all.filter { entry in
      (pattern.map { Glob.matches(entry.name, $0) } ?? true)
        && (isAll || !TopicName.isSystemGroup(entry.name))
    }
    let activities = activities(entries, answers, cluster, &problems)
    if let condition { entries.removeAll { !condition.holds(activities[$0.name]?.lag) } }
    sort(&entries, by: invocation.string("sort") ?? "name", activities)
    let live =
      invocation.isOn("clients") && invocation.output != .name ? clients(entries, cluster, &problems) : nil
    let table = table(entries, activities, live, isFiltered: pattern != nil || condition != nil)
    invocation.print(table)
    try problems.finish(of: targets.count)
  }

  /// Both questions to all brokers at once.
  private static func ask(
    _ cluster: Cluster, _ targets: [BrokerTarget], withProgress: Bool, _ problems: inout Problems
  ) -> (entries: [GroupEntry], progress: [(BrokerTarget, Result<Response, ClientError>)]) {
    var calls = targets.map { (address: $0.address, request: Request(.getAllSubscriptionGroupConfig)) }
    if withProgress {
      calls += targets.map { ($0.address, Request(.getBrokerConsumeStats, [("isOrder", "false")])) }
    }
    let results = cluster.callAll(calls)
    return (
      GroupQueries.entries(zip(targets, results), &problems),
      Array(zip(targets, results.dropFirst(targets.count)))
    )
  }

  /// What the groups do. A broker whose groups have too many queues for one answer is asked group by group.
  private static func activities(
    _ entries: [GroupEntry], _ answers: [(BrokerTarget, Result<Response, ClientError>)], _ cluster: Cluster,
    _ problems: inout Problems
  ) -> [String: Activity] {
    var result: [String: Activity] = [:]
    var refused: [BrokerTarget] = []
    for (target, answer) in answers {
      do throws(ClientError) {
        let response = try answer.get().success(from: target.address)
        do throws(WireError) {
          let totals = try GroupTotals.scan(response.body)
          for one in totals { result[one.group, default: Activity()].add(one) }
        } catch {
          throw ClientError(.malformedAnswer, "\(target.address) answered with malformed progress: \(error)")
        }
      } catch {
        if error.kind == .timeout || error.kind == .unreachable {
          _ = problems.take(target) { () throws(ClientError) in throw error }
        } else {
          refused.append(target)
        }
      }
    }
    if !refused.isEmpty { askSingly(entries, refused, cluster, &problems, &result) }
    return result
  }

  private static func askSingly(
    _ entries: [GroupEntry], _ targets: [BrokerTarget], _ cluster: Cluster, _ problems: inout Problems,
    _ result: inout [String: Activity]
  ) {
    var calls: [(target: BrokerTarget, group: String)] = []
    for entry in entries {
      for (target, _) in entry.configs where targets.contains(target) { calls.append((target, entry.name)) }
    }
    let answers = cluster.callAll(
      calls.map { ($0.target.address, GroupQueries.statsRequest($0.group, topic: nil)) })
    for (call, answer) in zip(calls, answers) {
      let queues = problems.take(call.target) { () throws(ClientError) in
        try GroupQueries.progress(try answer.get(), from: call.target.address)
      }
      guard let queues else { continue }
      var one = GroupTotals(group: call.group)
      one.lag = GroupQueries.lag(queues)
      one.topics = Set(queues.map(\.queue.topic)).count
      one.lastTimestampMs = queues.map(\.lastTimestampMs).max() ?? 0
      result[call.group, default: Activity()].add(one)
    }
  }

  /// Who is connected, one code 203 per group and broker, all at once.
  private static func clients(
    _ entries: [GroupEntry], _ cluster: Cluster, _ problems: inout Problems
  ) -> [String: ConsumerConnections] {
    var calls: [(target: BrokerTarget, group: String)] = []
    for entry in entries { calls += entry.configs.map { ($0.target, entry.name) } }
    let answers = cluster.callAll(
      calls.map { ($0.target.address, GroupQueries.connectionsRequest($0.group)) })
    var result: [String: ConsumerConnections] = [:]
    for (call, answer) in zip(calls, answers) {
      let found = problems.take(call.target) { () throws(ClientError) in
        try GroupQueries.connections(try answer.get(), from: call.target.address)
      }
      guard let found = found ?? nil else { continue }
      result[call.group] = GroupQueries.merged(result[call.group], found)
    }
    return result
  }

  private static func sort(_ entries: inout [GroupEntry], by order: String, _ activities: [String: Activity])
  {
    if order == "name" { return }
    entries.sort { left, right in
      let (a, b) = (activities[left.name] ?? Activity(), activities[right.name] ?? Activity())
      let (x, y) = order == "lag" ? (Double(a.lag), Double(b.lag)) : (a.tps, b.tps)
      return x != y ? x > y : left.name < right.name
    }
  }

  private static func table(
    _ entries: [GroupEntry], _ activities: [String: Activity], _ live: [String: ConsumerConnections]?,
    isFiltered: Bool
  ) -> Table {
    var columns = [
      Column("GROUP", key: "group"), Column("LAG", key: "lag", right: true),
      Column("TPS", key: "tps", right: true), Column("TOPICS", key: "topics", right: true),
      Column("BROKERS", key: "brokers"), Column("ENABLED", key: "isEnabled", wide: true),
      Column("ORDERED", key: "isOrdered", wide: true),
      Column("RETRIES", key: "retriesMax", right: true, wide: true),
      Column("LAST CONSUMED", key: "lastConsumed", wide: true),
    ]
    if live != nil {
      columns += [
        Column("CLIENTS", key: "clients", right: true), Column("KIND", key: "kind"),
        Column("MODEL", key: "model"), Column("VERSION", key: "version"),
      ]
    }
    var table = Table(columns)
    table.emptyText =
      isFiltered ? "no group matches" : "no groups; a group appears when its first consumer connects"
    for entry in entries {
      let activity = activities[entry.name]
      let config = entry.configs[0].config
      var cells: [Cell] = [
        .text(entry.name), .lag(activity?.lag), .decimal(activity?.tps), .integer(activity?.topics),
        .list(entry.configs.map(\.target.label)),
        .flag(entry.configs.allSatisfy(\.config.consumeEnable)), .flag(config.consumeMessageOrderly),
        .integer(config.retryMaxTimes), .time(orNever: activity?.lastTimestampMs),
      ]
      if let live {
        let found = live[entry.name]
        cells += [
          .integer(found?.connections.count ?? 0), .text(found.map { GroupQueries.kind($0.type) }),
          .text(found.map { "\($0.model)" }),
          .text(found?.connections.map(\.version).min().map(Release.name)),
        ]
      }
      table.add(cells)
    }
    return table
  }

  /// What a lag must be.
  private struct Condition {
    var operation: String
    var bound: Int64

    static func parse(_ text: String) throws(Failure) -> Condition {
      for operation in [">=", "<=", ">", "<", "="] where text.hasPrefix(operation) {
        if let bound = Int64(text.dropFirst(operation.count)) {
          return Condition(operation: operation, bound: bound)
        }
      }
      if let bound = Int64(text) { return Condition(operation: ">=", bound: bound) }
      throw Failure(.usage, "--lag=\(text) is no condition", hint: "for example --lag='>1000'")
    }

    /// A lag that is not known is let through: it may hide what is looked for.
    func holds(_ lag: Int64?) -> Bool {
      guard let lag else { return true }
      switch operation {
      case ">": return lag > bound
      case ">=": return lag >= bound
      case "<": return lag < bound
      case "<=": return lag <= bound
      default: return lag == bound
      }
    }
  }
}

extension GroupList.Activity {
  fileprivate mutating func add(_ one: GroupTotals) {
    lag &+= one.lag
    topics = max(topics, Int64(one.topics))
    tps += one.tps
    lastTimestampMs = max(lastTimestampMs, one.lastTimestampMs)
  }
}
