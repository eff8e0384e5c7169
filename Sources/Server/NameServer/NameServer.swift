// The name server's registry: clusters, brokers, topics (Apache RouteInfoManager).
//
// Invariants: a broker is in `brokers` while it has an address (or after a refused first registration, as in
// Apache, until it unregisters); every address in `brokers` has an entry in `live`; a topic has at least one
// broker. The process's own broker registers by a call, never expires, and cannot be displaced or removed
// over the wire.

import Linux
import Store
import Wire

/// Routes, brokers and KV configuration. Loop thread only.
final class NameServer {
  struct Broker {
    var cluster: String
    /// Broker id → "host:port".
    var addresses: [Int64: String] = [:]
  }
  /// A broker process, by cluster and address.
  struct LiveKey: Hashable {
    let cluster: String
    let address: String
  }
  struct Live {
    var brokerName: String
    var lastMs: Int64
    var timeoutMs: Int64
    var version: DataVersion
    /// Connection of the registration; nil for the process's own broker.
    var session: UInt64?
    var haAddress: String
    var isOwn: Bool { session == nil }
  }
  /// What a broker says when it registers.
  struct Registration {
    var cluster: String
    var brokerName: String
    var brokerId: Int64
    var address: String
    var haAddress: String
    var timeoutMs: Int64 = ServerLimits.brokerExpiryMs
    var session: UInt64?
    var version: DataVersion
    var topics: [TopicConfig]
    /// Static topics: what each topic's queues are on this broker, as it came.
    var mappings: [(topic: String, info: JSON)] = []
  }
  enum Outcome {
    /// `master`: for a broker that is none, where its master is.
    case accepted(master: (address: String, haAddress: String)?)
    /// Another process with that id has a newer state: nothing changed, answered 0.
    case ignored
    case refused(String)
  }

  private(set) var brokers: [String: Broker] = [:]
  /// Cluster → broker names.
  private(set) var clusters: [String: Set<String>] = [:]
  /// Topic → broker name → its queues.
  private(set) var topics: [String: [String: QueueData]] = [:]
  /// Static topic → broker name → its part of the mapping.
  private(set) var mappings: [String: [String: JSON]] = [:]
  private(set) var live: [LiveKey: Live] = [:]
  let keyValues = KeyValues()

  init() {}

  // MARK: the process's own broker

  /// The embedded broker registers directly, at start and whenever much changed (no wire, no 30 s wait).
  func registerOwnBroker(_ node: Node) {
    var registration = ownRegistration(node)
    registration.topics = node.store.topicConfigs.map { advertised($0, node) }
    registration.mappings = node.store.topicMappings.compactMap { entry in
      TopicMapping(entry.detail).map { (entry.topic, $0.info) }
    }
    apply(registration, nowMs: node.nowMs)
  }

  /// One topic of the embedded broker changed.
  func registerOwnTopic(_ node: Node, _ config: TopicConfig) {
    let key = LiveKey(cluster: node.options.clusterName, address: node.brokerAddress)
    // Before the first registration there is nothing to add to: it will carry the topic.
    guard live[key] != nil else { return }
    live[key]?.version = node.store.topicVersion
    put(advertised(config, node), of: node.options.brokerName)
    let mapping = node.store.slot(config.name).flatMap { node.broker.staticTopics.mapping($0) }
    if let mapping { mappings[config.name, default: [:]][node.options.brokerName] = mapping.info }
  }

  private func ownRegistration(_ node: Node) -> Registration {
    let host = node.brokerAddress.lastIndex(of: ":").map { String(node.brokerAddress[..<$0]) } ?? ""
    return Registration(
      cluster: node.options.clusterName, brokerName: node.options.brokerName, brokerId: node.options.brokerId,
      address: node.brokerAddress, haAddress: "\(host):\(Int(node.options.brokerPort) + 1)", session: nil,
      version: node.store.topicVersion, topics: [])
  }

  /// A broker that may not be written to or read from says so in all its topics.
  private func advertised(_ config: TopicConfig, _ node: Node) -> TopicConfig {
    let both = Perm.read | Perm.write
    if node.options.brokerPermission & both == both { return config }
    var config = config
    config.perm &= node.options.brokerPermission
    return config
  }

  // MARK: registration

