// Names as numbers: stable while the table grows, for any bytes.

import Testing
import Wire

struct NameTableTests {
  // The macros cannot hold a value that cannot be copied.
  private static func expect(_ number: Int?, of name: String, in table: borrowing NameTable) {
    let found = table.find(name)
    #expect(found == number, "\(name)")
  }

  private static func expect(_ number: Int, inserting name: String, into table: inout NameTable) {
    let inserted = table.insert(name)
    let text = table.text(number)
    #expect(inserted == number && text == name)
  }

  @Test func namesKeepTheirNumbersWhileTheTableGrows() {
    var table = NameTable(seed: 7)
    for number in 0..<5000 { Self.expect(number, inserting: "group-\(number)", into: &table) }
    for number in 0..<5000 {
      Self.expect(number, of: "group-\(number)", in: table)
      Self.expect(number, inserting: "group-\(number)", into: &table)
    }
    for name in ["group-5000", "group-", "", "GROUP-1", "group-1 "] { Self.expect(nil, of: name, in: table) }
  }

  @Test(arguments: ["", "a", "%RETRY%g", "名字", String(repeating: "x", count: 255)])
  func anyBytesAreAName(_ name: String) {
    var table = NameTable()
    Self.expect(nil, of: name, in: table)
    Self.expect(0, inserting: name, into: &table)
    Self.expect(0, of: name, in: table)
  }
}
