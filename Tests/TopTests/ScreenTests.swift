// The screen in all its sizes and states, as pictures.

import Foundation
import Testing
import Top

/// Scripted screens: events in, text out. The pictures are files, one a scene, so that a review sees what
/// changed. MQ_WRITE_FIXTURES=1 writes them anew.
@Suite struct ScreenTests {
  struct Scene: CustomTestStringConvertible, Sendable {
    let name: String
    /// Columns, rows and glyphs of each picture.
    var shapes = small
    let model: @Sendable (Int, Int) -> Model
    var testDescription: String { name }
  }
  typealias Shape = (columns: Int, rows: Int, glyphs: Glyphs)

  static let small: [Shape] = [
    (20, 5, .utf8), (40, 10, .utf8), (80, 24, .utf8), (80, 24, .ascii), (80, 24, .wide),
  ]
  static let medium: [Shape] = small + [(160, 50, .utf8)]
  static let large: [Shape] = medium + [(160, 50, .ascii), (300, 100, .utf8)]

  static let scenes: [Scene] = pages + details + states

  /// The nine screens.
  static let pages: [Scene] = Page.allCases.map { page in
    let isMain = [.cluster, .topics].contains(page)
    return Scene(name: "screen-\(page.rawValue)", shapes: isMain ? large : medium) {
      Made.watched($0, $1, "\(page.rawValue)")
    }
  }
  static let details: [Scene] = [
    Scene(name: "detail-broker", shapes: medium) { Made.opened($0, $1, .broker("")) },
    Scene(name: "detail-topic", shapes: medium) { Made.opened($0, $1, .topic("")) },
    Scene(name: "detail-group", shapes: large) { Made.opened($0, $1, .group("")) },
    Scene(name: "detail-client", shapes: medium) { Made.opened($0, $1, .client("", group: "")) },
    Scene(name: "detail-gone") { detailGone($0, $1) },
  ]
  static let states: [Scene] = [
    Scene(name: "skeleton", shapes: medium) { Model(size: Size(columns: $0, rows: $1)) },
    Scene(name: "loading", shapes: medium) { loading($0, $1) },
    Scene(name: "empty", shapes: medium) { empty($0, $1) },
    Scene(name: "hung-broker", shapes: medium) { brokerLost($0, $1) },
    Scene(name: "unreachable") { unreachable($0, $1) },
    Scene(name: "old") { old($0, $1) },
    Scene(name: "paused") { Made.watched($0, $1, "3p") },
    Scene(name: "rows-10000") { tenThousand($0, $1) },
    Scene(name: "names", shapes: medium) { names($0, $1) },
    Scene(name: "scrolled") { Made.watched($0, $1, "3G") },
    Scene(name: "filter") { Made.watched($0, $1, "3\\er") },
    Scene(name: "find") { Made.watched($0, $1, "3/time") },
    Scene(name: "not-found") { Made.watched($0, $1, "3/zzz") },
    Scene(name: "by-name") { Made.watched($0, $1, "3<") },
    Scene(name: "tree-brokers") { Made.watched($0, $1, "2t") },
    Scene(name: "tree-queues") { Made.watched($0, $1, "6t") },
    Scene(name: "focus-events", shapes: medium) { Made.watched($0, $1, "1\t\t\t\t\t\t") },
    Scene(name: "help", shapes: medium) { Made.watched($0, $1, "4?") },
    Scene(name: "help-search") { Made.watched($0, $1, "4?/lag") },
    Scene(name: "menu") { ActionTests.dialog($0, $1, .menu) },
    Scene(name: "menu-read-only") { ActionTests.dialog($0, $1, .menu, isReadOnly: true) },
    Scene(name: "form") { ActionTests.dialog($0, $1, .form) },
    Scene(name: "confirm") { ActionTests.dialog($0, $1, .confirm) },
    Scene(name: "outcome") { ActionTests.dialog($0, $1, .done) },
    Scene(name: "command") { Made.watched($0, $1, "3:topic ord") },
  ]

