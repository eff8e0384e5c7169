// Many seeds of the simulated world. A seed that fails says so, and
// `MQ_SIM_SEED=17 swift test --filter SimulationTests` runs it alone, with all that happened.

import Foundation
import TestSupport
import Testing

@Suite struct SimulationTests {
  static let chosen = ProcessInfo.processInfo.environment["MQ_SIM_SEED"].flatMap { UInt64($0) }
  static let count = ProcessInfo.processInfo.environment["MQ_SIM_COUNT"].flatMap { UInt64($0) } ?? 200

  /// How often 200 seeds exercise each part, at least: what nobody runs does not go unnoticed.
  static let coverage: [(part: String, times: Int)] = [
    ("pop acknowledged", 1000), ("pop changed", 300), ("priority pull", 100), ("priority pop", 300),
    ("priority turn", 1), ("policy redelivery", 500), ("policy dead letter", 200), ("dead letter", 100),
    ("reset", 50), ("told reset", 80), ("time search", 300), ("clone", 80), ("offsets lost by a crash", 50),
    ("clock set", 20), ("key query", 150), ("unique key query", 500), ("light queue", 200),
    ("compaction scan", 300), ("static topic moved", 30), ("static pull", 300), ("pause", 20),
    ("recall", 50), ("broadcast", 3000), ("request replied", 300), ("request timed out", 200),
    ("reply to nobody", 150), ("days pass", 150), ("retention", 500), ("retention moved a consumer", 5),
    ("days: moved on", 60), ("days: transaction", 60), ("days: transaction given up", 5),
    ("days: timer", 60), ("days: timer stored again", 20), ("days: pop acknowledged", 60),
    ("days: popped and deleted", 2), ("transaction committed", 500), ("in time", 20_000),
    ("held pull", 20_000), ("commit answered", 2000),
  ]

  @Test func promisesHold() async {
    var covered: [String: Int] = [:]
    await withTaskGroup(of: [String: Int].self) { group in
      for part in 0..<8 as Range<UInt64> { group.addTask { Self.run(part) } }
      for await part in group { covered.merge(part) { $0 + $1 } }
    }
    if Self.chosen != nil || Self.count < 200 { return }
    for (part, times) in Self.coverage {
      #expect(covered[part, default: 0] >= times, "\(part) is hardly exercised")
    }
    print(covered.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "))
  }

  /// Every eighth seed, and what they exercised. Portions run side by side.
  private static func run(_ part: UInt64) -> [String: Int] {
    if let chosen { return part == 0 ? run(seed: chosen) : [:] }
    return (0..<count).filter { $0 % 8 == part }.reduce(into: [:]) { covered, seed in
      covered.merge(run(seed: seed)) { $0 + $1 }
    }
  }

  private static func run(seed: UInt64) -> [String: Int] {
    do {
      let scenario = try Scenario(seed: seed, isTracing: chosen != nil)
      scenario.run()
      if chosen != nil {
        for line in scenario.world.trace { print(line) }
        print("seed \(seed): the server's bytes sum up to \(scenario.world.digest)")
      }
      if let failure = scenario.world.failure {
        let again = try Scenario(seed: seed, isTracing: true)
        again.run()
        let tail = again.world.trace.suffix(40).joined(separator: "\n")
        Issue.record("seed \(seed): \(failure)\n(MQ_SIM_SEED=\(seed) runs it again)\n\(tail)")
      }
      return scenario.world.coverage
    } catch {
      Issue.record("seed \(seed) cannot begin: \(error)")
      return [:]
    }
  }

  /// The same seed is the same run, down to the bytes that the server sends.
  @Test(arguments: [1, 2, 3, 4, 5, 6] as [UInt64])
  func seedsReplay(_ seed: UInt64) throws {
    let runs = try (0..<2).map { _ in
      let scenario = try Scenario(seed: seed, isTracing: false)
      scenario.run()
      return scenario.world.digest
    }
    #expect(runs[0] == runs[1])
  }
}
