// Which messages of the timer topic were delivered: a place in the order of delivery, as a value. Any thread.
//
// Messages are delivered by time, those of one millisecond by their place in the queue. So "everything up to
// here" says which are done, whatever order they arrived in. Only a clock that was set back brings messages
// that are due before that place and arrive after it: from their offset on a second, earlier place holds,
// until it has caught up with the first.

/// A place in the order of delivery.
package struct TimerKey: Sendable, Hashable, Comparable {
  package var fireMs: Int64
  /// Offset in queue 0 of the timer topic.
  package var offset: Int64

  /// Any values.
  package init(fireMs: Int64, offset: Int64) {
    self.fireMs = fireMs
    self.offset = offset
  }

  package static func < (a: TimerKey, b: TimerKey) -> Bool {
    a.fireMs < b.fireMs || a.fireMs == b.fireMs && a.offset < b.offset
  }

  /// After everything that is due at `fireMs`.
  package static func end(of fireMs: Int64) -> TimerKey { TimerKey(fireMs: fireMs, offset: .max) }
}

/// How far timers are delivered.
package struct TimerProgress: Sendable, Equatable {
  /// From this queue offset on, what is not after `place` was delivered.
  package struct Span: Sendable, Equatable {
    package var from: Int64
    package var place: TimerKey
  }

  /// Ascending offsets, descending places; never empty, the first begins at 0.
  package private(set) var spans: [Span]

  /// Nothing was delivered yet.
  package init() { spans = [Span(from: 0, place: .end(of: TimerTime.never))] }

  /// What Apache's checkpoint says: slots before `readMs` are delivered, of the messages before
  /// `queueOffset`.
  init(readMs: Int64, queueOffset: Int64) {
    spans = [
      Span(from: 0, place: .end(of: max(readMs, TimerTime.never))),
      Span(from: queueOffset, place: .end(of: TimerTime.never)),
    ]
    if queueOffset <= 0 { spans.removeFirst() }
    spans[0].from = 0
    join()
  }

  /// Nil when the spans break the order above.
  init?(_ spans: [Span]) {
    guard let first = spans.first, first.from == 0, spans.count <= Limits.timerSpansMax else { return nil }
    for (a, b) in zip(spans, spans.dropFirst()) where b.from <= a.from || b.place >= a.place { return nil }
    self.spans = spans
  }

  /// The place that holds for new messages.
  package var place: TimerKey { spans[spans.count - 1].place }

  /// The place that deliveries ever reached.
  var farthest: TimerKey { spans[0].place }

  /// Whether the message at this place was delivered.
  package func isDelivered(_ key: TimerKey) -> Bool {
    if key <= place { return true }
    if spans.count == 1 { return false }
    let span = spans.last { $0.from <= key.offset } ?? spans[0]
    return key <= span.place
  }

  /// Notes that nothing up to `key` waits any more.
  package mutating func deliver(_ key: TimerKey) {
    if key <= place { return }
    for index in spans.indices where spans[index].place < key { spans[index].place = key }
    if spans.count > 1 { join() }
  }

  /// A message arrived. When it is due before the place, an earlier place holds from it on; those that come
  /// after it are due after `nowMs`.
  ///
  /// With too many such steps the newest two become one, at the earlier place: then some messages may be
  /// delivered twice after a restart.
  package mutating func arrive(_ key: TimerKey, nowMs: Int64) {
    if key > place { return }
    let earlier = TimerKey.end(of: min(key.fireMs - 1, nowMs))
    if spans.count == Limits.timerSpansMax || spans[spans.count - 1].from == key.offset {
      spans[spans.count - 1].place = earlier
      join()
    } else {
      spans.append(Span(from: key.offset, place: earlier))
    }
  }

  private mutating func join() {
    var joined = [spans[0]]
    for span in spans.dropFirst() where span.place < joined[joined.count - 1].place { joined.append(span) }
    spans = joined
  }
}
