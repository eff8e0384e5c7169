// Being known to brokers as a producer: they ask and answer only clients that sent a heartbeat. One thread.

import Client
import Linux
import Wire

/// Heartbeats of a producer group, sent when they are due.
struct ProducerPresence {
  let group: String
  let clientId: String
  private let addresses: [String]
  private var nextMs: Int64 = 0

  /// To the masters of the cluster that `address` belongs to, for any of them may be the one that answers.
  init(_ cluster: Cluster, group: String, near address: String) {
    self.group = group
    clientId = GroupMember.newClientId()
    var addresses = [address]
    if let info = try? cluster.clusterInfo(),
      let own = info.brokers.first(where: { $0.addresses.contains { $0.address == address } }),
      let masters = try? cluster.masters(cluster: own.cluster.isEmpty ? nil : own.cluster, in: info)
    {
      addresses += masters.map(\.address).filter { $0 != address }
    }
    self.addresses = addresses
  }

  /// Sends what is due; at the first time the first broker must take it.
  mutating func keepUp(_ cluster: Cluster) throws(Failure) {
    let nowMs = Clock.monotonicMs()
    if nowMs < nextMs { return }
    let isFirst = nextMs == 0
    nextMs = nowMs + Limits.heartbeatMs
    var data = HeartbeatData(clientId: clientId)
    data.producers = [group]
    let request = Request(.heartbeat, body: data.json.bytes(.compact))
    let results = cluster.callAll(addresses.map { ($0, request) })
    if isFirst {
      _ = try attempt { () throws(ClientError) in try results[0].get().success(from: addresses[0]) }
    }
  }

  /// Says farewell; nothing depends on it.
  func leave(_ cluster: Cluster) {
    let request = Request(.unregisterClient, [("clientID", clientId), ("producerGroup", group)])
    _ = cluster.callAll(addresses.map { ($0, request) })
  }
}
