// What the store's functions return.

package import Linux

/// A topic known to the store: dense, valid while the store is open (also for topics that only the log
/// knows).
package struct TopicSlot: RawRepresentable, Hashable, Sendable {
  package let rawValue: Int32
  /// Slots come from `slot` and `makeSlot` of the same store.
  package init(rawValue: Int32) { self.rawValue = rawValue }
}

/// What the data path needs to know of a topic, without strings.
package struct TopicGate: Sendable {
  /// Whether the topic has a config.
  package var exists: Bool
  package var perm: Int32
  package var readQueues: Int32
  package var writeQueues: Int32
  package var sysFlag: Int32
  package var isOrder: Bool
  /// Whether its attribute message.type is PRIORITY.
  package var isPriority = false
}

/// Where an appended record is.
package struct AppendResult: Sendable {
  package var physicalOffset: Int64
  package var bytes: Int
  package var queueOffset: Int64
  package var storeTimestampMs: Int64
}

/// Why an append was refused; nothing was written.
package enum AppendRefusal: Error, Sendable, Equatable {
  /// Disk full or above the warning ratio: answer 14.
  case diskFull
  /// The next segment is not ready yet: answer 2.
  case busy
  /// Larger than a record may be: answer 13.
  case tooLarge
  case closed
}

/// GetMessageStatus of Apache, same meanings.
package enum ReadStatus: Sendable {
  case found, noMatchedMessage, messageWasRemoving, offsetFoundNull, offsetOverflowBadly, offsetOverflowOne
  case offsetTooSmall, noMatchedLogicQueue, noMessageInQueue
  /// Pages are not in memory: call `warm(range)` and read again when it completes.
  case cold
}

/// What a read found; the records themselves are in the caller's buffer.
package struct ReadResult: Sendable {
  package var status: ReadStatus
  package var nextBeginOffset: Int64
  package var minOffset: Int64
  package var maxOffset: Int64
  package var messages: Int
  package var bytes: Int
  /// For `.cold`.
  package var coldRange: Range<Int64>

  /// `messages` and `bytes` count what was appended to the buffer.
  package init(
    status: ReadStatus, nextBeginOffset: Int64, minOffset: Int64, maxOffset: Int64, messages: Int = 0,
    bytes: Int = 0, coldRange: Range<Int64> = 0..<0
  ) {
    self.status = status
    self.nextBeginOffset = nextBeginOffset
    self.minOffset = minOffset
    self.maxOffset = maxOffset
    self.messages = messages
    self.bytes = bytes
    self.coldRange = coldRange
  }
}

/// A finished background job, handed to the loop. `ticket` is the caller's.
package enum StoreCompletion: Sendable {
  case warmed(ticket: UInt64)
  /// Physical offsets of matching records, ascending; verified against the record's topic and key.
  case keysFound(ticket: UInt64, offsets: [Int64], indexedToMs: Int64, indexedTo: Int64)
  /// A config file, snapshot or retention job failed; the loop logs it.
  case failed(what: String, Errno)
  /// Something an operator wants to know (segment deleted, segment created).
  case notice(String)
}
