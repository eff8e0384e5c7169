// Entries of queues: block lists, growth, removal, reuse of blocks.

import Linux
import TestSupport
import Testing
import Wire

@testable import Store

struct QueueTests {
  /// An arena in a scratch file, all of it allocated.
  final class Bench {
    let directory: Scratch
    let arena: Arena

    init() throws {
      directory = try Scratch()
      let file = try MappedFile(path: directory.path("arena"), bytes: Limits.arenaBytes)
      try file.allocate(upTo: Limits.arenaBytes)
      let shared = Shared(segments: [], arenas: [file], published: 0, durable: 0, waker: try Waker())
      arena = Arena(files: [file], cursor: 0, free: [[], [], []], shared: shared)
    }
  }

  private struct ArenaIsFull: Error {}

  private static func append(_ entry: QueueEntry, to queue: inout Queue, _ bench: Bench) throws {
    if !queue.append(entry, bench.arena) { throw ArenaIsFull() }
  }

  private static func entry(_ offset: Int64) -> QueueEntry {
    QueueEntry(physicalOffset: offset * 100, size: Int32(offset % 1000) + 91, tagsCode: offset &* 7919)
  }

  /// The places of the first 5000 entries are dense: each chunk is as long as its block, and no place is used
  /// twice.
  @Test func placesAreDense() {
    var expected = (number: 0, index: 0)
    for place in 0..<Int64(5000) {
      #expect(Queue.chunk(place) == expected)
      expected.index += 1
      if expected.index == Queue.size(ofChunk: expected.number).entries {
        expected = (expected.number + 1, 0)
      }
    }
  }

  /// Every length up to 2000 and several origins: each entry comes back, whatever was dropped in front.
  @Test(arguments: [Int64(0), 5, 1_000_000])
  func entriesComeBack(_ origin: Int64) throws {
    let bench = try Bench()
    var queue = Queue(origin: origin)
    for count in 1...Int64(2000) {
      try Self.append(Self.entry(origin + count - 1), to: &queue, bench)
      #expect(queue.entry(origin + count - 1, bench.arena) == Self.entry(origin + count - 1))
      #expect(queue.entry(origin, bench.arena) == Self.entry(origin))
    }
    for offset in origin..<queue.next { #expect(queue.entry(offset, bench.arena) == Self.entry(offset)) }
  }

  /// Dropping at every possible place of queues around each chunk border keeps exactly the rest.
  @Test func dropsAtEveryPlace() throws {
    let bench = try Bench()
    for length in [1, 11, 12, 13, 215, 216, 217, 1034, 1035, 1036] as [Int64] {
      for cut in stride(from: Int64(0), through: length, by: length > 20 ? 7 : 1) {
        var queue = Queue(origin: 3)
        for offset in 3..<(3 + length) { try Self.append(Self.entry(offset), to: &queue, bench) }
        queue.dropBelow((3 + cut) * 100, bench.arena)
        #expect(queue.min == 3 + cut)
        for offset in queue.min..<queue.next {
          #expect(queue.entry(offset, bench.arena) == Self.entry(offset))
        }
        for offset in queue.next..<(queue.next + 250) {
          try Self.append(Self.entry(offset), to: &queue, bench)
        }
        for offset in queue.min..<queue.next {
          #expect(queue.entry(offset, bench.arena) == Self.entry(offset))
        }
        queue.reset(origin: 0, bench.arena)
        _ = bench.arena.beginSnapshot()
        bench.arena.endSnapshot()
      }
    }
    // Everything was given back and used again: the arena is far smaller than the sum of all queues.
    #expect(Int(bench.arena.cursor) * BlockSize.unitBytes < 1 << 20)
  }

  /// A freed block is not handed out before the snapshot that no longer needs it is on disk.
  @Test func freedBlocksWaitForTheSnapshot() throws {
    let arena = try Bench().arena
    let block = try #require(arena.take(.page))
    arena.give(block, .page)
    #expect(arena.take(.page) != block)
    let free = arena.beginSnapshot()
    #expect(free[BlockSize.page.rawValue] == [block])
    #expect(arena.take(.page) != block)
    arena.endSnapshot()
    #expect(arena.take(.page) == block)
  }

  /// No two blocks overlap or cross a file's end.
  @Test func blocksAreDisjoint() throws {
    let arena = try Bench().arena
    var generator = SeededGenerator(seed: 1)
    var used = Set<Int>()
    while let size = BlockSize.allCases.randomElement(using: &generator), let block = arena.take(size) {
      for unit in Int(block)..<(Int(block) + size.units) {
        if !used.insert(unit).inserted { Issue.record("unit \(unit) was handed out twice") }
      }
      #expect(Int(block) + size.units <= Limits.arenaBytes / BlockSize.unitBytes)
    }
    #expect(used.count > Limits.arenaBytes / BlockSize.unitBytes - 64)
  }
}
