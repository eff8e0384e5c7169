// A store of Apache 5.3.3 with check points, messages that came back, and an ordered pop that was not
// finished.

import Foundation
import Store
import TestSupport
import Testing
import Wire

@testable import Server

@Suite struct PopGoldenStoreTests {
  private func rig() throws -> Rig {
    let directory = try TemporaryDirectory()
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    try Fixture.untar(tests.path + "/StoreTests/Fixtures/clean.tar.gz", to: directory.path)
    return try Rig(in: directory) { $0.store.segmentBytes = 262_144 }
  }

  @Test func whatCameBackIsPoppedOnce() throws {
    let rig = try rig()
    // Its check points are all done with; the acknowledgements behind them find nothing.
    #expect(rig.node.broker.pop.ledger.count == 0)
    let popper = Popper(client: try rig.client(), topic: "TopicPopApi", group: "CG_PopApi")
    let messages = try popper.pop()
    #expect(messages.map(\.body) == ["popapi 5", "popapi 6", "popapi 7"])
    #expect(messages.allSatisfy { $0.reconsumeTimes == 2 && $0.realTopic == "%RETRY%CG_PopApi_TopicPopApi" })
    #expect(messages.map(\.offset) == [3, 4, 5])
    for message in messages { #expect(try popper.ack(message).code == 0) }
    popper.pass(60_000)
    #expect(try popper.pop().isEmpty)
  }

  @Test func theOrderedPopGoesOn() throws {
    let rig = try rig()
    let popper = Popper(client: try rig.client(), topic: "TopicPopOrder", group: "CG_PopOrder")
    let reply = try #require(try popper.ask(order: true))
    let messages = try popper.messages(reply)
    #expect(messages.map(\.body) == ["popord 2", "popord 3"])
    #expect(reply.fields["orderCountInfo"] == "0 qo0%2 1;0 qo0%3 1;0 0 1")
    for message in messages { try popper.ack(message) }
    #expect(popper.offset() == 4)
  }
}
