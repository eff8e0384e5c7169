// What a benchmark's driver asks of its load. One thread; called for every request, so nothing may allocate.

import Wire

/// What an answer stands for.
struct Settled {
  var messages: Int
  var bytes: Int
}

/// What a driver sends and what it makes of an answer. Called for every request.
protocol Workload: AnyObject {
  /// Appends the next request of a connection.
  func send(connection: Int, slot: Int, number: UInt64, nowMs: Int64, to out: inout ByteBuffer)
  /// Looks into the answer that begins at byte `start`: how many messages and bytes it stands for; nil when
  /// the request was refused.
  func settle(slot: Int, _ input: borrowing ByteBuffer, _ start: Int, _ answer: Answer) -> Settled?
}
