// The way through `mq`: words in, exit code out. The one place that prints failures.

import Linux
import Wire

/// The program, as a function.
package enum Program {
  /// Version of mq itself.
  package static let version = "0.1.0"

  /// Runs the process's command line, the program's name first, and ends the process. Called mqadmin it takes
  /// the command lines of that.
  package static func main(_ line: [String]) -> Never {
    let streams = Streams()
    let name = line.first?.split(separator: "/").last.map(String.init)
    let words = (name == "mqadmin" ? ["mqadmin"] : []) + line.dropFirst()
    let code = run(words, streams: streams, settings: Settings(), nowMs: Clock.wallMs())
    streams.flush()
    Process.exit(code)
  }

  /// Runs one command line (without the program's name); returns the exit code.
  package static func run(_ words: [String], streams: Streams, settings: Settings, nowMs: Int64) -> Int32 {
    do throws(Failure) {
      try runThrowing(words, streams: streams, settings: settings, nowMs: nowMs)
      return 0
    } catch {
      streams.flush()
      if !error.message.isEmpty {
        streams.warn(wantsJSON(words) ? error.json.text(.indented) + "\n" : error.text)
      }
      return error.exitCode
    }
  }

  /// Runs one command line and leaves its failure to the caller.
  static func runThrowing(
    _ words: [String], streams: Streams, settings: Settings, nowMs: Int64
  ) throws(Failure) {
    switch try Parser.parse(words, nowMs: nowMs) {
    case .version: streams.write("mq \(version)\n")
    case .help(let path): streams.write(try Help.text(path))
    case .run(let command, let input):
      apply(input, to: streams, settings)
      var invocation = Invocation(command, input, streams: streams, settings: settings, nowMs: nowMs)
      try run(&invocation)
    }
  }

  private static func run(_ invocation: inout Invocation) throws(Failure) {
    guard let everyMs = invocation.watchMs else {
      try invocation.command.run(&invocation)
      return
    }
    if everyMs < 100 { throw Failure(.usage, "--watch=\(everyMs)ms is too often", hint: "at least 100ms") }
    let pause = Signal()
    let streams = invocation.streams
    while true {
      if streams.isOutTerminal { streams.write("\u{1b}[H\u{1b}[2J") }
      do throws(Failure) {
        try invocation.command.run(&invocation)
      } catch {
        // A broker that is away may come back; a watch waits for it.
        if ![.unreachable, .partial, .check].contains(error.code) { throw error }
        if !error.message.isEmpty { streams.warn(error.text) }
      }
      streams.flush()
      _ = pause.wait(timeoutMs: everyMs)
      invocation.nowMs = Clock.wallMs()
    }
  }

  private static func apply(_ input: Input, to streams: Streams, _ settings: Settings) {
    if case .text(let name) = input.flags["output"]?.last {
      streams.options.format = OutputFormat(rawValue: name) ?? .table
    }
    streams.options.hasHeaders = input.flags["no-headers"]?.last != .toggle(true)
    switch input.flags["color"]?.last {
    case .text("always"): streams.options.hasColor = true
    case .text("never"): streams.options.hasColor = false
    default: streams.options.hasColor = streams.isOutTerminal && !settings.refusesColor
    }
  }

  /// Whether a failure goes out as JSON: also for a command line that could not be parsed.
  private static func wantsJSON(_ words: [String]) -> Bool {
    for (index, word) in words.enumerated() {
      if word == "--" { return false }
      if ["-ojson", "-o=json", "--output=json"].contains(word) { return true }
      if (word == "-o" || word == "--output") && index + 1 < words.count && words[index + 1] == "json" {
        return true
      }
    }
    return false
  }
}
