// Doing something on several brokers: what will be sent, what came of it, and how a partial failure is told.

package import Client
import Wire

/// Requests to be sent together, and their results. `--dry-run` prints them instead.
package struct Plan {
  /// One request and where it goes.
  package struct Step {
    /// Who gets it.
    package let target: BrokerTarget
    /// What is sent.
    package let request: Request
    /// Said when it worked: "created".
    package let result: String
  }
  /// In the order of adding.
  package private(set) var steps: [Step] = []
  /// Says a refusal in words of the command.
  package var explain: (ClientError) -> ClientError = { $0 }

  /// Empty.
  package init() {}
  /// Adds a step; `result` is printed when it worked.
  package mutating func add(_ target: BrokerTarget, _ request: Request, result: String) {
    steps.append(Step(target: target, request: request, result: result))
  }

  /// The requests as they would be sent.
  package var table: Table {
    var table = Table([
      Column("BROKER", key: "broker"), Column("ADDRESS", key: "address"),
      Column("CODE", key: "code", right: true), Column("REQUEST", key: "request"),
      Column("FIELDS", key: "fields"),
    ])
    for step in steps {
      var fields = step.request.fields.map { "\($0.name)=\($0.value)" }
      if !step.request.body.isEmpty { fields.append(String(decoding: step.request.body, as: UTF8.self)) }
      table.add(
        .text(step.target.label), .text(step.target.address), .integer(step.request.code.rawValue),
        .text("\(step.request.code)"), .text(fields.joined(separator: " ")))
    }
    table.emptyText = "nothing to do"
    return table
  }

  /// What an `alter` changes, to be filled: a line per broker and setting.
  static var differences: Table {
    var table = Table([
      Column("BROKER", key: "broker"), Column("SETTING", key: "setting"), Column("BEFORE", key: "before"),
      Column("AFTER", key: "after"),
    ])
    table.emptyText = "nothing changes"
    return table
  }

  /// What came of it, with the same result on each of the brokers.
  static func results(of targets: [BrokerTarget], _ result: String) -> Table {
    var table = Table([
      Column("BROKER", key: "broker"), Column("ADDRESS", key: "address"), Column("RESULT", key: "result"),
      Column("ERROR", key: "error", wide: true),
    ])
    for target in targets { table.add(.text(target.label), .text(target.address), .text(result), .unknown) }
    return table
  }

  /// Sends everything at once, prints one line per broker, and throws when not all worked.
  package func run(_ invocation: inout Invocation) throws(Failure) {
    if invocation.isDryRun {
      invocation.print(table)
      return
    }
    let cluster = try invocation.cluster()
    let results = cluster.callAll(steps.map { ($0.target.address, $0.request) })
    var table = Self.results(of: [], "")
    var problems = Problems()
    for (step, result) in zip(steps, results) {
      do throws(ClientError) {
        _ = try result.get().success(from: step.target.address)
        table.add(.text(step.target.label), .text(step.target.address), .text(step.result), .unknown)
      } catch {
        let error = explain(error)
        problems.add(step.target, error)
        table.add(
          .text(step.target.label), .text(step.target.address), .state("failed", .bad),
          .text(error.message))
      }
    }
    if problems.count < steps.count { invocation.print(table) }
    try problems.finish(of: steps.count, "requests")
  }
}

