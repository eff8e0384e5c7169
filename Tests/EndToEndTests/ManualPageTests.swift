// The man pages as formatters see them.

import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/mandoc"), "mandoc is installed"))
  struct ManualPageTests {
    @Test func mandocHasNothingToSayAboutThem() throws {
      let pages = try FileManager.default.contentsOfDirectory(atPath: "\(packageRoot)/man").sorted()
      #expect(pages.count > 10)
      let checked = try Child.run(
        "/usr/bin/mandoc", ["-Tlint", "-W", "warning"] + pages.map { "\(packageRoot)/man/\($0)" })
      #expect(checked.exit == .code(0) && checked.output == "", "\(checked.output)\(checked.errors)")
    }
  }
}
