// Producers and consumers that are connected, by group (Apache ConsumerManager, ProducerManager,
// SubscriptionGroupManager).
//
// Invariants: `names` and `groups` have the same order; a session is listed in `presence` exactly for the
// groups that hold it as a member. Groups are never removed while the server runs, only their members and
// configuration.

import Store
import Wire

/// Who is connected. Loop thread only.
final class ClientManager {
  private var names = NameTable()
  /// By number, as `names` gives it.
  private(set) var groups: [ConsumerGroup] = []
  /// Producer group → session id → member.
  private var producers: [String: [UInt64: GroupMember]] = [:]
  /// Client id → connection of the producer that registered last under it.
  private var producerSessions: [String: UInt64] = [:]
  private struct Presence {
    var consumers: Set<Int> = []
    var producers: Set<String> = []
    var isEmpty: Bool { consumers.isEmpty && producers.isEmpty }
  }
  private var presence: [UInt64: Presence] = [:]
  private var nextExpiryMs: Int64 = 0
  /// Set at boot; the node owns this object.
  private weak var node: Node?

  /// Groups that exist from the start (Apache SubscriptionGroupManager.init).
  static let systemGroups = [
    "TOOLS_CONSUMER", "FILTERSRV_CONSUMER", "SELF_TEST_C_GROUP", "CID_ONS-HTTP-PROXY", "CID_ONSAPI_PULL",
    "CID_ONSAPI_PERMISSION", "CID_ONSAPI_OWNER", "CID_RMQ_SYS_TRANS",
  ]

  func boot(_ node: Node) {
    self.node = node
    for name in Self.systemGroups where node.store.group(name) == nil {
      node.store.putGroup(SubscriptionGroup(name: name), soon: false)
    }
    for config in node.store.groups { attach(config) }
  }

  // MARK: groups

  /// The group of that name if it has a configuration; auto-creates it where allowed; nil → 26.
  /// No allocation when the group is known.
  func group(_ node: Node, _ name: RawSpan) -> ConsumerGroup? {
    if let number = names.find(name) {
      let group = groups[number]
      if group.config != nil { return group }
    }
    return create(node, name.text)
  }

  func group(_ node: Node, _ name: String) -> ConsumerGroup? {
    if let group = existing(name) { return group }
    return create(node, name)
  }

  /// The group if it has a configuration; never creates one.
  func existing(_ name: String) -> ConsumerGroup? {
    guard let group = known(name), group.config != nil else { return nil }
    return group
  }

  /// The group at run time, with or without a configuration.
  func known(_ name: String) -> ConsumerGroup? { names.find(name).map { groups[$0] } }

  /// Whether one of these groups has no member now.
  func isAnyAway(_ names: [String]) -> Bool { names.contains { known($0)?.isOnline != true } }

  /// Adds or replaces a configuration, in the store and here.
  func put(_ node: Node, _ config: SubscriptionGroup) {
    node.store.putGroup(config)
    attach(config)
  }

  /// Forgets a configuration (code 207); the members stay until they leave.
  func delete(_ node: Node, _ name: String, cleanOffsets: Bool) {
    _ = node.store.deleteGroup(name, cleanOffsets: cleanOffsets)
    guard let group = known(name) else { return }
    group.config = nil
    group.pausedTopics = []
    if cleanOffsets { node.broker.resets.forget(group: group) }
    node.broker.stats.groupDeleted(group)
  }

  private func create(_ node: Node, _ name: String) -> ConsumerGroup? {
    guard node.options.autoCreateGroup || TopicName.isSystemGroup(name) else { return nil }
    guard TopicName.complaint(group: name) == nil, groups.count < ServerLimits.groupsMax else { return nil }
    if node.store.isLight(name) {
      // Apache's groups of light queues have no stored configuration (LmqSubscriptionGroupManager).
      attach(SubscriptionGroup(name: name))
      return known(name)
    }
    put(node, SubscriptionGroup(name: name))
    node.log.info("consumer group \(name) created")
    return known(name)
  }

  private func attach(_ config: SubscriptionGroup) {
    if let group = known(config.name) {
      group.config = config
      return
    }
    let group = ConsumerGroup(name: config.name, index: names.insert(config.name))
    precondition(group.index == groups.count)
    group.config = config
    if let node { group.pausedTopics = Set(node.store.pausedTopics(of: config.name)) }
    groups.append(group)
  }

  // MARK: registration

