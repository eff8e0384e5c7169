// Standard input, output and error of a command; in tests, memory. One thread.
//
// Output gathers in a buffer and leaves in few writes. When the reader is gone (EPIPE) the process ends
// quietly.

import Linux
import Wire

/// Where a command reads and writes.
package final class Streams {
  /// What is printed, and how.
  package var format: OutputFormat { options.format }
  /// How results are printed.
  package var options = Format.Options()
  /// Whether somebody can be asked: stdin and stderr are terminals.
  package let canAsk: Bool
  /// Whether stdout is a terminal.
  package let isOutTerminal: Bool
  /// Whether stderr is a terminal, so that a line there can be drawn over.
  package let isErrorTerminal: Bool
  /// Whether this is memory, for tests.
  let isCaptured: Bool
  private var out = ByteBuffer()
  private var error = ""
  private var answers: [String]

  /// The process's own streams.
  package init() {
    isCaptured = false
    isOutTerminal = Process.isTerminal(1)
    isErrorTerminal = Process.isTerminal(2)
    canAsk = Process.isTerminal(0) && Process.isTerminal(2)
    answers = []
  }

  /// Memory, for tests. `answers` are what a person would type; nil is no terminal.
  package init(capturing answers: [String]?) {
    isCaptured = true
    isOutTerminal = false
    isErrorTerminal = false
    canAsk = answers != nil
    self.answers = answers ?? []
  }

  /// Captured output so far.
  package var capturedOut: String { String(decoding: out.array, as: UTF8.self) }
  /// Captured stderr so far.
  package var capturedError: String { error }

  /// To stdout, buffered.
  package func write(_ text: String) {
    out.append(utf8: text)
    if out.count >= Limits.outputBufferBytes { flush() }
  }
  /// Bytes as they are, for message bodies.
  package func write(_ bytes: [UInt8]) {
    out.append(bytes)
    if out.count >= Limits.outputBufferBytes { flush() }
  }

  /// Hands everything to the kernel. Call it before waiting for something.
  package func flush() {
    if isCaptured || out.isEmpty { return }
    if !Process.writeOut(out.bytes) { Process.exit(0) }
    out.removeAll()
  }

  /// To stderr, at once.
  package func warn(_ text: String) {
    if isCaptured {
      error += text
    } else {
      flush()
      Process.writeError(text)
    }
  }

  /// A line from the person at the terminal; nil at the end of input.
  package func ask() -> String? {
    if isCaptured { return answers.isEmpty ? nil : answers.removeFirst() }
    return readLine()
  }

  /// A line that the terminal does not show; nil at the end of input.
  package func askSecret() -> String? {
    isCaptured ? ask() : Process.readSecretLine()
  }

  /// Prints in the form of `options`; an empty table says so on stderr, to people only.
  package func print(_ table: Table) {
    if table.rows.isEmpty && (format == .table || format == .wide) {
      warn(table.emptyText + "\n")
      return
    }
    write(Format.text(table, options))
  }
  /// Prints in the form of `options`.
  package func print(_ report: Report) { write(Format.text(report, options)) }
  /// Prints in the form of `options`.
  package func print(_ reports: [Report]) { write(Format.text(reports, options)) }
}