  /// A registration over the wire.
  func register(_ registration: Registration, nowMs: Int64) -> Outcome {
    let name = registration.brokerName
    let key = LiveKey(cluster: registration.cluster, address: registration.address)
    var broker = brokers[name] ?? Broker(cluster: registration.cluster)
    if let refusal = refusal(registration, key, broker) { return .refused(refusal) }
    let isNewName = brokers[name] == nil
    clusters[registration.cluster, default: []].insert(name)
    // An address stands under one id only: a slave that became master moves.
    broker.addresses = broker.addresses.filter {
      $0.value != registration.address || $0.key == registration.brokerId
    }
    brokers[name] = broker
    let holder = broker.addresses[registration.brokerId]
    if let holder, holder != registration.address,
      let known = live[LiveKey(cluster: registration.cluster, address: holder)],
      known.version.stateVersion > registration.version.stateVersion
    {
      live[key] = nil
      return .ignored
    }
    // Apache: single topics are registered after the whole table,
    // so one topic alone is no first registration.
    if holder == nil && registration.topics.count == 1 { return .refused("register broker failed") }
    let newTopics = registration.topics.count { topics[$0.name] == nil }
    if topics.count + newTopics > ServerLimits.routesMax {
      return .refused("the name server holds \(ServerLimits.routesMax) topics already")
    }
    apply(registration, nowMs: nowMs, isFirst: isNewName || holder == nil)
    return .accepted(master: master(of: registration))
  }

  private func refusal(_ registration: Registration, _ key: LiveKey, _ broker: Broker) -> String? {
    if let holder = broker.addresses[registration.brokerId], holder != registration.address,
      live[LiveKey(cluster: broker.cluster, address: holder)]?.isOwn == true
    {
      return "\(registration.brokerName) is the broker of this very process; choose another brokerName"
    }
    if live[key]?.isOwn == true { return "\(registration.address) is the broker of this very process" }
    if brokers.count >= ServerLimits.brokersMax && brokers[registration.brokerName] == nil {
      return "the name server holds \(ServerLimits.brokersMax) brokers already"
    }
    return nil
  }

  private func master(of registration: Registration) -> (address: String, haAddress: String)? {
    guard registration.brokerId != 0, let address = brokers[registration.brokerName]?.addresses[0],
      let known = live[LiveKey(cluster: registration.cluster, address: address)]
    else { return nil }
    return (address, known.haAddress)
  }

  /// Enters a registration that was found good. Topics count when it is the broker's first one, when the data
  /// version moved, or when the topic is not known of that broker.
  private func apply(_ registration: Registration, nowMs: Int64, isFirst: Bool? = nil) {
    let name = registration.brokerName
    let key = LiveKey(cluster: registration.cluster, address: registration.address)
    clusters[registration.cluster, default: []].insert(name)
    var broker = brokers[name] ?? Broker(cluster: registration.cluster)
    let isFirst = isFirst ?? (broker.addresses[registration.brokerId] == nil)
    broker.addresses[registration.brokerId] = registration.address
    brokers[name] = broker
    if registration.brokerId == 0 {
      let isChanged = live[key]?.version != registration.version
      for config in registration.topics where isFirst || isChanged || topics[config.name]?[name] == nil {
        put(config, of: name)
      }
    }
    for mapping in registration.mappings where topics[mapping.topic]?[name] != nil {
      mappings[mapping.topic, default: [:]][name] = mapping.info
    }
    live[key] = Live(
      brokerName: name, lastMs: nowMs, timeoutMs: registration.timeoutMs, version: registration.version,
      session: registration.session, haAddress: registration.haAddress)
  }

  private func put(_ config: TopicConfig, of brokerName: String) {
    topics[config.name, default: [:]][brokerName] = QueueData(
      broker: brokerName, readQueues: config.readQueues, writeQueues: config.writeQueues, perm: config.perm,
      sysFlag: config.sysFlag)
  }

