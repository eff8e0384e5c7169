// Topics, groups, consumer offsets and delay progress, as the broker sees them. Loop thread.

import Linux
package import Wire

extension MessageStore {
  private var wallMs: Int64 { options.wallMs() }

  // MARK: Topics

  /// The slot of a topic that was ever seen, in the config or in the log. No allocation.
  package func slot(_ topic: RawSpan) -> TopicSlot? { table.slot(topic) ?? lightSlot(topic) }
  /// Finds or makes the slot of a topic (no config is made).
  package func makeSlot(_ topic: String) -> TopicSlot {
    let slot = table.makeSlot(topic)
    if isLight(topic) { topics.admitLight(slot) }
    return slot
  }
  /// The name behind a slot.
  package func topicName(_ slot: TopicSlot) -> String { table.names.text(Int(slot.rawValue)) }

  /// What the data path needs of the topic; `exists` is false without a config. No allocation.
  package func gate(_ slot: TopicSlot) -> TopicGate { topics.gate(slot) }
  /// Nil when the topic has no config.
  package func topicConfig(_ slot: TopicSlot) -> TopicConfig? { topics.config(slot) ?? lightConfig(slot) }
  /// Nil when the topic has no config.
  package func topicConfig(_ name: String) -> TopicConfig? {
    slot(Array(name.utf8).rawBytes).flatMap { topicConfig($0) }
  }
  /// In the order of the file, new ones last.
  package var topicConfigs: [TopicConfig] { topics.all }
  /// Counts the changes of topics.
  package var topicVersion: DataVersion { topics.version }

  /// Changes of topics, groups, mappings and request modes so far, and how many of them are in their files on
  /// disk: an answer waits until the second has reached the first, else a crash could lose what an operator
  /// was told, or the topic of an acknowledged message.
  package var configChanges: Int64 { upkeep.changes }
  /// See `configChanges`.
  package var configChangesSaved: Int64 { upkeep.changesSaved }
  /// Lets no answer wait for the changes so far: those of a start, of which nobody was told.
  package func forgetConfigPromises() { upkeep.forgetPromises() }

  /// Adds or replaces; bumps the data version and persists, at once or (`soon` false) with the next
  /// `maintain`. Returns the slot. A light queue keeps having no config.
  @discardableResult package func putTopic(_ config: TopicConfig, soon: Bool = true) -> TopicSlot {
    if isLight(config.name) { return makeSlot(config.name) }
    let slot = table.makeSlot(config.name)
    topics.put(slot, config, nowMs: wallMs)
    if soon { persistSoon(.topics) } else { markDirty(.topics) }
    return slot
  }

  /// Counts as a change of the topics, without one: whoever has copies asks for all of them anew.
  package func renewTopics() {
    topics.bump(wallMs)
    persistSoon(.topics)
  }

  /// Removes config, queues and offsets of the topic. False when unknown.
  package func deleteTopic(_ name: String) -> Bool {
    guard let slot = table.slot(Array(name.utf8).rawBytes) else { return false }
    if !isLight(name) {
      guard topics.remove(slot, nowMs: wallMs) else { return false }
      persistSoon(.topics)
    }
    table.forget(slot)
    upkeep.needsSnapshot = true
    if offsets.remove(group: nil, topic: name) { markDirty(.consumerOffset) }
    if timerMetrics.remove(name) { markDirty(.timermetrics) }
    removePopOrders(group: nil, topic: name)
    return true
  }

  /// Topics and groups are written on each change, without waiting for the next second.
  func persistSoon(_ file: ConfigFile) {
    markDirty(file)
    writeSoon(file, nowMs: wallMs)
  }

  // MARK: Groups

  /// Nil when the group has no config.
  package func group(_ name: String) -> SubscriptionGroup? { groupTable[name] }
  /// In the order of the file, new ones last.
  package var groups: [SubscriptionGroup] { groupTable.all }
  /// Counts the changes of groups.
  package var groupVersion: DataVersion { groupTable.version }

