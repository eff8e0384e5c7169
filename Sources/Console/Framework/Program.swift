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
      let failure = streams.refusal ?? error
      streams.tell(failure, errorFormat(words), verbose: isVerbose(words))
      return failure.exitCode
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
      try apply(input, of: command, to: streams, settings, nowMs: nowMs)
      var invocation = Invocation(command, input, streams: streams, settings: settings, nowMs: nowMs)
      try invocation.checkReadOnly()
      if let everyMs = invocation.watchMs { try Watch.run(&invocation, everyMs: everyMs) }
      try command.run(&invocation)
      if let refusal = streams.refusal { throw refusal }
      streams.finish()
    }
  }

  /// How results are printed, from the flags and the terminal.
  private static func apply(
    _ input: Input, of command: Command, to streams: Streams, _ settings: Settings, nowMs: Int64
  ) throws(Failure) {
    func text(_ long: String) -> String? {
      if case .text(let value) = input.flags[long]?.last { return value }
      return nil
    }
    var options = Format.Options()
    options.format = text("output").flatMap { OutputFormat(rawValue: $0) } ?? .table
    options.hasHeaders = input.flags["no-headers"]?.last != .toggle(true)
    switch text("color") {
    case "always": options.hasColor = true
    case "never": options.hasColor = false
    default: options.hasColor = streams.isOutTerminal && !settings.refusesColor
    }
    options.columnsMax = streams.columns
    if settings.isUTF8 { options.ellipsis = "\u{2026}" }

    var selection = Selection()
    selection.nowMs = nowMs
    // Another command may have flags of these names with a meaning of its own.
    if command.shared.contains(.rows) {
      selection.columns = Selection.names(text("columns") ?? "")
      selection.order = try Selection.order(text("sort-by") ?? "")
      selection.filter = try text("filter").map { text throws(Failure) in try RowFilter(text) }
      selection.template = try text("template").map { text throws(Failure) in try Template(text) }
    }
    if selection.template != nil && text("output") == nil { options.format = .template }
    if (options.format == .template) != (selection.template != nil) {
      let hasFlag = command.shared.contains(.rows)
      let hasFormat = command.flags.contains { $0.long == "format" }
      throw Failure(
        .usage,
        hasFlag
          ? "-o template and --template belong together" : "mq \(command.name) prints no table to shape",
        hint: hasFlag
          ? "for example --template '{topic} {lag}'"
          : hasFormat ? "--format shapes its lines" : "-o json has everything")
    }
    streams.options = options
    streams.selection = selection
  }

  /// Whether more is told about a failure.
  private static func isVerbose(_ words: [String]) -> Bool {
    words.prefix { $0 != "--" }.contains { $0 == "-v" || $0 == "--verbose" || $0 == "--verbose=true" }
  }

  /// Whether a failure goes out for scripts: also for a command line that could not be parsed.
  private static func errorFormat(_ words: [String]) -> OutputFormat {
    for format in [OutputFormat.json, .yaml] {
      let name = format.rawValue
      for (index, word) in words.enumerated() {
        if word == "--" { break }
        if ["-o\(name)", "-o=\(name)", "--output=\(name)"].contains(word) { return format }
        if (word == "-o" || word == "--output") && index + 1 < words.count && words[index + 1] == name {
          return format
        }
      }
    }
    return .table
  }
}
