// What must change so that brokers and name servers are as a file asks. Pure.

import Client
import Wire

/// One object to make, change or delete on one broker or name server.
struct ObjectChange {
  enum Action: String { case create = "+", alter = "~", delete = "-" }
  /// One setting of it; nil where there is none.
  struct Line {
    var setting: String
    var before: String?
    var after: String?
  }
  var action: Action
  var kind: ObjectKind
  var name: String
  var target: BrokerTarget
  /// As it is to be; empty for deletions.
  var facts: Facts = [:]
  /// Sorted as exports are; empty for deletions.
  var lines: [Line] = []

  /// Changes of attributes; nil removes one.
  var attributes: [(key: String, value: String?)] {
    lines.filter { $0.setting.hasPrefix(ObjectSettings.attributePrefix) }.map {
      (key: String($0.setting.dropFirst(ObjectSettings.attributePrefix.count)), value: $0.after)
    }
  }
}

/// All changes, broker by broker.
struct StateDifference {
  var changes: [ObjectChange] = []
  /// Objects that are as they should be, counted on each broker.
  var unchanged = 0

  /// Compares. `prune` also deletes what the file does not name, of its kinds and namespaces.
  init(_ state: ClusterState, _ desired: DesiredState, prune: Bool) {
    for broker in state.brokers {
      for object in desired.objects where object.kind == .topic || object.kind == .group {
        compare(broker, object, prune: prune)
      }
      compareConfig(broker, desired)
      if prune { pruneBroker(broker, state, desired) }
    }
    for server in state.servers { compare(server, desired, prune: prune) }
  }

  private mutating func compare(_ broker: ClusterState.Broker, _ object: DesiredObject, prune: Bool) {
    let before = broker.facts(object.kind, object.name)
    guard let wanted = object.wanted(on: broker.target.name) else {
      if prune && before != nil { delete(object.kind, object.name, broker.target) }
      return
    }
    var after = before ?? Self.usual(object.kind)
    if wanted.hasAttributes {
      after = after.filter { !$0.key.hasPrefix(ObjectSettings.attributePrefix) }
    }
    after.merge(wanted.facts) { $1 }
    note(object.kind, object.name, broker.target, before, after)
  }

  private static func usual(_ kind: ObjectKind) -> Facts {
    kind == .topic
      ? ObjectSettings.facts(ObjectSettings.newTopic) : ObjectSettings.facts(SubscriptionGroup(name: ""))
  }

  private mutating func compareConfig(_ broker: ClusterState.Broker, _ desired: DesiredState) {
    if !desired.kinds.contains(.config) { return }
    var after = broker.config
    for object in desired.objects where object.kind == .config {
      if let wanted = object.wanted(on: broker.target.name) { after.merge(wanted.facts) { $1 } }
    }
    note(.config, "", broker.target, broker.config, after)
  }

  private mutating func compare(_ server: ClusterState.Server, _ desired: DesiredState, prune: Bool) {
    var named: Set<String> = []
    for object in desired.objects where object.kind == .kv {
      named.insert(object.name)
      let (space, key) = Self.split(object.name)
      let before = server.pairs[space]?[key].map { ["value": $0] }
      note(.kv, object.name, server.target, before, object.facts)
    }
    if !prune { return }
    for space in desired.namespaces.sorted() {
      for key in (server.pairs[space] ?? [:]).keys.sorted() where !named.contains("\(space) \(key)") {
        delete(.kv, "\(space) \(key)", server.target)
      }
    }
  }

  /// Namespace and key of a pair's name.
  static func split(_ name: String) -> (space: String, key: String) {
    let space = name.prefix { $0 != " " }
    return (String(space), String(name.dropFirst(space.count + 1)))
  }

  private mutating func pruneBroker(
    _ broker: ClusterState.Broker, _ state: ClusterState, _ desired: DesiredState
  ) {
    for kind in [ObjectKind.topic, .group] where desired.kinds.contains(kind) {
      let named = Set(desired.objects.filter { $0.kind == kind }.map(\.name))
      let present = kind == .topic ? Array(broker.topics.keys) : Array(broker.groups.keys)
      for name in present.sorted() where !named.contains(name) {
        let isReserved =
          kind == .topic ? state.isReserved(topic: name) : TopicName.isSystemGroup(name)
        if !isReserved { delete(kind, name, broker.target) }
      }
    }
  }

  private mutating func delete(_ kind: ObjectKind, _ name: String, _ target: BrokerTarget) {
    changes.append(ObjectChange(action: .delete, kind: kind, name: name, target: target))
  }

  private mutating func note(
    _ kind: ObjectKind, _ name: String, _ target: BrokerTarget, _ before: Facts?, _ after: Facts
  ) {
    var lines: [ObjectChange.Line] = []
    for setting in Set((before ?? [:]).keys).union(after.keys) {
      let line = ObjectChange.Line(setting: setting, before: before?[setting], after: after[setting])
      if line.before != line.after { lines.append(line) }
    }
    if lines.isEmpty && before != nil {
      unchanged += 1
      return
    }
    lines.sort { a, b in
      let ranks = (ObjectSettings.rank(a.setting, kind), ObjectSettings.rank(b.setting, kind))
      return ranks.0 == ranks.1 ? a.setting < b.setting : ranks.0 < ranks.1
    }
    let action = before == nil ? ObjectChange.Action.create : .alter
    changes.append(
      ObjectChange(action: action, kind: kind, name: name, target: target, facts: after, lines: lines))
  }

  // MARK: For people and scripts

  /// One line for each setting that changes; new objects have one line, with what is not usual about them.
  var table: Table {
    var table = Table(
      [
        Column("CHANGE", key: "change"), Column("BROKER", key: "broker"), Column("KIND", key: "kind"),
        Column("NAME", key: "name"), Column("SETTING", key: "setting"), Column("BEFORE", key: "before"),
        Column("AFTER", key: "after"),
      ], nameColumn: 3)
    table.emptyText = "nothing changes"
    for change in changes {
      func add(_ setting: Cell, _ before: Cell, _ after: Cell) {
        table.add(
          .text(change.action.rawValue), .text(Self.label(change.target)), .text(change.kind.rawValue),
          .text(change.name), setting, before, after)
      }
      switch change.action {
      case .delete: add(.unknown, .unknown, .unknown)
      case .create: add(.unknown, .unknown, .text(Self.summary(change)))
      case .alter:
        for line in change.lines { add(.text(line.setting), .text(line.before), .text(line.after)) }
      }
    }
    return table
  }

  private static func label(_ target: BrokerTarget) -> String {
    target.cluster.isEmpty ? target.address : target.label
  }

  /// "readQueues=8 writeQueues=8 perm=rw".
  private static func summary(_ change: ObjectChange) -> String {
    if change.kind == .kv { return change.facts["value"] ?? "" }
    let usual = ObjectSettings.all(change.kind).filter { $0.usual != nil }
    return change.lines.compactMap { line in
      guard let after = line.after else { return nil }
      if usual.contains(where: { $0.name == line.setting && $0.usual == after }) { return nil }
      return "\(line.setting)=\(after)"
    }.joined(separator: " ")
  }
}
