// The settings of topics and groups by name, and how a configuration becomes a table of texts and back.
//
// Everything that `apply` and `export` compare is such a table, so that one difference serves topics, groups,
// broker settings and key-value settings. Pure.

import Wire

/// Setting → value in its plain form ("8", "true", "rw"). Attributes are "attributes.NAME".
typealias Facts = [String: String]

/// What `apply` and `export` deal with.
enum ObjectKind: String, CaseIterable, Comparable {
  case topic, group, config, kv

  /// Name of its section in a file.
  var section: String {
    switch self {
    case .topic: "topics"
    case .group: "groups"
    case .config: "config"
    case .kv: "kv"
    }
  }
  static func < (a: ObjectKind, b: ObjectKind) -> Bool {
    allCases.firstIndex(of: a)! < allCases.firstIndex(of: b)!
  }
}

/// A setting of a topic or group.
struct ObjectSetting {
  enum Form { case integer(ClosedRange<Int64>), flag, perm, word, map }
  /// As files and tables have it.
  let name: String
  /// As Apache's JSON has it, accepted in files.
  let apache: String
  let form: Form
  /// What exports leave out.
  let usual: String?

  init(_ name: String, apache: String? = nil, _ form: Form, usual: String? = nil) {
    self.name = name
    self.apache = apache ?? name
    self.form = form
    self.usual = usual
  }

  /// The plain form of a value; nil when it is none.
  func plain(_ node: FileNode) -> String? {
    if case .map = form {
      return node.members == nil ? nil : ObjectSettings.sorted(node.json).text(.compact)
    }
    guard let text = node.text else { return nil }
    switch form {
    case .integer(let range): return Int64(text).flatMap { range.contains($0) ? "\($0)" : nil }
    case .flag: return ["true", "false"].contains(text.lowercased()) ? text.lowercased() : nil
    case .perm: return (text == "none" ? 0 : Perm.parse(text)).map(ObjectSettings.perm)
    case .word: return text.isEmpty ? nil : text
    case .map: return nil
    }
  }

  /// What a value must be, for errors.
  var expected: String {
    switch form {
    case .integer(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
    case .flag: "true or false"
    case .perm: "rw, r, w or none"
    case .word: "a word"
    case .map: "a map"
    }
  }

  /// The plain form as it stands in exports.
  func json(_ plain: String) -> JSON {
    switch form {
    case .integer: Int64(plain).map { .int($0) } ?? .string(plain)
    case .flag: .bool(plain == "true")
    case .map: (try? JSON.parse(plain)) ?? .string(plain)
    case .perm, .word: .string(plain)
    }
  }
}

/// The settings of each kind, in the order of exports.
enum ObjectSettings {
  static let attributePrefix = "attributes."

  static let topic: [ObjectSetting] = [
    ObjectSetting("readQueues", apache: "readQueueNums", .integer(0...65535)),
    ObjectSetting("writeQueues", apache: "writeQueueNums", .integer(0...65535)),
    ObjectSetting("perm", .perm),
    ObjectSetting("order", .flag),
    ObjectSetting("filterType", apache: "topicFilterType", .word, usual: "SINGLE_TAG"),
    ObjectSetting("sysFlag", apache: "topicSysFlag", .integer(0...255), usual: "0"),
  ]

