// What a file of `apply` asks for: read from YAML or JSON, checked, and told by line what is wrong with it.
//
// Apache's own files are read too: a list of TopicConfig or SubscriptionGroupConfig objects (updateTopicList,
// updateSubGroupList), and the tables of exportMetadata. Pure.

import Wire

/// A topic, a group, the settings of brokers or a key-value pair, as a file asks for it.
struct DesiredObject {
  var kind: ObjectKind
  /// Empty for `config`; "NAMESPACE KEY" for `kv`.
  var name: String
  /// "FILE:LINE", for errors.
  var place: String
  /// What it says for all its brokers; the rest stays as it is, or is as usual.
  var facts: Facts = [:]
  /// Whether the attributes it names are all that there are to be.
  var hasAttributes = false
  /// Broker → what differs there; nil means every broker.
  var brokers: [String: DesiredObject]?

  /// Settings on that broker; nil when it is not to be there.
  func wanted(on broker: String) -> (facts: Facts, hasAttributes: Bool)? {
    guard let brokers else { return (facts, hasAttributes) }
    guard let own = brokers[broker] else { return nil }
    var merged = facts
    if own.hasAttributes { merged = merged.filter { !$0.key.hasPrefix(ObjectSettings.attributePrefix) } }
    merged.merge(own.facts) { $1 }
    return (merged, hasAttributes || own.hasAttributes)
  }
}

/// All that a file asks for.
struct DesiredState {
  var cluster: String?
  var objects: [DesiredObject] = []
  /// Kinds that the file speaks of: only these can be pruned.
  var kinds: Set<ObjectKind> = []
  /// Namespaces of `kv` that it speaks of.
  var namespaces: Set<String> = []

  /// - Parameter only: The kind that a command is about; a list without a name is one of these.
  /// - Throws: `.usage`, with the place.
  static func read(_ path: String, only: ObjectKind?) throws(Failure) -> DesiredState {
    var reader = DesiredReader(name: path == "-" ? "standard input" : path)
    for document in try FileNode.read(path) { try reader.document(document, only) }
    if let only, !reader.state.kinds.contains(only) {
      throw Failure(.usage, "\(reader.name) has no \(only.section)", hint: "mq help apply shows its form")
    }
    if reader.state.kinds.isEmpty {
      throw Failure(.usage, "\(reader.name) asks for nothing", hint: "mq help apply shows its form")
    }
    if let only {
      // Ordered topics have their order noted in a namespace, which belongs to the topics.
      reader.state.objects.removeAll { $0.kind != only }
      reader.state.kinds = [only]
    }
    return reader.state
  }
}

/// Reads documents into a state.
private struct DesiredReader {
  let name: String
  var state = DesiredState()
  private var places: [String: String] = [:]

  init(name: String) { self.name = name }

  /// Sections that exports have and `apply` has no use for.
  private static let ignored = ["metrics", "exportTime", "exportTimeMs", "dataVersion", "mappingDataVersion"]

  mutating func document(_ node: FileNode, _ only: ObjectKind?) throws(Failure) {
    if node.isNull { return }
    if node.items != nil {
      guard let only else {
        throw complaint(node.line, "a list without a name", "write topics: or groups: before it")
      }
      return try section(only, node)
    }
    guard let members = node.members else { throw complaint(node.line, "no map", "begin with topics:") }
    for member in members {
      switch member.key {
      case "cluster":
        guard let text = member.value.text, !text.isEmpty else {
          throw complaint(member.line, "cluster is no name", "")
        }
        if let former = state.cluster, former != text {
          throw complaint(member.line, "cluster is \(former) already", "one file is for one cluster")
        }
        state.cluster = text
      case "topics", "topicConfigTable", "topicConfigList": try section(.topic, member.value)
      case "groups", "subscriptionGroupTable", "groupConfigList": try section(.group, member.value)
      case "config", "brokerConfigs": try section(.config, member.value)
      case "kv": try section(.kv, member.value)
      default:
        if Self.ignored.contains(member.key) { continue }
        let nearest = Suggestion.hint(member.key, of: ["cluster"] + ObjectKind.allCases.map(\.section))
        throw complaint(
          member.line, "\(member.key) is not known",
          nearest.isEmpty ? "a file has cluster, topics, groups, config and kv" : nearest)
      }
    }
  }

  private mutating func section(_ kind: ObjectKind, _ node: FileNode) throws(Failure) {
    state.kinds.insert(kind)
    if kind == .config || kind == .kv { return try texts(kind, node) }
    if let items = node.items {
      for item in items {
        let key = kind == .topic ? "topicName" : "groupName"
        guard let own = item.members?.first(where: { $0.key == "name" || $0.key == key }),
          let text = own.value.text
        else { throw complaint(item.line, "a \(kind.rawValue) has no name", "for example name: Orders") }
        try object(kind, text, item)
      }
      return
    }
    guard let members = node.members else { throw complaint(node.line, "\(kind.section) is no map", "") }
    for member in members { try object(kind, member.key, member.value, line: member.line) }
  }

