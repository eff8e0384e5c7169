// What a client says about itself every 30 s (code 34).

/// How a consumer gets its messages. Enums arrive as names or as ordinals (C++ sends integers).
package enum ConsumeType: String, NamedCase, Sendable {
  case actively = "CONSUME_ACTIVELY"
  case passively = "CONSUME_PASSIVELY"
  case pop = "CONSUME_POP"
}

/// Whether every consumer of a group gets every message.
package enum MessageModel: String, NamedCase, Sendable {
  case broadcasting = "BROADCASTING"
  case clustering = "CLUSTERING"
}

/// Where a group without stored progress begins.
package enum ConsumeFromWhere: String, NamedCase, Sendable {
  case lastOffset = "CONSUME_FROM_LAST_OFFSET"
  case lastOffsetAndFromMinWhenBootFirst = "CONSUME_FROM_LAST_OFFSET_AND_FROM_MIN_WHEN_BOOT_FIRST"
  case minOffset = "CONSUME_FROM_MIN_OFFSET"
  case maxOffset = "CONSUME_FROM_MAX_OFFSET"
  case firstOffset = "CONSUME_FROM_FIRST_OFFSET"
  case timestamp = "CONSUME_FROM_TIMESTAMP"
}

/// One consumer group of a client (Apache ConsumerData).
package struct ConsumerData: Equatable, Sendable {
  package var group: String
  package var type = ConsumeType.passively
  package var model = MessageModel.clustering
  package var fromWhere = ConsumeFromWhere.lastOffset
  package var subscriptions: [SubscriptionData] = []
  package var unitMode = false

  package init(group: String) { self.group = group }

  package init?(_ json: JSON) {
    guard let group = json["groupName"]?.string else { return nil }
    self.group = group
    type = ConsumeType(json["consumeType"]) ?? type
    model = MessageModel(json["messageModel"]) ?? model
    fromWhere = ConsumeFromWhere(json["consumeFromWhere"]) ?? fromWhere
    subscriptions = json.list("subscriptionDataSet") { SubscriptionData($0) }
    unitMode = json["unitMode"]?.bool ?? false
  }

  package var json: JSON {
    .record([
      "consumeFromWhere": fromWhere.json,
      "consumeType": type.json,
      "groupName": .string(group),
      "messageModel": model.json,
      "subscriptionDataSet": .array(subscriptions.map(\.json)),
      "unitMode": .bool(unitMode),
    ])
  }
}

/// A whole heartbeat (Apache HeartbeatData).
package struct HeartbeatData: Equatable, Sendable {
  package var clientId: String
  /// Producer groups.
  package var producers: [String] = []
  package var consumers: [ConsumerData] = []
  /// 0 from clients of heartbeat version 1.
  package var fingerprint: Int32 = 0
  package var withoutSubscription = false

  package init(clientId: String) { self.clientId = clientId }

  package init?(_ json: JSON) {
    guard let clientId = json["clientID"]?.string else { return nil }
    self.clientId = clientId
    producers = json.list("producerDataSet") { $0["groupName"]?.string }
    consumers = json.list("consumerDataSet") { ConsumerData($0) }
    fingerprint = json["heartbeatFingerprint"]?.int32 ?? 0
    withoutSubscription = json["withoutSub"]?.bool ?? false
  }

  package var json: JSON {
    .record([
      "clientID": .string(clientId),
      "consumerDataSet": .array(consumers.map(\.json)),
      "heartbeatFingerprint": .number(fingerprint),
      "producerDataSet": .array(producers.map { .record(["groupName": .string($0)]) }),
      "withoutSub": .bool(withoutSubscription),
    ])
  }
}
