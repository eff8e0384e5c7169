// The Debian package, built by its one command from the program under test and taken apart again.

import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Suite(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/dpkg-deb"), "Debian"))
  struct PackageTests {
    @Test func theWholeProgramIsInIt() throws {
      let place = try TemporaryDirectory()
      let built = try Child.run(
        "\(packageRoot)/.ci/package", [program, place.path], environment: ["DEBEMAIL": "dev@mq.test"],
        timeoutMs: 60_000)
      #expect(built.exit == .code(0), "\(built.errors)")
      let package = built.output.trimmingCharacters(in: .newlines)
      let root = place.path("root")
      #expect(try Child.run("dpkg-deb", ["-x", package, root]).exit == .code(0))

      let version = try Child.run("\(root)/usr/bin/mq", ["version"])
      let expected = try Child.run(program, ["version"]).output
      #expect(version.exit == .code(0) && version.output == expected)

      let files = FileManager.default.subpaths(atPath: root) ?? []
      let pages = try FileManager.default.contentsOfDirectory(atPath: "\(packageRoot)/man")
      #expect(pages.count > 10)
      for page in pages {
        let path = "usr/share/man/man\(page.suffix(1))/\(page).gz"
        let text = try Fixture.gunzip("\(root)/\(path)")
        #expect(Data(text) == FileManager.default.contents(atPath: "\(packageRoot)/man/\(page)"), "\(path)")
      }
      #expect(files.filter { $0.hasSuffix(".gz") && $0.contains("/man/") }.count == pages.count)
      for (path, source) in [
        ("usr/share/bash-completion/completions/mq", "mq.bash"),
        ("usr/share/zsh/vendor-completions/_mq", "_mq"),
        ("usr/share/fish/vendor_completions.d/mq.fish", "mq.fish"),
      ] {
        let source = "\(packageRoot)/completions/\(source)"
        #expect(FileManager.default.contentsEqual(atPath: "\(root)/\(path)", andPath: source), "\(path)")
      }
      #expect(files.contains("usr/share/doc/mq/copyright"))
      #expect(files.contains("usr/share/doc/mq/changelog.Debian.gz"))
      #expect(!files.contains("usr/bin/mqadmin"), "it stands beside Apache's")

      let control = try Child.run("dpkg-deb", ["--field", package]).output
      let depends = control.split(separator: "\n").first { $0.hasPrefix("Depends: ") } ?? ""
      #expect(depends.contains("libc6 (>= ") && depends.contains("libstdc++6 (>= "), "\(control)")
      #expect(control.contains("Package: mq\n") && control.contains("Maintainer: "))
      #expect(package.hasSuffix(".deb") && package.hasPrefix(place.path))
    }

    @Test func theSameSourcesGiveTheSamePackage() throws {
      let place = try TemporaryDirectory()
      let packages = try ["a", "b"].map { name in
        let built = try Child.run(
          "\(packageRoot)/.ci/package", [program, place.path(name)],
          environment: ["SOURCE_DATE_EPOCH": "1795168800"], timeoutMs: 60_000)
        return FileManager.default.contents(atPath: built.output.trimmingCharacters(in: .newlines))
      }
      #expect(packages[0] != nil && packages[0] == packages[1])
    }
  }
}
