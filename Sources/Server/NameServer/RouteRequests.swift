// What clients and tools ask the name server (Apache ClientRequestProcessor, DefaultRequestProcessor).

import Wire

enum RouteRequests {
  static let rows: [RequestRow] = [
    RequestRow(.getRouteInfoByTopic, "GET_ROUTEINFO_BY_TOPIC", .nameServer, .linear, route),
    RequestRow(.getBrokerClusterInfo, "GET_BROKER_CLUSTER_INFO", .nameServer, .linear, clusters),
    RequestRow(
      .getAllTopicListFromNameServer, "GET_ALL_TOPIC_LIST_FROM_NAMESERVER", .nameServer, .scan, topics),
    RequestRow(.getTopicsByCluster, "GET_TOPICS_BY_CLUSTER", .nameServer, .scan, topicsOfCluster),
    RequestRow(
      .getSystemTopicListFromNameServer, "GET_SYSTEM_TOPIC_LIST_FROM_NS", .nameServer, .linear, systemTopics),
    RequestRow(.getUnitTopicList, "GET_UNIT_TOPIC_LIST", .nameServer, .scan, unitTopics),
    RequestRow(.getHasUnitSubTopicList, "GET_HAS_UNIT_SUB_TOPIC_LIST", .nameServer, .scan, unitSubTopics),
    RequestRow(
      .getHasUnitSubUnunitTopicList, "GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST", .nameServer, .scan,
      unitSubUnunitTopics),
    RequestRow(.deleteTopicInNameServer, "DELETE_TOPIC_IN_NAMESRV", .nameServer, .constant, deleteTopic),
    RequestRow(.wipeWritePermOfBroker, "WIPE_WRITE_PERM_OF_BROKER", .nameServer, .scan, wipeWrite),
    RequestRow(.addWritePermOfBroker, "ADD_WRITE_PERM_OF_BROKER", .nameServer, .scan, addWrite),
  ]

  /// Clients from this version on read standard JSON (Apache V4_9_4).
  private static let standardJSONVersion: Int32 = 401

  static func route(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    let topic = header.string("topic", in: fields) ?? ""
    guard var route = node.nameServer.route(topic) else {
      return session.answer(
        header, .topicNotExist,
        remark: "No topic route info in name server for the topic: \(topic)\n\(Refusal.seeFAQ)")
    }
    if node.options.orderMessages {
      route.orderTopicConf = node.nameServer.keyValues.value(node, KeyValues.orderNamespace, topic)
    }
    let isStandard =
      header.version >= standardJSONVersion || header.bool("acceptStandardJsonOnly", in: fields) == true
    session.answer(header, json: route.json, style: isStandard ? .standard : .compact)
  }

  static func clusters(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    var info = ClusterInfo()
    info.brokers = node.nameServer.brokers.keys.sorted().compactMap { node.nameServer.brokerData($0) }
    info.clusters = node.nameServer.clusters.arranged { $0.key < $1.key }.map { ($0.key, $0.value.sorted()) }
    session.answer(header, json: info.json)
  }

  static func topics(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    answer(session, header, node.nameServer.topics.keys.sorted())
  }

  static func topicsOfCluster(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    answer(session, header, node.nameServer.topics(ofCluster: header.string("cluster", in: fields) ?? ""))
  }

  /// Names of clusters and brokers, and the address of any broker.
  static func systemTopics(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    var names: [String] = []
    for (cluster, brokers) in node.nameServer.clusters.arranged(by: { $0.key < $1.key }) {
      names += [cluster] + brokers.sorted()
    }
    let addresses = node.nameServer.brokers.keys.sorted().compactMap {
      node.nameServer.brokerData($0)?.master
    }
    answer(session, header, names, brokerAddress: addresses.first)
  }

  /// Topics that belong to a unit of a divided deployment (Apache TopicSysFlag, bit 0).
  static func unitTopics(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    answer(session, header, node.nameServer.topics { $0 & TopicFlag.unit != 0 })
  }

  /// Topics with subscribers in a unit (bit 1).
  static func unitSubTopics(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    answer(session, header, node.nameServer.topics { $0 & TopicFlag.unitSubscribed != 0 })
  }

  /// Topics of no unit that have subscribers in one.
  static func unitSubUnunitTopics(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    answer(
      session, header,
      node.nameServer.topics { $0 & TopicFlag.unit == 0 && $0 & TopicFlag.unitSubscribed != 0 })
  }

  private static func answer(
    _ session: Session, _ header: borrowing RemotingHeader, _ topics: [String], brokerAddress: String? = nil
  ) {
    session.answer(header, json: TopicList(topics, brokerAddress: brokerAddress).json)
  }

  static func deleteTopic(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    let cluster = header.string("clusterName", in: fields) ?? ""
    node.nameServer.deleteTopic(
      header.string("topic", in: fields) ?? "", cluster: cluster.isEmpty ? nil : cluster)
    session.answer(header, .success)
  }

  static func wipeWrite(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    let name = header.string("brokerName", in: fields) ?? ""
    let count = node.nameServer.setPerm(ofBroker: name) { $0 & ~Perm.write }
    node.log.info("write permission of broker \(name) wiped, \(count) topics")
    session.answer(header, "wipeTopicCount", Int64(count))
  }

  static func addWrite(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    let name = header.string("brokerName", in: fields) ?? ""
    let count = node.nameServer.setPerm(ofBroker: name) { _ in Perm.read | Perm.write }
    node.log.info("write permission of broker \(name) added, \(count) topics")
    session.answer(header, "addTopicCount", Int64(count))
  }
}
