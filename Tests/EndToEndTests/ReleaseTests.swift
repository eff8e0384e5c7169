// The release binary, when there is one: small, one file, nothing in it that the product does without.

import Foundation
import TestSupport
import Testing

extension EndToEnd {
  @Suite(
    .enabled(
      if: FileManager.default.fileExists(atPath: release), "swift build -c release --static-swift-stdlib"))
  struct ReleaseTests {
    @Test func strippedBinaryHasAtMost12Megabytes() throws {
      let directory = try TemporaryDirectory()
      let stripped = directory.path("mq")
      let (exit, _, errors) = try Child.run("strip", ["-o", stripped, release])
      #expect(exit == .code(0), "\(errors)")
      let bytes = try #require(try FileManager.default.attributesOfItem(atPath: stripped)[.size] as? Int)
      #expect(bytes <= 12_000_000)
    }

    @Test func onlyTheSystemsOwnLibrariesAreNeeded() throws {
      let (exit, output, errors) = try Child.run("ldd", [release])
      #expect(exit == .code(0), "\(errors)")
      let libraries = output.split(separator: "\n").compactMap { line in
        line.split { $0 == " " || $0 == "\t" }.first?.split(separator: "/").last?.split(separator: ".").first
      }
      let system: Set<Substring> = [
        "linux-vdso", "libc", "libm", "libstdc++", "libgcc_s", "ld-linux-x86-64", "ld-linux-aarch64",
      ]
      #expect(Set(libraries).subtracting(system) == [])
    }

    @Test func foundationAndDispatchAreNotInIt() throws {
      let (exit, output, errors) = try Child.run("nm", [release], timeoutMs: 60_000)
      #expect(exit == .code(0), "\(errors)")
      let wrong = output.split(separator: "\n").filter {
        $0.contains("10Foundation") || $0.contains("20FoundationEssentials") || $0.contains("dispatch_async")
      }
      #expect(wrong.prefix(3) == [])
    }

    @Test func startsFasterThanAnyoneNotices() throws {
      _ = try Child.run(release, ["version"])
      let start = nowMs()
      let (exit, output, _) = try Child.run(release, ["version"])
      #expect(exit == .code(0) && !output.isEmpty)
      #expect(nowMs() - start < 100)
    }
  }
}

private let release = "\(packageRoot)/.build/release/mq"
