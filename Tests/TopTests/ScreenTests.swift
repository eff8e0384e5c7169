// The screen in all its sizes and states, as pictures.

import Foundation
import Testing
import Top

/// Scripted screens: events in, text out. The pictures are files, so that a review sees what changed.
/// MQ_WRITE_FIXTURES=1 writes them anew.
@Suite struct ScreenTests {
  static let sizes = [(160, 50), (80, 24), (40, 10), (20, 5), (10, 3)]

  struct Picture: CustomTestStringConvertible {
    let name: String
    let model: Model
    let glyphs: Glyphs
    var testDescription: String { name }
  }

  /// Scenes at all sizes and both glyph sets.
  static let pictures: [Picture] = {
    let scenes: [(String, (Int, Int) -> Model)] = [
      ("skeleton", { Made.model($0, $1) }),
      ("live", { Made.live($0, $1) }),
      ("scrolled", { scrolled($0, $1) }),
      ("filter", { typed($0, $1, "\\er") }),
      ("find", { typed($0, $1, "/time") }),
      ("not-found", { typed($0, $1, "/zzz") }),
      ("paused", { typed($0, $1, "p") }),
      ("help", { typed($0, $1, "?") }),
      ("other-screen", { typed($0, $1, "4") }),
      ("by-name", { typed($0, $1, "<") }),
      ("broker-lost", { brokerLost($0, $1) }),
      ("unreachable", { unreachable($0, $1) }),
      ("old", { old($0, $1) }),
    ]
    return scenes.flatMap { scene in
      sizes.flatMap { size in
        [Glyphs.utf8, .ascii].map { glyphs in
          Picture(
            name: "\(scene.0)-\(size.0)x\(size.1)-\(glyphs)", model: scene.1(size.0, size.1), glyphs: glyphs)
        }
      }
    }
  }()

  static func typed(_ columns: Int, _ rows: Int, _ keys: String) -> Model {
    var model = Made.live(columns, rows)
    model.press(keys)
    return model
  }
  static func scrolled(_ columns: Int, _ rows: Int) -> Model {
    var model = Made.live(columns, rows)
    model.press(.end)
    return model
  }
  static func brokerLost(_ columns: Int, _ rows: Int) -> Model {
    var model = Made.model(columns, rows)
    var snapshot = Made.snapshot()
    snapshot.brokersUp = 2
    snapshot.problem = "broker broker-b at 10.0.1.12:10911 does not answer"
    snapshot[.inPerSecond] = .partial(32_000, atMs: Made.nowMs)
    snapshot[.outPerSecond] = .reset
    snapshot[.lag] = .unknown
    snapshot[.diskRatio] = Made.value(0.91)
    _ = model.update(.snapshot(snapshot))
    return model
  }
  static func unreachable(_ columns: Int, _ rows: Int) -> Model {
    var model = Made.model(columns, rows)
    var snapshot = Snapshot()
    snapshot.sequence = 1
    snapshot.takenAtMs = Made.nowMs
    snapshot.problem = "127.0.0.1:9876 refused the connection"
    _ = model.update(.snapshot(snapshot))
    return model
  }
  static func old(_ columns: Int, _ rows: Int) -> Model {
    var model = Made.live(columns, rows)
    _ = model.update(.tick(nowMs: Made.nowMs + 45_000, clock: "12:41:52"))
    return model
  }

  @Test(arguments: pictures) func picture(_ picture: Picture) throws {
    let frame = Screen.draw(picture.model, picture.glyphs)
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Fixtures/\(picture.name).txt")
    if ProcessInfo.processInfo.environment["MQ_WRITE_FIXTURES"] != nil {
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try (frame.text + "\n").write(to: file, atomically: true, encoding: .utf8)
    }
    let expected = try String(contentsOf: file, encoding: .utf8)
    #expect(frame.text + "\n" == expected)
  }

  @Test(arguments: pictures) func linesHaveTheirWidth(_ picture: Picture) {
    let frame = Screen.draw(picture.model, picture.glyphs)
    #expect(frame.lines.count == picture.model.size.rows)
    for line in frame.lines {
      #expect(line.count == picture.model.size.columns)
      for (column, cell) in line.enumerated() where cell.text.isEmpty {
        // The second half of a wide glyph always follows its first half.
        #expect(column > 0 && !line[column - 1].text.isEmpty)
      }
    }
  }

  @Test(arguments: pictures) func nothingHostileIsDrawn(_ picture: Picture) {
    for scalar in Screen.draw(picture.model, picture.glyphs).text.unicodeScalars where scalar != "\n" {
      #expect(scalar.value >= 0x20 && scalar.value != 0x7F && !(0x80..<0xA0).contains(scalar.value))
      #expect(scalar.value != 0x202E)
      if picture.glyphs == .ascii { #expect(scalar.isASCII) }
    }
  }

  /// Every size from nothing to large is drawn without a trap, in every scene.
  @Test func allSizesSurvive() {
    for columns in [0, 1, 2, 3, 4, 5, 7, 11, 12, 13, 19, 21, 39, 41, 66, 79, 81, 159, 400] {
      for rows in [0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 15, 16, 17, 25, 60] {
        for model in [
          Made.model(columns, rows), Made.live(columns, rows), Self.scrolled(columns, rows),
          Self.typed(columns, rows, "?"), Self.typed(columns, rows, "/zzz"), Self.brokerLost(columns, rows),
        ] {
          let frame = Screen.draw(model, .utf8)
          #expect(frame.lines.count == rows)
        }
      }
    }
  }
  @Test func oneCellDrawsNothing() {
    #expect(Screen.draw(Made.live(1, 1), .utf8).text == "")
  }
  @Test func twentyByFiveShowsRowsAndTheirBacklog() {
    let lines = Screen.draw(Made.live(20, 5), .ascii).text.split(separator: "\n")
    #expect(lines.count == 5)
    #expect(lines[1].hasPrefix(">order-") && lines[1].hasSuffix("1.02M"))
  }

  @Test func unknownIsNeverZero() {
    let text = Screen.draw(Made.model(), .utf8).text
    #expect(!text.contains(" 0/s") && !text.contains("0ms") && !text.contains("0%"))
    #expect(text.contains("connecting"))
  }
  @Test func whatColourSaysTextSaysToo() {
    let text = Screen.draw(Self.brokerLost(80, 24), .ascii).text
    #expect(text.contains("!brokers 2/3"))
    #expect(text.contains("!disk 91%"))
    #expect(text.contains("~32.0k/s"))
    #expect(text.contains("\n!%RETRY%ship-labels"))
  }
  @Test func columnsGoByRank() {
    func columns(_ width: Int, _ sort: String) -> [String] {
      ColumnPlan(.topics, columns: width, sort: TableKind.topics.column(sort) ?? 0).places.map {
        TableKind.topics.columns[$0.column].key
      }
    }
    #expect(columns(80, "in") == TableKind.topics.columns.map { $0.key })
    #expect(columns(40, "in") == ["topic", "in", "out", "backlog"])
    #expect(columns(24, "type") == ["topic", "backlog", "type"])
    #expect(columns(20, "groups") == ["topic", "backlog"])
    #expect(columns(10, "in") == ["topic"])
  }
}
