// What sending and pulling ask of groups, resets and counters must not allocate once the names are known.

import CAllocationCount
import Store
import Testing
import Wire

@testable import Server

struct ControlAllocationTests {
  /// Allocations of a thousand calls after a first one.
  private func allocations(_ body: () -> Void) -> UInt {
    body()
    let before = mq_allocations()
    for _ in 0..<1000 { body() }
    return mq_allocations() - before
  }

  @Test func knownNamesCostNoAllocation() throws {
    let rig = try Rig()
    let node = rig.node
    rig.makeTopic("T")
    let client = try rig.client()
    _ = try client.ask(.heartbeat, body: ClientTests.heartbeat("c", topics: [("T", "a || b")]))
    let name = Array("G".utf8)
    let slot = node.store.makeSlot("T")
    let group = try #require(node.broker.clients.existing("G"))
    _ = node.broker.resets.assign(group, slot, 9, 1)
    let cases: [(String, () -> Void)] = [
      ("group", { _ = node.broker.clients.group(node, name.rawBytes) }),
      ("subscription", { _ = group.subscription(slot) }),
      ("pending reset", { _ = node.broker.pendingReset(group, slot, 0) }),
      ("pulled", { group.pulled(slot, 0, next: 5) }),
      ("put", { node.broker.stats.put(slot, messages: 1, bytes: 100) }),
      ("get", { node.broker.stats.get(slot, group, messages: 1, bytes: 100) }),
      ("missed", { node.broker.stats.getMissed() }),
      ("latency", { node.broker.stats.putLatency(ms: 3) }),
    ]
    for (what, body) in cases { #expect(allocations(body) == 0, "\(what)") }
  }
}
