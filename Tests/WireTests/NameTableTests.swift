// Names as numbers: stable while the table grows, for any bytes.

import Testing
import Wire

struct NameTableTests {
  @Test func namesKeepTheirNumbersWhileTheTableGrows() {
    var table = NameTable(seed: 7)
    for number in 0..<5000 { #expect(table.insert("group-\(number)") == number) }
    for number in 0..<5000 {
      #expect(table.find("group-\(number)") == number)
      #expect(table.insert("group-\(number)") == number)
      #expect(table.text(number) == "group-\(number)")
    }
    for name in ["group-5000", "group-", "", "GROUP-1", "group-1 "] { #expect(table.find(name) == nil) }
  }

  @Test(arguments: ["", "a", "%RETRY%g", "名字", String(repeating: "x", count: 255)])
  func anyBytesAreAName(_ name: String) {
    var table = NameTable()
    #expect(table.find(name) == nil)
    let number = table.insert(name)
    #expect(table.find(name) == number)
  }
}
