// What an ordered consumer group took out of a queue and has not finished
// (Apache ConsumerOrderInfoManager.OrderInfo).

/// The newest pop of a queue in order mode. Until all its messages are acknowledged or visible again, nothing
/// else leaves the queue.
package struct PopOrder: Equatable, Sendable {
  /// Wall clock of the pop, ms; the receipts carry it.
  package var popTimeMs: Int64
  /// How long the messages stay invisible, ms; 0 when unknown.
  package var invisibleMs: Int64
  /// Queue offsets, ascending; 1 to 64.
  package var offsets: [Int64]
  /// Offsets whose invisible time was changed, and when they become visible, ms.
  package var nextVisibleMs: [Int64: Int64] = [:]
  /// How often messages were popped before; those never popped before are missing.
  package var consumedTimes: [Int64: Int32]?
  /// Wall clock of the last change, ms.
  package var lastConsumeMs: Int64
  /// Bit n: the message at `offsets[n]` is acknowledged.
  package var committed: UInt64 = 0
  /// Of the client; a repeated pop of the same attempt is never blocked.
  package var attemptId: String?

  /// Offsets that one pop may hold: the bits of `committed`.
  package static let offsetsMax = 64

  package init(
    popTimeMs: Int64, invisibleMs: Int64, offsets: [Int64], attemptId: String?
  ) {
    precondition(!offsets.isEmpty && offsets.count <= Self.offsetsMax)
    self.popTimeMs = popTimeMs
    self.invisibleMs = invisibleMs
    self.offsets = offsets
    self.attemptId = attemptId
    lastConsumeMs = popTimeMs
  }

  /// nil without offsets, or with more than can be told apart.
  package init?(_ json: JSON) {
    let list = json.list("o") { $0.int }
    guard let first = list.first, list.count <= Self.offsetsMax else { return nil }
    popTimeMs = json["popTime"]?.int ?? 0
    invisibleMs = json["i"]?.int ?? 0
    // All but the first are distances to the first.
    offsets = [first] + list.dropFirst().map { first &+ $0 }
    lastConsumeMs = json["l"]?.int ?? 0
    committed = UInt64(bitPattern: json["cm"]?.int ?? 0)
    attemptId = json["a"]?.string
    for member in json["ot"]?.members ?? [] {
      if let offset = member.key.int, let time = member.value.int { nextVisibleMs[offset] = time }
    }
    guard let counts = json["oc"]?.members else { return }
    var times: [Int64: Int32] = [:]
    for member in counts {
      if let offset = member.key.int, let count = member.value.int32 { times[offset] = count }
    }
    consumedTimes = times
  }

  package var json: JSON {
    .record([
      "a": attemptId.map(JSON.string),
      "cm": .int(Int64(bitPattern: committed)),
      "i": .int(invisibleMs),
      "l": .int(lastConsumeMs),
      "o": .array([.int(offsets[0])] + offsets.dropFirst().map { .int($0 &- offsets[0]) }),
      "oc": consumedTimes.map { times in
        .object(times.sorted { $0.key < $1.key }.map { JSON.Member(.int($0.key), .number($0.value)) })
      },
      "ot": nextVisibleMs.isEmpty
        ? nil
        : .object(nextVisibleMs.sorted { $0.key < $1.key }.map { JSON.Member(.int($0.key), .int($0.value)) }),
      "popTime": .int(popTimeMs),
    ])
  }
}
