// `mq controller elect` and `mq controller clean`.

import Client
import Wire

enum ControllerElect {
  static let row = Command(
    ["controller", "elect"], summary: "Make another replica the master of a broker",
    details: """
      Shows the replicas and which is master now, and asks. A replica that is not in sync loses the messages
      that it does not have.
      """,
    impact: .destroys,
    arguments: [
      Argument("BROKER", "name of the broker", completion: .brokers), Argument("ID", "number of the replica"),
    ],
    flags: [Controllers.flag], shared: [.change, .cluster, .confirmation],
    examples: [
      Example("mq controller elect broker-a 2", "after asking"),
      Example(
        "mq controller elect broker-a 2 -c DefaultCluster --dry-run", "who is master, what would be sent"),
    ],
    replaces: ["electMaster"], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let name = invocation.required("BROKER")
    let text = invocation.required("ID")
    guard let id = Int64(text) else {
      throw Failure(.usage, "\(text) is no number of a replica", hint: "mq controller sync-state shows them")
    }
    let leader = try Controllers.leader(&invocation)
    let cluster = try invocation.cluster()
    let replicas = try ControllerStatus.replicas(of: [name], leader, cluster)
    guard let wanted = replicas.first(where: { $0.id == id }) else {
      throw Failure(
        .notFound, "broker \(name) has no replica \(id)",
        hint: "it has \(replicas.compactMap(\.id).map(String.init).joined(separator: ", "))")
    }
    let master = replicas.first(where: \.isMaster)
    if wanted.isMaster {
      invocation.say("replica \(id) of \(name) is the master already")
      return
    }
    let request = Request(
      .controllerElectMaster,
      [
        ("clusterName", try ControllerClean.cluster(of: name, &invocation)), ("brokerName", name),
        ("brokerId", "\(id)"), ("designateElect", "true"), ("invokeTime", "\(invocation.nowMs)"),
      ])
    var impact = "Replica \(id) at \(wanted.address ?? "?") becomes master of \(name). "
    impact += master.map { "Now it is \($0.id ?? 0) at \($0.address ?? "?")." } ?? "It has no master now."
    if !wanted.isInSync { impact += " It is not in sync: messages will be lost." }
    if invocation.isDryRun {
      invocation.say(impact + "\n")
      var plan = Plan()
      plan.add(leader, request, result: "")
      return try plan.run(&invocation)
    }
    try invocation.confirm(impact, typing: name)
    cluster.shareDeadline()
    let answer = try Controllers.ask(leader, request, cluster)
    var report = Report()
    report.add("Broker", key: "broker", .text(name))
    report.add("Master", key: "masterBrokerId", .integer(answer.int("masterBrokerId")))
    report.add("Address", key: "masterAddress", .text(answer["masterAddress"]))
    report.add("Epoch", key: "masterEpoch", .integer(answer.int("masterEpoch")))
    report.add("Sync epoch", key: "syncStateSetEpoch", .integer(answer.int("syncStateSetEpoch")))
    invocation.print(report)
  }
}

enum ControllerClean {
  static let row = Command(
    ["controller", "clean"], summary: "Let the controller forget replicas of a broker",
    details: """
      For replicas that will not come back. The numbers must be named. The controller refuses to forget
      replicas that are alive, unless --live says so; then it forgets all replicas of the broker, whatever
      the numbers.
      """,
    impact: .destroys,
    arguments: [Argument("BROKER", "name of the broker", completion: .brokers)],
    flags: [
      Controllers.flag,
      Flag("ids", .text, "LIST", "numbers of the replicas, separated by commas (required)"),
      Flag("live", .toggle, "", "also replicas that are alive: all of the broker"),
    ],
    shared: [.change, .cluster, .confirmation],
    examples: [
      Example("mq controller clean broker-a --ids 2", "after asking"),
      Example("mq controller clean broker-a --ids 2,3 -c DefaultCluster --dry-run", "what would be sent"),
    ],
    replaces: ["cleanBrokerMetadata"], run: run)

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    let name = invocation.required("BROKER")
    let ids = (invocation.string("ids") ?? "").split(whereSeparator: { $0 == "," || $0 == ";" }).map(
      String.init)
    if ids.isEmpty || ids.contains(where: { Int64($0) == nil }) {
      throw Failure(
        .usage, "mq controller clean needs the numbers of the replicas", hint: "for example --ids 2,3")
    }
    let leader = try Controllers.leader(&invocation)
    let cluster = try invocation.cluster()
    let replicas = try ControllerStatus.replicas(of: [name], leader, cluster)
    let isLive = invocation.isOn("live")
    var plan = Plan()
    plan.add(
      leader,
      Request(
        .cleanBrokerData,
        [
          ("clusterName", try Self.cluster(of: name, &invocation)), ("brokerName", name),
          ("brokerControllerIdsToClean", ids.joined(separator: ";")), ("isCleanLivingBroker", "\(isLive)"),
          ("invokeTime", "\(invocation.nowMs)"),
        ]),
      result: "forgotten")
    let gone = replicas.filter { isLive || $0.id.map { ids.contains("\($0)") } == true }
    var impact = "The controller will forget \(gone.count) of \(replicas.count) replicas of \(name):"
    for replica in gone {
      impact +=
        "\n  \(replica.id ?? -1) at \(replica.address ?? "?")" + (replica.isMaster ? ", the master" : "")
      impact += replica.isAlive == true ? ", alive" : ""
    }
    if invocation.isDryRun {
      invocation.say(impact + "\n")
    } else {
      try invocation.confirm(impact, typing: name)
    }
    cluster.shareDeadline()
    try plan.run(&invocation)
  }

  /// The cluster of -c, else the one that the name servers have the broker in.
  static func cluster(of broker: String, _ invocation: inout Invocation) throws(Failure) -> String {
    if let name = invocation.clusterName { return name }
    let cluster = try invocation.cluster()
    return try attempt { () throws(ClientError) in
      let info = try cluster.clusterInfo()
      guard let entry = info.brokers.first(where: { $0.name == broker }) else {
        throw ClientError(
          .notFound, "no name server knows \(broker)", hint: "name its cluster with --cluster")
      }
      return entry.cluster
    }
  }
}
