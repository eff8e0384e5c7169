// How a group takes its messages, by pull or by pop (codes 400, 401, 402).

/// Mode of one group on one topic (Apache SetMessageRequestModeRequestBody).
package struct RequestMode: Equatable, Sendable {
  /// Apache MessageRequestMode.
  package enum Mode: String, NamedCase, Sendable {
    case pull = "PULL"
    case pop = "POP"
  }

  package var topic: String
  package var group: String
  package var mode = Mode.pull
  /// Clients that share a client's queues; 0 or less: every client pops all queues.
  package var sharedQueues: Int32 = 0

  package init(topic: String, group: String, mode: Mode = .pull, sharedQueues: Int32 = 0) {
    self.topic = topic
    self.group = group
    self.mode = mode
    self.sharedQueues = sharedQueues
  }

  package init?(_ json: JSON) {
    guard let topic = json["topic"]?.string, let group = json["consumerGroup"]?.string else { return nil }
    self.topic = topic
    self.group = group
    mode = Mode(json["mode"]) ?? .pull
    sharedQueues = json["popShareQueueNum"]?.int32 ?? 0
  }

  package var json: JSON {
    .record([
      "consumerGroup": .string(group), "mode": mode.json, "popShareQueueNum": .number(sharedQueues),
      "topic": .string(topic),
    ])
  }
}

/// Which queues a client takes and how (answer to code 400, Apache QueryAssignmentResponseBody).
package struct Assignments: Equatable, Sendable {
  /// nil: nothing is known, the client keeps what it has.
  package var queues: [MessageQueue]?
  package var mode: RequestMode.Mode

  package init(_ queues: [MessageQueue]?, mode: RequestMode.Mode) {
    self.queues = queues
    self.mode = mode
  }

  package init?(_ json: JSON) {
    guard json.members != nil else { return nil }
    queues = json["messageQueueAssignments"]?.array?.compactMap {
      $0["messageQueue"].flatMap(MessageQueue.init)
    }
    mode = RequestMode.Mode(json["messageQueueAssignments"]?.array?.first?["mode"]) ?? .pull
  }

  package var json: JSON {
    .record([
      "messageQueueAssignments": queues.map { queues in
        .array(queues.map { .record(["messageQueue": $0.json, "mode": mode.json]) })
      }
    ])
  }
}
