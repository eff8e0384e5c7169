// Questions about connected clients, and the queue locks of orderly consumers
// (Apache ConsumerManageProcessor, AdminBrokerProcessor).

import Wire

enum ClientRequests {
  static let rows: [RequestRow] = [
    RequestRow(.getConsumerListByGroup, "GET_CONSUMER_LIST_BY_GROUP", .brokers, .linear, consumerIds),
    RequestRow(.getConsumerConnectionList, "GET_CONSUMER_CONNECTION_LIST", .brokers, .linear, consumers),
    RequestRow(.getProducerConnectionList, "GET_PRODUCER_CONNECTION_LIST", .brokers, .linear, producers),
    RequestRow(.getAllProducerInfo, "GET_ALL_PRODUCER_INFO", .brokers, .scan, allProducers),
    RequestRow(.lockBatchMQ, "LOCK_BATCH_MQ", .brokers, .linear, lock),
    RequestRow(.unlockBatchMQ, "UNLOCK_BATCH_MQ", .brokers, .linear, unlock),
  ]

  static func consumerIds(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    let name = header.string("consumerGroup", in: fields) ?? ""
    guard let group = node.broker.clients.known(name), group.isOnline else {
      return session.answer(header, .systemError, remark: "no consumer for this group, \(name)")
    }
    session.answer(header, json: ConsumerIdList(group.memberList.map(\.clientId)).json)
  }

  static func consumers(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    let name = header.string("consumerGroup", in: fields) ?? ""
    guard let group = node.broker.clients.known(name), group.isOnline else {
      return session.answer(
        header, .consumerNotOnline, remark: "the consumer group[\(name)] not online")
    }
    var answer = ConsumerConnections()
    answer.connections = group.memberList.map(\.connection)
    answer.subscriptions = group.subscriptionList
    answer.type = group.type
    answer.model = group.model
    answer.fromWhere = group.fromWhere
    session.answer(header, json: answer.json)
  }

  static func producers(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    let name = header.string("producerGroup", in: fields) ?? ""
    guard let members = node.broker.clients.producers(of: name) else {
      return session.answer(header, .systemError, remark: "the producer group[\(name)] not exist")
    }
    session.answer(header, json: ProducerConnections(members.map(\.connection)).json)
  }

  static func allProducers(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    let clients = node.broker.clients
    var table = ProducerTable()
    table.groups = clients.producerGroups.map { name in
      (name: name, producers: (clients.producers(of: name) ?? []).map(\.producerInfo))
    }
    session.answer(header, json: table.json)
  }

  // MARK: locks

  static func lock(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    guard let batch = (try? JSON.parse(body)).flatMap({ LockBatchRequest($0) }) else {
      return session.answer(header, .systemError, remark: "the body is not LockBatchRequestBody")
    }
    var locked: [MessageQueue] = []
    if let group = node.broker.clients.group(node, batch.consumerGroup) {
      for queue in batch.queues where group.locks.lock(queue, by: batch.clientId, nowMs: node.nowMs) {
        locked.append(queue)
      }
    }
    session.answer(header, json: LockBatchResponse(queues: locked).json)
  }

  static func unlock(
    _ node: Node, _ session: Session, _ header: borrowing RemotingHeader, _ fields: RawSpan, _ body: RawSpan
  ) {
    guard let batch = (try? JSON.parse(body)).flatMap({ LockBatchRequest($0) }) else {
      return session.answer(header, .systemError, remark: "the body is not UnlockBatchRequestBody")
    }
    if let group = node.broker.clients.known(batch.consumerGroup) {
      for queue in batch.queues { group.locks.unlock(queue, by: batch.clientId) }
    }
    session.answer(header, .success)
  }
}
