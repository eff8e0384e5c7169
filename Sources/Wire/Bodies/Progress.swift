// Offsets of queues and groups, and rates: answers to codes 202, 208, 222 and 315. The maps have queues as
// keys.

/// A queue's range of offsets (Apache TopicOffset).
package struct QueueStats: Equatable, Sendable {
  package var queue: MessageQueue
  package var minOffset: Int64
  package var maxOffset: Int64
  package var lastUpdateMs: Int64

  package init(queue: MessageQueue, minOffset: Int64, maxOffset: Int64, lastUpdateMs: Int64) {
    self.queue = queue
    self.minOffset = minOffset
    self.maxOffset = maxOffset
    self.lastUpdateMs = lastUpdateMs
  }
}

/// Code 202 (Apache TopicStatsTable).
package struct TopicStats: Equatable, Sendable {
  package var queues: [QueueStats] = []
  package var putTps = 0.0

  package init() {}

  package init?(_ json: JSON) {
    guard json.members != nil else { return nil }
    putTps = json["topicPutTps"]?.double ?? 0
    queues = json.queueTable("offsetTable").map { queue, value in
      QueueStats(
        queue: queue, minOffset: value["minOffset"]?.int ?? 0, maxOffset: value["maxOffset"]?.int ?? 0,
        lastUpdateMs: value["lastUpdateTimestamp"]?.int ?? 0)
    }
  }

  package var json: JSON {
    let table = queues.map { stats in
      JSON.Member(
        stats.queue.json,
        .record([
          "lastUpdateTimestamp": .int(stats.lastUpdateMs),
          "maxOffset": .int(stats.maxOffset),
          "minOffset": .int(stats.minOffset),
        ]))
    }
    return .record(["offsetTable": .object(table), "topicPutTps": .double(putTps)])
  }
}

/// How far a group is in one queue (Apache OffsetWrapper).
package struct QueueProgress: Equatable, Sendable {
  package var queue: MessageQueue
  package var brokerOffset: Int64
  package var consumerOffset: Int64
  package var pullOffset: Int64
  package var lastTimestampMs: Int64

  package init(
    queue: MessageQueue, brokerOffset: Int64, consumerOffset: Int64, pullOffset: Int64, lastTimestampMs: Int64
  ) {
    self.queue = queue
    self.brokerOffset = brokerOffset
    self.consumerOffset = consumerOffset
    self.pullOffset = pullOffset
    self.lastTimestampMs = lastTimestampMs
  }
}

/// Code 208 (Apache ConsumeStats).
package struct ConsumeStats: Equatable, Sendable {
  package var queues: [QueueProgress] = []
  package var consumeTps = 0.0

  package init() {}

  package init?(_ json: JSON) {
    guard json.members != nil else { return nil }
    consumeTps = json["consumeTps"]?.double ?? 0
    queues = json.queueTable("offsetTable").map { queue, value in
      QueueProgress(
        queue: queue, brokerOffset: value["brokerOffset"]?.int ?? 0,
        consumerOffset: value["consumerOffset"]?.int ?? 0,
        pullOffset: value["pullOffset"]?.int ?? 0, lastTimestampMs: value["lastTimestamp"]?.int ?? 0)
    }
  }

  package var json: JSON {
    let table = queues.map { progress in
      JSON.Member(
        progress.queue.json,
        .record([
          "brokerOffset": .int(progress.brokerOffset),
          "consumerOffset": .int(progress.consumerOffset),
          "lastTimestamp": .int(progress.lastTimestampMs),
          "pullOffset": .int(progress.pullOffset),
        ]))
    }
    return .record(["consumeTps": .double(consumeTps), "offsetTable": .object(table)])
  }
}