/// Failures of single brokers, gathered while the others' answers are used.
package struct Problems {
  private var list: [(target: BrokerTarget, error: ClientError)] = []
  /// Empty.
  package init() {}
  /// Brokers that failed.
  package var count: Int { list.count }
  /// Notes a failure.
  package mutating func add(_ target: BrokerTarget, _ error: ClientError) { list.append((target, error)) }

  /// Takes a result, or remembers why there is none; of each broker only the first reason.
  package mutating func take<T>(_ target: BrokerTarget, _ body: () throws(ClientError) -> T) -> T? {
    do throws(ClientError) { return try body() } catch {
      if !list.contains(where: { $0.target == target }) { add(target, error) }
      return nil
    }
  }

  /// Brokers that failed, and why: one each.
  package var reasons: [(target: BrokerTarget, message: String)] {
    list.map { ($0.target, $0.error.message) }
  }

  /// What to add to a question that told what is at stake; empty when every broker did.
  package var doubt: String {
    list.isEmpty
      ? ""
      : "\nNot known in full: "
        + list.map { "\($0.target.label): \($0.error.message)" }.joined(separator: "; ")
  }

  /// Without those that do not count.
  package func dropping(_ isHarmless: (ClientError) -> Bool) -> Problems {
    var rest = Problems()
    rest.list = list.filter { !isHarmless($0.error) }
    return rest
  }

  /// Throws nothing when nothing failed, the first failure when all of `total` failed, else `.partial`.
  package func finish(of total: Int, _ what: String = "brokers") throws(Failure) {
    guard let first = list.first else { return }
    let all = Failure(first.error)
    let brokers = list.map(\.target.label)
    if list.count >= total {
      let failure = Failure(
        all.code, "all \(total) \(what) failed; \(first.target.label): \(all.message)", hint: all.hint,
        responseCode: all.responseCode)
      throw (total == 1 ? all : failure).about(brokers, all.request)
    }
    let lines = list.map { "\($0.target.label): \($0.error.message)" }.joined(separator: "; ")
    let failure = Failure(
      .partial, "\(list.count) of \(total) \(what) failed: \(lines)", hint: first.error.hint,
      responseCode: all.responseCode)
    throw failure.about(brokers, all.request)
  }
}

extension Invocation {
  /// The cluster with one deadline for the whole command, as administration wants it.
  package mutating func admin() throws(Failure) -> Cluster {
    let cluster = try cluster()
    cluster.shareDeadline()
    return cluster
  }

  /// The brokers that a question goes to: the one of -b, else the masters of -c, else all masters.
  package mutating func masters() throws(Failure) -> [BrokerTarget] {
    let cluster = try cluster()
    if let name = brokerName { return [try attempt { () throws(ClientError) in try cluster.broker(name) }] }
    let wanted = clusterName
    return try attempt { () throws(ClientError) in
      try cluster.masters(cluster: wanted, in: try cluster.clusterInfo())
    }
  }

  /// Every broker process that a question goes to: masters and slaves of -c or of all clusters, or the one
  /// of -b.
  package mutating func processes() throws(Failure) -> [BrokerTarget] {
    let cluster = try cluster()
    if command.shared.contains(.broker), let name = brokerName {
      return [try attempt { () throws(ClientError) in try cluster.broker(name) }]
    }
    let wanted = clusterName
    return try attempt { () throws(ClientError) in
      try cluster.brokers(cluster: wanted, in: try cluster.clusterInfo())
    }
  }

  /// As `masters`, for changes: where there are several clusters, one must be named.
  package mutating func mastersToChange() throws(Failure) -> [BrokerTarget] {
    if brokerName != nil || clusterName != nil { return try masters() }
    let cluster = try cluster()
    let info = try attempt { () throws(ClientError) in try cluster.clusterInfo() }
    let names = info.clusters.map(\.name).sorted()
    let saved = try settingsInUse.contextCluster(input)
    if names.isEmpty {
      throw Failure(
        .notFound, "no broker is registered at \(cluster.nameServerAddress)", hint: "is the broker running?")
    }
    guard let name = saved ?? (names.count == 1 ? names[0] : nil) else {
      throw Failure(
        .usage, "there are \(counted(names.count, "cluster")): \(names.joined(separator: ", "))",
        hint: "name one with --cluster")
    }
    return try attempt { () throws(ClientError) in try cluster.masters(cluster: name, in: info) }
  }

  /// As `mastersToChange`, with their slaves: for what each broker process keeps for itself.
  package mutating func brokersToChange() throws(Failure) -> [BrokerTarget] {
    let masters = try mastersToChange()
    if brokerName != nil { return masters }
    let cluster = try cluster()
    let all = try attempt { () throws(ClientError) in
      try cluster.brokers(cluster: nil, in: try cluster.clusterInfo())
    }
    return all.filter { target in masters.contains { $0.cluster == target.cluster } }
  }

  /// Name servers as targets of a plan.
  package mutating func nameServerTargets() throws(Failure) -> [BrokerTarget] {
    try nameServers().map { BrokerTarget(cluster: "", name: "name server", id: 0, address: $0) }
  }
}
