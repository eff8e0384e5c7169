// Where credentials come from, and that every request carries them.

import Foundation
import Linux
import TestSupport
import Testing
import Wire

@testable import Console

@Suite struct CredentialTests {
  /// A directory with a file of contexts, a secret and a tools.yml; removed at the end.
  private final class Home {
    let path: String
    init() throws {
      path = NSTemporaryDirectory() + "mq-credentials-\(UUID().uuidString)"
      try FileSystem.makeDirectories(path + "/conf")
      try FileSystem.replace(path + "/secret", with: Array("from-file\nsecond line\n".utf8), backup: false)
      try FileSystem.replace(
        path + "/conf/tools.yml",
        with: Array("#accessKey: no\naccessKey: tool\nsecretKey: \"from-tools\"\n".utf8),
        backup: false)
    }
    deinit { try? FileSystem.removeTree(path) }
  }

  private func user(_ line: String, _ environment: [String: String] = [:]) throws -> Credentials? {
    guard case .run(_, let input) = try Parser.parse(line.split(separator: " ").map(String.init), nowMs: 0)
    else {
      return nil
    }
    return try Settings(environment: { environment[$0] }).credentials(input)
  }

  @Test func theFirstSourceWins() throws {
    let home = try Home()
    var contexts = Contexts()
    var entry = SavedContext(name: "prod", nameServers: "a:9876")
    entry.accessKey = "saved"
    entry.secretKey = "from-context"
    contexts.entries = [entry, SavedContext(name: "dev", nameServers: "b:9876")]
    contexts.current = "prod"
    try FileSystem.makeDirectories(home.path + "/mq")
    try ContextFile(path: home.path + "/mq/config.toml").save(contexts)
    let config = ["XDG_CONFIG_HOME": home.path]
    let tools = ["XDG_CONFIG_HOME": "/nonexistent", "ROCKETMQ_HOME": home.path]
    let environment = ["MQ_ACCESS_KEY": "env", "MQ_SECRET_KEY": "from-env"]

    let cases: [(String, [String: String], (String, String)?)] = [
      ("topic list", ["XDG_CONFIG_HOME": "/nonexistent"], nil),
      ("topic list", tools, ("tool", "from-tools")),
      ("topic list", config, ("saved", "from-context")),
      ("topic list", config.merging(tools) { first, _ in first }, ("saved", "from-context")),
      ("topic list -n c:9876", config, nil),
      ("topic list --context dev", config, nil),
      ("topic list", config.merging(environment) { $1 }, ("env", "from-env")),
      ("topic list --access-key me", config.merging(environment) { $1 }, ("me", "from-env")),
      ("topic list --access-key saved", config, ("saved", "from-context")),
      (
        "topic list --access-key me --secret-key-file \(home.path)/secret",
        config.merging(environment) { $1 }, ("me", "from-file")
      ),
      ("consume T --access-key me", environment, ("me", "from-env")),
    ]
    for (line, variables, expected) in cases {
      let expected = expected.map { Credentials(accessKey: $0.0, secretKey: $0.1) }
      #expect(try user(line, variables) == expected, "\(line) \(variables)")
    }
  }

  @Test(arguments: [
    ("topic list --access-key me", "no secret key for the access key me"),
    ("topic list --secret-key-file /dev/null", "/dev/null holds no secret key"),
    ("topic list --access-key me --secret-key-file /nonexistent", "cannot read /nonexistent"),
  ])
  func incompleteCredentialsAreRefused(line: String, message: String) {
    let outcome = mq(line)
    #expect(outcome.code == 2 || outcome.code == 3)
    #expect(outcome.error.contains(message), "\(outcome.error)")
  }

  @Test func everyRequestIsSigned() throws {
    let server = try CannedServer.apache()
    let signer = ["MQ_ACCESS_KEY": "rocketmq2", "MQ_SECRET_KEY": "12345678"]
    for line in [
      "topic describe TopicLive", "group list", "topic create New -q 1", "produce TopicLive hello",
    ] {
      _ = mq("\(line) -n \(server.address)", environment: signer)
    }
    #expect(Set(server.requests.map(\.code)).isSuperset(of: [105, 106, 201, 310]))
    for request in server.requests {
      let own = request.fields.filter { $0.key != "AccessKey" && $0.key != "Signature" }
      let expected = Credentials(accessKey: "rocketmq2", secretKey: "12345678")
        .signing(own.map { ($0.key, $0.value) }, body: request.body)
      #expect(request.fields["AccessKey"] == "rocketmq2", "\(request.code)")
      #expect(request.fields["Signature"] == expected.last?.value, "\(request.code)")
    }
  }

  @Test func nothingIsSignedWithoutCredentials() throws {
    let server = try CannedServer.apache()
    _ = mq("topic list -n \(server.address)")
    #expect(!server.requests.isEmpty)
    #expect(server.requests.allSatisfy { $0.fields["AccessKey"] == nil && $0.fields["Signature"] == nil })
  }

  @Test func contextsKeepSecretsForTheirOwner() throws {
    let home = try Home()
    let variables = ["XDG_CONFIG_HOME": home.path, "MQ_SECRET_KEY": "s\"3"]
    #expect(mq("context add prod ns:9876 --access-key ann", environment: variables).code == 0)
    let path = home.path + "/mq/config.toml"
    let mode = try #require(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int)
    #expect(mode == 0o600)
    #expect(try ContextFile(path: path).load()["prod"]?.secretKey == "s\"3")
    let plain = ["XDG_CONFIG_HOME": home.path]
    #expect(try user("topic list", plain) == Credentials(accessKey: "ann", secretKey: "s\"3"))
    let shown =
      mq("context list -o json", environment: plain).out + mq("context show", environment: plain).out
    #expect(shown.contains("ann") && !shown.contains("s\\\"3") && !shown.contains("s\"3"))
    let outcome = mq("context add other ns:9876 --access-key bob", environment: plain)
    #expect(outcome.code == 0 && outcome.error.contains("no secret key is saved for bob"))
    #expect(mq("context add other ns:9876 --secret-key-file x", environment: plain).code == 2)
  }
}
