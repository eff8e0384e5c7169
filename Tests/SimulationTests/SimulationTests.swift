// Many seeds of the simulated world. A seed that fails says so, and
// `MQ_SIM_SEED=17 swift test --filter SimulationTests` runs it alone, with all that happened.

import Foundation
import TestSupport
import Testing

@Suite struct SimulationTests {
  static let chosen = ProcessInfo.processInfo.environment["MQ_SIM_SEED"].flatMap { UInt64($0) }
  static let count = ProcessInfo.processInfo.environment["MQ_SIM_COUNT"].flatMap { UInt64($0) } ?? 200

  /// Seeds in portions, which run side by side.
  static let portions: [[UInt64]] =
    chosen.map { [[$0]] } ?? (0..<8).map { part in (0..<count).filter { $0 % 8 == part } }

  @Test("promises hold", arguments: portions)
  func promisesHold(_ seeds: [UInt64]) throws {
    for seed in seeds {
      let scenario = try Scenario(seed: seed, isTracing: Self.chosen != nil)
      scenario.run()
      if Self.chosen != nil {
        for line in scenario.world.trace { print(line) }
        print("seed \(seed): the server's bytes sum up to \(scenario.world.digest)")
      }
      if let failure = scenario.world.failure {
        let again = try Scenario(seed: seed, isTracing: true)
        again.run()
        let tail = again.world.trace.suffix(40).joined(separator: "\n")
        Issue.record("seed \(seed): \(failure)\n(MQ_SIM_SEED=\(seed) runs it again)\n\(tail)")
      }
    }
  }

  /// The same seed is the same run, down to the bytes that the server sends.
  @Test(arguments: [1, 2] as [UInt64])
  func seedsReplay(_ seed: UInt64) throws {
    let runs = try (0..<2).map { _ in
      let scenario = try Scenario(seed: seed, isTracing: false)
      scenario.run()
      return scenario.world.digest
    }
    #expect(runs[0] == runs[1])
  }
}