  /// A heartbeat's entry for one consumer group that has a configuration.
  ///
  /// - Parameter withoutSubscriptions: Heartbeat v2 that only refreshes; the topics stay as they are.
  func register(
    _ node: Node, _ member: GroupMember, in group: ConsumerGroup, as data: ConsumerData,
    withoutSubscriptions: Bool
  ) {
    presence[member.session.id, default: Presence()].consumers.insert(group.index)
    var changed = group.refresh(member, as: data)
    if !withoutSubscriptions {
      let updated = group.update(data.subscriptions) { topic in
        TopicName.complaint(topic: topic) == nil || topic.hasPrefix(TopicName.retryPrefix)
          ? node.store.makeSlot(topic) : nil
      }
      changed = changed || updated
    }
    if changed { notifyMembers(node, group) }
  }

  func registerProducer(_ member: GroupMember, in name: String) {
    if producers[name] == nil && producers.count >= ServerLimits.producerGroupsMax { return }
    producers[name, default: [:]][member.session.id] = member
    producerSessions[member.clientId] = member.session.id
    presence[member.session.id, default: Presence()].producers.insert(name)
  }

  /// A consumer left: by saying so, or (`isBroken`) because its connection or its heartbeat stopped.
  func unregister(
    _ node: Node, _ session: Session, consumerOf group: ConsumerGroup, isBroken: Bool = false
  ) {
    presence[session.id]?.consumers.remove(group.index)
    dropEmptyPresence(session.id)
    guard let member = group.remove(session) else { return }
    if !group.members.values.contains(where: { $0.clientId == member.clientId }) {
      if isBroken {
        group.locks.shorten(of: member.clientId)
      } else {
        group.locks.release(of: member.clientId)
      }
    }
    notifyMembers(node, group)
  }

  func unregister(_ session: Session, producerOf name: String) {
    presence[session.id]?.producers.remove(name)
    dropEmptyPresence(session.id)
    if let member = producers[name]?.removeValue(forKey: session.id),
      producerSessions[member.clientId] == session.id
    {
      producerSessions[member.clientId] = nil
    }
    if producers[name]?.isEmpty == true { producers[name] = nil }
  }

  /// The connection went: unregister everything that lived on it, notify the others.
  func sessionClosed(_ node: Node, _ session: Session) {
    guard let gone = presence.removeValue(forKey: session.id) else { return }
    for name in gone.producers { unregister(session, producerOf: name) }
    for index in gone.consumers.sorted() {
      unregister(node, session, consumerOf: groups[index], isBroken: true)
    }
  }

  /// Members not refreshed for 120 s are dropped. Called every second, looks every ten.
  func expire(_ node: Node) {
    if node.nowMs < nextExpiryMs { return }
    nextExpiryMs = node.nowMs + 10_000
    let before = node.nowMs - ServerLimits.clientExpiryMs
    for group in groups {
      for member in group.memberList where member.lastMs < before {
        unregister(node, member.session, consumerOf: group, isBroken: true)
      }
      group.locks.expire(nowMs: node.nowMs)
    }
    for name in producerGroups {
      for member in producers(of: name) ?? [] where member.lastMs < before {
        unregister(member.session, producerOf: name)
      }
    }
  }

  private func dropEmptyPresence(_ id: UInt64) {
    if presence[id]?.isEmpty == true { presence[id] = nil }
  }

  /// Tells all members that the group changed (code 40), so that they share out the queues anew.
  private func notifyMembers(_ node: Node, _ group: ConsumerGroup) {
    if group.model == .broadcasting || group.config?.notifyConsumerIdsChangedEnable == false { return }
    for member in group.memberList {
      node.notify(member.session, code: .notifyConsumerIdsChanged, fields: [("consumerGroup", group.name)])
    }
  }

  // MARK: questions

  /// Members of a producer group in the order in which they connected; nil when nobody is there.
  func producers(of name: String) -> [GroupMember]? {
    producers[name].map { $0.values.arranged { $0.session.id < $1.session.id } }
  }

  /// The connection of a producer by its client id (Apache ProducerManager.findChannel).
  func producerSession(clientId: String) -> UInt64? { producerSessions[clientId] }

  /// Names of producer groups with a member, sorted.
  var producerGroups: [String] { producers.keys.sorted() }

  /// Whether the group holds any unexpired queue lock:
  /// what Apache asks before a failed message goes straight to the dead letter topic.
  func holdsAnyLock(_ group: ConsumerGroup) -> Bool { group.locks.isAnyHeld(nowMs: node?.nowMs ?? 0) }
}

extension MessageStore {
  /// The slot of a topic by name, for cold paths.
  func slot(_ topic: String) -> TopicSlot? { slot(Array(topic.utf8).rawBytes) }
}
