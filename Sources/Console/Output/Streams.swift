// Standard input, output and error of a command; in tests, memory. One thread.
//
// Output gathers in a buffer and leaves in few writes. When the reader is gone (EPIPE) the process ends
// quietly.

import Linux
package import Wire

/// Where a command reads and writes.
package final class Streams {
  /// What is printed, and how.
  package var format: OutputFormat { options.format }
  /// How results are printed.
  package var options = Format.Options()
  /// What of them is printed.
  package var selection = Selection()
  /// Why a result could not be printed as asked; the command's own failure.
  private(set) var refusal: Failure?
  /// What is to be said of a table that had no rows.
  private var emptyText: String?
  /// Documents of YAML so far.
  private var documents = 0
  /// Whether somebody can be asked: stdin and stderr are terminals.
  package let canAsk: Bool
  /// Whether stdout is a terminal.
  package let isOutTerminal: Bool
  /// Whether stderr is a terminal, so that a line there can be drawn over.
  package let isErrorTerminal: Bool
  /// Whether all goes to memory.
  let isCaptured: Bool
  private var out = ByteBuffer()
  private var error = ""
  private var answers: [String]
  /// A round of --watch on a terminal, until it is drawn; nil when output goes out as it comes.
  private var screen: ByteBuffer?

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

  /// Columns of the terminal on stdout; nil when it is none.
  package var columns: Int? { isOutTerminal ? Process.terminalSize()?.columns : nil }

  /// Captured output so far.
  package var capturedOut: String { String(decoding: out.array, as: UTF8.self) }
  /// Captured stderr so far.
  package var capturedError: String { error }

  /// To stdout, buffered.
  package func write(_ text: String) {
    if screen?.append(utf8: text) != nil { return }
    out.append(utf8: text)
    if out.count >= Limits.outputBufferBytes { flush() }
  }
  /// Bytes as they are, for message bodies.
  package func write(_ bytes: [UInt8]) {
    if screen?.append(bytes) != nil { return }
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
    } else if screen?.append(utf8: text) == nil {
      flush()
      Process.writeError(text)
    }
  }

  /// A failure on stderr: as an object for scripts that read JSON or YAML, in words else.
  func tell(_ failure: Failure, _ format: OutputFormat, verbose: Bool = false) {
    if failure.message.isEmpty { return }
    switch format {
    case .json: warn(failure.json.text(.indented) + "\n")
    case .yaml: warn(YAML.text(failure.json))
    default: warn(failure.text(verbose: verbose))
    }
  }

  /// From now on output and warnings are gathered for `drawScreen`.
  func beginScreen() { screen = ByteBuffer() }
  /// Forgets what was gathered.
  func dropScreen() { screen = nil }
  /// Writes what `body` makes of the gathered text.
  func drawScreen(_ body: (String) -> String) {
    let text = screen?.bytes.text ?? ""
    screen = nil
    write(body(text))
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

  /// Says that a table was empty, to people only. Called when a command has done its work: where brokers
  /// failed, "nothing found" would be a lie.
  func finish() {
    if let emptyText { warn(emptyText + "\n") }
    emptyText = nil
  }

  /// Prints in the form of `options`; an empty table prints nothing for people, see `finish`.
  package func print(_ table: Table) {
    shape { () throws(Failure) in
      let table = try selection.apply(to: table, keepsColumns: keepsColumns)
      if let template { return try template.text(table.columns, table.rows) }
      if table.rows.isEmpty && format.isForPeople {
        emptyText = table.emptyText
        return ""
      }
      return Format.text(table, options)
    }
  }

  /// Prints in the form of `options`.
  package func print(_ report: Report) {
    shape { () throws(Failure) in
      let report = try selection.apply(to: report, keepsColumns: keepsColumns)
      guard let template else { return Format.text(report, options) }
      if let section = report.sections.first(where: { $0.key == report.mainSection }) {
        return try template.text(section.table.columns, section.table.rows, common: report.fields)
      }
      return try template.text(report.fields.map(\.column), [report.fields.map(\.cell)])
    }
  }

  /// Prints in the form of `options`.
  package func print(_ reports: [Report]) {
    shape { () throws(Failure) in
      let reports = try selection.apply(to: reports, keepsColumns: keepsColumns)
      guard let template else { return Format.text(reports, options) }
      guard let first = reports.first else { return "" }
      return try template.text(first.fields.map(\.column), reports.map { $0.fields.map(\.cell) })
    }
  }

  /// Prints what has more shape than a report: as YAML with -o yaml, as JSON else.
  package func print(_ value: JSON) {
    shape { () throws(Failure) in format == .yaml ? YAML.text(value) : value.text(.indented) + "\n" }
  }

  private var template: Template? { format == .template ? selection.template : nil }
  /// Names and templates choose for themselves what they print of a row.
  private var keepsColumns: Bool { format == .name || format == .template }

  /// Writes what `body` makes, or keeps why it could not.
  private func shape(_ body: () throws(Failure) -> String) {
    do throws(Failure) {
      let text = try body()
      if format == .yaml {
        if documents > 0 { write("---\n") }
        documents += 1
      }
      // Names come from the cluster: control bytes must not reach a terminal.
      write(isOutTerminal && keepsColumns ? Escape.terminal(text, keepLines: true) : text)
    } catch {
      refusal = refusal ?? error
    }
  }
}