  /// `config`: broker → setting → value; `kv`: namespace → key → value.
  private mutating func texts(_ kind: ObjectKind, _ node: FileNode) throws(Failure) {
    guard let members = node.members else { throw complaint(node.line, "\(kind.section) is no map", "") }
    for member in members {
      guard let values = member.value.members else {
        throw complaint(member.line, "\(member.key) is no map", "")
      }
      var object = DesiredObject(kind: kind, name: "", place: "\(name):\(member.line)")
      if kind == .kv { state.namespaces.insert(member.key) }
      for value in values {
        guard let text = value.value.text else { throw complaint(value.line, "\(value.key) is no text", "") }
        if kind == .config {
          object.facts[value.key] = text
        } else {
          var pair = DesiredObject(
            kind: .kv, name: "\(member.key) \(value.key)", place: "\(name):\(value.line)")
          pair.facts["value"] = text
          state.objects.append(pair)
        }
      }
      if kind == .config {
        // `*` is for all brokers; what is said of one is taken after it.
        if member.key != "*" { object.brokers = [member.key: DesiredObject(kind: kind, name: "", place: "")] }
        state.objects.insert(object, at: member.key == "*" ? 0 : state.objects.count)
      }
    }
  }

  private mutating func object(_ kind: ObjectKind, _ name: String, _ node: FileNode, line: Int? = nil)
    throws(Failure)
  {
    let line = line ?? node.line
    // Brokers take any name of a group, and exports have what brokers took.
    let text = kind == .topic ? TopicName.complaint(topic: name) : name.isEmpty ? "a group has no name" : nil
    if let text { throw complaint(line, text, "letters, digits, %, |, - and _ only") }
    if kind == .topic ? TopicName.isSystem(name) : TopicName.isSystemGroup(name) {
      throw complaint(line, "\(name) is a \(kind.rawValue) of the system", "leave it out")
    }
    let place = "\(self.name):\(line)"
    if let former = places.updateValue(place, forKey: "\(kind) \(name)") {
      throw complaint(line, "\(kind.rawValue) \(name) comes twice, first at \(former)", "")
    }
    var object = DesiredObject(kind: kind, name: name, place: place)
    try settings(node, into: &object)
    state.objects.append(object)
  }

  private func settings(_ node: FileNode, into object: inout DesiredObject) throws(Failure) {
    guard let members = node.members else {
      throw complaint(node.line, "\(object.name) is no map", "for example {queues: 8}")
    }
    let known = ObjectSettings.all(object.kind)
    for member in members {
      switch member.key {
      case "name", object.kind == .topic ? "topicName" : "groupName", "subscriptionDataSet": continue
      case "attributes": try attributes(member.value, into: &object)
      case "brokers": try brokers(member.value, into: &object)
      case "type" where object.kind == .topic:
        guard let text = member.value.text else { throw complaint(member.line, "type is no word", "") }
        object.facts[ObjectSettings.attributePrefix + "message.type"] = text.uppercased()
      case "queues" where object.kind == .topic:
        guard let count = known[0].plain(member.value) else {
          throw complaint(member.line, "queues must be \(known[0].expected)", "for example queues: 8")
        }
        object.facts["readQueues"] = count
        object.facts["writeQueues"] = count
      default:
        guard let setting = known.first(where: { $0.name == member.key || $0.apache == member.key }) else {
          let others = object.kind == .topic ? ["queues", "type"] : []
          let names = known.map(\.name) + ["attributes", "brokers"] + others
          let nearest = Suggestion.hint(member.key, of: names)
          throw complaint(
            member.line, "\(member.key) is no setting of a \(object.kind.rawValue)",
            nearest.isEmpty ? "there are: " + names.joined(separator: ", ") : nearest)
        }
        guard let plain = setting.plain(member.value) else {
          throw complaint(member.line, "\(member.key) must be \(setting.expected)", "")
        }
        object.facts[setting.name] = plain
      }
    }
  }

  /// Also in Apache's form, with + before each name.
  private func attributes(_ node: FileNode, into object: inout DesiredObject) throws(Failure) {
    guard let members = node.members else { throw complaint(node.line, "attributes is no map", "") }
    object.hasAttributes = true
    for member in members {
      guard let text = member.value.text, !text.contains(","), !member.key.contains(",") else {
        throw complaint(member.line, "the attribute \(member.key) is no word", "")
      }
      let key = member.key.hasPrefix("+") ? String(member.key.dropFirst()) : member.key
      object.facts[ObjectSettings.attributePrefix + key] = text
    }
  }

  /// A list of names, or a map of names with what differs there.
  private func brokers(_ node: FileNode, into object: inout DesiredObject) throws(Failure) {
    if object.place.isEmpty { throw complaint(node.line, "brokers inside brokers", "") }
    var result: [String: DesiredObject] = [:]
    for item in node.items ?? [] {
      guard let broker = item.text else { throw complaint(item.line, "a broker is no name", "") }
      result[broker] = DesiredObject(kind: object.kind, name: object.name, place: "")
    }
    for member in node.members ?? [] {
      var own = DesiredObject(kind: object.kind, name: object.name, place: "")
      try settings(member.value, into: &own)
      result[member.key] = own
    }
    if result.isEmpty { throw complaint(node.line, "brokers is empty", "leave it out for every broker") }
    object.brokers = result
  }

  private func complaint(_ line: Int, _ what: String, _ hint: String) -> Failure {
    Failure(.usage, "\(name):\(line): \(what)", hint: hint)
  }
}
