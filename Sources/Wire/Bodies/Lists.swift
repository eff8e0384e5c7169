// Bodies that hold a list or table of text.

/// Codes 28, 219 and others: {"table":{"k":"v"}} (Apache KVTable).
package struct KVTable: Equatable, Sendable {
  /// In the order of the table.
  package var entries: [(key: String, value: String)] = []

  package init() {}

  package init?(_ json: JSON) {
    guard let table = json["table"]?.table else { return nil }
    entries = table.compactMap { entry in entry.value.string.map { (entry.key, $0) } }
  }

  package var json: JSON {
    .record(["table": .object(entries.map { JSON.Member($0.key, .string($0.value)) })])
  }

  /// The value of that key. Linear.
  package subscript(_ key: String) -> String? { entries.last { $0.key == key }?.value }

  package static func == (a: KVTable, b: KVTable) -> Bool {
    a.entries.elementsEqual(b.entries) { $0.key == $1.key && $0.value == $1.value }
  }
}

/// Names of topics (codes 206, 224, 304, 305 and others, Apache TopicList).
package struct TopicList: Equatable, Sendable {
  package var brokerAddress: String?
  package var topics: [String]

  package init(_ topics: [String], brokerAddress: String? = nil) {
    self.topics = topics
    self.brokerAddress = brokerAddress
  }

  package init?(_ json: JSON) {
    guard let topics = json["topicList"]?.strings else { return nil }
    self.init(topics, brokerAddress: json["brokerAddr"]?.string)
  }

  package var json: JSON {
    .record(["brokerAddr": brokerAddress.map(JSON.string), "topicList": .strings(topics)])
  }
}

/// Names of consumer groups (code 300, Apache GroupList).
package struct GroupList: Equatable, Sendable {
  package var groups: [String]

  package init(_ groups: [String]) { self.groups = groups }

  package init?(_ json: JSON) {
    guard let groups = json["groupList"]?.strings else { return nil }
    self.groups = groups
  }

  package var json: JSON { .record(["groupList": .strings(groups)]) }
}

/// Client ids of a group's members (code 38, Apache GetConsumerListByGroupResponseBody).
package struct ConsumerIdList: Equatable, Sendable {
  package var clientIds: [String]

  package init(_ clientIds: [String]) { self.clientIds = clientIds }

  package init?(_ json: JSON) {
    guard let ids = json["consumerIdList"]?.strings else { return nil }
    clientIds = ids
  }

  package var json: JSON { .record(["consumerIdList": .strings(clientIds)]) }
}