  /// Adds or replaces; bumps the data version and persists, at once or (`soon` false) with the next
  /// `maintain`.
  package func putGroup(_ group: SubscriptionGroup, soon: Bool = true) {
    groupTable.put(group, nowMs: wallMs)
    if soon { persistSoon(.subscriptionGroup) } else { markDirty(.subscriptionGroup) }
  }

  /// False when unknown. Offsets go with `cleanOffsets`, known or not.
  package func deleteGroup(_ name: String, cleanOffsets: Bool) -> Bool {
    if cleanOffsets { removeOffsets(group: name, topic: nil) }
    guard groupTable.remove(name, nowMs: wallMs) else { return false }
    removePopOrders(group: name, topic: nil)
    persistSoon(.subscriptionGroup)
    return true
  }

  /// Topics that the group is forbidden to read.
  package func pausedTopics(of group: String) -> [TopicSlot] {
    groupTable.topics(forbiddenTo: group).map { table.makeSlot($0) }
  }
  /// Whether the group is forbidden to read the topic.
  package func isPaused(group: String, topic: String) -> Bool {
    groupTable.topics(forbiddenTo: group).contains(topic)
  }
  /// The content of forbiddenTable: group → topic → bits of what is forbidden.
  package var forbiddenTable: JSON { groupTable.forbiddenTable }
  /// Pairs of group and topic with something forbidden.
  package var forbiddenCount: Int { groupTable.forbiddenCount }
  /// Forbids a group to read a topic, or allows it again; persists at once.
  package func setPaused(_ isPaused: Bool, group: String, topic: String) {
    if groupTable.setPaused(isPaused, group: group, topic: topic, nowMs: wallMs) {
      persistSoon(.subscriptionGroup)
    }
  }

  // MARK: Consumer offsets

  /// Offset of the next message of a group in a queue; nil when it never committed.
  package func consumerOffset(group: String, topic: String, queueId: Int32) -> Int64? {
    offsets.offset(group, topic, queueId)
  }
  /// Kept in memory at once, on disk within five seconds.
  package func commitOffset(group: String, topic: String, queueId: Int32, _ offset: Int64) {
    offsets.commit(group, topic, queueId, offset)
    markDirty(.consumerOffset)
  }
  /// By queue id; empty when the group never committed.
  package func consumerOffsets(group: String, topic: String) -> [Int32: Int64] {
    offsets.offsets(group, topic)
  }
  /// Topics with offsets of this group.
  package func topics(ofGroup group: String) -> [String] { offsets.topics(group) }
  /// All groups with offsets.
  package var groupsWithOffsets: [String] { offsets.groups }
  /// Groups with offsets on this topic.
  package func groups(ofTopic topic: String) -> [String] { offsets.groups(topic) }
  /// Of one topic, or with nil of all.
  package func removeOffsets(group: String, topic: String?) {
    if offsets.remove(group: group, topic: topic) { markDirty(.consumerOffset) }
  }
  /// The content of config/consumerOffset.json.
  package var consumerOffsetJSON: JSON { offsets.json }

  // MARK: Delay progress

  /// Offset of the next message of a delay level (1…); 0 at first.
  package func delayOffset(level: Int) -> Int64 { delays.offset(level) }
  /// Kept at once (it survives a crash of the process), in config/delayOffset.json within ten seconds.
  package func setDelayOffset(level: Int, _ offset: Int64) {
    if delays.set(level, offset) {
      markDirty(.delayOffset)
      noteProgress()
    }
  }
  /// The content of config/delayOffset.json.
  package var delayOffsetJSON: JSON { delays.json }
}

extension MessageStore {
  /// Drops the queues of topics that have no config (after their deletion, a rebuild from the log brings them
  /// back), but those that `isKept`. Returns how many topics lost queues.
  package func forgetQueuesWithoutTopic(isKept: (String) -> Bool) -> Int {
    var count = 0
    for number in 0..<table.topicCount {
      let slot = TopicSlot(rawValue: Int32(number))
      if topics.gate(slot).exists || table.queueIds(slot).isEmpty || isKept(table.names.text(number)) {
        continue
      }
      table.forget(slot)
      count += 1
    }
    if count > 0 { upkeep.needsSnapshot = true }
    return count
  }
}
