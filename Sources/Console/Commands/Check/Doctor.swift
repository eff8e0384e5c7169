// `mq doctor`: looks for what is usually wrong when a cluster does not work, a verdict per line.

import Client
import Linux
import Wire

enum Doctor {
  static let row = Command(
    ["doctor"], summary: "Look for what is wrong with a cluster",
    details: """
      Asks every name server whether it answers and agrees with the others, and every broker process at the
      address that it registered: whether it is reachable from here, its version, clock and disk. Then whether
      the members of each consumer group want the same, and whether messages wait for groups that nobody
      consumes for. One line per finding with what to do; --all also prints what is in order.

      Exits with 7 when something is critical.
      """,
    flags: [Flag("all", .toggle, "", "also what is in order")],
    shared: [.query, .cluster],
    examples: [
      Example("mq doctor", "what is wrong, and what to do"),
      Example("mq doctor --all -o json", "every finding as JSON"),
    ],
    run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let cluster = try invocation.admin()
    var findings = Findings()
    askNameServers(cluster, &findings)
    let targets = try invocation.processes()
    if targets.isEmpty {
      findings.add(
        .critical, "brokers", cluster.nameServerAddress, "no broker is registered",
        hint: "start one with this name server in namesrvAddr, or mq serve")
    }
    findLoopback(targets, cluster, &findings)
    BrokerProbe.findMasters(targets, &findings)
    let answers = BrokerProbe.ask(cluster, targets, &findings)
    compareVersions(answers, &findings)
    compareClocks(answers, nowMs: Clock.wallMs(), &findings)
    BrokerProbe.judge(answers, BrokerProbe.Limits(), &findings)
    let masters = answers.map(\.target).filter { $0.id == 0 }
    compareTopics(cluster, masters, &findings)
    let totals = GroupProbe.totals(cluster, masters, &findings)
    var problems = Problems()
    let groups = GroupQueries.all(cluster, masters, &problems).map(\.name)
    let live = GroupProbe.members(groups.filter { !TopicName.isSystemGroup($0) }, cluster, masters)
    GroupProbe.judgeSubscriptions(live, &findings)
    GroupProbe.judgeAbandoned(totals, live, &findings)
    print(findings, invocation)
    if findings.worst == .critical {
      throw Failure(.check, "\(findings.count(.critical)) of \(findings.list.count) findings are critical")
    }
  }

  private static func print(_ findings: Findings, _ invocation: Invocation) {
    var shown = Findings()
    for finding in findings.list where invocation.isOn("all") || finding.verdict != .ok {
      shown.add(finding.verdict, finding.check, finding.object, finding.message, hint: finding.hint)
    }
    var table = shown.table
    table.emptyText = "everything is in order"
    invocation.print(table)
    if invocation.output == .table {
      for finding in shown.list where !finding.hint.isEmpty {
        invocation.say("\n\(finding.check) of \(finding.object): \(finding.message)\n  \(finding.hint)")
      }
    }
    invocation.say("\n\(counted(findings.list.count, "finding")): \(findings.summary)")
  }

  /// Whether each name server answers, and knows the same brokers and topics as the first that does.
  private static func askNameServers(_ cluster: Cluster, _ findings: inout Findings) {
    let servers = cluster.nameServers
    let calls = servers.flatMap { server in
      [(server, Request(.getBrokerClusterInfo)), (server, Request(.getAllTopicListFromNameServer))]
    }
    let answers = cluster.callAll(calls)
    var first: (server: String, brokers: Set<String>, topics: Set<String>)?
    for (index, server) in servers.enumerated() {
      do throws(ClientError) {
        let brokers = try answers[2 * index].get().json(from: server)
        let topics = try answers[2 * index + 1].get().json(from: server)
        let own = (
          server: server,
          brokers: Set((ClusterInfo(brokers)?.brokers ?? []).flatMap { $0.addresses.map(\.address) }),
          topics: Set((topics["topicList"]?.array ?? []).compactMap(\.string))
        )
        findings.add(
          .ok, "name server", server,
          "knows \(counted(own.brokers.count, "broker")) and \(counted(own.topics.count, "topic"))")
        if let first {
          compare("brokers", first.server, first.brokers, server, own.brokers, &findings)
          compare("topics", first.server, first.topics, server, own.topics, &findings)
        } else {
          first = own
        }
      } catch {
        findings.add(.critical, "name server", server, error.message, hint: error.hint)
      }
    }
  }

