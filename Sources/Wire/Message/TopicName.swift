// Names of topics and consumer groups: what Apache reserves and what it refuses (TopicValidator, Validators,
// MixAll).

/// Reserved names, and the checks of names that a client sends. Any thread.
package enum TopicName {
  package static let retryPrefix = "%RETRY%"
  package static let deadLetterPrefix = "%DLQ%"
  /// Light queues: one queue each, without a configuration (Apache MixAll.LMQ_PREFIX).
  package static let lightPrefix = "%LMQ%"
  package static let schedule = "SCHEDULE_TOPIC_XXXX"
  package static let autoCreateKey = "TBW102"
  package static let selfTest = "SELF_TEST_TOPIC"
  package static let benchmark = "BenchmarkTest"
  package static let offsetMoved = "OFFSET_MOVED_EVENT"
  package static let transactionHalf = "RMQ_SYS_TRANS_HALF_TOPIC"
  package static let transactionOp = "RMQ_SYS_TRANS_OP_HALF_TOPIC"
  package static let transactionCheckMax = "TRANS_CHECK_MAX_TIME_TOPIC"
  package static let trace = "RMQ_SYS_TRACE_TOPIC"
  package static let timer = "rmq_sys_wheel_timer"
  package static let rocksDBOffset = "CHECKPOINT_TOPIC"
  package static let systemPrefix = "rmq_sys_"
  /// Longest topic name in UTF-16 units, which for legal names are bytes.
  package static let topicBytesMax = 127
  package static let groupBytesMax = 255

  /// Apache's words for an illegal topic name (TopicValidator.validateTopic), nil when legal.
  package static func complaint(topic: String) -> String? {
    if isBlank(topic) { return "The specified topic is blank." }
    if !hasLegalCharacters(topic) {
      return "The specified topic contains illegal characters, allowing only \(legalPattern)"
    }
    return topic.utf8.count > topicBytesMax ? "The specified topic is longer than topic max length." : nil
  }

  /// Apache's words for an illegal group name (Validators.checkGroup), nil when legal.
  package static func complaint(group: String) -> String? {
    if isBlank(group) { return "the specified group is blank" }
    if group.utf16.count > groupBytesMax { return "the specified group is longer than group max length 255." }
    return hasLegalCharacters(group)
      ? nil : "the specified group[\(group)] contains illegal characters, allowing only \(legalPattern)"
  }

  /// In Apache's set of system topics or beginning with `rmq_sys_`.
  package static func isSystem(_ topic: String) -> Bool {
    systemTopics.contains(topic) || topic.hasPrefix(systemPrefix)
  }

  /// A topic that no client may send to (TopicValidator.isNotAllowedSendTopic).
  package static func isClosedToClients(_ topic: String) -> Bool { closedTopics.contains(topic) }

  /// Whether messages of the topic may name light queues that they go to as well (Apache
  /// MixAll.topicAllowsLMQ, and no system topic either: what waits there is delivered once more).
  package static func allowsLightQueues(_ topic: String) -> Bool {
    !topic.hasPrefix(retryPrefix) && !isSystem(topic)
  }

  /// One of Apache's predefined groups (MixAll) or beginning with `CID_RMQ_SYS_`.
  package static func isSystemGroup(_ group: String) -> Bool {
    systemGroups.contains(group) || group.hasPrefix("CID_RMQ_SYS_")
  }

  /// The topic to which a group's failed messages come back.
  package static func retry(group: String) -> String { retryPrefix + group }
  /// The topic that keeps what a group failed to consume for the last time.
  package static func deadLetter(group: String) -> String { deadLetterPrefix + group }

  private static let legalPattern = "^[%|a-zA-Z0-9_-]+$"

  private static let systemTopics: Set<String> = [
    autoCreateKey, schedule, benchmark, transactionHalf, trace, transactionOp, transactionCheckMax, selfTest,
    offsetMoved, rocksDBOffset,
  ]

  private static let closedTopics: Set<String> = [
    schedule, transactionHalf, transactionOp, transactionCheckMax, selfTest, offsetMoved,
  ]

  private static let systemGroups: Set<String> = [
    "DEFAULT_CONSUMER", "DEFAULT_PRODUCER", "TOOLS_CONSUMER", "SCHEDULE_CONSUMER", "FILTERSRV_CONSUMER",
    "__MONITOR_CONSUMER", "CLIENT_INNER_PRODUCER", "SELF_TEST_P_GROUP", "SELF_TEST_C_GROUP",
    "CID_ONS-HTTP-PROXY",
    "CID_ONSAPI_PERMISSION", "CID_ONSAPI_OWNER", "CID_ONSAPI_PULL",
  ]

  private static func isBlank(_ name: String) -> Bool { name.allSatisfy(\.isWhitespace) }

  private static func hasLegalCharacters(_ name: String) -> Bool {
    name.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "%"), UInt8(ascii: "|"), UInt8(ascii: "_"), UInt8(ascii: "-"): true
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
      case UInt8(ascii: "0")...UInt8(ascii: "9"): true
      default: false
      }
    }
  }
}
