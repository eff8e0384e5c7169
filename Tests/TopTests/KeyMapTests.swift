// Keys by their names, and files that give actions other keys.

import Testing
import Top

@Suite struct KeyMapTests {
  @Test func everyKeyOfTheTableHasANameThatIsReadBack() {
    for binding in Keys.table {
      #expect(binding.label == binding.keys.map(\.name).joined(separator: " "), "\(binding.action)")
      for key in binding.keys { #expect(Key(name: key.name) == key, "\(key.name)") }
    }
  }
  @Test func everyActionHasAName() {
    let names = Keys.table.map(\.action.name)
    #expect(Set(names).count == names.count)
    #expect(names.contains("page-up") && names.contains("screen-3") && names.contains("sort-left"))
    for name in names { #expect(name.utf8.allSatisfy { $0 == 0x2d || (0x30...0x7a).contains($0) }) }
  }

  @Test(arguments: [
    ("PGUP", Key.pageUp), ("ctrl-u", .text("\u{15}")), ("f9", .function(9)), ("Space", .text(" ")),
    ("Q", .text("Q")), ("hash", .text("#")), ("s-tab", .shiftTab), ("é", .text("é")),
    ("S-F3", .function(15)), ("S-Left", .shiftLeft), ("Del", .delete),
  ])
  func namesAreRead(_ name: String, _ key: Key) { #expect(Key(name: name) == key) }
  @Test(arguments: ["", "f0", "f13", "ctrl-", "ctrl-i", "ctrl-1", "meta-x", "xx"])
  func otherNamesAreNot(_ name: String) { #expect(Key(name: name) == nil) }

  @Test func aFileMovesKeys() throws {
    let map = try KeyMap(
      file: """
        # mine
        quit = Q F10   # not q
        help = ? q
        copy =
        screen-3 = T
        """)
    #expect(map.action(.text("q")) == .help)
    #expect(map.action(.text("Q")) == .quit)
    #expect(map.action(.function(1)) == nil)
    #expect(map.action(.text("y")) == nil)
    #expect(map.action(.text("T")) == .page(.topics))
    #expect(map.action(.text("3")) == nil)
    #expect(map.action(.text("p")) == .pause)
    #expect(map.bar.contains { $0.key == "?" && $0.word == "Help" })
    #expect(map.help.contains { $0.keys == "T" && $0.text == "screen 3: Topics" })
    #expect(map.help.contains { $0.keys == "Q F10" })
    // Function keys come first in the bar, whatever other key an action has there.
    #expect(try KeyMap(file: "quit = Q").bar.map(\.key).last == "Q")
  }
  @Test func helpHasTheScreensInOneLine() {
    let help = KeyMap.standard.help
    #expect(help.first?.keys == "1-9")
    #expect(help.first?.text == "the screens, from Cluster to Events")
    #expect(help.count == Keys.table.count - 8)
  }

  @Test(arguments: [
    ("quit", 1, "not understood; write ACTION = KEY KEY"),
    ("\nfly = x", 2, "unknown action fly"),
    ("quit = xx", 1, "unknown key xx"),
    ("quit = Q\n\nquit = W", 3, "quit has its keys in line 1 already"),
    ("quit =", 1, "quit has no key"),
    ("pause = q", 1, "key q is bound twice: to pause and to quit; give one of them other keys"),
    ("quit = q q", 1, "key q is bound twice: to quit and to quit"),
    (
      "quit = j\npause = j\ndown = Down", 2,
      "key j is bound twice: to pause and to quit; give one of them other keys"
    ),
  ])
  func wrongFilesAreNamed(_ text: String, _ line: Int, _ message: String) {
    #expect(throws: KeyMapError(line: line, message: message)) { try KeyMap(file: text) }
  }

  @Test func theModelObeys() throws {
    var model = Made.live()
    model.keys = try KeyMap(file: "pause = x\nquit = p F10\n")
    model.press("x")
    #expect(model.isPaused)
    #expect(model.update(.key(.text("p"))) == .quit)
    let frame = Screen.draw(model, .ascii).text
    #expect(frame.contains("xPause"))
  }
}
