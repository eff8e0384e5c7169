// Completion in the shells themselves, each in a terminal: what is typed, then Tab, then Enter; and what the
// program is then called with.

import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Suite struct ShellTests {
    /// A shell, how it starts without the user's own settings, and how it learns to complete.
    struct Shell: Sendable, CustomTestStringConvertible {
      let name: String
      let start: String
      let setUp: String
      var testDescription: String { name }
      /// Which of them this machine has; bash is everywhere.
      static let installed = [
        Shell(name: "bash", start: "bash --noprofile --norc -i", setUp: "source <(mq completion bash)"),
        Shell(
          name: "zsh", start: "zsh -f -i",
          setUp: "unsetopt zle_bracketed_paste; autoload -U compinit; compinit -u -D; "
            + "source <(mq completion zsh)"),
        Shell(name: "fish", start: "fish --no-config -i", setUp: "mq completion fish | source"),
      ].filter { shell in
        ["/bin/", "/usr/bin/", "/usr/local/bin/"].contains {
          FileManager.default.isExecutableFile(atPath: $0 + shell.name)
        }
      }
    }

    /// Lines with a Tab at their end, and what the program gets.
    private static let lines: [(typed: String, words: [String])] = [
      ("mq topic descr", ["topic", "describe"]),
      ("mq topic list --no-h", ["topic", "list", "--no-headers"]),
      ("mq topic list -o js", ["topic", "list", "-o", "json"]),
      ("mq topic list --output=js", ["topic", "list", "--output=json"]),
      ("mq topic describe ord", ["topic", "describe", "orders"]),
      ("mq group lag x -t ord", ["group", "lag", "x", "-t", "orders"]),
      ("mq group lag x --topic=ord", ["group", "lag", "x", "--topic=orders"]),
      ("mq group describe bil", ["group", "describe", "billing"]),
      ("mq topic describe %RETRY%bil", ["topic", "describe", "%RETRY%billing"]),
      ("mq topic describe pip", ["topic", "describe", "pipe|d"]),
      ("mq topic describe 'pip", ["topic", "describe", "pipe|d"]),
      ("mq broker status bro", ["broker", "status", "broker-a"]),
      ("mq topic list -c Def", ["topic", "list", "-c", "DefaultCluster"]),
      ("mq context use pla", ["context", "use", "place"]),
      ("mq context use my", ["context", "use", "my place"]),
      ("mq context use 'my", ["context", "use", "my place"]),
      ("true; mq topic descr", ["topic", "describe"]),
      ("mq generate man ./some", ["generate", "man", "./some file"]),
    ]

    @Test(arguments: Shell.installed)
    func tabFillsIn(shell: Shell) throws {
      let broker = try Broker()
      for topic in ["orders", "pipe|d"] { try broker.ok("topic", "create", topic) }
      try broker.ok("produce", "orders", "x")
      try broker.ok("consume", "orders", "--group", "billing")
      let home = try TemporaryDirectory()
      try FileManager.default.createDirectory(
        atPath: home.path("config/mq"), withIntermediateDirectories: true)
      let contexts = "[context.place]\nnamesrv = \"h:1\"\n[context.\"my place\"]\nnamesrv = \"h:2\"\n"
      try contexts.write(toFile: home.path("config/mq/config.toml"), atomically: true, encoding: .utf8)
      try "".write(toFile: home.path("some file"), atomically: true, encoding: .utf8)
      let typist = try Typist(shell, home: home, nameServer: broker.nameServer)
      for line in Self.lines {
        #expect(typist.words(after: line.typed, expecting: line.words) == line.words, "\(line.typed)")
      }
      let offered = typist.offered(after: "mq topic de")
      #expect(offered.contains("describe") && offered.contains("delete"), "\(offered)")
      typist.end()
    }

    /// Name servers that refuse, that are silent, and whose names nobody knows.
    @Test func nothingIsSaidWhenNobodyAnswers() throws {
      let silent = try CannedServer { _ in .silence }
      for address in [silent.address, "127.0.0.1:1", "no-such-host.invalid:9876", "10.255.255.1:9876"] {
        let start = nowMs()
        let (exit, output, errors) = try Child.run(
          program, ["__complete", "--", "topic", "describe", ""], environment: ["MQ_NAMESRV": address])
        let elapsedMs = nowMs() - start
        #expect(exit == .code(0) && output.isEmpty && errors.isEmpty, "\(address): \(errors)")
        // 90 ms, and what a busy machine needs to start a process.
        #expect(elapsedMs < 300, "\(address): \(elapsedMs) ms")
      }
    }
  }
}

/// Somebody at a shell in a terminal. The program there completes as ours does, and otherwise only writes
/// down its words.
private final class Typist {
  private let child: Child
  private let notes: String

  init(_ shell: EndToEnd.ShellTests.Shell, home: TemporaryDirectory, nameServer: String) throws {
    notes = home.path("words")
    try FileManager.default.createDirectory(atPath: home.path("bin"), withIntermediateDirectories: true)
    let script = """
      #!/bin/sh
      case "$1" in __complete|completion) exec '\(program)' "$@" ;; esac
      for word; do printf '%s\\n' "$word"; done > '\(notes).new'
      mv '\(notes).new' '\(notes)'
      """
    try script.write(toFile: home.path("bin/mq"), atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: home.path("bin/mq"))
    child = try Child(
      "/usr/bin/env", ["script", "-qfec", "stty cols 150 rows 50; exec \(shell.start)", "/dev/null"],
      environment: [
        "HOME": home.path, "XDG_CONFIG_HOME": home.path("config"), "XDG_DATA_HOME": home.path("data"),
        "PATH": home.path("bin") + ":/usr/local/bin:/usr/bin:/bin", "TERM": "xterm", "LC_ALL": "C.UTF-8",
        "MQ_NAMESRV": nameServer, "MQ_CONTEXT": "", "SHELL": "/bin/sh",
      ], directory: home.path)
    child.write(shell.setUp + "\n")
    _ = words(after: "mq ready", expecting: ["ready"], key: "")
  }

  func end() {
    child.write("\u{3}\nexit\n")
    if (try? child.wait(timeoutMs: 2000)) == nil { child.signal(SIGKILL) }
  }

  /// The words that the program gets. A busy machine may need longer than the names of a cluster are waited
  /// for, so what is not filled in is typed again.
  func words(after line: String, expecting expected: [String], key: String = "\t") -> [String] {
    var seen: [String] = []
    for attempt in 1...5 where seen != expected {
      try? FileManager.default.removeItem(atPath: notes)
      type(line + key)
      usleep(useconds_t(100_000 * attempt))
      // A quote that was left open would swallow the line.
      type("\n")
      let end = nowMs() + 1500
      while nowMs() < end && !FileManager.default.fileExists(atPath: notes) { usleep(5000) }
      let text = (try? String(contentsOfFile: notes, encoding: .utf8)) ?? ""
      if text.isEmpty { type("\u{3}") }
      seen = text.split(separator: "\n").map(String.init)
    }
    return seen
  }

  /// What the terminal shows after two Tabs.
  func offered(after line: String) -> String {
    let before = child.output.count
    var shown = ""
    for _ in 1...5 where !shown.contains("delete") {
      type(line + "\t")
      usleep(200_000)
      type("\t")
      usleep(200_000)
      shown = String(child.output.dropFirst(before))
      type("\u{3}")
    }
    return shown
  }

  private func type(_ text: String) { child.write(text) }
}