  /// Removes one address of a broker; with the last one go its name and its topics. The own broker stays.
  func unregister(cluster: String, brokerName: String, address: String) {
    let key = LiveKey(cluster: cluster, address: address)
    if live[key]?.isOwn == true { return }
    live[key] = nil
    guard var broker = brokers[brokerName] else { return }
    broker.addresses = broker.addresses.filter { $0.value != address }
    brokers[brokerName] = broker
    if !broker.addresses.isEmpty { return }
    brokers[brokerName] = nil
    clusters[cluster]?.remove(brokerName)
    if clusters[cluster]?.isEmpty == true { clusters[cluster] = nil }
    for (topic, queues) in topics where queues[brokerName] != nil {
      topics[topic]?[brokerName] = nil
      if topics[topic]?.isEmpty == true { topics[topic] = nil }
      forgetMapping(topic, brokerName)
    }
  }

  /// Notes a sign of life.
  func refresh(_ key: LiveKey, nowMs: Int64) { live[key]?.lastMs = nowMs }

  /// Brokers that registered over the wire and went silent are removed (called every second).
  func expire(_ node: Node) {
    for (key, entry) in live where !entry.isOwn && node.nowMs - entry.lastMs > entry.timeoutMs {
      node.log.warn("broker \(entry.brokerName) at \(key.address) went silent and is removed")
      unregister(cluster: key.cluster, brokerName: entry.brokerName, address: key.address)
    }
  }

  /// A registration's connection went.
  func sessionClosed(_ node: Node, _ session: Session) {
    for (key, entry) in live where entry.session == session.id {
      node.log.warn("broker \(entry.brokerName) at \(key.address) closed its connection and is removed")
      unregister(cluster: key.cluster, brokerName: entry.brokerName, address: key.address)
    }
  }

  // MARK: topics

  /// Where a topic lies; nil when no broker has it.
  func route(_ topic: String) -> TopicRoute? {
    guard let queues = topics[topic] else { return nil }
    var route = TopicRoute()
    route.queues = queues.values.arranged { $0.broker < $1.broker }
    route.brokers = queues.keys.sorted().compactMap { brokerData($0) }
    if let parts = mappings[topic] {
      route.queueMappings = .object(parts.arranged { $0.key < $1.key }.map { JSON.Member($0.key, $0.value) })
    }
    return route.brokers.isEmpty ? nil : route
  }

  func brokerData(_ name: String) -> BrokerData? {
    guard let broker = brokers[name] else { return nil }
    let addresses = broker.addresses.arranged { $0.key < $1.key }.map { (id: $0.key, address: $0.value) }
    return BrokerData(cluster: broker.cluster, name: name, addresses: addresses)
  }

  /// Topics of all brokers of a cluster, sorted.
  func topics(ofCluster cluster: String) -> [String] {
    let names = clusters[cluster] ?? []
    return topics.filter { $0.value.keys.contains { names.contains($0) } }.keys.sorted()
  }

  /// Topics whose sysFlag on the first of their brokers is as asked for, sorted.
  func topics(whereFlag isRight: (Int32) -> Bool) -> [String] {
    topics.filter { entry in entry.value.min { $0.key < $1.key }.map { isRight($0.value.sysFlag) } ?? false }
      .keys.sorted()
  }

  /// Forgets a topic, in one cluster or everywhere.
  func deleteTopic(_ topic: String, cluster: String?) {
    guard let cluster else {
      topics[topic] = nil
      mappings[topic] = nil
      return
    }
    for name in clusters[cluster] ?? [] {
      topics[topic]?[name] = nil
      forgetMapping(topic, name)
    }
    if topics[topic]?.isEmpty == true { topics[topic] = nil }
  }

  private func forgetMapping(_ topic: String, _ brokerName: String) {
    mappings[topic]?[brokerName] = nil
    if mappings[topic]?.isEmpty == true { mappings[topic] = nil }
  }

  /// Enters the queues of one topic (217); nothing when one of the brokers is unknown.
  func registerTopic(_ topic: String, _ queues: [QueueData]) -> Bool {
    if queues.isEmpty || queues.contains(where: { brokers[$0.broker] == nil }) { return true }
    if topics[topic] == nil && topics.count >= ServerLimits.routesMax { return false }
    for data in queues { topics[topic, default: [:]][data.broker] = data }
    return true
  }

  /// Sets the permission of all topics of a broker; returns how many there are.
  func setPerm(ofBroker name: String, _ change: (Int32) -> Int32) -> Int {
    var count = 0
    for (topic, queues) in topics {
      guard let data = queues[name] else { continue }
      topics[topic]?[name]?.perm = change(data.perm)
      count += 1
    }
    return count
  }
}