  static func loading(_ columns: Int, _ rows: Int) -> Model {
    var model = Model(size: Size(columns: columns, rows: rows))
    var snapshot = Snapshot()
    snapshot.sequence = 1
    snapshot.takenAtMs = Made.nowMs
    snapshot.cluster = "prod-a"
    snapshot.brokersUp = 3
    snapshot.brokersExpected = 3
    snapshot[.inPerSecond] = .first
    snapshot[.brokers] = Made.table(
      .brokers,
      "broker|cluster|role|address|version|in|out\nbroker-a|prod-a|master|10.0.1.11:10911|5.3.2|?|?")
    _ = model.update(.snapshot(snapshot))
    return model
  }
  static func empty(_ columns: Int, _ rows: Int) -> Model {
    var snapshot = Snapshot()
    snapshot.sequence = 2
    snapshot.takenAtMs = Made.nowMs
    snapshot.cluster = "prod-a"
    snapshot.brokersUp = 1
    snapshot.brokersExpected = 1
    for kind in Snapshot.clusterTables { snapshot[kind].isKnown = true }
    return Made.watched(columns, rows, "", snapshot)
  }
  static func brokerLost(_ columns: Int, _ rows: Int) -> Model {
    var snapshot = Made.full()
    snapshot.brokersUp = 3
    snapshot.problem = "broker broker-b at 10.0.1.12:10911 does not answer"
    snapshot[.inPerSecond] = .partial(32_000, atMs: Made.nowMs)
    snapshot[.outPerSecond] = .reset
    snapshot[.lag] = .unknown
    snapshot[.diskRatio] = Made.value(0.91)
    for column in TableKind.brokers.columns where column.unit.isNumber {
      snapshot[.brokers].set(column.key, row: 2, .unknown)
    }
    return Made.watched(columns, rows, "", snapshot)
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
    var model = Made.watched(columns, rows, "3")
    _ = model.update(.tick(nowMs: Made.nowMs + 25_000, clock: "12:41:32"))
    return model
  }
  static func tenThousand(_ columns: Int, _ rows: Int) -> Model {
    var model = Made.watched(columns, rows, "3", Made.large)
    for _ in 0..<100 { model.press(.pageDown) }
    return model
  }
  /// Wide, combining, pictured and hostile names.
  static func names(_ columns: Int, _ rows: Int) -> Model {
    var snapshot = Made.full()
    snapshot[.topics] = Made.topics(
      [
        "订单-已创建-上海-华东-二号仓库-自动化-出库-确认-最终版", "한국어-주제", "日本語トピック", "cafe\u{301}-menu", "🚚-shipping",
        "👩\u{200D}👩\u{200D}👧-family", "👍🏽-votes", "e\u{301}\u{302}\u{303}\u{304}\u{305}\u{306}-stack",
        "\u{301}lonely-mark", "zero\u{200B}width", "bidi-\u{202E}gnp.exe", "esc-\u{1B}[31mred",
        "tab\tnew\nline",
        "ελληνικά-→-…", "a-very-long-name-that-goes-on-and-on-until-it-no-longer-fits-anywhere-at-all-v2",
      ].map { Made.Topic($0, in: Made.value(500), out: Made.value(499), backlog: Made.value(3), groups: 1) })
    return Made.watched(columns, rows, "3", snapshot)
  }
  static func detailGone(_ columns: Int, _ rows: Int) -> Model {
    var model = Made.opened(columns, rows, .group(""))
    var snapshot = Made.full(.group("order-fulfil"))
    snapshot[.groups] = Made.table(.groups, "group|lag\npayments|0")
    snapshot.detail?.tables = []
    snapshot.detail?.problem = "the group has no clients and no offsets"
    _ = model.update(.snapshot(snapshot))
    return model
  }

  static func label(_ shape: Shape) -> String { "\(shape.columns)x\(shape.rows) \(shape.glyphs)" }

  @Test func thereAreEnoughPictures() {
    #expect(Self.scenes.reduce(0) { $0 + $1.shapes.count } >= 150)
  }

  @Test(arguments: scenes) func pictures(_ scene: Scene) throws {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Fixtures/\(scene.name).txt")
    let drawn = scene.shapes.map { shape in
      "=== \(Self.label(shape))\n"
        + Screen.draw(scene.model(shape.columns, shape.rows), shape.glyphs).text + "\n"
    }
    if ProcessInfo.processInfo.environment["MQ_WRITE_FIXTURES"] != nil {
      try drawn.joined().write(to: file, atomically: true, encoding: .utf8)
    }
    let expected = try String(contentsOf: file, encoding: .utf8)
    var found: [String] = []
    for line in expected.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("=== ") { found.append("") }
      if !found.isEmpty { found[found.count - 1] += line + "\n" }
    }
    if let last = found.popLast() { found.append(String(last.dropLast())) }
    #expect(found.count == drawn.count)
    for (index, picture) in drawn.enumerated() where index < found.count {
      #expect(found[index] == picture, "\(scene.name) \(Self.label(scene.shapes[index]))")
    }
  }

  @Test(arguments: scenes) func linesHaveTheirWidthAndNothingHostile(_ scene: Scene) {
    for shape in scene.shapes {
      let frame = Screen.draw(scene.model(shape.columns, shape.rows), shape.glyphs)
      Self.check(frame, shape)
    }
  }
  static func check(_ frame: Frame, _ shape: Shape) {
    #expect(frame.lines.count == shape.rows)
    for line in frame.lines {
      var isSound = line.count == shape.columns
      for (column, cell) in line.enumerated() {
        // The second half of a wide glyph always follows its first half.
        if cell.text.isEmpty, column == 0 || line[column - 1].text.isEmpty { isSound = false }
        for scalar in cell.text.unicodeScalars {
          if scalar.value < 0x20 || (0x7F..<0xA0).contains(scalar.value) { isSound = false }
          if scalar.value == 0x202E || scalar.value == 0x200B { isSound = false }
          if shape.glyphs == .ascii, !scalar.isASCII { isSound = false }
        }
      }
      #expect(isSound, "\(label(shape)): \(line.reduce(into: "") { $0 += $1.text })")
    }
  }
}
