// What `mq top` needs from the program around it: commands run in this process, saved contexts, the files of
// keys and layout.

import Client
import Linux
import Top
import Wire

enum TopServices {
  /// Fills in what the screen can do besides watching.
  static func add(to options: inout DashboardOptions, _ invocation: Invocation) throws(Failure) {
    let settings = invocation.settingsInUse
    let isReadOnly = invocation.isOn("read-only")
    // A demo has nothing to do with the context in use; its address is known when it has started.
    if options.demo != nil {
      options.connection.isReadOnly = isReadOnly
    } else {
      options.connection = try connection(invocation.input, settings, isReadOnly: isReadOnly)
    }
    options.contextNames = try settings.contextFile.load().entries.map(\.name)
    options.keys = try keys(settings.keysFile)
    // The secret came through standard input once; commands could not read it again.
    let isSecretGone = invocation.string("secret-key-file") == "-"
    if !isSecretGone { options.services.perform = { perform($0) } }
    options.services.openContext = { open($0, isReadOnly: isReadOnly) }
    let path = settings.stateDirectory + "/top-layout"
    options.services.saveLayout = { save($0, path) }
    readLayout(path, &options)
    if invocation.has("interval") { options.layout?.intervalMs = nil }
  }

  // MARK: Commands

  /// Runs words as the program would, but for where output goes.
  private static func perform(_ words: [String]) -> ActionOutcome {
    let streams = Streams(capturing: nil)
    let code = Program.run(words, streams: streams, settings: Settings(), nowMs: Clock.wallMs())
    return ActionOutcome(exitCode: code, output: streams.capturedOut, errors: streams.capturedError)
  }

  // MARK: Contexts

  private static func connection(
    _ input: Input, _ settings: Settings, isReadOnly: Bool
  ) throws(Failure) -> Connection {
    var connection = Connection()
    let saved = try settings.contextInUse(input)
    connection.context = saved?.name
    connection.isReadOnly = isReadOnly || saved?.isReadOnly ?? false
    connection.isProtected = saved?.isProtected ?? false
    for (long, word) in [
      ("namesrv", "-n"), ("context", "--context"), ("access-key", "--access-key"),
      ("secret-key-file", "--secret-key-file"),
    ] {
      if case .text(let value) = input.flags[long]?.last { connection.flags += [word, value] }
    }
    return connection
  }

  /// A saved context by its name.
  private static func open(_ name: String, isReadOnly: Bool) -> ContextOpening {
    let settings = Settings()
    var input = Input()
    input.flags["context"] = [.text(name)]
    do throws(Failure) {
      return .opened(
        try connection(input, settings, isReadOnly: isReadOnly),
        nameServers: try settings.nameServers(input), credentials: try settings.credentials(input))
    } catch {
      return .refused(error.message + (error.hint.isEmpty ? "." : "; \(error.hint)"))
    }
  }

  // MARK: Files

  /// - Throws: `.usage`, with the line, for a file that is there and wrong.
  static func keys(_ path: String) throws(Failure) -> KeyMap {
    let bytes: [UInt8]
    do throws(Errno) {
      bytes = try FileSystem.readWhole(path, bytesMax: Limits.configFileBytesMax)
    } catch {
      if error == .noSuchFile { return .standard }
      throw Failure(.failed, "cannot read \(path): \(error)")
    }
    do throws(KeyMapError) {
      return try KeyMap(file: String(decoding: bytes, as: UTF8.self))
    } catch {
      let line = error.line > 0 ? " line \(error.line)" : ""
      throw Failure(
        .usage, "\(path)\(line): \(error.message)",
        hint: "man mq-top lists the actions and their keys; without the file keys are as they were")
    }
  }

  /// - Throws: `.usage`, with the line, for a file that is there and wrong.
  static func watch(_ path: String) throws(Failure) -> WatchSettings {
    let bytes: [UInt8]
    do throws(Errno) {
      bytes = try FileSystem.readWhole(path, bytesMax: Limits.configFileBytesMax)
    } catch {
      if error == .noSuchFile { return WatchSettings() }
      throw Failure(.failed, "cannot read \(path): \(error)")
    }
    do throws(WatchSettings.Problem) {
      return try WatchSettings(file: String(decoding: bytes, as: UTF8.self))
    } catch {
      throw Failure(
        .usage, "\(path) line \(error.line): \(error.what)",
        hint: "for example disk = 80%, or alert = group: lag>1e6 for 5m")
    }
  }

  private static func readLayout(_ path: String, _ options: inout DashboardOptions) {
    do throws(Errno) {
      let bytes = try FileSystem.readWhole(path, bytesMax: Limits.configFileBytesMax)
      options.layout = SavedLayout(String(decoding: bytes, as: UTF8.self))
      if options.layout == nil {
        options.notice = "\(path) holds no layout and is ignored; :save writes a new one."
      }
    } catch {
      if error != .noSuchFile { options.notice = "\(path) is ignored: \(error)" }
    }
  }

  /// Answers why it could not be.
  private static func save(_ text: String, _ path: String) -> String? {
    do throws(Errno) {
      try FileSystem.makeDirectories(FileSystem.parentDirectory(path))
      try FileSystem.replace(path, with: Array(text.utf8), backup: false)
      return nil
    } catch {
      return "cannot write \(path): \(error)"
    }
  }
}
