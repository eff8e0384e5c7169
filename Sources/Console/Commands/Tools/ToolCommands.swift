// Commands about mq itself: help, version, completion, and what packagers and shells need.

import Client
import Linux

enum ToolCommands {
  static let rows: [Command] = [
    Command(
      ["completion"], summary: "Print the completion script of a shell",
      details: """
        The script asks mq for the candidates, so it knows every command and flag, and the topics, groups,
        brokers and contexts of the cluster in use. A cluster that does not answer within 100 ms gives none.
        """,
      impact: .local,
      arguments: [Argument("SHELL", "bash, zsh or fish")],
      examples: [
        Example("source <(mq completion bash)", "for this bash; put it into ~/.bashrc to keep it"),
        Example("mq completion zsh > ~/.zfunc/_mq", "for zsh, in a directory of fpath"),
        Example("mq completion fish > ~/.config/fish/completions/mq.fish", "for fish"),
      ], run: completion),
    Command(
      ["version"], summary: "Show the version of mq", impact: .local, shared: [.output],
      examples: [
        Example("mq version", "the version"), Example("mq version -o json", "the same as JSON"),
      ], run: version),
    Command(
      ["help"], summary: "Show help for a command or topic", impact: .local,
      arguments: [
        Argument(
          "COMMAND", "command or help topic", isOptional: true, isRepeated: true, completion: .commands)
      ],
      examples: [
        Example("mq help topic create", "the same as mq topic create --help"),
        Example("mq help output", "forms of output, for scripts"),
      ], run: help),
    Command(
      ["generate", "man"], summary: "Write the man pages", impact: .local,
      arguments: [Argument("DIR", "directory to write to", completion: .files)], isHidden: true,
      run: generateMan),
    Command(
      ["generate", "completions"], summary: "Write the completion scripts", impact: .local,
      arguments: [Argument("DIR", "directory to write to", completion: .files)], isHidden: true,
      run: generateCompletions),
    Command(
      ["__complete"], summary: "Print candidates for the last word", impact: .local,
      arguments: [Argument("WORD", "words of the command line", isOptional: true, isRepeated: true)],
      flags: [
        Flag("quoted", .toggle, "", "the words stand as they were typed, with their quotes"),
        Flag("line", .text, "TEXT", "the line up to the cursor, instead of words; for bash"),
        Flag("word", .text, "TEXT", "what bash takes for the last word of the line"),
      ],
      isHidden: true, run: complete),
  ]

  private static func completion(_ invocation: inout Invocation) throws(Failure) {
    let name = invocation.required("SHELL")
    guard let script = CompletionScripts.all.first(where: { $0.shell == name }) else {
      let shells = CompletionScripts.all.map(\.shell)
      let nearest = Suggestion.hint(name, of: shells)
      throw Failure(
        .usage, "no completion for \(name)",
        hint: nearest.isEmpty ? "one of: \(shells.joined(separator: ", "))" : nearest)
    }
    invocation.streams.write(script.text)
  }

  private static func version(_ invocation: inout Invocation) throws(Failure) {
    if invocation.output == .table {
      invocation.streams.write("mq \(Program.version)\n")
      return
    }
    var report = Report()
    report.add("Version", key: "version", .text(Program.version))
    report.add("Protocol", key: "protocol", .text("RocketMQ remoting, as release \(Release.name(479))"))
    invocation.print(report)
  }

  private static func help(_ invocation: inout Invocation) throws(Failure) {
    invocation.streams.write(try Help.text(invocation.arguments("COMMAND")))
  }

  /// Silent in every case: what it says stands on a line that somebody types.
  private static func complete(_ invocation: inout Invocation) throws(Failure) {
    if !invocation.streams.isCaptured { Process.endAfter(ms: Limits.completionProcessMs) }
    var words = invocation.arguments("WORD")
    var line: ShellLine?
    if let text = invocation.string("line") {
      let parsed = ShellLine(text)
      words = Array(parsed.words.dropFirst())
      line = parsed
    } else if invocation.isOn("quoted") {
      words = words.map { ShellLine($0, isOneWord: true).words.last ?? "" }
    }
    for candidate in Completion.candidates(words, &invocation) {
      if let line, candidate != Completion.files {
        let typed = line.insertion(of: candidate.word, replacing: invocation.string("word") ?? "")
        invocation.streams.write(typed + "\n")
        continue
      }
      let text = candidate.meaning.isEmpty ? candidate.word : "\(candidate.word)\t\(candidate.meaning)"
      invocation.streams.write(text + "\n")
    }
  }

  private static func generateMan(_ invocation: inout Invocation) throws(Failure) {
    try write(Manual.pages, to: invocation.required("DIR"))
  }

  private static func generateCompletions(_ invocation: inout Invocation) throws(Failure) {
    try write(CompletionScripts.all.map { ($0.file, $0.text) }, to: invocation.required("DIR"))
  }

  private static func write(_ files: [(name: String, text: String)], to directory: String) throws(Failure) {
    do throws(Errno) {
      try FileSystem.makeDirectories(directory)
      for file in files {
        try FileSystem.replace(directory + "/" + file.name, with: Array(file.text.utf8), backup: false)
      }
    } catch {
      throw Failure(.failed, "cannot write to \(directory): \(error)")
    }
  }
}
