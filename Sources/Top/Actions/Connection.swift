// What the screen needs from the program around it: commands run, contexts opened, files kept. Values; any
// thread.

package import Wire

/// The cluster that is watched, as the command line names it.
package struct Connection: Equatable, Sendable {
  /// Name of the saved context; nil when the addresses were given otherwise.
  package var context: String?
  /// Words that make a command go to the same cluster: `--context prod`, `-n host:port`; empty when a command
  /// without flags goes there.
  package var flags: [String] = []
  /// Nothing may be changed from the screen.
  package var isReadOnly = false
  /// A change needs the context's name typed.
  package var isProtected = false

  package init() {}
}

/// What a command line left behind.
package struct ActionOutcome: Equatable, Sendable {
  package let exitCode: Int32
  /// What it printed, then what it said on stderr.
  package let lines: [String]

  /// Text beyond `Limits.outcomeLinesMax` lines is left out, and a line says so.
  package init(exitCode: Int32, output: String, errors: String) {
    self.exitCode = exitCode
    var lines: [String] = []
    for text in [output, errors] {
      var part = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
      if part.last == "" { part.removeLast() }
      lines += part
    }
    if lines.count > Limits.outcomeLinesMax {
      let hidden = lines.count - Limits.outcomeLinesMax
      lines.removeLast(hidden)
      lines.append("(\(hidden) more lines)")
    }
    self.lines = lines
  }
}

/// What came of a wish for another context.
package enum ContextOpening: Sendable {
  case opened(Connection, nameServers: [String], credentials: Credentials?)
  /// Why it cannot be, in one clause.
  case refused(String)
}

/// What the program around the screen does for it. All closures may be called on any thread.
package struct Services: Sendable {
  /// Runs words of `mq` in this process. Waits for brokers, so never on the UI's thread. Nil: there is no
  /// cluster to act on.
  package var perform: (@Sendable ([String]) -> ActionOutcome)?
  /// Finds a saved context.
  package var openContext: (@Sendable (String) -> ContextOpening)?
  /// Keeps a layout for the next start; answers why it could not.
  package var saveLayout: (@Sendable (String) -> String?)?

  package init() {}
}
