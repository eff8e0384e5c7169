/// One queue of a topic on one broker (Apache MessageQueue). In several answers it is the key of a map.
package struct MessageQueue: Hashable, Comparable, Sendable {
  package var topic: String
  package var broker: String
  package var queueId: Int32

  package init(topic: String, broker: String, queueId: Int32) {
    self.topic = topic
    self.broker = broker
    self.queueId = queueId
  }

  package init?(_ json: JSON) {
    guard let topic = json["topic"]?.string, let queueId = json["queueId"]?.int32 else { return nil }
    self.init(topic: topic, broker: json["brokerName"]?.string ?? "", queueId: queueId)
  }

  package var json: JSON {
    .record(["brokerName": .string(broker), "queueId": .number(queueId), "topic": .string(topic)])
  }

  /// By topic, then broker, then queue id.
  package static func < (a: MessageQueue, b: MessageQueue) -> Bool {
    if a.topic != b.topic { return a.topic < b.topic }
    return a.broker != b.broker ? a.broker < b.broker : a.queueId < b.queueId
  }
}

extension JSON {
  /// Members of the map `name` whose keys are queues, in order.
  func queueTable(_ name: String) -> [(queue: MessageQueue, value: JSON)] {
    (self[name]?.members ?? []).compactMap { member in MessageQueue(member.key).map { ($0, member.value) } }
  }
}

/// Queues to lock or unlock for one client (codes 41 and 42, Apache LockBatchRequestBody,
/// UnlockBatchRequestBody).
package struct LockBatchRequest: Equatable, Sendable {
  package var consumerGroup: String
  package var clientId: String
  package var onlyThisBroker = false
  package var queues: [MessageQueue] = []

  package init(consumerGroup: String, clientId: String, queues: [MessageQueue]) {
    self.consumerGroup = consumerGroup
    self.clientId = clientId
    self.queues = queues
  }

  package init?(_ json: JSON) {
    guard let group = json["consumerGroup"]?.string, let client = json["clientId"]?.string else { return nil }
    self.init(consumerGroup: group, clientId: client, queues: json.list("mqSet") { MessageQueue($0) })
    onlyThisBroker = json["onlyThisBroker"]?.bool ?? false
  }

  package var json: JSON {
    .record([
      "clientId": .string(clientId),
      "consumerGroup": .string(consumerGroup),
      "mqSet": .array(queues.map(\.json)),
      "onlyThisBroker": .bool(onlyThisBroker),
    ])
  }
}

/// The queues that were locked (answer to code 41, Apache LockBatchResponseBody).
package struct LockBatchResponse: Equatable, Sendable {
  package var queues: [MessageQueue]

  package init(queues: [MessageQueue]) { self.queues = queues }

  package init?(_ json: JSON) {
    guard json["lockOKMQSet"]?.array != nil else { return nil }
    queues = json.list("lockOKMQSet") { MessageQueue($0) }
  }

  package var json: JSON { .record(["lockOKMQSet": .array(queues.map(\.json))]) }
}
