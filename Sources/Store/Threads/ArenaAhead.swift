// Keeps blocks of the arenas ready ahead of the queues, also while recovery fills them. Opening thread, then
// janitor.

import Linux
import Synchronization

final class ArenaAhead {
  private let shared: Shared
  private let paths: StorePaths
  /// Files made so far; the loop may not have told yet that it took the last one.
  private var count: Int
  /// Pages up to here, in bytes over all files, were prefaulted.
  private var prefaultedTo = 0
  private var pace = Pace(stretchBytes: Limits.fastArenaBytes, used: 0)
  /// Files before this one have left our page tables once.
  private var forgottenFiles = 0

  init(shared: Shared, paths: StorePaths) {
    self.shared = shared
    self.paths = paths
    count = shared.arenas.withLock { $0.count }
  }

  /// Allocates up to `aheadBytes` beyond what is used.
  func make(aheadBytes: Int = Limits.arenaAheadBytes) throws(Errno) {
    let used = shared.arenaUsedBytes.load(ordering: .acquiring)
    let files = shared.arenas.withLock { $0 }
    let wanted = used + aheadBytes
    for (index, file) in files.enumerated() {
      let start = index * Limits.arenaBytes
      if wanted > start { try file.allocate(upTo: wanted - start) }
    }
    guard wanted > files.count * Limits.arenaBytes, count == files.count else { return }
    let next = try MappedFile(path: paths.arena(count), bytes: Limits.arenaBytes)
    next.expectRandom(0..<Limits.arenaBytes)
    try next.allocate(upTo: aheadBytes)
    count += 1
    shared.nextArena.withLock { $0 = next }
  }

  /// A first write to a page of a file may wait for the file system: better here than on the loop.
  func prefault() {
    let used = shared.arenaUsedBytes.load(ordering: .acquiring)
    let files = shared.arenas.withLock { $0 }
    pace.note(Int64(used), nowMs: Clock.monotonicMs())
    let large = Mapping.largePageBytes
    let end = pace.isFast ? (used / large + 2) * large : used + Limits.arenaPrefaultBytes
    var at = max(used, prefaultedTo)
    if end - at < Limits.arenaPrefaultBytes / 4 { return }
    while at < end {
      let index = at / Limits.arenaBytes
      guard index < files.count else { break }
      let start = index * Limits.arenaBytes
      let stop = min(end - start, files[index].allocatedBytes)
      if stop <= at - start { break }
      let range = (at - start)..<stop
      if pace.isFast { files[index].prefaultLarge(range) } else { files[index].prefault(range) }
      at = start + stop
    }
    prefaultedTo = max(prefaultedTo, at)
  }

  /// Old entries need not count as our memory: who reads or fills them finds them in the page cache.
  func forget() {
    let used = shared.arenaUsedBytes.load(ordering: .acquiring)
    while (forgottenFiles + 2) * Limits.arenaBytes <= used {
      let file = shared.arenas.withLock { $0[forgottenFiles] }
      file.forget(0..<file.bytes)
      file.expectSmallPages(0..<file.bytes)
      forgottenFiles += 1
    }
  }

  /// As `make`; false when there is no space.
  func work(aheadBytes: Int = Limits.arenaAheadBytes) -> Bool {
    do throws(Errno) {
      try make(aheadBytes: aheadBytes)
      return true
    } catch {
      return false
    }
  }
}
