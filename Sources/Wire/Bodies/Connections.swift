// Who is connected: answers to codes 203, 204 and 328.

/// One connected client (Apache Connection).
package struct ClientConnection: Equatable, Sendable {
  package var clientId: String
  package var address: String
  package var language: String
  package var version: Int32

  package init(clientId: String, address: String, language: String, version: Int32) {
    self.clientId = clientId
    self.address = address
    self.language = language
    self.version = version
  }

  package init?(_ json: JSON) {
    guard let clientId = json["clientId"]?.string else { return nil }
    self.init(
      clientId: clientId, address: json["clientAddr"]?.string ?? "",
      language: json["language"]?.string ?? "OTHER",
      version: json["version"]?.int32 ?? 0)
  }

  package var json: JSON {
    .record([
      "clientAddr": .string(address),
      "clientId": .string(clientId),
      "language": .string(language),
      "version": .number(version),
    ])
  }
}

/// A consumer group's members (code 203, Apache ConsumerConnection).
package struct ConsumerConnections: Equatable, Sendable {
  package var connections: [ClientConnection] = []
  /// One per topic, in the order of the table.
  package var subscriptions: [SubscriptionData] = []
  package var type: ConsumeType = .passively
  package var model: MessageModel = .clustering
  package var fromWhere: ConsumeFromWhere = .lastOffset

  package init() {}

  package init?(_ json: JSON) {
    guard json.members != nil else { return nil }
    connections = json.list("connectionSet") { ClientConnection($0) }
    subscriptions = (json["subscriptionTable"]?.table ?? []).compactMap { SubscriptionData($0.value) }
    type = ConsumeType(json["consumeType"]) ?? type
    model = MessageModel(json["messageModel"]) ?? model
    fromWhere = ConsumeFromWhere(json["consumeFromWhere"]) ?? fromWhere
  }

  package var json: JSON {
    .record([
      "connectionSet": .array(connections.map(\.json)),
      "consumeFromWhere": fromWhere.json,
      "consumeType": type.json,
      "messageModel": model.json,
      "subscriptionTable": .object(subscriptions.map { JSON.Member($0.topic, $0.json) }),
    ])
  }
}

/// A producer group's members (code 204, Apache ProducerConnection).
package struct ProducerConnections: Equatable, Sendable {
  package var connections: [ClientConnection]

  package init(_ connections: [ClientConnection]) { self.connections = connections }

  package init?(_ json: JSON) {
    guard json["connectionSet"]?.array != nil else { return nil }
    connections = json.list("connectionSet") { ClientConnection($0) }
  }

  package var json: JSON { .record(["connectionSet": .array(connections.map(\.json))]) }
}

/// One connected producer (Apache ProducerInfo).
package struct ProducerInfo: Equatable, Sendable {
  package var clientId: String
  /// As Java prints a socket address: "/1.2.3.4:5".
  package var remoteAddress: String
  package var language: String
  package var version: Int32
  package var lastUpdateMs: Int64

  package init(clientId: String, remoteAddress: String, language: String, version: Int32, lastUpdateMs: Int64)
  {
    self.clientId = clientId
    self.remoteAddress = remoteAddress
    self.language = language
    self.version = version
    self.lastUpdateMs = lastUpdateMs
  }

  package init?(_ json: JSON) {
    guard let clientId = json["clientId"]?.string else { return nil }
    self.init(
      clientId: clientId, remoteAddress: json["remoteIP"]?.string ?? "",
      language: json["language"]?.string ?? "OTHER", version: json["version"]?.int32 ?? 0,
      lastUpdateMs: json["lastUpdateTimestamp"]?.int ?? 0)
  }

  package var json: JSON {
    .record([
      "clientId": .string(clientId),
      "language": .string(language),
      "lastUpdateTimestamp": .int(lastUpdateMs),
      "remoteIP": .string(remoteAddress),
      "version": .number(version),
    ])
  }
}

/// All producers of a broker by group (code 328, Apache ProducerTableInfo).
package struct ProducerTable: Equatable, Sendable {
  package var groups: [(name: String, producers: [ProducerInfo])] = []

  package init() {}

  package init?(_ json: JSON) {
    guard let table = json["data"]?.table else { return nil }
    groups = table.map { ($0.key, ($0.value.array ?? []).compactMap { ProducerInfo($0) }) }
  }

  package var json: JSON {
    .record(["data": .object(groups.map { JSON.Member($0.name, .array($0.producers.map(\.json))) })])
  }

  package static func == (a: ProducerTable, b: ProducerTable) -> Bool {
    a.groups.elementsEqual(b.groups) { $0.name == $1.name && $0.producers == $1.producers }
  }
}
