// The rows of `mq controller`, and how controllers are found and asked (codes 1002, 1005, 1006, 1011).
//
// Controllers elect a leader among themselves; only the leader answers and decides.

import Client
import Wire

enum ControllerCommands {
  static let rows = [
    ControllerStatus.status, ControllerStatus.syncState, ControllerElect.row, ControllerClean.row,
  ]
}

enum Controllers {
  static let flag = Flag(
    "controller", short: "a", .text, "LIST", "controllers, host:port separated by , or ;",
    defaultText: "those of the brokers")

  /// The controllers of --controller, else those that the brokers are configured with.
  static func find(_ invocation: inout Invocation) throws(Failure) -> [BrokerTarget] {
    if invocation.command.flags.contains(where: { $0.long == "controller" }),
      let list = invocation.string("controller")
    {
      return try ConfigTarget.addresses(list)
    }
    let cluster = try invocation.admin()
    var problems = Problems()
    let masters = try invocation.masters()
    let answers = BrokerCommands.answers(Request(.getBrokerConfig), of: masters, cluster, &problems)
    var list: [String] = []
    for answer in answers {
      let settings = SettingsText.entries(String(decoding: answer.response.body, as: UTF8.self))
      let value = settings.first { $0.key == "controllerAddr" }?.value ?? ""
      for address in value.split(whereSeparator: { $0 == ";" || $0 == "," }).map(String.init)
      where !list.contains(address) {
        list.append(address)
      }
    }
    if list.isEmpty {
      throw Failure(
        .notFound, "no broker is under a controller",
        hint: "name the controllers, host:port, if there are any; mq serve has none")
    }
    return try ConfigTarget.addresses(list.joined(separator: ";"))
  }

  /// What a controller says of its group (Apache GetMetaDataResponseHeader).
  struct Group {
    var target: BrokerTarget
    var name: String
    var leaderId: String
    var leaderAddress: String
    /// "n0:host:port" each.
    var peers: [(id: String, address: String)]
  }

  static func groups(
    _ targets: [BrokerTarget], _ cluster: Cluster, _ problems: inout Problems
  ) -> [Group] {
    BrokerCommands.answers(Request(.controllerGetMetadataInfo), of: targets, cluster, &problems).map {
      answer in
      let peers = (answer.response["peers"] ?? "").split(separator: ";").map { peer in
        let colon = peer.firstIndex(of: ":") ?? peer.startIndex
        // DLedger writes n0-host:port.
        let dash = peer[..<colon].firstIndex(of: "-")
        let end = dash ?? colon
        return (id: String(peer[..<end]), address: String(peer[end...].dropFirst()))
      }
      return Group(
        target: answer.target, name: answer.response["group"] ?? "",
        leaderId: answer.response["controllerLeaderId"] ?? "",
        leaderAddress: answer.response["controllerLeaderAddress"] ?? "", peers: peers)
    }
  }

  /// The leader that the first controller with one names.
  static func leader(_ invocation: inout Invocation) throws(Failure) -> BrokerTarget {
    let targets = try find(&invocation)
    let cluster = try invocation.admin()
    var problems = Problems()
    let groups = groups(targets, cluster, &problems)
    guard let leader = groups.first(where: { !$0.leaderAddress.isEmpty }) else {
      do throws(Failure) { try problems.finish(of: targets.count, "controllers") } catch {
        throw explained(error)
      }
      throw Failure(.failed, "the controllers have no leader", hint: "are most of them running?")
    }
    return BrokerTarget(cluster: "", name: "", id: 0, address: leader.leaderAddress)
  }

  /// Sends to the leader.
  static func ask(
    _ leader: BrokerTarget, _ request: Request, _ cluster: Cluster
  ) throws(Failure) -> Response {
    try attempt { () throws(ClientError) in
      try cluster.call(leader.address, request).success(from: leader.address)
    }
  }

  /// A peer that does not know the request is no controller.
  static func explained(_ error: Failure) -> Failure {
    if error.responseCode != ResponseCode.requestCodeNotSupported.rawValue { return error }
    return Failure(
      error.code, error.message, hint: "no controller listens there; mq serve has none",
      responseCode: error.responseCode
    ).about(error.brokers, error.request)
  }
}
