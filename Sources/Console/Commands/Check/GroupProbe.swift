// How consumer groups are: behind, abandoned, or with members that contradict each other.

import Client
import Wire

enum GroupProbe {
  /// Numbers above which something is said.
  struct Limits {
    var lagWarning = 1000.0
    var lagCritical = 10_000.0
    /// Age of the newest consumed message while something is left; infinite for never.
    var behindMsWarning = Double.infinity
    var behindMsCritical = Double.infinity
  }

  /// What each group has to consume, by one code 317 to each broker.
  static func totals(
    _ cluster: Cluster, _ targets: [BrokerTarget], _ findings: inout Findings
  ) -> [String: GroupTotals] {
    let request = Request(.getBrokerConsumeStats, [("isOrder", "false")])
    var result: [String: GroupTotals] = [:]
    for (target, answer) in zip(targets, cluster.callAll(targets.map { ($0.address, request) })) {
      do throws(ClientError) {
        let response = try answer.get().success(from: target.address)
        guard let all = try? GroupTotals.scan(response.body) else {
          throw ClientError(.malformedAnswer, "\(target.address) answered with malformed progress")
        }
        for one in all {
          result[one.group, default: GroupTotals(group: one.group)].lag += one.lag
          result[one.group]!.lastTimestampMs = max(result[one.group]!.lastTimestampMs, one.lastTimestampMs)
        }
      } catch {
        findings.add(.unknown, "lag", target.label, error.message, hint: error.hint)
      }
    }
    return result
  }

  /// Judges how far behind they are; `isWanted` picks groups by name.
  static func judgeLag(
    _ totals: [String: GroupTotals], _ limits: Limits, nowMs: Int64, _ findings: inout Findings,
    _ isWanted: (String) -> Bool
  ) {
    for (group, total) in totals.arranged(by: { $0.key < $1.key }) where isWanted(group) {
      let hint = "mq group lag \(group) --queues shows where, mq group clients \(group) why"
      findings.add(
        "lag", group, Double(total.lag), warning: limits.lagWarning, critical: limits.lagCritical,
        shown: "\(counted(total.lag, "message")) behind", hint: hint)
      if limits.behindMsWarning.isFinite || limits.behindMsCritical.isFinite, total.lag > 0,
        total.lastTimestampMs > 0
      {
        let behindMs = max(0, nowMs - total.lastTimestampMs)
        findings.add(
          "behind", group, Double(behindMs), warning: limits.behindMsWarning,
          critical: limits.behindMsCritical,
          shown: "the newest consumed message is \(Values.durationText(behindMs)) old", hint: hint)
      }
    }
  }

  /// A group with its connected members.
  struct Live {
    var connections: ConsumerConnections
    var members: [GroupClients.Member]
  }

  /// Members of all the groups: one code 203 per group and broker, then one 307 per client, all pipelined.
  static func members(
    _ groups: [String], _ cluster: Cluster, _ targets: [BrokerTarget]
  ) -> [String: Live] {
    let asked = groups.flatMap { group in targets.map { (group: group, target: $0) } }
    let answers = cluster.callAll(
      asked.map { ($0.target.address, GroupQueries.connectionsRequest($0.group)) })
    var live: [String: Live] = [:]
    for ((group, target), answer) in zip(asked, answers) {
      guard let response = try? answer.get(),
        let found = (try? GroupQueries.connections(response, from: target.address)) ?? nil
      else { continue }
      var one = live[group] ?? Live(connections: found, members: [])
      for connection in found.connections
      where !one.members.contains(where: { $0.connection.clientId == connection.clientId }) {
        one.members.append(GroupClients.Member(connection: connection, target: target))
      }
      live[group] = one
    }
    let clients = live.flatMap { group, one in one.members.indices.map { (group: group, index: $0) } }
    let calls = clients.map { client in
      let member = live[client.group]!.members[client.index]
      return (
        address: member.target.address,
        request: GroupClients.runningRequest(client.group, member, withStack: false)
      )
    }
    for (client, answer) in zip(clients, cluster.callAll(calls)) {
      guard let response = try? answer.get(), let json = try? response.json(from: "") else { continue }
      live[client.group]!.members[client.index].running = ConsumerRunning(json)
    }
    return live
  }

  /// Judges whether the members of each group want the same.
  static func judgeSubscriptions(_ live: [String: Live], _ findings: inout Findings) {
    for (group, one) in live.arranged(by: { $0.key < $1.key }) {
      let silent = one.members.filter { $0.running == nil }.count
      let conflicts = GroupConsistency.conflicts(one.members, one.connections)
      if !conflicts.isEmpty {
        findings.add(
          .critical, "subscription", group, conflicts.joined(separator: "; "),
          hint: "give all members of a group the same topics and filters, and each a client id of its own")
      } else if silent > 0 && one.members.count > 1 {
        findings.add(
          .unknown, "subscription", group,
          "\(silent) of \(one.members.count) clients do not say what they consume"
        )
      } else {
        findings.add(
          .ok, "subscription", group, counted(one.members.count, "client", verb: ("agrees", "agree")))
      }
    }
  }

  /// Groups that have something to consume and nobody who does.
  static func judgeAbandoned(
    _ totals: [String: GroupTotals], _ live: [String: Live], _ findings: inout Findings
  ) {
    for (group, total) in totals.arranged(by: { $0.key < $1.key })
    where total.lag > 0 && live[group] == nil && !TopicName.isSystemGroup(group) {
      findings.add(
        .warning, "abandoned", group,
        "\(counted(total.lag, "message", verb: ("waits", "wait"))) and no consumer is connected",
        hint: "start its consumers, or mq group delete \(group)")
    }
  }
}
