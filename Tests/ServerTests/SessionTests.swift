// What answers wait for.

import Linux
import TestSupport
import Testing
import Wire

@testable import Server

@Suite struct SessionTests {
  private func session() throws -> Session {
    Session(
      id: 100, role: .broker, peer: SocketAddress(), socket: try File.open("/dev/null", .readOnly), nowMs: 0)
  }

  private func send(_ session: Session, durable: Int64) -> Int {
    let ready = session.releasable(durable: durable, configChanges: 0)
    session.out.consume(ready)
    session.written += UInt64(ready)
    return ready
  }

  @Test func answersOfATurnWaitTogether() throws {
    let session = try session()
    session.beginTurn()
    session.out.append("12345")
    session.beginTurn()
    session.out.append("abc")
    session.hold(untilLog: 100)
    session.hold(untilLog: 200)
    session.out.append("de")
    #expect(send(session, durable: 100) == 5)
    #expect(send(session, durable: 199) == 0)
    #expect(send(session, durable: 200) == 5)
    #expect(session.holds.isEmpty)
  }

  /// A held request is answered, and held for the disk, long after the turn in which it came.
  @Test func answerOutsideOfATurnWaits() throws {
    let session = try session()
    session.beginTurn()
    session.out.append("12345")
    #expect(send(session, durable: 0) == 5)
    session.hold(untilLog: 100)
    session.out.append("abc")
    #expect(send(session, durable: 99) == 0)
    #expect(send(session, durable: 100) == 3)
  }
}
