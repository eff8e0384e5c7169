// The dialog over the screen: a menu of actions, the fields of one, its dry run, the question, its outcome.
// Pure.

/// An open dialog.
package struct Dialog: Equatable, Sendable {
  /// How far it is.
  package enum Phase: Equatable, Sendable {
    case menu
    case form
    /// The command runs with --dry-run.
    case trying
    /// The dry run is there; words must be typed before anything happens.
    case confirm
    /// The command runs.
    case running
    case done
  }
  /// A word that must be typed: what it is called, in short where there is no room, and what it is.
  package struct Demand: Equatable, Sendable {
    package let label: String
    package let short: String
    package let word: String
  }

  package internal(set) var phase = Phase.menu
  /// What the menu offers, as places in `ActionRow.table`, and the chosen one.
  package internal(set) var items: [Int] = []
  package internal(set) var selected = 0
  /// The action, once it is chosen.
  package internal(set) var action: Int?
  /// Of its fields, and names of the subjects.
  package internal(set) var values: [String: String] = [:]
  /// The field being filled in.
  package internal(set) var focus = 0
  /// The run that is waited for.
  var ticket = 0
  /// What a run printed.
  package internal(set) var outcome: ActionOutcome?
  /// First line and column of it on the screen.
  package internal(set) var top = 0
  package internal(set) var left = 0
  /// What is still to be typed, the first now; and what is typed of it.
  package internal(set) var demands: [Demand] = []
  package internal(set) var typed = ""
  /// True when the dry run refused what was filled in, which can be changed then.
  package internal(set) var isCorrectable = false
  /// Why the last key did nothing.
  package internal(set) var problem: String?

  package var row: ActionRow? { action.map { ActionRow.table[$0] } }

  /// Fields that are filled in by hand: not those that the subject answers.
  package var fields: [ActionField] { row?.fields ?? [] }

  /// The value of a field.
  package func value(_ field: ActionField) -> String { values[field.key] ?? "" }

  /// The command line of the action, or of the chosen entry of the menu; without "mq".
  package func words(_ flags: [String]) -> [String] {
    let row: ActionRow?
    if phase == .menu {
      row = items.indices.contains(selected) ? ActionRow.table[items[selected]] : nil
    } else {
      row = self.row
    }
    guard let row else { return [] }
    var shown = values
    // A field that is not filled in yet shows its start, or its name.
    for field in row.fields where (shown[field.key] ?? "").isEmpty {
      shown[field.key] = field.isOptional ? "" : field.start.isEmpty ? field.label.uppercased() : field.start
    }
    return row.words(shown, flags: flags)
  }

  /// True where a dialog takes the whole screen.
  package static func isSmall(_ size: Size) -> Bool { size.rows < 12 || size.columns < 40 }

  /// Columns that the widest dialog has for text.
  private static let outcomeColumnsMax = 156
  /// Columns for the lines of an outcome on a screen of that size.
  package static func outcomeColumns(_ size: Size) -> Int {
    isSmall(size) ? size.columns : min(size.columns - 8, outcomeColumnsMax)
  }

  /// Lines of the outcome on a screen of that size: sentences go on in the next line, tables do not.
  package func outcomeText(_ size: Size) -> [String] {
    let columns = max(1, Self.outcomeColumns(size))
    return (outcome?.lines ?? []).flatMap { line in
      line.utf8.count > columns && Self.isSentence(line) ? Self.broken(line, columns) : [line]
    }
  }
  /// Columns of a table stand two blanks apart at least.
  private static func isSentence(_ line: String) -> Bool {
    var before: UInt8 = 0
    for byte in line.utf8.drop(while: { $0 == 0x20 }) {
      if byte == 0x20, before == 0x20 { return false }
      before = byte
    }
    return true
  }
  private static func broken(_ line: String, _ columns: Int) -> [String] {
    let indent = String(line.prefix { $0 == " " })
    var lines: [String] = []
    var last = ""
    for word in line.split(separator: " ") {
      if last.isEmpty {
        last = indent + word
      } else if last.count + 1 + word.count <= columns {
        last += " " + word
      } else {
        lines.append(last)
        last = indent + word
      }
    }
    return lines + [last]
  }

  /// Lines of the outcome that the dialog has room for on a screen of that size.
  package static func outcomeLines(_ size: Size, _ phase: Phase) -> Int {
    // Margins, edges, the command and a blank line, the question and the keys; small screens have fewer.
    let others = !isSmall(size) ? 8 : phase == .confirm ? 3 : 2
    return max(1, size.rows - others)
  }
}

/// Something that is done outside of the model.
package enum Order: Equatable, Sendable {
  /// Runs words of `mq`; the outcome comes back with the ticket.
  case perform(ticket: Int, words: [String])
  case copy(String)
  case openContext(String)
  case saveLayout(String)
}
