// What brokers tell the name server (Apache DefaultRequestProcessor: 103, 104, 217, 322, 901, 904).

import Linux
import Wire

enum RegistrationRequests {
  static let rows: [RequestRow] = [
    RequestRow(.registerBroker, "REGISTER_BROKER", .nameServer, .scan, register),
    RequestRow(.unregisterBroker, "UNREGISTER_BROKER", .nameServer, .scan, unregister),
    RequestRow(.registerTopicInNameServer, "REGISTER_TOPIC_IN_NAMESRV", .nameServer, .linear, registerTopic),
    RequestRow(.queryDataVersion, "QUERY_DATA_VERSION", .nameServer, .constant, dataVersion),
    RequestRow(.getBrokerMemberGroup, "GET_BROKER_MEMBER_GROUP", .nameServer, .constant, members),
    RequestRow(.brokerHeartbeat, "BROKER_HEARTBEAT", .nameServer, .constant, heartbeat),
  ]

  /// Frames before this version carry the topic table alone (Apache V3_0_11).
  private static let wrappedBodyVersion: Int32 = 37

  static func register(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    if let crc = header.int64("bodyCrc32", in: fields), crc != 0, crc != Int64(CRC32.masked(body)) {
      return session.answer(header, .systemError, remark: "crc32 not match")
    }
    if header.bool("compressed", in: fields) == true {
      return session.answer(
        header, .systemError,
        remark: "compressed registrations are not supported, set compressedRegister=false in the broker")
    }
    guard let registration = registration(session, header, fields, body) else {
      return session.answer(
        header, .systemError,
        remark: "brokerName, brokerAddr, clusterName, brokerId and a JSON body are required")
    }
    switch node.nameServer.register(registration, nowMs: node.nowMs) {
    case .refused(let remark):
      node.log.warn("broker \(registration.brokerName) at \(registration.address) refused: \(remark)")
      session.answer(header, .systemError, remark: remark)
    case .ignored:
      answer(node, session, header, master: nil)
    case .accepted(let master):
      answer(node, session, header, master: master)
    }
  }

  private static func registration(
    _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) -> NameServer.Registration? {
    guard let name = self.name("brokerName", header, fields),
      let address = self.name("brokerAddr", header, fields),
      let cluster = self.name("clusterName", header, fields), let id = header.int64("brokerId", in: fields)
    else { return nil }
    var registration = NameServer.Registration(
      cluster: cluster, brokerName: name, brokerId: id, address: address,
      haAddress: header.string("haServerAddr", in: fields) ?? "", session: session.id, version: DataVersion(),
      topics: [])
    if let timeoutMs = header.int64("heartbeatTimeoutMillis", in: fields) {
      registration.timeoutMs = timeoutMs
    }
    if body.byteCount == 0 { return registration }
    guard let json = try? JSON.parse(body) else { return nil }
    let isWrapped = header.version >= wrappedBodyVersion
    guard let table = isWrapped ? RegisterBrokerBody(json)?.topics : TopicConfigTable(json) else {
      return nil
    }
    registration.version = table.dataVersion
    registration.topics = table.topics
    registration.mappings = (table.mappingInfos?.members ?? []).compactMap { member in
      member.key.string.map { (topic: $0, info: member.value) }
    }
    return registration
  }

  /// A name of usable length.
  private static func name(
    _ field: StaticString, _ header: borrowing RemotingHeader, _ fields: RawSpan
  ) -> String? {
    guard let text = header.string(field, in: fields), !text.isEmpty,
      text.utf8.count <= ServerLimits.nameBytesMax
    else { return nil }
    return text
  }

  /// Brokers learn where their master is and which topics are ordered.
  private static func answer(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader,
    master: (address: String, haAddress: String)?
  ) {
    if header.isOneWay { return }
    var writer = FrameWriter(response: 0, opaque: header.opaque, to: &session.out)
    if let master {
      writer.field("haServerAddr", master.haAddress, to: &session.out)
      writer.field("masterAddr", master.address, to: &session.out)
    }
    writer.endHeader(to: &session.out)
    if node.options.orderTopicsToBrokers,
      let entries = node.nameServer.keyValues.entries(node, KeyValues.orderNamespace)
    {
      var table = KVTable()
      table.entries = entries
      table.json.write(.compact, to: &session.out)
    }
    writer.finish(to: &session.out)
  }

  static func unregister(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    let name = header.string("brokerName", in: fields) ?? ""
    node.nameServer.unregister(
      cluster: header.string("clusterName", in: fields) ?? "", brokerName: name,
      address: header.string("brokerAddr", in: fields) ?? "")
    node.log.info("broker \(name) unregistered")
    session.answer(header, .success)
  }

  static func registerTopic(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    guard let topic = name("topic", header, fields), let json = try? JSON.parse(body),
      let route = TopicRoute(json)
    else {
      return session.answer(header, .systemError, remark: "topic and a TopicRouteData body are required")
    }
    if node.nameServer.registerTopic(topic, route.queues) { return session.answer(header, .success) }
    session.answer(
      header, .systemError, remark: "the name server holds \(ServerLimits.routesMax) topics already")
  }

  static func dataVersion(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    let key = liveKey(header, fields)
    let known = node.nameServer.live[key]?.version
    let asked = DataVersion(try? JSON.parse(body))
    node.nameServer.refresh(key, nowMs: node.nowMs)
    if header.isOneWay { return }
    var writer = FrameWriter(response: 0, opaque: header.opaque, to: &session.out)
    writer.field("changed", known == nil || known != asked, to: &session.out)
    writer.endHeader(to: &session.out)
    known?.json.write(.compact, to: &session.out)
    writer.finish(to: &session.out)
  }

  static func heartbeat(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    node.nameServer.refresh(liveKey(header, fields), nowMs: node.nowMs)
    session.answer(header, .success)
  }

  private static func liveKey(_ header: borrowing RemotingHeader, _ fields: RawSpan) -> NameServer.LiveKey {
    NameServer.LiveKey(
      cluster: header.string("clusterName", in: fields) ?? "",
      address: header.string("brokerAddr", in: fields) ?? "")
  }

  static func members(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    let name = header.string("brokerName", in: fields) ?? ""
    let addresses = node.nameServer.brokerData(name)?.addresses ?? []
    let group = JSON.object([
      .init("brokerAddrs", .object(addresses.map { JSON.Member(.int($0.id), .string($0.address)) })),
      .init("brokerName", .string(name)),
      .init("cluster", .string(header.string("clusterName", in: fields) ?? "")),
    ])
    session.answer(header, json: .object([.init("brokerMemberGroup", group)]))
  }
}
