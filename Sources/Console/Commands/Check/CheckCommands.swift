// `mq check lag|broker|subscription|all`: for monitoring. One line that Nagios and its kin read, exit codes
// as theirs, and what is wrong below it.

import Client
import Wire

enum CheckCommands {
  private static let codes = """
    Prints one line for the monitoring, then a line for everything that is not in order. Exits with 0 when all
    is well, 1 for a warning, 2 when something is critical, and 3 when it could not be found out. -o json
    prints every single finding.
    """
  private static let lagFlags = [
    Flag("warn-lag", .integer(0...Int64.max), "COUNT", "a larger lag is a warning", defaultText: "1000"),
    Flag("max-lag", .integer(0...Int64.max), "COUNT", "a larger lag is critical", defaultText: "10000"),
    Flag("warn-behind", .duration, "TIME", "a warning when the newest consumed message is older"),
    Flag("max-behind", .duration, "TIME", "critical when the newest consumed message is older"),
  ]
  private static let brokerFlags = [
    Flag("warn-disk", .integer(1...100), "PERCENT", "a fuller disk is a warning", defaultText: "75"),
    Flag("max-disk", .integer(1...100), "PERCENT", "a fuller disk is critical", defaultText: "90"),
    Flag("warn-wait", .duration, "TIME", "requests that wait longer are a warning", defaultText: "200ms"),
    Flag("max-wait", .duration, "TIME", "requests that wait longer are critical", defaultText: "1s"),
  ]
  private static let groups = Argument(
    "GROUP", "only these groups; * is any text, ? one character", isOptional: true, isRepeated: true,
    completion: .groups)

  static let rows: [Command] = [
    Command(
      ["check", "lag"], summary: "Check how far behind consumer groups are", details: codes,
      arguments: [groups], flags: lagFlags, shared: [.query, .cluster, .broker],
      examples: [
        Example("mq check lag billing --warn-lag 5000 --max-lag 50000", "with thresholds of its own"),
        Example("mq check lag 'pay*' --max-behind 10m --watch=30s", "some groups, every half minute"),
      ],
      run: { (invocation: inout Invocation) throws(Failure) in try run(&invocation, [.lag]) }),
    Command(
      ["check", "broker"], summary: "Check that brokers answer, and their disks and queues", details: codes,
      flags: brokerFlags, shared: [.query, .cluster, .broker],
      examples: [
        Example("mq check broker", "every registered broker process"),
        Example("mq check broker -b broker-a --max-disk 85 -o json", "one broker, all findings as JSON"),
      ],
      run: { (invocation: inout Invocation) throws(Failure) in try run(&invocation, [.broker]) }),
    Command(
      ["check", "subscription"], summary: "Check that the members of groups consume the same",
      details: codes, arguments: [groups], shared: [.query, .cluster, .broker],
      examples: [
        Example("mq check subscription", "all groups with connected consumers"),
        Example("mq check subscription billing -o json", "one group, as JSON"),
      ],
      run: { (invocation: inout Invocation) throws(Failure) in try run(&invocation, [.subscription]) }),
    Command(
      ["check", "all"], summary: "Check brokers, lag and subscriptions", details: codes,
      arguments: [groups], flags: lagFlags + brokerFlags, shared: [.query, .cluster, .broker],
      examples: [
        Example("mq check all -c DefaultCluster --warn-lag 5000", "everything in one cluster"),
        Example("mq check all --watch=60s", "once a minute, until interrupted"),
      ],
      replaces: ["startMonitoring"],
      run: { (invocation: inout Invocation) throws(Failure) in
        try run(&invocation, [.broker, .lag, .subscription])
      }),
  ]

  private enum Kind {
    case lag, broker, subscription
  }

  private static func run(_ invocation: inout Invocation, _ kinds: [Kind]) throws(Failure) {
    let name = kinds.count > 1 ? "MQ" : "\(kinds[0])".uppercased()
    var findings = Findings()
    do throws(Failure) {
      try look(&invocation, kinds, &findings)
    } catch {
      if error.code == .usage { throw error }
      invocation.say("\(name) UNKNOWN - \(error.message)")
      throw Failure.status(Verdict.unknown.exitCode)
    }
    if invocation.output == .table {
      invocation.say("\(name) \("\(findings.worst)".uppercased()) - \(findings.summary)")
      for finding in findings.list where finding.verdict != .ok {
        invocation.say("\(finding.verdict): \(finding.check) of \(finding.object): \(finding.message)")
      }
    } else {
      invocation.print(findings.table)
    }
    if findings.worst != .ok { throw Failure.status(findings.worst.exitCode) }
  }

  private static func look(
    _ invocation: inout Invocation, _ kinds: [Kind], _ findings: inout Findings
  ) throws(Failure) {
    let cluster = try invocation.admin()
    let masters = try invocation.masters()
    if masters.isEmpty { throw Failure(.notFound, "no broker is registered at \(cluster.nameServerAddress)") }
    if kinds.contains(.broker) {
      let targets = try invocation.processes()
      BrokerProbe.findMasters(targets, &findings)
      BrokerProbe.judge(BrokerProbe.ask(cluster, targets, &findings), brokerLimits(invocation), &findings)
    }
    if !kinds.contains(.lag) && !kinds.contains(.subscription) { return }
    let patterns = invocation.arguments("GROUP")
    func isWanted(_ group: String) -> Bool {
      patterns.isEmpty ? !TopicName.isSystemGroup(group) : patterns.contains { Glob.matches(group, $0) }
    }
    let totals = GroupProbe.totals(cluster, masters, &findings)
    if let missing = patterns.first(where: { pattern in !totals.keys.contains { Glob.matches($0, pattern) } })
    {
      findings.add(.unknown, "lag", missing, "no such group has offsets", hint: "mq group list shows them")
    }
    if kinds.contains(.lag) {
      GroupProbe.judgeLag(totals, lagLimits(invocation), nowMs: invocation.nowMs, &findings, isWanted)
    }
    if kinds.contains(.subscription) {
      var problems = Problems()
      let groups = GroupQueries.all(cluster, masters, &problems).map(\.name).filter(isWanted)
      for reason in problems.reasons {
        findings.add(.unknown, "subscription", reason.target.label, reason.message)
      }
      GroupProbe.judgeSubscriptions(GroupProbe.members(groups, cluster, masters), &findings)
    }
  }

  private static func lagLimits(_ invocation: Invocation) -> GroupProbe.Limits {
    var limits = GroupProbe.Limits()
    if let count = invocation.integer("max-lag") { limits.lagCritical = Double(count) }
    limits.lagWarning = min(limits.lagWarning, limits.lagCritical)
    if let count = invocation.integer("warn-lag") { limits.lagWarning = Double(count) }
    if let ms = invocation.integer("max-behind") { limits.behindMsCritical = Double(ms) }
    if let ms = invocation.integer("warn-behind") { limits.behindMsWarning = Double(ms) }
    return limits
  }

  private static func brokerLimits(_ invocation: Invocation) -> BrokerProbe.Limits {
    var limits = BrokerProbe.Limits()
    if let percent = invocation.integer("max-disk") { limits.diskCritical = Double(percent) / 100 }
    limits.diskWarning = min(limits.diskWarning, limits.diskCritical)
    if let percent = invocation.integer("warn-disk") { limits.diskWarning = Double(percent) / 100 }
    if let ms = invocation.integer("max-wait") { limits.waitMsCritical = Double(ms) }
    limits.waitMsWarning = min(limits.waitMsWarning, limits.waitMsCritical)
    if let ms = invocation.integer("warn-wait") { limits.waitMsWarning = Double(ms) }
    return limits
  }
}
