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

    /// The whole process, from its start to its last line: 60 ms where nothing else runs. Twice that is
    /// allowed, for tests are not alone.
    @Test func tenThousandTopicsAreListedAtOnce() throws {
      let broker = try Broker()
      let configs = (0..<10_000).map {
        #"{"topicName":"orders-of-customer-\#($0)","readQueueNums":8,"writeQueueNums":8,"perm":6,"#
          + #""topicFilterType":"SINGLE_TAG","topicSysFlag":0,"order":false,"attributes":{}}"#
      }
      let body = Array("{\"topicConfigList\":[\(configs.joined(separator: ","))]}".utf8)
      let wired = try broker.connect()
      #expect(try wired.ask(18, [("topic", "orders")], body: body, timeoutMs: 30_000).code == 0)
      var bestMs = Int64.max
      for _ in 0..<10 {
        let start = nowMs()
        let (exit, output, _) = try Child.run(release, ["topic", "list", "-n", broker.nameServer])
        bestMs = min(bestMs, nowMs() - start)
        #expect(exit == .code(0) && output.utf8.count { $0 == 10 } >= 10_001)
      }
      #expect(bestMs <= 120)
    }
  }
}

private let release = "\(packageRoot)/.build/release/mq"
