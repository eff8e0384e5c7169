// Where the password of a user comes from: never needed in the command line, where others could read it.

import Linux

enum PasswordInput {
  static let flags = [
    Flag("password", .text, "TEXT", "the password; others on this machine can see it in the process list"),
    Flag(
      "password-file", .text, "FILE", "read the password from the first line of FILE, or of stdin (-)",
      completion: .files),
  ]

  /// The password of the flags; without them a person at the terminal is asked, twice.
  ///
  /// - Throws: `.usage` when nobody can be asked, or the two differ.
  static func read(_ invocation: Invocation, for user: String) throws(Failure) -> String {
    if let given = try given(invocation) { return given }
    guard invocation.streams.canAsk else {
      throw Failure(
        .usage, "no password for \(user)", hint: "give it with --password-file FILE, or - for stdin")
    }
    invocation.streams.warn("Password for \(Escape.terminal(user)): ")
    let first = invocation.streams.askSecret()
    invocation.streams.warn("Again: ")
    guard let first, !first.isEmpty, invocation.streams.askSecret() == first else {
      throw Failure(.usage, "the two passwords differ, or are empty")
    }
    return first
  }

  /// nil when neither flag is there.
  static func given(_ invocation: Invocation) throws(Failure) -> String? {
    if let text = invocation.string("password") { return text }
    guard let path = invocation.string("password-file") else { return nil }
    let line: String?
    if path == "-" {
      line = readLine()
    } else {
      do throws(Errno) {
        let bytes = try FileSystem.readWhole(path, bytesMax: Limits.passwordFileBytesMax)
        line = bytes.split(separator: 10, omittingEmptySubsequences: false).first.map {
          String(decoding: $0, as: UTF8.self)
        }
      } catch { throw Failure(.failed, "cannot read \(path): \(error)") }
    }
    guard let line, !line.isEmpty else { throw Failure(.usage, "\(path) has no password in its first line") }
    return line
  }
}
