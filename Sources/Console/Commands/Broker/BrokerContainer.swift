// `mq broker container add` and `mq broker container remove`: brokers in a broker container (codes 902, 903).

import Client
import Wire

enum BrokerContainer {
  static let rows = [add, remove]
  private static let container = Argument("CONTAINER", "host:port of the broker container")

  private static let add = Command(
    ["broker", "container", "add"], summary: "Start a broker in a broker container",
    details: "The file of settings is on the container's host. mq serve is no container.",
    impact: .writes,
    arguments: [container, Argument("FILE", "path of the new broker's broker.conf, on that host")],
    shared: [.change],
    examples: [
      Example("mq broker container add 127.0.0.1:10811 /etc/rocketmq/broker-b.conf", "start it"),
      Example("mq broker container add 127.0.0.1:10811 /etc/rocketmq/broker-b.conf --dry-run", "try it"),
    ],
    replaces: ["addBroker"]
  ) { invocation throws(Failure) in
    var plan = Plan()
    plan.add(
      try target(invocation), Request(.addBroker, [("configPath", invocation.required("FILE"))]),
      result: "added")
    try run(plan, &invocation)
  }

  private static let remove = Command(
    ["broker", "container", "remove"], summary: "Stop a broker of a broker container",
    details: "The broker is named as CLUSTER:BROKER:ID. Its files stay.",
    impact: .destroys,
    arguments: [container, Argument("IDENTITY", "CLUSTER:BROKER:ID")],
    shared: [.change, .confirmation],
    examples: [
      Example("mq broker container remove 127.0.0.1:10811 DefaultCluster:broker-b:0", "after asking"),
      Example("mq broker container remove 127.0.0.1:10811 DefaultCluster:broker-b:1 --dry-run", "try it"),
    ],
    replaces: ["removeBroker"]
  ) { invocation throws(Failure) in
    let identity = invocation.required("IDENTITY")
    let parts = identity.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 3, !parts[0].isEmpty, !parts[1].isEmpty, Int64(parts[2]) != nil else {
      throw Failure(.usage, "\(identity) names no broker", hint: "for example DefaultCluster:broker-b:0")
    }
    let target = try target(invocation)
    var plan = Plan()
    plan.add(
      target,
      Request(
        .removeBroker,
        [("brokerName", parts[1]), ("brokerClusterName", parts[0]), ("brokerId", parts[2])]),
      result: "removed")
    if !invocation.isDryRun {
      try invocation.confirm(
        "Broker \(identity) in the container at \(target.address) will stop.",
        typing: identity)
    }
    try run(plan, &invocation)
  }

  private static func target(_ invocation: Invocation) throws(Failure) -> BrokerTarget {
    let address = invocation.required("CONTAINER")
    if Address.split(address) == nil {
      throw Failure(.usage, "\(address) is no address", hint: "write host:port of the container")
    }
    return BrokerTarget(cluster: "", name: "", id: 0, address: address)
  }

  /// A peer that does not know the request is no container.
  private static func run(_ plan: Plan, _ invocation: inout Invocation) throws(Failure) {
    do throws(Failure) { try plan.run(&invocation) } catch {
      if error.responseCode != ResponseCode.requestCodeNotSupported.rawValue { throw error }
      throw Failure(
        error.code, error.message, hint: "only a broker container serves this, no single broker",
        responseCode: error.responseCode
      ).about(error.brokers, error.request)
    }
  }
}
