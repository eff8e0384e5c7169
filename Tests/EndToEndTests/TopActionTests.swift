// Acting from `mq top` in a real terminal, against `mq serve`.

import Foundation
import Linux
import TestSupport
import Testing

extension EndToEnd {
  @Suite struct TopActionTests {
    private func top(_ home: String, _ arguments: [String]) throws -> Pty {
      try Pty(
        program, ["top"] + arguments,
        environment: [
          "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "NO_COLOR": "", "COLORTERM": "", "TMUX": "",
          "LINES": "", "COLUMNS": "", "XDG_CONFIG_HOME": home, "XDG_STATE_HOME": home, "MQ_NAMESRV": "",
          "NAMESRV_ADDR": "", "MQ_CONTEXT": "",
        ], columns: 100, rows: 30)
    }

    /// A topic is made and deleted from the menu; the broker has it in between, and not after.
    @Test func aTopicIsCreatedAndDeletedFromTheMenu() throws {
      let broker = try Broker()
      let home = try TemporaryDirectory()
      let pty = try top(home.path, ["--namesrv", broker.nameServer])
      try pty.wait(for: "live")
      pty.type("3a")
      try pty.wait(for: "Create a topic")
      pty.type("n")
      try pty.wait(for: "Queues")
      pty.type("made-here\t")
      pty.type("\u{15}3\t\t\r")
      // The dry run says what will be sent; nothing is there yet.
      try pty.wait(for: "Enter does it")
      try pty.wait(for: "mq topic create made-here --queues 3 -n \(broker.nameServer)")
      #expect(!(try broker.ok("topic", "list")).contains("made-here"))
      pty.type("\r")
      try pty.wait(for: "created")
      #expect(try broker.ok("topic", "list").contains("made-here"))
      pty.type("\r")

      try pty.wait("row of the topic") { $0.text.contains("made-here") && !$0.text.contains("mq topic") }
      pty.type(":topic made")
      try pty.wait(for: ":topic made-here")
      pty.type("\t\r")
      try pty.wait(for: "> made-here")
      pty.type("ad")
      try pty.wait(for: "Type the topic's name to go on (made-here)")
      pty.type("made\r")
      try pty.wait(for: "Nothing was done")
      #expect(try broker.ok("topic", "list").contains("made-here"))
      pty.type("made-here\r")
      try pty.wait(for: "deleted")
      #expect(!(try broker.ok("topic", "list")).contains("made-here"))
      pty.type("\rq")
      #expect(try pty.end() == .code(0))
    }

    /// A read-only context shows and refuses; another one is watched in place, and the layout is kept.
    @Test func contextsAreSwitchedAndTheLayoutIsKept() throws {
      let broker = try Broker()
      try broker.ok("topic", "create", "only-here")
      let home = try TemporaryDirectory()
      let environment = ["XDG_CONFIG_HOME": home.path]
      for line in [["near", broker.nameServer, "--read-only"], ["far", "127.0.0.1:1"]] {
        let (exit, _, errors) = try Child.run(program, ["context", "add"] + line, environment: environment)
        #expect(exit == .code(0), "\(errors)")
      }
      let pty = try top(home.path, ["--context", "far"])
      try pty.wait(for: "no answer")
      pty.type("3:ctx near\r")
      try pty.wait(for: "only-here")
      try pty.wait(for: "read-only")
      pty.type("/only\ra")
      try pty.wait(for: "Delete the topic")
      pty.type("d")
      try pty.wait(for: "Read-only: nothing can be changed here (context near).")
      pty.type("\u{1B}")
      try pty.wait("dialog closed") { !$0.text.contains("Delete the topic") }
      pty.type(":ctx nowhere\r")
      try pty.wait(for: "no context is named nowhere")
      pty.type(":sort queues\r4:save\r")
      try pty.wait(for: "The layout is saved.")
      pty.type("q")
      #expect(try pty.end() == .code(0))

      let again = try top(home.path, ["--context", "near"])
      try again.wait(for: "Groups")
      again.type("3")
      try again.wait(for: "sorted Q desc")
      again.type("q")
      #expect(try again.end() == .code(0))
    }
  }
}
