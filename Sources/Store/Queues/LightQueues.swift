// Light queues (Apache LMQ): topics `%LMQ%name` of one queue that exist without a config. A message of an
// ordinary topic names those it goes to as well (INNER_MULTI_DISPATCH); the log keeps it once, and each light
// queue gets an entry of its own. The places were decided by the append and stand in the record
// (INNER_MULTI_QUEUE_OFFSET), so recovery gives the same entries again. Loop thread; opening thread in
// recovery.

import Synchronization
import Wire

enum LightQueues {
  /// A light queue and the place that a record has in it.
  struct Target {
    let name: String
    let offset: Int64
  }

  static func isLight(_ topic: String) -> Bool { topic.hasPrefix(TopicName.lightPrefix) }

  /// The queues that a record's properties name, each once; none when names and places do not fit together.
  static func targets(_ properties: RawSpan, topic: String) -> [Target] {
    if !TopicName.allowsLightQueues(topic) { return [] }
    let found = Properties(decoding: properties)
    let names = (found[PropertyName.innerMultiDispatch] ?? "").split(
      separator: ",", omittingEmptySubsequences: false)
    let offsets = (found[PropertyName.innerMultiQueueOffset] ?? "").split(
      separator: ",", omittingEmptySubsequences: false)
    if names.count != offsets.count { return [] }
    var targets: [Target] = []
    for (name, offset) in zip(names, offsets) {
      let name = String(name)
      guard isLight(name), name.utf8.count <= Limits.topicBytesMax, let offset = Int64(offset), offset >= 0,
        !targets.contains(where: { $0.name == name })
      else { continue }
      targets.append(Target(name: name, offset: offset))
    }
    return targets
  }
}

extension MessageStore {
  /// Whether the topic exists without a config.
  package func isLight(_ topic: String) -> Bool { options.lightQueues && LightQueues.isLight(topic) }

  /// Whether messages go to the light queues that they name.
  package var dispatchesToLightQueues: Bool { options.lightQueues && options.lightDispatch }

  /// Whether `count` more light queues may come to be.
  package func hasRoomForLightQueues(_ count: Int) -> Bool {
    topics.lightCount + count <= options.lightQueuesMax
  }

  /// Whether the topic has a slot already.
  package func knowsTopic(_ name: String) -> Bool { table.slot(Array(name.utf8).rawBytes) != nil }

  /// The slot of a light queue that nobody named before; nil for other topics and when there are too many.
  func lightSlot(_ topic: RawSpan) -> TopicSlot? {
    guard options.lightQueues, topic.byteCount <= Limits.topicBytesMax else { return nil }
    let name = topic.text
    guard LightQueues.isLight(name), hasRoomForLightQueues(1) else { return nil }
    return makeSlot(name)
  }

  /// What a light queue's config would be.
  func lightConfig(_ slot: TopicSlot) -> TopicConfig? {
    guard options.lightQueues, topics.gate(slot).exists else { return nil }
    var config = TopicConfig(name: topicName(slot))
    config.readQueues = 1
    config.writeQueues = 1
    return config
  }

  /// Lets the light queues that the log or the snapshot brought exist.
  func admitLightQueues() {
    if !options.lightQueues { return }
    for number in 0..<table.topicCount where LightQueues.isLight(table.names.text(number)) {
      topics.admitLight(TopicSlot(rawValue: Int32(number)))
    }
  }

  /// The targets of a record that is to be appended; refuses when there is no room for all their entries.
  func lightTargets(_ properties: RawSpan, topic: RawSpan) throws(AppendRefusal) -> [LightQueues.Target] {
    if !dispatchesToLightQueues { return [] }
    let targets = LightQueues.targets(properties, topic: topic.text)
    if targets.isEmpty { return [] }
    // Two blocks more: for the message's own queue, and for what a file's end may leave unused.
    let neededBytes = targets.reduce(2 * BlockSize.large.units * BlockSize.unitBytes) { bytes, target in
      bytes + table.nextBlockBytes(makeSlot(target.name), 0)
    }
    if table.arena.readyBytes < neededBytes {
      shared.wakeJanitor()
      throw shared.isOutOfSpace.load(ordering: .relaxed) ? .diskFull : .busy
    }
    return targets
  }

  /// Gives the record its entries. Room was checked by `lightTargets`.
  func dispatch(_ entry: QueueEntry, to targets: [LightQueues.Target]) {
    for target in targets {
      let placed = table.place(makeSlot(target.name), 0, at: target.offset, entry)
      precondition(placed != .noRoom, "the arena has no room for a light queue's entry")
    }
  }
}
