// What shells are offered.

import TestSupport
import Testing

@testable import Console

@Suite struct CompletionTests {
  private func offered(_ words: String..., environment: [String: String] = [:]) -> [String] {
    mq(["__complete", "--"] + words, environment: environment).out.split(separator: "\n").map {
      String($0.split(separator: "\t", omittingEmptySubsequences: false)[0])
    }
  }

  @Test func commandsAndFlagsComeFromTheTable() {
    #expect(offered("top").contains("topic"))
    #expect(offered("topic", "").prefix(3) == ["list", "describe", "route"])
    #expect(offered("topic", "de") == ["describe", "delete"])
    #expect(offered("topic", "create", "T", "--q") == ["--queues"])
    #expect(offered("topic", "list", "-o", "") == OutputFormat.allCases.map(\.rawValue))
    #expect(offered("topic", "list", "--output=j") == ["--output=json"])
    #expect(offered("completion", "") == ["bash", "zsh", "fish"])
    #expect(offered("help", "out") == ["output"])
    #expect(offered("generate", "man", "") == [":files"])
    #expect(offered("nonsense", "") == [])
    #expect(offered("topic", "create", "T", "") == [])
  }

  @Test func namesComeFromTheCluster() throws {
    let server = try CannedServer.apache()
    let environment = ["MQ_NAMESRV": server.address]
    #expect(
      offered("topic", "describe", "TopicLiv", environment: environment) == ["TopicLive", "TopicLiveOrder"])
    #expect(offered("group", "lag", "CG", environment: environment) == ["CG_Live", "CG_LiveOrder"])
    #expect(offered("topic", "list", "-b", "", environment: environment) == ["broker-a"])
    #expect(offered("-n", server.address, "topic", "list", "--cluster", "") == ["DefaultCluster"])
  }

  @Test func aClusterThatDoesNotAnswerOffersNothing() throws {
    let server = try CannedServer { _ in .silence }
    let start = ContinuousClock.now
    #expect(offered("topic", "describe", "", environment: ["MQ_NAMESRV": server.address]) == [])
    #expect(ContinuousClock.now - start < .seconds(1))
  }

  @Test func theScriptsAreThoseOfTheShells() {
    #expect(mq("completion bash").out.contains("complete -F _mq mq"))
    #expect(mq("completion zsh").out.hasPrefix("#compdef mq"))
    #expect(mq("completion fish").out.contains("complete -c mq"))
    #expect(mq("completion zhs").error.contains("did you mean zsh?"))
  }
}
