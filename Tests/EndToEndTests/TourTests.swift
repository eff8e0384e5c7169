// The tour of the README, typed into a terminal word for word.
//
// Blocks of the kind `console` are the tour: a line that begins with "$ " is typed, the lines after it are
// what it prints. "…" stands for any text of a line, and on a line of its own for any lines; where nothing is
// shown, anything may be printed. `mq serve` and `mq top` keep their terminal; everything else
// is typed into one more and succeeds.

import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Suite struct TourTests {
    /// A typed line and what the README shows after it.
    struct Step {
      var command: String
      var shown: [String]
    }

    static let steps: [Step] = {
      let readme = (try? String(contentsOfFile: "\(packageRoot)/README.md", encoding: .utf8)) ?? ""
      var steps: [Step] = []
      var isTour = false
      for line in readme.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
        if line.hasPrefix("```") {
          isTour = line == "```console"
        } else if isTour && line.hasPrefix("$ ") {
          steps.append(Step(command: String(line.dropFirst(2)), shown: []))
        } else if isTour && !steps.isEmpty {
          steps[steps.count - 1].shown.append(line)
        }
      }
      return steps
    }()

    @Test func readmeHasATour() {
      #expect(Self.steps.contains { $0.command.hasPrefix("mq serve") })
      #expect(Self.steps.count > 5)
    }

    @Test(.enabled(if: !steps.isEmpty)) func tourHoldsWordForWord() throws {
      let home = try TemporaryDirectory()
      let tools = home.path("bin")
      try FileManager.default.createDirectory(atPath: tools, withIntermediateDirectories: true)
      try FileManager.default.createSymbolicLink(atPath: "\(tools)/mq", withDestinationPath: program)
      let network = try Network()
      func open() throws -> Terminal { try Terminal(home: home.path, tools: tools, network) }
      var kept: [Terminal] = []
      let second = try open()
      for step in Self.steps {
        let words = step.command.split(separator: " ")
        let keeps =
          words.starts(with: ["mq", "serve"])
          || words.starts(with: ["mq", "top"]) && !words.contains("--batch")
        let terminal = keeps ? try open() : second
        if keeps { kept.append(terminal) }
        terminal.type(step.command)
        let (seen, exit) = try keeps ? (terminal.lines(until: step.shown + ["…"]), 0) : terminal.lines()
        let shown = keeps ? step.shown + ["…"] : step.shown
        let isShown = step.shown.allSatisfy(\.isEmpty) || Self.matches(shown[...], seen[...])
        #expect(
          isShown && exit == 0,
          """
          $ \(step.command)
          \(seen.prefix(40).joined(separator: "\n"))
          --- exit \(exit.map(String.init) ?? "none in 20 s"); the README shows
          \(step.shown.joined(separator: "\n"))
          """)
        if exit == nil { try terminal.giveUp() }
      }
      for terminal in kept.reversed() { terminal.interrupt() }
    }

    /// Whether shown lines are what was printed.
    static func matches(_ shown: ArraySlice<String>, _ seen: ArraySlice<String>) -> Bool {
      let shown = shown.last?.isEmpty == true ? shown.dropLast() : shown
      guard let first = shown.first else { return seen.allSatisfy(\.isEmpty) }
      if first.trimmingCharacters(in: .whitespaces) == "…" {
        return (seen.startIndex...seen.endIndex).contains { matches(shown.dropFirst(), seen[$0...]) }
      }
      guard let line = seen.first, Self.isShown(first, line) else { return false }
      return matches(shown.dropFirst(), seen.dropFirst())
    }

    /// One line, with "…" for any text.
    private static func isShown(_ shown: String, _ seen: String) -> Bool {
      let parts = shown.components(separatedBy: "…")
      var rest = seen[...]
      guard rest.hasPrefix(parts[0]) else { return false }
      if parts.count == 1 { return rest == parts[0] }
      rest = rest.dropFirst(parts[0].count)
      for part in parts.dropFirst().dropLast() {
        guard let range = rest.range(of: part) else { return false }
        rest = rest[range.upperBound...]
      }
      return rest.hasSuffix(parts.last!)
    }

    @Test func wildcardsMatch() {
      #expect(Self.matches(["a…c", "…", "d"], ["a b c", "x", "y", "d"]))
      #expect(Self.matches([], []))
      #expect(!Self.matches(["a"], []))
      #expect(!Self.matches(["a"], ["a", "b"]))
      #expect(!Self.matches(["a…c"], ["abd"]))
    }
  }
}

