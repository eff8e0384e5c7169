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
    #expect(offered("help", "al") == ["all"])
    #expect(offered("help", "topic", "de") == ["describe", "delete"])
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

  @Test func valuesOfFlagsComeFromTheCluster() throws {
    let server = try CannedServer.apache()
    let environment = ["MQ_NAMESRV": server.address]
    let live = ["TopicLive", "TopicLiveOrder"]
    #expect(offered("group", "lag", "CG_Live", "-t", "TopicLiv", environment: environment) == live)
    #expect(
      offered("group", "lag", "CG_Live", "--topic=TopicLiv", environment: environment)
        == live.map { "--topic=" + $0 })
    #expect(offered("topic", "describe", "--namesrv=\(server.address)", "TopicLiv") == live)
    #expect(
      offered("topic", "describe", "TopicLiv", "-n", server.address) == [], "what comes later is no word")
    #expect(
      offered("topic", "describe", "%RETRY%CG_LiveO", environment: environment) == ["%RETRY%CG_LiveOrder"])
    #expect(!offered("topic", "describe", "", environment: environment).contains { $0.hasPrefix("%") })
  }

  @Test func aClusterThatDoesNotAnswerOffersNothing() throws {
    let server = try CannedServer { _ in .silence }
    for address in [server.address, "127.0.0.1:1", "not an address:x:y"] {
      let start = ContinuousClock.now
      let outcome = mq(["__complete", "--", "topic", "describe", ""], environment: ["MQ_NAMESRV": address])
      #expect(outcome.out.isEmpty && outcome.error.isEmpty && outcome.code == 0)
      #expect(ContinuousClock.now - start < .seconds(1))
    }
  }

  /// What bash has on its line, what it calls the last word, and what it is to insert.
  @Test(arguments: [
    ("mq topic cre", "cre", "create"),
    ("mq  help 'out", "'out", "output"),
    ("mq help \"out", "\"out", "output"),
    ("mq topic list --output=j", "j", "json"),
    ("mq topic list --output=", "=", "table"),
    ("mq topic list --output=", "", "table"),
    ("mq topic list --output='j", "'j", "json"),
    ("mq topic list --outp", "--outp", "--output"),
    (#"mq topic list \--outp"#, #"\--outp"#, "--output"),
    ("mq topic list -o ", "", "table"),
  ])
  func bashInsertsTheRestOfTheWord(line: String, word: String, expected: String) {
    let outcome = mq(["__complete", "--line=\(line)", "--word=\(word)"])
    #expect(outcome.out.split(separator: "\n").first.map(String.init) == expected, "\(outcome)")
  }

  @Test func namesAreQuotedAsTheWordBegins() {
    func inserted(_ line: String, _ current: String, _ word: String) -> String {
      ShellLine(line).insertion(of: word, replacing: current)
    }
    #expect(inserted("mq use my", "my", "my $place") == #"my\ \$place"#)
    #expect(inserted(#"mq use my\ "#, #"my\ "#, "my $place") == #"my\ \$place"#)
    #expect(inserted("mq use 'my ", "'my ", "my $place's") == #"my $place'\''s"#)
    #expect(inserted("mq use \"my ", "\"my ", "my $place") == #"my \$place"#)
    #expect(inserted("mq t %", "%", "%RETRY%a|b") == #"%RETRY%a\|b"#)
    #expect(inserted("mq t --topic='my ", "'my ", "--topic=my place") == "my place")
    #expect(inserted("mq t broker-a:", ":", "broker-a:1") == "1")
    #expect(inserted("mq t broker-a:1", "1", "broker-a:10") == "10")
    #expect(ShellLine(#"mq a\ b "c\d\"" 'e f' "#).words == ["mq", "a b", #"c\d""#, "e f", ""])
  }

  @Test func theScriptsAreThoseOfTheShells() {
    #expect(mq("completion bash").out.contains("complete -F _mq mq"))
    #expect(mq("completion zsh").out.hasPrefix("#compdef mq"))
    #expect(mq("completion fish").out.contains("complete -c mq"))
    #expect(mq("completion zhs").error.contains("did you mean zsh?"))
  }
}
