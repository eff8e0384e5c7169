// Settings over the wire: the broker's changes (25), the name server's (318, 319) (Apache
// AdminBrokerProcessor, DefaultRequestProcessor). What the broker has now is printed by StatusRequests (26).

import Wire

enum SettingRequests {
  static let rows: [RequestRow] = [
    RequestRow(.updateBrokerConfig, "UPDATE_BROKER_CONFIG", .brokers, .scan, changeBroker),
    RequestRow(.updateNameServerConfig, "UPDATE_NAMESRV_CONFIG", .nameServer, .linear, changeNameServer),
    RequestRow(.getNameServerConfig, "GET_NAMESRV_CONFIG", .nameServer, .linear, nameServer),
  ]

  static func changeBroker(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    change(node, session, header, body, .broker)
  }

  static func changeNameServer(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    change(node, session, header, body, .nameServer)
  }

  /// Answers 0 with a remark where something that was asked for has no effect.
  private static func change(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ body: RawSpan,
    _ owner: SettingChange.Owner
  ) {
    do throws(Refusal) {
      let change = try SettingChange(body.text, owner, in: node.options)
      try change.commit(node)
      let remark = change.notes.joined(separator: "; ")
      session.answer(header, .success, remark: remark.isEmpty ? nil : remark)
    } catch {
      session.answer(header, error.code, remark: error.remark)
    }
  }

  static func nameServer(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    let lines = BrokerConf.nameServerLines(of: node.options).map { "\($0.key)=\($0.value)\n" }
    session.answer(header, body: Array(lines.joined().utf8))
  }
}