/// A loopback of the tour's own, so that the usual ports are free; the machine's, where that is not allowed.
private final class Network {
  private let holder: Child?
  /// Words that start a program inside.
  let enter: [String]

  init() throws {
    let child = try Child("unshare", ["-rn", "sh", "-c", "ip link set lo up && echo up && exec sleep 600"])
    let isUp = (try? child.readLine(timeoutMs: 5000)) == "up"
    holder = isUp ? child : nil
    enter =
      isUp ? ["nsenter", "--preserve-credentials", "-U", "-n", "-t", "\(child.identifier)"] : []
  }
}

/// A shell in a terminal of 100 columns.
private final class Terminal {
  private static let prompt = "@next@"
  private let child: Child
  private var read = 0

  init(home: String, tools: String, _ network: Network) throws {
    let shell = "stty cols 100 rows 40; exec bash --noprofile --norc --noediting -i"
    let words = network.enter + ["script", "-qfec", shell, "/dev/null"]
    child = try Child(
      "/usr/bin/env", words,
      environment: [
        "HOME": home, "PATH": "\(tools):/usr/sbin:/usr/bin:/sbin:/bin",
        "TERM": "xterm-256color", "NO_COLOR": "1", "MQ_NAMESRV": "", "MQ_CONTEXT": "", "XDG_DATA_HOME": "",
        "XDG_CONFIG_HOME": "", "SHELL": "/bin/bash",
      ], directory: home)
    // Written in two parts, so that the echo of this line is not taken for the prompt.
    type("stty -echo; PS1=@ne''xt@'$?'@ne''xt@\\>")
    _ = try lines()
  }

  func type(_ line: String) { child.write(line + "\n") }
  func interrupt() { child.write("\u{3}") }

  /// Ends a command that goes on for too long.
  func giveUp() throws {
    interrupt()
    _ = try lines()
  }

  /// What came since the last call, up to the prompt, and how the command ended;
  /// nil when it goes on for too long.
  func lines() throws -> ([String], Int?) {
    let text = wait { $0.contains(Self.prompt + ">") }
    let parts = text.components(separatedBy: Self.prompt)
    return (Self.split(parts[0]), parts.count > 2 ? Int(parts[1]) : nil)
  }

  /// What came since the last call, once as much is there as is shown.
  func lines(until shown: [String]) throws -> [String] {
    return Self.split(wait { EndToEnd.TourTests.matches(shown[...], Self.split($0)[...]) })
  }

  private func wait(_ isEnough: (String) -> Bool) -> String {
    let end = nowMs() + 20_000
    while true {
      let text = String(child.output.unicodeScalars.dropFirst(read))
      if isEnough(text) || nowMs() > end {
        read += text.unicodeScalars.count
        return text
      }
      usleep(10_000)
    }
  }

  /// What the terminal shows: a carriage return begins the line anew, escape sequences are not seen.
  private static func split(_ text: String) -> [String] {
    var lines: [String] = [""]
    var isEscape = false
    let scalars = Array(text.unicodeScalars)
    for (index, scalar) in scalars.enumerated() {
      let next = index + 1 < scalars.count ? scalars[index + 1] : " "
      switch scalar {
      case "\u{1B}": isEscape = true
      case _ where isEscape: isEscape = !scalar.properties.isAlphabetic
      case "\n": lines.append("")
      case "\r": if next != "\n" && next != "\r" { lines[lines.count - 1] = "" }
      default: lines[lines.count - 1].unicodeScalars.append(scalar)
      }
    }
    lines = lines.map { line in String(line.reversed().drop { $0 == " " }.reversed()) }
    while lines.last?.isEmpty == true { lines.removeLast() }
    return lines
  }
}
