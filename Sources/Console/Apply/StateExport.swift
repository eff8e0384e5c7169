// `export`: what brokers have, in the form that `apply` reads: applying an export changes nothing.

import Client
import Wire

/// Exports.
enum StateExport {
  /// Prints YAML, or JSON when that was asked for.
  static func print(_ json: JSON, _ invocation: Invocation) {
    if invocation.output == .json {
      invocation.streams.print(json)
    } else {
      invocation.streams.write(YAML.text(json))
    }
  }

  /// Topics or groups with a pattern of names, as a section.
  ///
  /// - Parameter all: Also those that belong to groups and the system.
  static func section(_ kind: ObjectKind, _ state: ClusterState, pattern: String?, all: Bool) -> JSON.Member {
    var names: Set<String> = []
    for broker in state.brokers {
      names.formUnion(kind == .topic ? Array(broker.topics.keys) : Array(broker.groups.keys))
    }
    let chosen = names.filter { name in
      if let pattern, !Glob.matches(name, pattern) { return false }
      if kind == .group { return !TopicName.isSystemGroup(name) }
      let type = TopicKind.name(name, nil, reserved: state.reserved)
      return type != "system" && (all || !["retry", "dlq"].contains(type))
    }
    let members = chosen.sorted().map { JSON.Member($0, object(kind, $0, state)) }
    return JSON.Member(kind.section, .object(members))
  }

  /// What all brokers of an object have in common, and what differs.
  private static func object(_ kind: ObjectKind, _ name: String, _ state: ClusterState) -> JSON {
    var owners: [(broker: String, facts: Facts)] = []
    for broker in state.brokers {
      if let facts = broker.facts(kind, name) { owners.append((broker.target.name, facts)) }
    }
    let common = owners[0].facts
    var members = settings(kind, common, leavingOut: true)
    let differing = owners.contains { $0.facts != common }
    if differing {
      let brokers = owners.map { owner in
        JSON.Member(owner.broker, .object(differences(kind, common, owner.facts)))
      }
      members.append(JSON.Member("brokers", .object(brokers)))
    } else if owners.count < state.brokers.count {
      members.append(JSON.Member("brokers", .array(owners.map { .string($0.broker) })))
    }
    return .object(members)
  }

  private static func settings(_ kind: ObjectKind, _ facts: Facts, leavingOut: Bool) -> [JSON.Member] {
    var members: [JSON.Member] = []
    for setting in ObjectSettings.all(kind) {
      guard let value = facts[setting.name], !leavingOut || value != setting.usual else { continue }
      members.append(JSON.Member(setting.name, setting.json(value)))
    }
    let attributes = attributes(facts)
    if !attributes.isEmpty { members.append(JSON.Member("attributes", .object(attributes))) }
    return members
  }

  private static func differences(_ kind: ObjectKind, _ common: Facts, _ own: Facts) -> [JSON.Member] {
    let changed = own.filter {
      common[$0.key] != $0.value && !$0.key.hasPrefix(ObjectSettings.attributePrefix)
    }
    var members = settings(kind, changed, leavingOut: false)
    if attributes(common) != attributes(own) {
      members.append(JSON.Member("attributes", .object(attributes(own))))
    }
    return members
  }

  private static func attributes(_ facts: Facts) -> [JSON.Member] {
    let prefix = ObjectSettings.attributePrefix
    return facts.filter { $0.key.hasPrefix(prefix) }.arranged { $0.key < $1.key }.map {
      JSON.Member(String($0.key.dropFirst(prefix.count)), .string($0.value))
    }
  }

  /// Every setting of every broker.
  static func config(_ state: ClusterState) -> JSON.Member {
    let brokers = state.brokers.map { broker in JSON.Member(broker.target.name, texts(broker.config)) }
    return JSON.Member("config", .object(brokers))
  }

  /// Namespaces that have pairs, as the first name server has them.
  static func pairs(_ state: ClusterState) -> JSON.Member? {
    let spaces = (state.servers.first?.pairs ?? [:]).filter { !$0.value.isEmpty }.arranged { $0.key < $1.key }
    if spaces.isEmpty { return nil }
    return JSON.Member("kv", .object(spaces.map { JSON.Member($0.key, texts($0.value)) }))
  }

  private static func texts(_ facts: Facts) -> JSON {
    .object(facts.arranged { $0.key < $1.key }.map { JSON.Member($0.key, .string($0.value)) })
  }
}
