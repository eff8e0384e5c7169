// What may leave a session, and what waits for the disk.

import Testing
import Wire

@testable import Server

struct SessionTests {
  /// A held request is answered in the middle of somebody else's turn, after this session's last answers left.
  @Test func answersOutsideOfATurnCanBeHeld() throws {
    let session = try Rig().client().session
    session.beginTurn()
    session.out.append("abc")
    session.out.consume(3)
    session.written += 3
    session.hold(untilLog: 10)
    session.out.append("de")
    #expect(session.releasable(durable: 9, topicChanges: 0) == 0)
    #expect(session.releasable(durable: 10, topicChanges: 0) == 2)
  }
}
