// KV configuration over the wire (Apache DefaultRequestProcessor: 100, 101, 102, 219).

import Wire

enum KeyValueRequests {
  static let rows: [RequestRow] = [
    RequestRow(.putKVConfig, "PUT_KV_CONFIG", .nameServer, .linear, put),
    RequestRow(.getKVConfig, "GET_KV_CONFIG", .nameServer, .constant, get),
    RequestRow(.deleteKVConfig, "DELETE_KV_CONFIG", .nameServer, .linear, delete),
    RequestRow(.getKVListByNamespace, "GET_KVLIST_BY_NAMESPACE", .nameServer, .linear, list),
  ]

  static func put(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    guard let namespace = header.string("namespace", in: fields), let key = header.string("key", in: fields)
    else {
      return session.answer(header, .systemError, remark: "namespace or key is null")
    }
    let value = header.string("value", in: fields) ?? ""
    if node.nameServer.keyValues.put(node, namespace, key, value) {
      // The process's own broker hears of it at once, others when they register next.
      if namespace == KeyValues.orderNamespace { node.broker.topics.takeOrder(node) }
      return session.answer(header, .success)
    }
    session.answer(
      header, .systemError,
      remark:
        """
        names may have \(ServerLimits.nameBytesMax) bytes and there may be \(ServerLimits.keyValuesMax) \
        entries
        """)
  }

  static func get(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    let namespace = header.string("namespace", in: fields) ?? ""
    let key = header.string("key", in: fields) ?? ""
    guard let value = node.nameServer.keyValues.value(node, namespace, key) else {
      return session.answer(
        header, .queryNotFound, remark: "No config item, Namespace: \(namespace) Key: \(key)")
    }
    if header.isOneWay { return }
    var writer = FrameWriter(response: 0, opaque: header.opaque, to: &session.out)
    writer.field("value", value, to: &session.out)
    writer.endHeader(to: &session.out)
    writer.finish(to: &session.out)
  }

  static func delete(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    node.nameServer.keyValues.delete(
      node, header.string("namespace", in: fields) ?? "", header.string("key", in: fields) ?? "")
    session.answer(header, .success)
  }

  static func list(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    let namespace = header.string("namespace", in: fields) ?? ""
    guard let entries = node.nameServer.keyValues.entries(node, namespace) else {
      return session.answer(header, .queryNotFound, remark: "No config item, Namespace: \(namespace)")
    }
    var table = KVTable()
    table.entries = entries
    session.answer(header, json: table.json)
  }
}
