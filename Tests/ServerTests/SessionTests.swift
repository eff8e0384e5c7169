// What answers wait for.

import Linux
import Store
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

  /// An operator is told of a topic or group when a kill cannot take it any more.
  @Test(arguments: [RequestCode.updateAndCreateTopic, .updateAndCreateSubscriptionGroup, .heartbeat])
  func answersOfChangesWaitUntilTheyAreSaved(_ code: RequestCode) throws {
    let rig = try Rig { $0.store.threads = .byHand }
    let session = try rig.client().session
    func save() {
      var isBusy: Bool
      repeat {
        isBusy = rig.node.store.runJanitorOnce()
        rig.node.takeResults()
      } while isBusy
    }
    // What the start itself made waits for the next second, and nobody for it.
    var request = ByteBuffer()
    var writer = FrameWriter(request: code.rawValue, opaque: 1, to: &request)
    writer.field("topic", "T", to: &request)
    writer.field("readQueueNums", 4, to: &request)
    writer.field("writeQueueNums", 4, to: &request)
    writer.field("perm", 6, to: &request)
    writer.endHeader(to: &request)
    if code == .updateAndCreateSubscriptionGroup {
      request.append(utf8: SubscriptionGroup(name: "G").json.text(.compact))
    } else if code == .heartbeat {
      request.append("{\"clientID\":\"c\",\"consumerDataSet\":[],\"producerDataSet\":[]}")
    }
    writer.finish(to: &request)
    try rig.node.receive(session, request.bytes)
    let isChange = code != .heartbeat
    #expect(session.out.count > 0 && rig.node.releasable(session) == (isChange ? 0 : session.out.count))
    save()
    #expect(rig.node.releasable(session) == session.out.count)
  }
}
