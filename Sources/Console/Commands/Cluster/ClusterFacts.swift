// What `mq cluster` tells of a broker, out of its table of runtime information (code 28). Pure.

import Client
import Wire

/// Rates and totals of one broker; nil where it did not answer or does not say.
struct ClusterFacts {
  var inPerSecond: Double?
  var outPerSecond: Double?
  /// Messages since midnight, and the day before.
  var inToday: Int64?
  var outToday: Int64?
  var inYesterday: Int64?
  var outYesterday: Int64?
  /// Time of the oldest message, ms since 1970.
  var oldestMs: Int64?
  var isActive: Bool?

  init(_ runtime: BrokerRuntime?) {
    guard let runtime else { return }
    inPerSecond = runtime.rate("putTps")
    outPerSecond = runtime.rate("getTransferredTps")
    inToday = Self.difference(runtime, "msgPutTotalTodayNow", "msgPutTotalTodayMorning")
    outToday = Self.difference(runtime, "msgGetTotalTodayNow", "msgGetTotalTodayMorning")
    inYesterday = Self.difference(runtime, "msgPutTotalTodayMorning", "msgPutTotalYesterdayMorning")
    outYesterday = Self.difference(runtime, "msgGetTotalTodayMorning", "msgGetTotalYesterdayMorning")
    oldestMs = runtime.int("earliestMessageTimeStamp").flatMap { $0 > 0 ? $0 : nil }
    isActive = runtime.table["brokerActive"].map { $0 == "true" }
  }

  private static func difference(_ runtime: BrokerRuntime, _ later: String, _ earlier: String) -> Int64? {
    guard let later = runtime.int(later), let earlier = runtime.int(earlier) else { return nil }
    let (result, overflow) = later.subtractingReportingOverflow(earlier)
    return overflow ? nil : result
  }
}

enum ClusterDescribe {
  static let row = Command(
    ["cluster", "describe"], summary: "Show a cluster: brokers, rates, totals, topics, groups",
    details: """
      Adds up what the masters of a cluster report, and lists each broker process. Three questions go to each
      master, all at once. Without CLUSTER every cluster of the name server is shown.
      """,
    arguments: [Argument("CLUSTER", "name of the cluster", isOptional: true, completion: .clusters)],
    shared: .query,
    examples: [
      Example("mq cluster describe Prod", "sums and brokers of one cluster"),
      Example("mq cluster describe -o json", "every cluster as JSON"),
    ],
    replaces: ["clusterList"], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let cluster = try invocation.admin()
    let wanted = invocation.argument("CLUSTER")
    let info = try attempt { () throws(ClientError) in try cluster.clusterInfo() }
    let all = try attempt { () throws(ClientError) in try cluster.brokers(cluster: wanted, in: info) }
    var problems = Problems()
    let asked = all.map { (address: $0.address, request: Request(.getBrokerRuntimeInfo)) }
    var runtimes: [BrokerTarget: BrokerRuntime] = [:]
    for (target, answer) in zip(all, cluster.callAll(asked)) {
      runtimes[target] = problems.take(target) { () throws(ClientError) in
        try BrokerRuntime.decode(try answer.get(), from: target.address)
      }
    }
    let masters = try attempt { () throws(ClientError) in try cluster.masters(cluster: wanted, in: info) }
    let state = ClusterState.read(
      cluster, masters, servers: [], kinds: [.topic, .group], namespaces: [], &problems)
    var reports: [Report] = []
    for name in Set(all.map(\.cluster)).sorted() {
      let own = all.filter { $0.cluster == name }
      reports.append(report(name, own, runtimes, state, invocation))
    }
    invocation.print(reports, asList: wanted == nil)
    try problems.finish(of: all.count)
  }

  private static func report(
    _ name: String, _ targets: [BrokerTarget], _ runtimes: [BrokerTarget: BrokerRuntime],
    _ state: ClusterState, _ invocation: Invocation
  ) -> Report {
    var report = Report()
    let masters = targets.filter { target in state.brokers.contains { $0.target == target } }
    let facts = masters.map { ClusterFacts(runtimes[$0]) }
    let brokers = state.brokers.filter { masters.contains($0.target) }
    let topics = Set(brokers.flatMap { $0.topics.keys }).filter { !state.isReserved(topic: $0) }
    let groups = Set(brokers.flatMap { $0.groups.keys }).filter { !TopicName.isSystemGroup($0) }
    func sum(_ value: (ClusterFacts) -> Int64?) -> Cell { .integer(facts.compactMap(value).reduce(0, +)) }
    func rate(_ value: (ClusterFacts) -> Double?) -> Cell { .decimal(facts.compactMap(value).reduce(0, +)) }
    report.add("Cluster", key: "cluster", .text(name))
    report.add("Masters", key: "masters", .integer(masters.count))
    report.add("Slaves", key: "slaves", .integer(targets.count - masters.count))
    report.add("Versions", key: "versions", .list(Set(targets.compactMap { runtimes[$0]?.version }).sorted()))
    report.add("Topics", key: "topics", .integer(topics.count))
    report.add("Groups", key: "groups", .integer(groups.count))
    report.add("In/s", key: "inPerSecond", rate(\.inPerSecond))
    report.add("Out/s", key: "outPerSecond", rate(\.outPerSecond))
    report.add("In today", key: "inToday", sum(\.inToday))
    report.add("Out today", key: "outToday", sum(\.outToday))
    report.add("In yesterday", key: "inYesterday", sum(\.inYesterday))
    report.add("Out yesterday", key: "outYesterday", sum(\.outYesterday))
    var table = Table([
      Column("BROKER", key: "broker"), Column("ADDRESS", key: "address"), Column("VERSION", key: "version"),
      Column("IN/S", key: "inPerSecond", right: true), Column("OUT/S", key: "outPerSecond", right: true),
      Column("DISK", key: "diskRatio", right: true), Column("UP", key: "upMs", right: true),
      Column("ACTIVE", key: "isActive"),
    ])
    for target in targets {
      let runtime = runtimes[target]
      let own = ClusterFacts(runtime)
      table.add(
        .text(target.label), .text(target.address), .text(runtime?.version), .decimal(own.inPerSecond),
        .decimal(own.outPerSecond), .ratio(runtime?.double("commitLogDiskRatio")),
        .duration(runtime?.int("bootTimestamp").map { max(0, invocation.nowMs - $0) }),
        own.isActive.map { .flag($0) } ?? .unknown)
    }
    report.add("Brokers", key: "brokers", table)
    report.mainSection = "brokers"
    return report
  }
}
