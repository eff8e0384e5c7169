// Conversations of Java clients with Apache 5.3.3, played to our broker: it must answer the same.

import Testing

@testable import Server

@Suite struct GoldenReplayTests {
  /// How Apache's broker was set up where it was not by default.
  static let settings: [String: @Sendable (inout ServerOptions) -> Void] = [
    "java-transaction": {
      $0.transactionCheckIntervalMs = 3000
      $0.transactionTimeoutMs = 2000
    },
    "java-recall": { $0.recallEnable = true },
  ]

  @Test(arguments: RecordedFrame.scenarios.keys.sorted())
  func answersAsApache(_ scenario: String) throws {
    let replay = try Replay(scenario, Self.settings[scenario] ?? { _ in })
    try replay.run()
    #expect(replay.differences.isEmpty, "\(replay.differences.joined(separator: "\n"))")
  }
}
