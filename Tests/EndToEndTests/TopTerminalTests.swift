// `mq top` in a real terminal: how it takes it, and that it always gives it back.

import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Suite struct TopTerminalTests {
    private static let xterm = [
      "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "NO_COLOR": "", "COLORTERM": "", "TMUX": "", "LINES": "",
      "COLUMNS": "", "XDG_CONFIG_HOME": "/nonexistent",
      // Without it a trap ends in the questions of the Swift runtime, where its tool is installed.
      "SWIFT_BACKTRACE": "enable=no",
    ]
    /// What a terminal that knows all we ask says: where the cursor is, and that it can draw at once.
    private static let answers = ["\u{1B}[6n": "\u{1B}[2;2R", "\u{1B}[?2026$p": "\u{1B}[?2026;2$y"]
    /// Private modes that may not outlive the program: cursor keys, mouse, the alternate screen, paste, holding.
    private static let ownModes: Set<Int> = [1, 1000, 1002, 1003, 1006, 1049, 2004, 2026]

    /// Arguments for a cluster that does not answer; there is a screen all the same.
    private static let nobody = ["top", "--namesrv", "127.0.0.1:1"]

    /// The program in a terminal, with a cluster of its own unless `arguments` say otherwise. No core is written.
    private func top(
      _ arguments: [String] = ["top", "--demo"], _ environment: [String: String] = [:], columns: Int = 80,
      rows: Int = 24, answers: [String: String] = Self.answers
    ) throws -> Pty {
      try Pty(
        "/bin/sh", ["-c", "ulimit -c 0; exec \"$0\" \"$@\"", program] + arguments,
        environment: Self.xterm.merging(environment) { $1 }, columns: columns, rows: rows, answers: answers)
    }

    /// The last modes are those of a shell.
    private func expectRestored(_ pty: Pty, _ comment: Comment? = nil) {
      let screen = pty.screen
      #expect(screen.modes.isDisjoint(with: Self.ownModes), comment)
      #expect(screen.modes.contains(25), "the cursor is shown")
      #expect(pty.isCooked, comment)
      #expect(screen.unknown == [], "nothing the emulator does not know")
    }

    // MARK: The end

    @Test(arguments: [SIGINT, SIGTERM, SIGHUP, SIGQUIT])
    func aSignalRestoresTheTerminalAndIsTheStatus(_ number: Int32) throws {
      let pty = try top()
      try pty.wait(for: "live")
      #expect(pty.screen.modes.isSuperset(of: [1000, 1006, 1049, 2004]) && !pty.screen.modes.contains(25))
      #expect(!pty.isCooked)
      pty.signal(number)
      #expect(try pty.end() == .signal(number))
      expectRestored(pty)
    }

    /// A trap from outside runs the same handler as one of our own.
    @Test(arguments: [SIGILL, SIGTRAP, SIGSEGV, SIGABRT, SIGBUS])
    func aTrapRestoresTheTerminalAndIsTheStatus(_ number: Int32) throws {
      let pty = try top(Self.nobody)
      try pty.wait("screen") { $0.modes.contains(1049) && $0.text.contains("Quit") }
      pty.signal(number)
      #expect(try pty.end() == .signal(number))
      expectRestored(pty)
    }

    @Test func quittingLeavesWhatWasThere() throws {
      let pty = try top(Self.nobody)
      try pty.wait(for: "Quit")
      pty.type("q")
      #expect(try pty.end() == .code(0))
      expectRestored(pty)
    }

    @Test func aClosedTerminalEndsTheProgram() throws {
      let pty = try top(Self.nobody)
      try pty.wait(for: "Quit")
      pty.hangUp()
      let exit = try pty.end()
      #expect(exit == .signal(SIGHUP) || exit == .code(1), "\(exit)")
    }

    // MARK: Job control

    @Test func ctrlZGivesTheTerminalBackAndForegroundDrawsItAnew() throws {
      let script =
        "set -m; \"$0\" top --demo; echo \"stopped=$?\"; read line; fg >/dev/null; echo \"ended=$?\""
      let pty = try Pty("/bin/sh", ["-c", script, program], environment: Self.xterm, answers: Self.answers)
      try pty.wait(for: "live")
      pty.type("\u{1A}")
      try pty.wait(for: "stopped=")
      expectRestored(pty, "while it is stopped")
      let before = pty.byteCount
      pty.type("\n")
      try pty.wait("screen") { $0.modes.isSuperset(of: [1000, 1049, 2004]) && $0.text.contains("Quit") }
      pty.settle(ms: 100)
      #expect(pty.byteCount - before < 6_000)
      pty.type("q")
      try pty.wait(for: "ended=0")
      #expect(try pty.end() == .code(0))
      expectRestored(pty)
    }

    @Test func aProgramStoppedByForceDrawsItselfAnew() throws {
      let pty = try top(Self.nobody)
      try pty.wait(for: "Quit")
      pty.signal(SIGSTOP)
      pty.settle(ms: 100)
      let before = pty.byteCount
      pty.signal(SIGCONT)
      try pty.wait(forOutput: "Quit", from: before)
      #expect(pty.screen.modes.isSuperset(of: [1000, 1049, 2004]))
      pty.type("q")
      #expect(try pty.end() == .code(0))
    }

    // MARK: Size

    @Test func aDraggedWindowIsDrawnAFewTimes() throws {
      let pty = try top(Self.nobody)
      try pty.wait(for: "Quit")
      pty.settle(ms: 50)
      let before = pty.byteCount
      for step in 1...200 {
        pty.resize(columns: 80 + step % 50, rows: 24 + step % 20)
        usleep(5_000)
      }
      pty.resize(columns: 100, rows: 20)
      try pty.wait("its size") { $0.line(19).contains("Quit") }
      #expect(pty.byteCount - before < 60_000)
      for (columns, rows) in [(10, 3), (1, 1), (4, 2), (20, 5), (80, 24)] {
        pty.resize(columns: columns, rows: rows)
        pty.settle(ms: 60)
      }
      try pty.wait("its size") { $0.line(23).contains("Quit") }
      pty.type("q")
      #expect(try pty.end() == .code(0))
    }

    // MARK: What is sent

    @Test(arguments: ["dumb", "", "no-such-terminal"])
    func aTerminalWithoutAScreenGetsLines(_ name: String) throws {
      let pty = try top(["top", "--demo"], ["TERM": name])
      try pty.wait(for: "hint: set TERM")
      try pty.wait(for: " 1/1 ")
      pty.signal(SIGINT)
      #expect(try pty.end() == .signal(SIGINT))
      #expect(!pty.output().contains(0x1B))
    }

    @Test func aPipeGetsOneSnapshot() throws {
      let (exit, output, _) = try Child.run(program, ["top", "--demo"], environment: Self.xterm)
      #expect(exit == .code(0))
      #expect(output.contains("TOPIC") && !output.contains("\u{1B}"))
    }

    @Test func coloursAreOnlyForThoseWhoWantThem() throws {
      for (environment, isColoured) in [
        ([:], true), (["NO_COLOR": "1"], false), (["TERM": "vt100"], false), (["TERM": "xterm"], true),
        (["COLORTERM": "truecolor", "TERM": "xterm"], true),
      ] as [([String: String], Bool)] {
        let pty = try top(Self.nobody, environment)
        try pty.wait(for: "Quit")
        #expect((pty.screen.colourCount > 0) == isColoured, "\(environment)")
        pty.type("q")
        #expect(try pty.end() == .code(0))
      }
    }

    @Test func theCLocaleGetsASCII() throws {
      let pty = try top(Self.nobody, ["LC_ALL": "C"])
      try pty.wait(for: "Quit")
      pty.type("?")
      try pty.wait(for: "one row up")
      pty.type("q")
      #expect(try pty.end() == .code(0))
      #expect(pty.output().allSatisfy { $0 < 0x80 })
    }

    /// A terminal that draws `─` two columns wide is asked once and gets none afterwards.
    @Test func aTerminalWithWideLinesGetsASCIILines() throws {
      for (column, isASCII) in [(2, false), (3, true), (4, true)] {
        let answers = ["\u{1B}[6n": "\u{1B}[2;\(column)R"]
        let pty = try top(Self.nobody, answers: answers)
        try pty.wait(for: "Quit")
        try pty.wait("the rule") { screen in
          (0..<24).contains { screen.line($0).hasPrefix("--") } == isASCII
        }
        // The one that was drawn to ask is gone from the screen.
        #expect(pty.screen.text.contains("\u{2500}") == !isASCII)
        pty.type("q")
        #expect(try pty.end() == .code(0))
      }
    }

    @Test func aTerminalThatAnswersNothingIsNotWaitedFor() throws {
      let pty = try top(Self.nobody, answers: [:])
      try pty.wait(for: "Quit", timeoutMs: 1_000)
      pty.type("q")
      #expect(try pty.end(timeoutMs: 2_000) == .code(0))
      expectRestored(pty)
    }

    // MARK: Input

    @Test func aPastedTextIsNotTakenAsKeys() throws {
      let pty = try top(Self.nobody)
      try pty.wait(for: "Quit")
      pty.type("\u{1B}[200~q\u{1B}[201~")
      pty.settle(ms: 200)
      pty.type("?")
      try pty.wait(for: "one row up")
      pty.type("q")
      #expect(try pty.end() == .code(0))
    }

    @Test func aFloodOfKeysIsDrawnInAFewFrames() throws {
      let pty = try top()
      try pty.wait(for: "live")
      let before = pty.byteCount
      pty.type(String(repeating: "\u{1B}[B\u{1B}[A", count: 500))
      pty.settle(ms: 50)
      #expect(pty.byteCount - before < 40_000)
      pty.type("q")
      #expect(try pty.end() == .code(0))
    }

    @Test func withoutKeysThereStillIsAScreen() throws {
      for script in ["\"$0\" top --namesrv 127.0.0.1:1 </dev/null", ": | \"$0\" top --namesrv 127.0.0.1:1"] {
        let pty = try Pty("/bin/sh", ["-c", "ulimit -c 0; " + script, program], environment: Self.xterm)
        try pty.wait(for: "Quit")
        pty.settle(ms: 100)
        pty.type("\u{3}")
        _ = try pty.end()
        expectRestored(pty)
      }
    }
  }
}
