// What `mq config` is about: broker/NAME, cluster/NAME, namesrv[/ADDRESS], controller[/ADDRESS].

import Client
import Wire

/// Processes whose settings are asked for, and how they are asked.
struct ConfigTarget {
  enum Kind: String {
    case broker, cluster, namesrv, controller
  }
  let kind: Kind
  /// Never empty.
  let processes: [BrokerTarget]

  /// Asks for all settings.
  var question: Request {
    switch kind {
    case .broker, .cluster: Request(.getBrokerConfig)
    case .namesrv: Request(.getNameServerConfig)
    case .controller: Request(.getControllerConfig)
    }
  }

  /// Changes some.
  func change(_ body: [UInt8]) -> Request {
    switch kind {
    case .broker, .cluster: Request(.updateBrokerConfig, body: body)
    case .namesrv: Request(.updateNameServerConfig, body: body)
    case .controller: Request(.updateControllerConfig, body: body)
    }
  }

  static let argument = Argument(
    "TARGET", "broker/NAME, cluster/NAME, namesrv[/ADDRESS] or controller[/ADDRESS]")
  static let help = """
    TARGET is broker/NAME (also NAME:ID or HOST:PORT), cluster/NAME for its masters, namesrv for every name
    server or namesrv/HOST:PORT for one, controller for those that the brokers name or controller/HOST:PORT.
    With --all-replicas a broker or cluster stands for its slaves too.
    """

  /// Finds what the text means.
  static func find(_ text: String, _ invocation: inout Invocation) throws(Failure) -> ConfigTarget {
    let slash = text.firstIndex(of: "/")
    let name = slash.map { String(text[text.index(after: $0)...]) }
    guard let kind = Kind(rawValue: String(text[..<(slash ?? text.endIndex)])), name?.isEmpty != true,
      name != nil || kind == .namesrv || kind == .controller
    else {
      throw Failure(
        .usage, "\(text) is no target", hint: "broker/NAME, cluster/NAME, namesrv or controller/HOST:PORT")
    }
    let cluster = try invocation.admin()
    let processes: [BrokerTarget]
    switch kind {
    case .namesrv:
      if let name { processes = try addresses(name) } else { processes = try invocation.nameServerTargets() }
    case .controller:
      if let name { processes = try addresses(name) } else { processes = try Controllers.find(&invocation) }
    case .broker, .cluster:
      let isAll = invocation.wantsReplicas
      processes = try attempt { () throws(ClientError) in
        if kind == .broker && !isAll { return [try cluster.broker(name ?? "")] }
        let info = try cluster.clusterInfo()
        if kind == .cluster {
          return isAll
            ? try cluster.brokers(cluster: name, in: info) : try cluster.masters(cluster: name, in: info)
        }
        let broker = try cluster.broker(name ?? "")
        let group = try cluster.brokers(cluster: nil, in: info).filter { $0.name == broker.name }
        return group.isEmpty ? [broker] : group
      }
    }
    if processes.isEmpty {
      throw Failure(.notFound, "\(text) has no process", hint: "mq cluster list shows all")
    }
    return ConfigTarget(kind: kind, processes: processes)
  }

  /// Addresses of a list; they are their own labels.
  static func addresses(_ list: String) throws(Failure) -> [BrokerTarget] {
    var targets: [BrokerTarget] = []
    for part in list.split(whereSeparator: { $0 == "," || $0 == ";" }) {
      if Address.split(String(part)) == nil {
        throw Failure(.usage, "\(part) is no address", hint: "write host:port")
      }
      targets.append(BrokerTarget(cluster: "", name: "", id: 0, address: String(part)))
    }
    return targets
  }

  /// Settings of each process that answered.
  func read(_ cluster: Cluster, _ problems: inout Problems) -> [(process: BrokerTarget, settings: Settings)] {
    BrokerCommands.answers(question, of: processes, cluster, &problems).map { answer in
      (answer.target, SettingsText.entries(String(decoding: answer.response.body, as: UTF8.self)))
    }
  }

  /// Keys with values, sorted.
  typealias Settings = [(key: String, value: String)]

  /// How a process is called in a table.
  static func label(_ process: BrokerTarget) -> String {
    process.name == "name server" ? process.address : process.label
  }
}
