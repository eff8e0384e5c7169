// What brokers and name servers have now, asked in one round: at most three questions to a broker and one to
// a name server for each namespace.

import Client
import Wire

/// Topics, groups and settings as they are.
struct ClusterState {
  /// What one broker has.
  struct Broker {
    var target: BrokerTarget
    /// Ordinal of its release, from its answers.
    var version: Int32 = 0
    var topics: [String: TopicConfig] = [:]
    var groups: [String: SubscriptionGroup] = [:]
    var config: Facts = [:]

    /// First release with requests for several topics or groups (18, 225): 5.3.0.
    var takesLists: Bool { version >= Release.v5 + 60 }

    /// The settings of an object; nil when it does not exist here.
    func facts(_ kind: ObjectKind, _ name: String) -> Facts? {
      switch kind {
      case .topic: topics[name].map { ObjectSettings.facts($0) }
      case .group: groups[name].map { ObjectSettings.facts($0) }
      case .config, .kv: config
      }
    }
  }
  /// What one name server has.
  struct Server {
    var target: BrokerTarget
    /// Namespace → key → value.
    var pairs: [String: Facts] = [:]
  }

  /// Those that answered.
  var brokers: [Broker] = []
  /// Those that answered.
  var servers: [Server] = []
  /// Topics that brokers make for themselves, by the names of brokers and clusters.
  var reserved: Set<String> = []

  /// Where brokers and clients look up how many queues an ordered topic has (Apache NamesrvUtil).
  static let orderNamespace = "ORDER_TOPIC_CONFIG"

  /// Asks everybody at once. Who does not answer is in `problems`, and left out.
  static func read(
    _ cluster: Cluster, _ targets: [BrokerTarget], servers: [BrokerTarget], kinds: Set<ObjectKind>,
    namespaces: Set<String>, _ problems: inout Problems
  ) -> ClusterState {
    var state = ClusterState()
    state.reserved = Set(targets.flatMap { [$0.name, $0.cluster, $0.cluster + "_REPLY_TOPIC"] })
    let codes: [RequestCode] =
      (kinds.contains(.topic) ? [.getAllTopicConfig] : [])
      + (kinds.contains(.group) ? [.getAllSubscriptionGroupConfig] : [])
      + (kinds.contains(.config) ? [.getBrokerConfig] : [])
    let spaces = namespaces.sorted()
    var calls: [(address: String, request: Request)] = []
    for target in targets { calls += codes.map { (target.address, Request($0)) } }
    for server in servers {
      calls += spaces.map { (server.address, Request(.getKVListByNamespace, [("namespace", $0)])) }
    }
    var answers = cluster.callAll(calls)[...]
    for target in targets {
      let own = answers.prefix(codes.count)
      answers = answers.dropFirst(codes.count)
      let broker = problems.take(target) { () throws(ClientError) in
        var broker = Broker(target: target)
        for (code, answer) in zip(codes, own) { try broker.take(code, try answer.get()) }
        return broker
      }
      if let broker { state.brokers.append(broker) }
    }
    for target in servers {
      let own = answers.prefix(spaces.count)
      answers = answers.dropFirst(spaces.count)
      let server = problems.take(target) { () throws(ClientError) in
        var server = Server(target: target)
        for (space, answer) in zip(spaces, own) { server.pairs[space] = try pairs(try answer.get(), target) }
        return server
      }
      if let server { state.servers.append(server) }
    }
    return state
  }

  private static func pairs(_ response: Response, _ target: BrokerTarget) throws(ClientError) -> Facts {
    if response.code == ResponseCode.queryNotFound.rawValue { return [:] }
    guard let table = KVTable(try response.json(from: target.address)) else {
      throw ClientError(.malformedAnswer, "\(target.address) answered with malformed key-value settings")
    }
    return Facts(table.entries.map { ($0.key, $0.value) }) { $1 }
  }

  /// Whether a topic belongs to the system, a group or a broker, so that nobody lists it by hand.
  func isReserved(topic: String) -> Bool {
    ["system", "retry", "dlq"].contains(TopicKind.name(topic, nil, reserved: reserved))
  }
}

extension ClusterState.Broker {
  /// Takes an answer to one of the questions of `read`.
  mutating func take(_ code: RequestCode, _ response: Response) throws(ClientError) {
    version = response.version
    if code == .getBrokerConfig {
      let text = try response.success(from: target.address).body
      config = Self.properties(String(decoding: text, as: UTF8.self))
      return
    }
    if code == .getAllTopicConfig {
      let table = try response.topicTable(from: target.address)
      topics = Dictionary(table.topics.map { ($0.name, $0) }) { $1 }
    } else {
      let table = try response.groupTable(from: target.address)
      groups = Dictionary(table.groups.map { ($0.name, $0) }) { $1 }
    }
  }

  /// Lines of "key=value" (Apache MixAll.properties2String).
  static func properties(_ text: String) -> Facts {
    var result: Facts = [:]
    for line in text.split(whereSeparator: \.isNewline) {
      guard let equals = line.firstIndex(of: "=") else { continue }
      result[String(line[..<equals])] = String(line[line.index(after: equals)...])
    }
    return result
  }
}
