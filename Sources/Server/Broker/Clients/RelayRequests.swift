// Questions about one consumer that only the consumer can answer: how it runs (307), and to consume one
// message now (309). They are handed on to its connection, and its answer is handed back as it is (Apache
// AdminBrokerProcessor.callConsumer).

import Store
import Wire

enum RelayRequests {
  static let rows: [RequestRow] = [
    RequestRow(.getConsumerRunningInfo, "GET_CONSUMER_RUNNING_INFO", .brokers, .linear, runningInfo),
    RequestRow(.consumeMessageDirectly, "CONSUME_MESSAGE_DIRECTLY", .brokers, .linear, consumeDirectly),
  ]

  /// How long a consumer may take (Apache Broker2Client.callClient).
  static let timeoutMs: Int64 = 10_000
  /// Clients before this version know neither request (Apache V3_1_8_SNAPSHOT).
  static let versionMin: Int32 = 62

  static func runningInfo(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    relay(node, session, header, .getConsumerRunningInfo, texts(header, fields), body: body.array)
  }

  /// The record goes along, with what the consumer cannot know: the broker's name and two flags.
  static func consumeDirectly(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    var record = ByteBuffer()
    let msgId = header.string("msgId", in: fields) ?? ""
    guard let id = OffsetMessageId(msgId), id.physicalOffset >= 0,
      node.store.readRecord(at: id.physicalOffset, into: &record)
    else { return session.answer(header, .systemError, remark: "can not find message by the id, \(msgId)") }
    var added = [(name: "brokerName", value: node.options.brokerName)]
    if let topic = header.string("topic", in: fields), let config = node.store.topicConfig(topic) {
      added.append(("topicSysFlag", "\(config.sysFlag)"))
    }
    if let name = header.string("consumerGroup", in: fields), !name.isEmpty,
      let group = node.broker.clients.group(node, name)?.config
    {
      added.append(("groupSysFlag", "\(group.groupSysFlag)"))
    }
    let names = added.map(\.name)
    relay(
      node, session, header, .consumeMessageDirectly,
      texts(header, fields).filter { !names.contains($0.name) } + added, body: record.array)
  }

  private static func texts(
    _ header: borrowing RemotingHeader, _ fields: RawSpan
  ) -> [(name: String, value: String)] {
    var texts: [(name: String, value: String)] = []
    for index in 0..<header.fieldCount {
      let field = header.fields[index]
      texts.append((fields[field.name].text, header.text(of: field, in: fields)))
    }
    return texts
  }

  private static func relay(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ code: RequestCode,
    _ texts: [(name: String, value: String)], body: [UInt8]
  ) {
    let name = texts.last { $0.name == "consumerGroup" }?.value ?? ""
    let clientId = texts.last { $0.name == "clientId" }?.value ?? ""
    let members = node.broker.clients.known(name)?.memberList ?? []
    guard let member = members.last(where: { $0.clientId == clientId }) else {
      return session.answer(
        header, .systemError, remark: "The Consumer <\(name)> <\(clientId)> not online")
    }
    if member.version < versionMin {
      return session.answer(
        header, .systemError,
        remark: """
          The Consumer <\(clientId)> Version <\(member.version)> too low to finish, please upgrade it to \
          V3_1_8_SNAPSHOT
          """)
    }
    let asker = Asker(session, header)
    let isAsked = node.ask(member.session, code: code, fields: texts, body: body, timeoutMs: timeoutMs) {
      node, answer in
      guard let answer else {
        return node.answer(
          asker, ResponseCode.consumeMessageTimeout.rawValue,
          remark: "consumer <\(name)> <\(clientId)> Timeout: no answer within \(timeoutMs) ms")
      }
      node.answer(asker, answer.code, remark: answer.remark, fields: answer.fields, body: answer.body)
    }
    if isAsked { return }
    session.answer(
      header, .systemError,
      remark: "invoke consumer <\(name)> <\(clientId)> Exception: it does not read what it was sent")
  }
}
