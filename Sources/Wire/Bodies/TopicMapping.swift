// Static topics: how the queues that clients see ("logic") lie on the queues of brokers ("physical"); the
// body of code 513, part of 21, 103, 105 and 351, and config/topicQueueMapping.json (Apache
// TopicQueueMappingDetail, TopicQueueMappingInfo, LogicQueueMappingItem).

/// One stretch of a logic queue on one physical queue.
package struct MappingItem: Equatable, Sendable {
  package var generation: Int32 = 0
  package var queueId: Int32 = 0
  package var broker: String = ""
  /// Logic offset of the stretch's first message; negative while it is not decided.
  package var logicOffset: Int64 = 0
  /// Physical offset of its first message, and of the one after its last (-1: still growing).
  package var startOffset: Int64 = 0
  package var endOffset: Int64 = -1
  package var startMs: Int64 = -1
  package var endMs: Int64 = -1

  /// A stretch that begins with the first message of a physical queue and grows.
  package init(generation: Int32, broker: String, queueId: Int32, logicOffset: Int64) {
    self.generation = generation
    self.broker = broker
    self.queueId = queueId
    self.logicOffset = logicOffset
  }

  package init?(_ json: JSON) {
    guard let broker = json["bname"]?.string, let queueId = json["queueId"]?.int32,
      let generation = json["gen"]?.int32
    else { return nil }
    self.broker = broker
    self.queueId = queueId
    self.generation = generation
    logicOffset = json["logicOffset"]?.int ?? 0
    startOffset = json["startOffset"]?.int ?? 0
    endOffset = json["endOffset"]?.int ?? -1
    startMs = json["timeOfStart"]?.int ?? -1
    endMs = json["timeOfEnd"]?.int ?? -1
  }

  package var json: JSON {
    .record([
      "bname": .string(broker), "endOffset": .int(endOffset), "gen": .number(generation),
      "logicOffset": .int(logicOffset), "queueId": .number(queueId), "startOffset": .int(startOffset),
      "timeOfEnd": .int(endMs), "timeOfStart": .int(startMs),
    ])
  }

  /// What makes a logic offset of a physical one.
  package var delta: Int64 { logicOffset - startOffset }
  package var isEnded: Bool { endOffset > startOffset }
  /// Logic offset after its last message, as far as the mapping knows.
  package var logicEnd: Int64 { endOffset >= startOffset ? endOffset + delta : logicOffset }
}

/// What one broker knows of a static topic.
package struct TopicMapping: Equatable, Sendable {
  package var topic: String
  package var broker: String
  package var epoch: Int64
  package var scope: String
  package var totalQueues: Int32
  package var isDirty: Bool
  /// Logic queue → its stretches, oldest first; where new messages go is the last.
  package var queues: [Int32: [MappingItem]]

  /// Stretches of one queue and queues of one topic that are read.
  private static let itemsMax = 1024
  private static let queuesMax = 65_536

  /// Without queues.
  package init(topic: String, broker: String, epoch: Int64, scope: String, totalQueues: Int32) {
    self.topic = topic
    self.broker = broker
    self.epoch = epoch
    self.scope = scope
    self.totalQueues = totalQueues
    isDirty = false
    queues = [:]
  }

  package init?(_ json: JSON) {
    guard let topic = json["topic"]?.string, let broker = json["bname"]?.string,
      let hosted = json["hostedQueues"]?.members, hosted.count <= Self.queuesMax
    else { return nil }
    self.topic = topic
    self.broker = broker
    epoch = json["epoch"]?.int ?? 0
    scope = json["scope"]?.string ?? "__global__"
    totalQueues = json["totalQueues"]?.int32 ?? 0
    isDirty = json["dirty"]?.bool ?? false
    queues = [:]
    for member in hosted {
      guard let id = member.key.int.flatMap({ Int32(exactly: $0) }), id >= 0,
        let list = member.value.array, list.count <= Self.itemsMax
      else { return nil }
      let items = list.compactMap { MappingItem($0) }
      if items.count != list.count { return nil }
      queues[id] = items
    }
  }

  /// As the broker stores it.
  package var json: JSON {
    let hosted = queues.sorted { $0.key < $1.key }.map { id, items in
      JSON.Member(.int(Int64(id)), .array(items.map(\.json)))
    }
    return .record([
      "bname": .string(broker), "currIdMap": .object([]), "dirty": .bool(isDirty), "epoch": .int(epoch),
      "hostedQueues": .object(hosted), "scope": .string(scope), "topic": .string(topic),
      "totalQueues": .number(totalQueues),
    ])
  }

  /// As the name server has it: which queues take messages on this broker.
  package var info: JSON {
    let current = queues.sorted { $0.key < $1.key }.compactMap { id, items in
      items.last.flatMap { item in
        item.broker == broker ? JSON.Member(.int(Int64(id)), .number(item.queueId)) : nil
      }
    }
    return .record([
      "bname": .string(broker), "currIdMap": .object(current), "dirty": .bool(isDirty), "epoch": .int(epoch),
      "scope": .string(scope), "topic": .string(topic), "totalQueues": .number(totalQueues),
    ])
  }

  /// Apache's words for stretches that do not fit together; nil when all do (TopicQueueMappingUtils).
  package var complaint: String? {
    for items in queues.values {
      var later: MappingItem?
      for (index, item) in items.enumerated().reversed() {
        if item.startOffset < 0 || item.generation < 0 || item.queueId < 0 {
          return "The field is illegal, should not be negative"
        }
        if item.startOffset > Self.offsetMax || item.endOffset > Self.offsetMax
          || item.logicOffset > Self.offsetMax
        {
          return "The field is illegal, should not be so large"
        }
        if index < items.count - 1 && item.logicOffset < 0 {
          return "The non-latest item has negative logic offset"
        }
        if item.endOffset != -1 && item.endOffset < item.startOffset {
          return "The endOffset is smaller than the start offset"
        }
        if let later {
          if item.generation >= later.generation { return "The gen does not increase monotonically" }
          if later.logicOffset >= 0 && item.logicOffset >= later.logicOffset {
            return "The base logic offset does not increase monotonically"
          }
          if later.logicOffset >= 0 && item.logicEnd >= later.logicOffset {
            return "The max logic offset does not increase monotonically"
          }
        }
        later = item
      }
    }
    return nil
  }

  /// Offsets stay far from where sums would overflow.
  private static let offsetMax: Int64 = 1 << 60
}