  private static func compare(
    _ what: String, _ a: String, _ inA: Set<String>, _ b: String, _ inB: Set<String>,
    _ findings: inout Findings
  ) {
    let differing = inA.symmetricDifference(inB).sorted()
    if differing.isEmpty { return }
    let some = differing.prefix(3).joined(separator: ", ") + (differing.count > 3 ? ", …" : "")
    findings.add(
      .critical, "name servers agree", b,
      "\(differing.count) \(what) are known to only one of \(a) and it: \(some)",
      hint: "every broker must name all name servers in namesrvAddr")
  }

  /// A loopback address is of no use to clients elsewhere.
  private static func findLoopback(
    _ targets: [BrokerTarget], _ cluster: Cluster, _ findings: inout Findings
  ) {
    func isLoopback(_ address: String) -> Bool {
      ["127.", "localhost:", "[::1]"].contains { address.hasPrefix($0) }
    }
    if isLoopback(cluster.nameServerAddress) { return }
    for target in targets where isLoopback(target.address) {
      findings.add(
        .critical, "advertised address", target.label,
        "clients on other machines are told to connect to \(target.address)",
        hint: "set brokerIP1 to an address that they reach (mq serve --advertise HOST)")
    }
  }

  private static func compareVersions(_ answers: [BrokerProbe.Answer], _ findings: inout Findings) {
    var byVersion: [String: [String]] = [:]
    for answer in answers { byVersion[answer.runtime.version, default: []].append(answer.target.label) }
    if byVersion.count < 2 { return }
    let versions = byVersion.arranged { $0.key < $1.key }
    let parts = versions.map { "\($0.key): \($0.value.joined(separator: ", "))" }
    findings.add(
      .warning, "version", "brokers", parts.joined(separator: "; "),
      hint: "finish the upgrade: features need all brokers of a cluster")
  }

  /// A broker's clock is when it started plus how long it runs, which it says in whole seconds.
  private static func compareClocks(
    _ answers: [BrokerProbe.Answer], nowMs: Int64, _ findings: inout Findings
  ) {
    for answer in answers {
      guard let bootMs = answer.runtime.int("bootTimestamp"),
        let upMs = answer.runtime.table["runtime"].flatMap(upTimeMs)
      else { continue }
      let skewMs = bootMs + upMs - nowMs
      let direction = skewMs < 0 ? "behind" : "ahead"
      findings.add(
        "clock", answer.target.label, Double(abs(skewMs)), warning: 5000, critical: 60_000,
        shown: abs(skewMs) <= 2000
          ? "as here" : "\(Values.durationText(abs(skewMs))) \(direction) of this machine",
        hint: "delayed messages, retention and times of messages follow the broker's clock: use NTP")
    }
  }

  /// "[ 1 days, 2 hours, 3 minutes, 4 seconds ]"
  static func upTimeMs(_ text: String) -> Int64? {
    let numbers = text.split { !$0.isNumber }.compactMap { Int64($0) }
    guard numbers.count == 4 else { return nil }
    return (((numbers[0] * 24 + numbers[1]) * 60 + numbers[2]) * 60 + numbers[3]) * 1000
  }

  /// Topics whose queues or permissions differ between the masters that have them.
  private static func compareTopics(
    _ cluster: Cluster, _ masters: [BrokerTarget], _ findings: inout Findings
  ) {
    var shapes: [String: Set<String>] = [:]
    for (target, answer) in zip(
      masters, cluster.callAll(masters.map { ($0.address, Request(.getAllTopicConfig)) }))
    {
      guard let table = try? answer.get().topicTable(from: target.address) else { continue }
      for topic in table.topics where !TopicName.isSystem(topic.name) {
        shapes["\(target.cluster)/\(topic.name)", default: []].insert(
          "\(topic.readQueues)/\(topic.writeQueues)/\(topic.perm)")
      }
    }
    let uneven = shapes.filter { $0.value.count > 1 }.keys.sorted()
    if uneven.isEmpty { return }
    let some = uneven.prefix(3).joined(separator: ", ") + (uneven.count > 3 ? ", …" : "")
    findings.add(
      .warning, "topics alike", "brokers",
      "\(counted(uneven.count, "topic", verb: ("has", "have"))) other queues on other brokers: \(some)",
      hint: "mq topic describe TOPIC shows them, mq topic alter makes them alike")
  }
}
