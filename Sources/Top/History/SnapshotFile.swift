// F8: what is shown, as a file in the current directory.

import Linux
import Wire

/// Files of what is shown.
package enum SnapshotFile {
  /// What a name's end asks for.
  package static let formats = ["txt", "csv", "json", "ndjson"]

  /// Writes the file that the model names; returns one line that says where it is, or why it is not.
  static func write(_ model: Model, _ glyphs: Glyphs) -> String {
    let path = model.fileName
    guard let text = text(model, glyphs) else {
      return "The name must end in .txt, .csv, .json or .ndjson."
    }
    if FileSystem.exists(path) { return "\(path) is there already; nothing was written." }
    do throws(Errno) {
      try FileSystem.replace(path, with: Array(text.utf8), backup: false)
    } catch {
      return "\(path) was not written: \(error)"
    }
    return "Written to \(path.hasPrefix("/") ? path : FileSystem.currentDirectory + "/" + path)"
  }

  /// The content: the screen as text, or the rows that are shown, in their order. Nil when the name says no
  /// format.
  package static func text(_ model: Model, _ glyphs: Glyphs) -> String? {
    let rows = model.shownRows
    switch format(model.fileName) {
    case "txt":
      var plain = model
      plain.input = nil
      plain.notice = nil
      return Screen.draw(plain, glyphs).text + "\n"
    case "csv": return SnapshotText.render(rows, [model.place.table], .csv, glyphs, withTitles: true)
    case "json": return SnapshotText.render(rows, model.place.tables, .json, glyphs, withTitles: true)
    case "ndjson":
      let time = JSON.Member("time", .string(Clock.rfc3339(rows.wallMs)))
      let kind = JSON.Member("table", .string("\(model.place.table)"))
      return SnapshotText.rows(rows, model.place.table).reduce(into: "") { out, row in
        guard case .object(let members) = row else { return }
        out += JSON.object([time, kind] + members).text(.standard) + "\n"
      }
    default: return nil
    }
  }

  /// What is behind the last dot of a name.
  static func format(_ name: String) -> String {
    guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")) else { return "" }
    return String(name[name.index(after: dot)...])
  }
  /// The name with another end.
  static func name(_ name: String, as format: String) -> String {
    guard formats.contains(Self.format(name)), let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")) else {
      return name + "." + format
    }
    return name[...dot] + format
  }
}

extension TableData {
  /// Some of the rows, in an order.
  func picking(_ rows: [Int]) -> TableData {
    var picked = TableData(kind, names: rows.map { names[$0] })
    picked.isKnown = isKnown
    picked.periodMs = periodMs
    for (index, column) in columns.enumerated() {
      switch column {
      case .numbers(let numbers): picked.set(kind.columns[index].key, rows.map { numbers[$0] })
      case .texts(let texts): picked.set(kind.columns[index].key, rows.map { texts[$0] })
      case .none: break
      }
    }
    return picked
  }
}
