// What happened, the newest first. Value type.

/// One thing that happened.
struct WatchEvent: Equatable, Sendable {
  /// "group ship-labels".
  let object: String
  let text: String
}

/// The last `Limits.eventsMax` events.
struct EventLog: Sendable {
  private var names: [String] = []
  private var objects: [String] = []
  private var texts: [String] = []
  private var atMs: [Int64] = []
  private var lastWallMs: Int64 = 0

  /// Takes what one sweep found, in the order found.
  ///
  /// - Parameter clock: A wall-clock time as people read it, to the millisecond. Events of one sweep get
  ///   times of their own, a millisecond apart: they name the rows.
  mutating func take(_ events: [WatchEvent], nowMs: Int64, wallMs: Int64, clock: (Int64) -> String) {
    for event in events {
      lastWallMs = max(wallMs, lastWallMs + 1)
      names.insert(clock(lastWallMs), at: 0)
      objects.insert(event.object, at: 0)
      texts.insert(event.text, at: 0)
      atMs.insert(nowMs, at: 0)
    }
    let excess = names.count - Limits.eventsMax
    if excess > 0 {
      names.removeLast(excess)
      objects.removeLast(excess)
      texts.removeLast(excess)
      atMs.removeLast(excess)
    }
  }

  func table(nowMs: Int64) -> TableData {
    var table = TableData(.events, names: names)
    table.isKnown = true
    table.set("age", atMs.map { .value(Double(nowMs - $0), atMs: nowMs) })
    table.set("object", objects)
    table.set("text", texts)
    return table
  }
}
