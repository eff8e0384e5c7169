// Saved contexts, and which rule decides the name servers.

import Linux
import TestSupport
import Testing

@testable import Console

@Suite struct ContextTests {
  @Test func contextsAreSavedUsedAndRemoved() throws {
    let home = try TemporaryDirectory()
    let environment = ["XDG_CONFIG_HOME": home.path]
    #expect(mq("context list", environment: environment).error == "no contexts; mq context add saves one\n")
    #expect(
      mq("context add local 127.0.0.1", environment: environment).out == "saved context local, in use\n")
    #expect(
      mq("context add prod ns1:9876,ns2:1 --default-cluster Prod", environment: environment).out
        == "saved context prod\n")
    #expect(
      mq("context list", environment: environment).out == """
        NAME   IN USE  NAME SERVERS    CLUSTER
        local  yes     127.0.0.1:9876  -
        prod   no      ns1:9876;ns2:1  Prod

        """)
    #expect(mq("context use prod", environment: environment).out == "using context prod: ns1:9876;ns2:1\n")
    #expect(mq("context show -o name", environment: environment).out == "ns1:9876;ns2:1\n")
    #expect(mq("context use prd", environment: environment).error.contains("hint: did you mean prod?"))
    #expect(mq("context remove prod", environment: environment).code == 0)
    #expect(mq("context remove prod", environment: environment).code == 3)
    #expect(mq("context list -o name", environment: environment).out == "local\n")
  }

  @Test func theNearestRuleWins() throws {
    let home = try TemporaryDirectory()
    var environment = ["XDG_CONFIG_HOME": home.path]
    func source(_ flags: String = "") -> String {
      let lines = mq("context show -o csv --no-headers " + flags, environment: environment).out
      return String(lines.split(separator: ",").prefix(2).joined(separator: " by "))
    }
    #expect(source() == "127.0.0.1:9876 by default")
    _ = mq("context add one a:1", environment: environment)
    _ = mq("context add two b:2", environment: environment)
    #expect(source() == "a:1 by context one")
    environment["MQ_CONTEXT"] = "two"
    #expect(source() == "b:2 by MQ_CONTEXT=two")
    environment["NAMESRV_ADDR"] = "c:3;d:4"
    #expect(source() == "c:3;d:4 by NAMESRV_ADDR")
    environment["MQ_NAMESRV"] = "e:5"
    #expect(source() == "e:5 by MQ_NAMESRV")
    #expect(source("--context one") == "a:1 by --context one")
    #expect(source("--context one -n f:6") == "f:6 by --namesrv")
  }

  @Test func theFileRoundTrips() throws {
    var contexts = Contexts()
    contexts.current = "a \"quoted\" \\ name"
    contexts.entries = [SavedContext(name: "a \"quoted\" \\ name", nameServers: "x:1")]
    contexts.entries[0].cluster = "C"
    #expect(try Contexts(toml: contexts.toml, path: "f") == contexts)
    let written = try Contexts(
      toml: "# note\ncurrent = 'x' # why\n\n[context.x]\nnamesrv = \"h:1\"\r\n", path: "f")
    #expect(written["x"]?.nameServers == "h:1")
  }

  @Test(arguments: [
    "current = x", "[server]", "[context.x]\nport = \"1\"", "[context.x]\n[context.x]", "namesrv = \"h:1\"",
    "[context.x]\nnamesrv = \"h", "[context.x]\nnamesrv = \"h\" 1", "[context.]",
  ])
  func aFileThatIsNotUnderstoodIsNotTouched(text: String) throws {
    #expect(throws: Failure.self) { try Contexts(toml: text, path: "f") }
    let home = try TemporaryDirectory()
    try FileSystem.makeDirectories(home.path + "/mq")
    try FileSystem.replace(home.path + "/mq/config.toml", with: Array(text.utf8), backup: false)
    #expect(mq("context add y h:1", environment: ["XDG_CONFIG_HOME": home.path]).code == 1)
    #expect(try FileSystem.readWhole(home.path + "/mq/config.toml", bytesMax: 1000) == Array(text.utf8))
  }

  @Test(arguments: ["http://ns:9876", "h:0", "h:x", ":9876", "h:99999"])
  func badAddressesAreRefused(text: String) { #expect(mq(["context", "add", "x", text]).code == 2) }

  @Test func addressListsTakeCommasSemicolonsAndNoPort() throws {
    #expect(try Settings.addresses("a:1;b, c:3 ;a:1") == ["a:1", "b:9876", "c:3"])
    #expect(try Settings.addresses("[::1]:9876;[fe80::1]") == ["[::1]:9876", "[fe80::1]:9876"])
  }
}
