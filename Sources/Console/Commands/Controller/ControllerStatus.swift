// `mq controller status` and `mq controller sync-state`.

import Client
import Wire

enum ControllerStatus {
  static let status = Command(
    ["controller", "status"], summary: "Show the controllers and their leader",
    details: "Each controller is asked; they should name the same leader.",
    flags: [Controllers.flag], shared: [.query, .cluster],
    examples: [
      Example("mq controller status", "the controllers that the brokers are configured with"),
      Example("mq controller status --controller 127.0.0.1:9878 -w", "ask this one, every two seconds"),
    ],
    replaces: ["getControllerMetaData"]
  ) { invocation throws(Failure) in
    let targets = try Controllers.find(&invocation)
    let cluster = try invocation.admin()
    var problems = Problems()
    let groups = Controllers.groups(targets, cluster, &problems)
    let reports = groups.map { group in
      var report = Report()
      report.add("Controller", key: "controller", .text(group.target.address))
      report.add("Group", key: "group", .text(group.name))
      report.add("Leader", key: "leaderId", .text(group.leaderId))
      report.add("Leader's address", key: "leaderAddress", .text(group.leaderAddress))
      var table = Table([
        Column("ID", key: "id"), Column("ADDRESS", key: "address"), Column("LEADER", key: "isLeader"),
      ])
      for peer in group.peers {
        table.add(.text(peer.id), .text(peer.address), .flag(peer.id == group.leaderId))
      }
      report.add("Peers", key: "peers", table)
      return report
    }
    invocation.print(reports, asList: targets.count > 1)
    do throws(Failure) { try problems.finish(of: targets.count, "controllers") } catch {
      throw Controllers.explained(error)
    }
  }

  static let syncState = Command(
    ["controller", "sync-state"], summary: "Show which replicas are in sync, as the controller sees it",
    details: """
      One line per replica of each broker. Only a replica that is in sync can become master without losing
      messages. --broker takes the name of a broker, else all of --cluster are shown.
      """,
    flags: [Controllers.flag], shared: [.query, .cluster, .broker],
    examples: [
      Example("mq controller sync-state", "all brokers"),
      Example("mq controller sync-state -b broker-a -o json", "replicas of one broker"),
    ],
    replaces: ["getSyncStateSet"]
  ) { invocation throws(Failure) in
    let leader = try Controllers.leader(&invocation)
    let cluster = try invocation.cluster()
    var names: [String] = []
    if let name = invocation.brokerName {
      names = [name]
    } else {
      names = try invocation.masters().map(\.name)
    }
    let replicas = try replicas(of: names, leader, cluster)
    var table = Table([
      Column("BROKER", key: "broker"), Column("ID", key: "brokerId", right: true),
      Column("ADDRESS", key: "address"), Column("MASTER", key: "isMaster"),
      Column("IN SYNC", key: "isInSync"),
      Column("ALIVE", key: "isAlive"), Column("MASTER EPOCH", key: "masterEpoch", right: true, wide: true),
      Column("SYNC EPOCH", key: "syncStateSetEpoch", right: true, wide: true),
    ])
    table.emptyText = "the controller knows none of these brokers"
    for replica in replicas {
      table.add(
        .text(replica.broker), .integer(replica.id), .text(replica.address), .flag(replica.isMaster),
        .flag(replica.isInSync), replica.isAlive.map { .flag($0) } ?? .unknown,
        .integer(replica.masterEpoch), .integer(replica.syncEpoch))
    }
    invocation.print(table)
  }

  /// One process of a broker, as the controller has it.
  struct Replica {
    var broker: String
    var id: Int64?
    var address: String?
    var isMaster: Bool
    var isInSync: Bool
    var isAlive: Bool?
    var masterEpoch: Int64?
    var syncEpoch: Int64?
  }

  /// Of Apache's BrokerReplicasInfo; brokers sorted by name.
  static func replicas(
    of names: [String], _ leader: BrokerTarget, _ cluster: Cluster
  ) throws(Failure) -> [Replica] {
    let body = JSON.array(names.map(JSON.string)).bytes(.compact)
    let answer = try Controllers.ask(leader, Request(.controllerGetSyncStateData, body: body), cluster)
    let json = try attempt { () throws(ClientError) in try answer.json(from: leader.address) }
    var replicas: [Replica] = []
    let table = (json["replicasInfoTable"]?.members ?? []).arranged {
      $0.key.string ?? "" < $1.key.string ?? ""
    }
    for member in table {
      for (list, isInSync) in [("inSyncReplicas", true), ("notInSyncReplicas", false)] {
        for replica in member.value[list]?.array ?? [] {
          let id = replica["brokerId"]?.int
          replicas.append(
            Replica(
              broker: member.key.string ?? "", id: id,
              address: (replica["brokerAddr"] ?? replica["brokerAddress"])?.string,
              isMaster: id != nil && id == member.value["masterBrokerId"]?.int, isInSync: isInSync,
              isAlive: replica["alive"]?.bool, masterEpoch: member.value["masterEpoch"]?.int,
              syncEpoch: member.value["syncStateSetEpoch"]?.int))
        }
      }
    }
    return replicas
  }
}
