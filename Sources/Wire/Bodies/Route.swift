// What the name server tells about brokers: the route of a topic (code 105) and the cluster (code 106).

/// A broker's name and addresses (Apache BrokerData).
package struct BrokerData: Equatable, Sendable {
  package var cluster: String
  package var name: String
  /// Sorted by id.
  package var addresses: [(id: Int64, address: String)]

  package init(cluster: String, name: String, addresses: [(id: Int64, address: String)]) {
    self.cluster = cluster
    self.name = name
    self.addresses = addresses
  }

  package init?(_ json: JSON) {
    guard let name = json["brokerName"]?.string else { return nil }
    self.name = name
    cluster = json["cluster"]?.string ?? ""
    addresses = (json["brokerAddrs"]?.members ?? [])
      .compactMap { member in
        guard let id = member.key.int, let address = member.value.string else { return nil }
        return (id, address)
      }
      .sorted { $0.id < $1.id }
  }

  package var json: JSON {
    .record([
      "brokerAddrs": .object(addresses.map { JSON.Member(.int($0.id), .string($0.address)) }),
      "brokerName": .string(name),
      "cluster": .string(cluster),
      "enableActingMaster": .bool(false),
    ])
  }

  /// Address of id 0, else of the smallest id.
  package var master: String? { addresses.min { $0.id < $1.id }?.address }

  package static func == (a: BrokerData, b: BrokerData) -> Bool {
    a.cluster == b.cluster && a.name == b.name
      && a.addresses.elementsEqual(b.addresses) { $0.id == $1.id && $0.address == $1.address }
  }
}

/// A topic's queues on one broker (Apache QueueData).
package struct QueueData: Equatable, Sendable {
  package var broker: String
  package var readQueues: Int32
  package var writeQueues: Int32
  package var perm: Int32
  package var sysFlag: Int32

  package init(broker: String, readQueues: Int32, writeQueues: Int32, perm: Int32, sysFlag: Int32 = 0) {
    self.broker = broker
    self.readQueues = readQueues
    self.writeQueues = writeQueues
    self.perm = perm
    self.sysFlag = sysFlag
  }

  package init?(_ json: JSON) {
    guard let broker = json["brokerName"]?.string else { return nil }
    self.init(
      broker: broker, readQueues: json["readQueueNums"]?.int32 ?? 0,
      writeQueues: json["writeQueueNums"]?.int32 ?? 0,
      perm: json["perm"]?.int32 ?? 0, sysFlag: json["topicSysFlag"]?.int32 ?? 0)
  }

  package var json: JSON {
    .record([
      "brokerName": .string(broker),
      "perm": .number(perm),
      "readQueueNums": .number(readQueues),
      "topicSysFlag": .number(sysFlag),
      "writeQueueNums": .number(writeQueues),
    ])
  }
}

/// Where a topic's queues are (code 105, Apache TopicRouteData). Printed `.standard` for newer clients.
package struct TopicRoute: Equatable, Sendable {
  package var brokers: [BrokerData] = []
  package var queues: [QueueData] = []
  package var orderTopicConf: String?
  /// topicQueueMappingByBroker of a static topic, kept as it came.
  package var queueMappings: JSON?

  package init() {}

  package init?(_ json: JSON) {
    guard json.members != nil else { return nil }
    brokers = json.list("brokerDatas") { BrokerData($0) }
    queues = json.list("queueDatas") { QueueData($0) }
    orderTopicConf = json["orderTopicConf"]?.string
    queueMappings = json["topicQueueMappingByBroker"]
  }

  package var json: JSON {
    .record([
      "brokerDatas": .array(brokers.map(\.json)),
      "filterServerTable": .object([]),
      "orderTopicConf": orderTopicConf.map(JSON.string),
      "queueDatas": .array(queues.map(\.json)),
      "topicQueueMappingByBroker": queueMappings,
    ])
  }
}

/// All brokers and clusters (code 106, Apache ClusterInfo).
package struct ClusterInfo: Equatable, Sendable {
  package var brokers: [BrokerData] = []
  /// cluster → broker names.
  package var clusters: [(name: String, brokers: [String])] = []

  package init() {}

  package init?(_ json: JSON) {
    guard json.members != nil else { return nil }
    brokers = (json["brokerAddrTable"]?.table ?? []).compactMap { BrokerData($0.value) }
    clusters = (json["clusterAddrTable"]?.table ?? []).map { ($0.key, $0.value.strings ?? []) }
  }

  package var json: JSON {
    .record([
      "brokerAddrTable": .object(brokers.map { JSON.Member($0.name, $0.json) }),
      "clusterAddrTable": .object(clusters.map { JSON.Member($0.name, .strings($0.brokers)) }),
    ])
  }

  package static func == (a: ClusterInfo, b: ClusterInfo) -> Bool {
    a.brokers == b.brokers
      && a.clusters.elementsEqual(b.clusters) { $0.name == $1.name && $0.brokers == $1.brokers }
  }
}