/// New offsets of a group's queues (answer to code 222 and request 220, Apache ResetOffsetBody).
package struct ResetOffsetBody: Equatable, Sendable {
  package var offsets: [(queue: MessageQueue, offset: Int64)] = []

  package init(_ offsets: [(queue: MessageQueue, offset: Int64)] = []) { self.offsets = offsets }

  package init?(_ json: JSON) {
    guard json["offsetTable"]?.members != nil else { return nil }
    offsets = json.queueTable("offsetTable").compactMap { queue, value in value.int.map { (queue, $0) } }
  }

  package var json: JSON {
    .record(["offsetTable": .object(offsets.map { JSON.Member($0.queue.json, .int($0.offset)) })])
  }

  /// The form for C++ clients, which cannot read objects as keys (Apache ResetOffsetBodyForC).
  package var jsonForC: JSON {
    let list = offsets.map { entry in
      JSON.record([
        "brokerName": .string(entry.queue.broker),
        "offset": .int(entry.offset),
        "queueId": .number(entry.queue.queueId),
        "topic": .string(entry.queue.topic),
      ])
    }
    return .record(["offsetTable": .array(list)])
  }

  package static func == (a: ResetOffsetBody, b: ResetOffsetBody) -> Bool {
    a.offsets.elementsEqual(b.offsets) { $0.queue == $1.queue && $0.offset == $1.offset }
  }
}

/// Where clients stand in queues (answers to codes 221 and 223, Apache GetConsumerStatusBody).
package struct ConsumerStatus: Equatable, Sendable {
  /// A queue and the offset of the next message to consume there.
  package typealias Place = (queue: MessageQueue, offset: Int64)
  /// Of the client that answers (221).
  package var queues: [Place] = []
  /// Of all clients that were asked (223), by client id.
  package var clients: [(id: String, queues: [Place])] = []

  package init() {}

  package init?(_ json: JSON) {
    guard json.members != nil else { return nil }
    queues = Self.places(json, "messageQueueTable")
    for member in json["consumerTable"]?.members ?? [] {
      guard let id = member.key.string else { continue }
      let table = JSON.record(["queues": member.value])
      clients.append((id, Self.places(table, "queues")))
    }
  }

  private static func places(_ json: JSON, _ name: String) -> [Place] {
    json.queueTable(name).compactMap { queue, value in value.int.map { (queue, $0) } }
  }

  package var json: JSON {
    func table(_ places: [Place]) -> JSON {
      .object(places.map { JSON.Member($0.queue.json, .int($0.offset)) })
    }
    return .record([
      "consumerTable": .object(clients.map { JSON.Member($0.id, table($0.queues)) }),
      "messageQueueTable": table(queues),
    ])
  }

  package static func == (a: ConsumerStatus, b: ConsumerStatus) -> Bool { a.json == b.json }
}

/// Sum, rate and average of one span of time (Apache BrokerStatsItem).
package struct BrokerStatsItem: Equatable, Sendable {
  package var sum: Int64 = 0
  package var tps = 0.0
  /// Average per call.
  package var average = 0.0

  package init() {}

  package init(_ json: JSON?) {
    sum = json?["sum"]?.int ?? 0
    tps = json?["tps"]?.double ?? 0
    average = json?["avgpt"]?.double ?? 0
  }

  package var json: JSON { .record(["avgpt": .double(average), "sum": .int(sum), "tps": .double(tps)]) }
}

/// One statistic over the last minute, hour and day (code 315, Apache BrokerStatsData).
package struct BrokerStatsData: Equatable, Sendable {
  package var minute = BrokerStatsItem()
  package var hour = BrokerStatsItem()
  package var day = BrokerStatsItem()

  package init() {}

  package init?(_ json: JSON) {
    guard json.members != nil else { return nil }
    minute = BrokerStatsItem(json["statsMinute"])
    hour = BrokerStatsItem(json["statsHour"])
    day = BrokerStatsItem(json["statsDay"])
  }

  package var json: JSON {
    .record(["statsDay": day.json, "statsHour": hour.json, "statsMinute": minute.json])
  }
}