  static let group: [ObjectSetting] = [
    ObjectSetting("consumeEnable", .flag),
    ObjectSetting("consumeFromMinEnable", .flag),
    ObjectSetting("consumeBroadcastEnable", .flag),
    ObjectSetting("consumeMessageOrderly", .flag),
    ObjectSetting("retryQueues", apache: "retryQueueNums", .integer(0...65535)),
    ObjectSetting("retryMaxTimes", .integer(-1...1_000_000)),
    ObjectSetting("retryPolicy", apache: "groupRetryPolicy", .map, usual: #"{"type":"CUSTOMIZED"}"#),
    ObjectSetting("consumeTimeoutMinutes", apache: "consumeTimeoutMinute", .integer(0...1_000_000)),
    ObjectSetting("notifyConsumerIdsChangedEnable", .flag, usual: "true"),
    ObjectSetting("brokerId", .integer(0...1_000_000), usual: "0"),
    ObjectSetting("whichBrokerWhenConsumeSlowly", .integer(0...1_000_000), usual: "1"),
    ObjectSetting("sysFlag", apache: "groupSysFlag", .integer(0...255), usual: "0"),
  ]

  static func all(_ kind: ObjectKind) -> [ObjectSetting] { kind == .topic ? topic : group }

  /// Order of a setting in tables; attributes last.
  static func rank(_ setting: String, _ kind: ObjectKind) -> Int {
    all(kind).firstIndex { $0.name == setting } ?? Int.max
  }

  // MARK: Topics

  /// What new topics have that a file says nothing of.
  static var newTopic: TopicConfig {
    var config = TopicConfig(name: "")
    config.readQueues = 8
    config.writeQueues = 8
    return config
  }

  static func facts(_ config: TopicConfig) -> Facts {
    var facts: Facts = [
      "readQueues": "\(config.readQueues)", "writeQueues": "\(config.writeQueues)",
      "perm": perm(config.perm), "order": config.isOrder ? "true" : "false",
      "filterType": config.filterType, "sysFlag": "\(config.sysFlag)",
    ]
    for (key, value) in config.attributes { facts[attributePrefix + key] = value }
    return facts
  }

  /// The configuration with these settings and without attributes; the values were checked.
  static func topic(_ name: String, _ facts: Facts) -> TopicConfig {
    var config = TopicConfig(name: name)
    config.readQueues = int32(facts["readQueues"])
    config.writeQueues = int32(facts["writeQueues"])
    config.perm = facts["perm"].flatMap { $0 == "none" ? 0 : Perm.parse($0) } ?? 6
    config.isOrder = facts["order"] == "true"
    config.filterType = facts["filterType"] ?? config.filterType
    config.sysFlag = int32(facts["sysFlag"])
    return config
  }

  /// "rw", "r", "w", "none"; the number where it has other bits.
  static func perm(_ perm: Int32) -> String {
    if perm & ~(Perm.read | Perm.write) != 0 { return "\(perm)" }
    let text = TopicList.perm(perm)
    return text == "-" ? "none" : text
  }

  // MARK: Groups

  static func facts(_ group: SubscriptionGroup) -> Facts {
    var facts: Facts = [
      "consumeEnable": "\(group.consumeEnable)", "consumeFromMinEnable": "\(group.consumeFromMinEnable)",
      "consumeBroadcastEnable": "\(group.consumeBroadcastEnable)",
      "consumeMessageOrderly": "\(group.consumeMessageOrderly)",
      "retryQueues": "\(group.retryQueues)", "retryMaxTimes": "\(group.retryMaxTimes)",
      "retryPolicy": sorted(group.retryPolicy).text(.compact),
      "consumeTimeoutMinutes": "\(group.consumeTimeoutMinutes)",
      "notifyConsumerIdsChangedEnable": "\(group.notifyConsumerIdsChangedEnable)",
      "brokerId": "\(group.brokerId)",
      "whichBrokerWhenConsumeSlowly": "\(group.whichBrokerWhenConsumeSlowly)",
      "sysFlag": "\(group.groupSysFlag)",
    ]
    for member in group.attributes.members ?? [] {
      if let key = member.key.string, let value = member.value.string { facts[attributePrefix + key] = value }
    }
    return facts
  }

  /// The group with these settings and the changes of attributes; `former` keeps what no file can say.
  static func group(
    _ name: String, _ facts: Facts, former: SubscriptionGroup?, attributes: [(key: String, value: String?)]
  ) -> SubscriptionGroup {
    var group = former ?? SubscriptionGroup(name: name)
    group.consumeEnable = facts["consumeEnable"] == "true"
    group.consumeFromMinEnable = facts["consumeFromMinEnable"] == "true"
    group.consumeBroadcastEnable = facts["consumeBroadcastEnable"] == "true"
    group.consumeMessageOrderly = facts["consumeMessageOrderly"] == "true"
    group.retryQueues = int32(facts["retryQueues"])
    group.retryMaxTimes = int32(facts["retryMaxTimes"])
    group.retryPolicy = facts["retryPolicy"].flatMap { try? JSON.parse($0) } ?? group.retryPolicy
    group.consumeTimeoutMinutes = int32(facts["consumeTimeoutMinutes"])
    group.notifyConsumerIdsChangedEnable = facts["notifyConsumerIdsChangedEnable"] == "true"
    group.brokerId = Int64(int32(facts["brokerId"]))
    group.whichBrokerWhenConsumeSlowly = Int64(int32(facts["whichBrokerWhenConsumeSlowly"]))
    group.groupSysFlag = int32(facts["sysFlag"])
    group.attributes = .object(attributes.map(member))
    return group
  }

  /// A change of an attribute as Apache's lists have it: "+key" with the value, or "-key".
  static func member(_ attribute: (key: String, value: String?)) -> JSON.Member {
    attribute.value.map { JSON.Member("+\(attribute.key)", .string($0)) }
      ?? JSON.Member("-\(attribute.key)", .string(""))
  }

  private static func int32(_ text: String?) -> Int32 { text.flatMap { Int32($0) } ?? 0 }

  /// The same value with its members in the order of their names, so that texts can be compared.
  static func sorted(_ json: JSON) -> JSON {
    guard let members = json.members else { return json }
    return .object(
      members.map { JSON.Member($0.key, sorted($0.value)) }
        .arranged { ($0.key.string ?? "") < ($1.key.string ?? "") })
  }
}
