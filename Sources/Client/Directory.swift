// What the name servers know: clusters, brokers, topics, routes; and how a broker's name becomes an address.

import Linux
package import Wire

/// One broker process, with the names that its address stands for.
package struct BrokerTarget: Hashable, Sendable {
  /// Empty when the broker was named by an address that no name server knows.
  package var cluster: String
  /// Name of the broker group.
  package var name: String
  /// 0 is the master.
  package var id: Int64
  /// "host:port".
  package var address: String
  /// A broker process at `address`; `id` 0 is the master.
  package init(cluster: String, name: String, id: Int64, address: String) {
    self.cluster = cluster
    self.name = name
    self.id = id
    self.address = address
  }
  /// The name, or the address where there is none; slaves as "name:1".
  package var label: String { name.isEmpty ? address : (id == 0 ? name : "\(name):\(id)") }
}

extension Cluster {
  /// All clusters and brokers that are registered (code 106).
  package func clusterInfo() throws(ClientError) -> ClusterInfo {
    let json = try nameServer(Request(.getBrokerClusterInfo)).json(from: nameServerAddress)
    guard let info = ClusterInfo(json) else { throw malformed("the list of brokers") }
    for broker in info.brokers { for (_, address) in broker.addresses { noteAdvertised(address) } }
    return info
  }

  /// Queues and brokers of a topic.
  ///
  /// - Throws: `.notFound` when no broker has the topic.
  package func route(_ topic: String) throws(ClientError) -> TopicRoute {
    let request = Request(.getRouteInfoByTopic, [("topic", topic), ("acceptStandardJsonOnly", "true")])
    let response = try nameServer(request)
    if response.code == ResponseCode.topicNotExist.rawValue {
      throw ClientError(.notFound, "topic \(topic) does not exist", hint: "mq topic list shows the topics")
    }
    guard let route = TopicRoute(try response.json(from: nameServerAddress)) else {
      throw malformed("the route of \(topic)")
    }
    for broker in route.brokers { for (_, address) in broker.addresses { noteAdvertised(address) } }
    return route
  }

  /// All topics that any broker registered, sorted; with the system's.
  package func topicNames() throws(ClientError) -> [String] {
    let json = try nameServer(Request(.getAllTopicListFromNameServer)).json(from: nameServerAddress)
    guard let list = json["topicList"]?.array else { throw malformed("the list of topics") }
    return list.compactMap(\.string).sorted()
  }

  /// Masters of one cluster, or of all (nil), sorted by name.
  ///
  /// - Throws: `.notFound` when there is no such cluster.
  package func masters(cluster: String?, in info: ClusterInfo) throws(ClientError) -> [BrokerTarget] {
    let all = try brokers(cluster: cluster, in: info)
    var seen = Set<String>()
    return all.filter { $0.id == 0 || seen.insert($0.name).inserted }.reduce(into: []) { list, target in
      if target.id == 0 {
        list.removeAll { $0.name == target.name }
        list.append(target)
      } else if !list.contains(where: { $0.name == target.name }) {
        list.append(target)
      }
    }
  }

  /// Every broker process of one cluster, or of all (nil), sorted by name and id.
  package func brokers(cluster: String?, in info: ClusterInfo) throws(ClientError) -> [BrokerTarget] {
    var members: Set<String>?
    if let cluster {
      guard let entry = info.clusters.first(where: { $0.name == cluster }) else {
        let names = info.clusters.map(\.name).sorted().joined(separator: ", ")
        throw ClientError(
          .notFound, "no cluster is named \(cluster)", hint: names.isEmpty ? "" : "there is: \(names)")
      }
      members = Set(entry.brokers)
    }
    var result: [BrokerTarget] = []
    for broker in info.brokers where members?.contains(broker.name) ?? true {
      for (id, address) in broker.addresses {
        result.append(BrokerTarget(cluster: broker.cluster, name: broker.name, id: id, address: address))
      }
    }
    return result.arranged { ($0.cluster, $0.name, $0.id) < ($1.cluster, $1.name, $1.id) }
  }

  /// The broker that `text` means: "name" (its master), "name:id", or "host:port". An address needs no name
  /// server.
  package func broker(_ text: String) throws(ClientError) -> BrokerTarget {
    let isAddress = Address.split(text) != nil
    let all: [BrokerTarget]
    do throws(ClientError) {
      all = try brokers(cluster: nil, in: try clusterInfo())
    } catch {
      if isAddress { return BrokerTarget(cluster: "", name: "", id: 0, address: text) }
      throw error
    }
    if let master = all.first(where: { $0.name == text }) { return master }
    if let exact = all.first(where: { "\($0.name):\($0.id)" == text || $0.address == text }) { return exact }
    if isAddress && !all.contains(where: { text.hasPrefix($0.name + ":") }) {
      return BrokerTarget(cluster: "", name: "", id: 0, address: text)
    }
    let names = all.map(\.label).joined(separator: ", ")
    throw ClientError(
      .notFound, "no broker is named \(text)", hint: names.isEmpty ? "" : "there is: \(names)")
  }

  func malformed(_ what: String) -> ClientError {
    ClientError(.malformedAnswer, "\(nameServerAddress) answered with a malformed body for \(what)")
  }
}

extension TopicRoute {
  /// Address of a broker's master (or of its smallest id); nil for a name that is not in the route.
  package func address(ofBroker name: String) -> String? { brokers.first { $0.name == name }?.master }

  /// Queues that can be read, sorted by broker and id.
  package func readQueues(of topic: String) -> [MessageQueue] {
    spread(topic) { $0.perm & Perm.read != 0 ? $0.readQueues : 0 }
  }
  /// Queues that can be written to: of brokers that have a master, sorted by broker and id.
  package func writeQueues(of topic: String) -> [MessageQueue] {
    spread(topic) { queue in
      let hasMaster = brokers.contains { $0.name == queue.broker && $0.addresses.contains { $0.id == 0 } }
      return queue.perm & Perm.write != 0 && hasMaster ? queue.writeQueues : 0
    }
  }

  private func spread(_ topic: String, _ count: (QueueData) -> Int32) -> [MessageQueue] {
    var result: [MessageQueue] = []
    for data in queues.arranged(by: { $0.broker < $1.broker }) {
      for id in 0..<max(0, count(data)) {
        result.append(MessageQueue(topic: topic, broker: data.broker, queueId: id))
      }
    }
    return result
  }
}
