// Whatever names a thing of the cluster or a file can be completed.

import TestSupport
import Testing

@testable import Console

@Suite struct CompletionRulesTests {
  private static let sources: [String: CompletionSource] = [
    "TOPIC": .topics, "GROUP": .groups, "BROKER": .brokers, "CLUSTER": .clusters, "CONTEXT": .contexts,
    "FILE": .files, "DIR": .files, "PATH": .files,
  ]

  /// What this machine and the brokers do not know: names that are new, producer groups, and a file elsewhere.
  private static let unknown: [(command: String, name: String)] = [
    ("topic create", "TOPIC"), ("group create", "GROUP"), ("topic static create", "TOPIC"),
    ("producer list", "GROUP"), ("produce", "GROUP"), ("broker container add", "FILE"),
  ]

  @Test(arguments: CommandTable.visible.map(\.name))
  func whatHasANameIsCompleted(name: String) throws {
    let command = try #require(CommandTable.command(name.split(separator: " ").map(String.init)))
    for argument in command.arguments {
      let wanted = Self.source(name, argument.name)
      if let wanted { #expect(argument.completion == wanted, "\(name) \(argument.name)") }
    }
    let own = command.flags.map(\.long)
    for flag in command.allFlags where flag.kind == .text {
      let isOwn = own.contains(flag.long)
      let wanted = isOwn ? Self.source(name, flag.valueName) : Self.sources[flag.valueName]
      if let wanted { #expect(flag.completion == wanted, "\(name) --\(flag.long)") }
    }
  }

  private static func source(_ command: String, _ name: String) -> CompletionSource? {
    unknown.contains { $0 == (command, name) } ? CompletionSource.none : sources[name]
  }

  @Test func everyExceptionIsNeeded() throws {
    for row in Self.unknown {
      let command = try #require(
        CommandTable.command(row.command.split(separator: " ").map(String.init)), "\(row)")
      #expect((command.arguments.map(\.name) + command.flags.map(\.valueName)).contains(row.name), "\(row)")
    }
  }
}
