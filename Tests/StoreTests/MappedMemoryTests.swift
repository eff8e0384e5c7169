// What was indexed long ago does not count as the broker's memory.

import Linux
import Synchronization
import TestSupport
import Testing

@testable import Store

struct MappedMemoryTests {
  /// Bytes of a file that are in this process's page tables.
  private func mappedBytes(_ path: String) throws -> Int {
    let bytes = try FileSystem.readWhole("/proc/self/smaps", bytesMax: 64 << 20)
    var isOurs = false
    var total = 0
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
      if line.contains("-") && line.first.map({ "0123456789abcdef".contains($0) }) == true {
        isOurs = line.hasSuffix(path)
      } else if isOurs && line.hasPrefix("Rss:") {
        total += (Int(line.split(separator: " ")[1]) ?? 0) * 1024
      }
    }
    return total
  }

  @Test func oldKeysAreNotMapped() throws {
    let directory = try TemporaryDirectory()
    let path = directory.path("keys")
    let file = try KeyFile(making: path, beginOffset: 0, boot: [])
    let keys = (0..<4 * Limits.keyMappedBytes / KeyFile.entryBytes).map { number in
      FoundKey(hash: UInt32(number), offset: Int64(number) * 100, recordEnd: Int64(number + 1) * 100)
    }
    for start in stride(from: 0, to: keys.count, by: 50) {
      let some = Array(keys[start..<min(start + 50, keys.count)])
      #expect(try file.add(some, from: 0) == some.count)
    }
    // Two steps beside the newest entries, and the slots.
    let mostBytes = Limits.keyMappedBytes + 2 * Limits.keyStepBytes + KeyFile.entriesAt
    #expect((1...mostBytes).contains(try mappedBytes(path)))
    var found: [Int64] = []
    file.visit(7) { offset in
      found.append(offset)
      return true
    }
    #expect(found == [700], "it is still there")
    file.retire()
    #expect(try mappedBytes(path) == 0)
  }

  @Test func oldQueueEntriesAreNotMapped() throws {
    let rig = try Rig { $0.threads = .byHand }
    let first = rig.store.shared.arenas.withLock { $0[0].path }
    // Files of 16 MiB with 20 bytes for each message: what lies in them does not matter here.
    let shared = rig.store.shared
    let ahead = ArenaAhead(shared: shared, paths: rig.store.paths)
    rig.store.runJanitorOnce()
    #expect(try mappedBytes(first) > 0)
    shared.arenaUsedBytes.store(2 * Limits.arenaBytes - 1, ordering: .releasing)
    ahead.forget()
    #expect(try mappedBytes(first) > 0)
    shared.arenaUsedBytes.store(2 * Limits.arenaBytes, ordering: .releasing)
    ahead.forget()
    #expect(try mappedBytes(first) == 0)
    shared.arenaUsedBytes.store(0, ordering: .releasing)
  }
}
