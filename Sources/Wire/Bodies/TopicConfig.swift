/// A topic's settings (Apache TopicConfig; config/topics.json and codes 17, 18, 21, 103, 351).
package struct TopicConfig: Equatable, Sendable {
  package var name: String
  package var readQueues: Int32 = 16
  package var writeQueues: Int32 = 16
  package var perm: Int32 = 6
  package var filterType = "SINGLE_TAG"
  package var sysFlag: Int32 = 0
  package var isOrder = false
  /// Sorted by key.
  package var attributes: [(key: String, value: String)] = []

  package init(name: String) { self.name = name }

  package init?(_ json: JSON) {
    guard let name = json["topicName"]?.string else { return nil }
    self.name = name
    readQueues = json["readQueueNums"]?.int32 ?? readQueues
    writeQueues = json["writeQueueNums"]?.int32 ?? writeQueues
    perm = json["perm"]?.int32 ?? perm
    filterType = json["topicFilterType"]?.string ?? filterType
    sysFlag = json["topicSysFlag"]?.int32 ?? 0
    isOrder = json["order"]?.bool ?? false
    attributes = (json["attributes"]?.table ?? [])
      .compactMap { entry in entry.value.string.map { (entry.key, $0) } }
      .sorted { $0.key < $1.key }
  }

  package var json: JSON {
    .record([
      "attributes": .object(attributes.map { JSON.Member($0.key, .string($0.value)) }),
      "order": .bool(isOrder),
      "perm": .number(perm),
      "readQueueNums": .number(readQueues),
      "topicFilterType": .string(filterType),
      "topicName": .string(name),
      "topicSysFlag": .number(sysFlag),
      "writeQueueNums": .number(writeQueues),
    ])
  }

  /// Appends `json` in its compact form without making it.
  fileprivate func write(to out: inout ByteBuffer) {
    out.append("{\"attributes\":{")
    for (index, attribute) in attributes.enumerated() {
      if index > 0 { out.append(UInt8(ascii: ",")) }
      JSONText.appendQuoted(attribute.key, to: &out)
      out.append(UInt8(ascii: ":"))
      JSONText.appendQuoted(attribute.value, to: &out)
    }
    isOrder ? out.append("},\"order\":true,\"perm\":") : out.append("},\"order\":false,\"perm\":")
    out.append(decimal: Int64(perm))
    out.append(",\"readQueueNums\":")
    out.append(decimal: Int64(readQueues))
    out.append(",\"topicFilterType\":")
    JSONText.appendQuoted(filterType, to: &out)
    out.append(",\"topicName\":")
    JSONText.appendQuoted(name, to: &out)
    out.append(",\"topicSysFlag\":")
    out.append(decimal: Int64(sysFlag))
    out.append(",\"writeQueueNums\":")
    out.append(decimal: Int64(writeQueues))
    out.append(UInt8(ascii: "}"))
  }

  package static func == (a: TopicConfig, b: TopicConfig) -> Bool {
    a.name == b.name && a.readQueues == b.readQueues && a.writeQueues == b.writeQueues && a.perm == b.perm
      && a.filterType == b.filterType && a.sysFlag == b.sysFlag && a.isOrder == b.isOrder
      && a.attributes.elementsEqual(b.attributes) { $0.key == $1.key && $0.value == $1.value }
  }
}

/// A broker's topics with their version: the answer to code 21 (Apache
/// TopicConfigAndMappingSerializeWrapper).
package struct TopicConfigTable: Equatable, Sendable {
  package var dataVersion = DataVersion()
  /// nil from brokers before 5.0, which know no static topics.
  package var mappingDataVersion: DataVersion?
  /// In the order of the table.
  package var topics: [TopicConfig] = []
  /// Static topics, which are kept as they came: topicQueueMappingDetailMap and topicQueueMappingInfoMap.
  package var mappingDetails: JSON?
  package var mappingInfos: JSON?

  package init() {}

  package init?(_ json: JSON) {
    guard let table = json["topicConfigTable"]?.table else { return nil }
    dataVersion = DataVersion(json["dataVersion"])
    mappingDataVersion = json["mappingDataVersion"].map { DataVersion($0) }
    topics = table.compactMap { TopicConfig($0.value) }
    mappingDetails = json["topicQueueMappingDetailMap"]
    mappingInfos = json["topicQueueMappingInfoMap"]
  }

  package var json: JSON {
    .record([
      "dataVersion": dataVersion.json,
      "mappingDataVersion": mappingDataVersion?.json,
      "topicConfigTable": .object(topics.map { JSON.Member($0.name, $0.json) }),
      "topicQueueMappingDetailMap": mappingDetails,
      "topicQueueMappingInfoMap": mappingInfos,
    ])
  }

  /// Appends `json` in its compact form without making it: ten thousand topics are two megabytes of text.
  package func write(to out: inout ByteBuffer) {
    out.append("{\"dataVersion\":")
    dataVersion.json.write(.compact, to: &out)
    if let mappingDataVersion {
      out.append(",\"mappingDataVersion\":")
      mappingDataVersion.json.write(.compact, to: &out)
    }
    out.append(",\"topicConfigTable\":{")
    for (index, topic) in topics.enumerated() {
      if index > 0 { out.append(UInt8(ascii: ",")) }
      JSONText.appendQuoted(topic.name, to: &out)
      out.append(UInt8(ascii: ":"))
      topic.write(to: &out)
    }
    out.append(UInt8(ascii: "}"))
    if let mappingDetails {
      out.append(",\"topicQueueMappingDetailMap\":")
      mappingDetails.write(.compact, to: &out)
    }
    if let mappingInfos {
      out.append(",\"topicQueueMappingInfoMap\":")
      mappingInfos.write(.compact, to: &out)
    }
    out.append(UInt8(ascii: "}"))
  }
}

/// What a broker registers at the name server (code 103, Apache RegisterBrokerBody).
package struct RegisterBrokerBody: Equatable, Sendable {
  package var filterServers: [String] = []
  package var topics = TopicConfigTable()

  package init(topics: TopicConfigTable) { self.topics = topics }

  package init?(_ json: JSON) {
    guard let topics = json["topicConfigSerializeWrapper"].flatMap({ TopicConfigTable($0) }) else {
      return nil
    }
    self.topics = topics
    filterServers = json["filterServerList"]?.strings ?? []
  }

  package var json: JSON {
    .record(["filterServerList": .strings(filterServers), "topicConfigSerializeWrapper": topics.json])
  }
}

/// Several topics to create at once (code 18, Apache CreateTopicListRequestBody).
package struct TopicConfigList: Equatable, Sendable {
  package var topics: [TopicConfig]

  package init(_ topics: [TopicConfig]) { self.topics = topics }

  package init?(_ json: JSON) {
    guard json["topicConfigList"]?.array != nil else { return nil }
    topics = json.list("topicConfigList") { TopicConfig($0) }
  }

  package var json: JSON { .record(["topicConfigList": .array(topics.map(\.json))]) }
}
