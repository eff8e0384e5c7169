// The rows of `mq broker`, and how its commands name and ask brokers.

import Client
import Wire

enum BrokerCommands {
  static let rows: [Command] =
    [
      BrokerStatus.row, BrokerLag.row, BrokerDrain.row, BrokerUndrain.row, BrokerClean.row,
      BrokerReadAhead.row,
    ] + BrokerCold.rows + BrokerReplication.rows + BrokerContainer.rows + BrokerRocksDB.rows
    + [QueueEntries.row]

  static let broker = Argument("BROKER", "name, name:id or host:port", completion: .brokers)
  static let anyBroker = Argument(
    "BROKER", "name, name:id or host:port", isOptional: true, completion: .brokers)
  static let allReplicas = Flag("all-replicas", .toggle, "", "slaves too")
  static let allClusters = Flag("all-clusters", .toggle, "", "every broker of every cluster")

  /// Sends the same request to each; answers of those that gave one.
  static func answers(
    _ request: Request, of targets: [BrokerTarget], _ cluster: Cluster, _ problems: inout Problems
  ) -> [(target: BrokerTarget, response: Response)] {
    let results = cluster.callAll(targets.map { ($0.address, request) })
    var answers: [(target: BrokerTarget, response: Response)] = []
    for (target, result) in zip(targets, results) {
      let response = problems.take(target) { () throws(ClientError) in
        try result.get().success(from: target.address)
      }
      if let response { answers.append((target, response)) }
    }
    return answers
  }

  /// As `answers`, of requests that are answered with JSON.
  static func bodies(
    _ request: Request, of targets: [BrokerTarget], _ cluster: Cluster, _ problems: inout Problems
  ) -> [(target: BrokerTarget, json: JSON)] {
    var bodies: [(target: BrokerTarget, json: JSON)] = []
    for (target, response) in answers(request, of: targets, cluster, &problems) {
      let json = problems.take(target) { () throws(ClientError) in try response.json(from: target.address) }
      if let json { bodies.append((target, json)) }
    }
    return bodies
  }
}

extension Invocation {
  /// The broker of the argument BROKER, else the masters of -c, else all; with --all-replicas slaves too.
  mutating func askedBrokers() throws(Failure) -> [BrokerTarget] {
    let cluster = try admin()
    if let name = argument("BROKER") {
      return [try attempt { () throws(ClientError) in try cluster.broker(name) }]
    }
    let all = wantsReplicas ? try replicas() : try masters()
    if all.isEmpty {
      throw Failure(
        .notFound, "no broker is registered at \(cluster.nameServerAddress)", hint: "is the broker running?")
    }
    return all
  }

  /// Value of --all-replicas; false for commands without it.
  var wantsReplicas: Bool { input.flags["all-replicas"]?.last == .toggle(true) }

  /// Every broker process of -c, or of all clusters.
  mutating func replicas() throws(Failure) -> [BrokerTarget] {
    let cluster = try cluster()
    let wanted = clusterName
    return try attempt { () throws(ClientError) in
      try cluster.brokers(cluster: wanted, in: try cluster.clusterInfo())
    }
  }

  /// The broker processes that -b, -c or --all-clusters name; one of these must be given.
  mutating func namedBrokers() throws(Failure) -> [BrokerTarget] {
    if [brokerName != nil, clusterName != nil, isOn("all-clusters")].count(where: { $0 }) != 1 {
      throw Failure(
        .usage, "name the brokers by one of --broker, --cluster and --all-clusters",
        hint: "for example \(command.examples[0].command)")
    }
    _ = try admin()
    return brokerName != nil ? try masters() : try replicas()
  }
}
