// Memory for queue entries: blocks of three sizes inside shared file mappings, so that queues cost page cache
// and not anonymous memory, and no queue has a file, descriptor or mapping of its own. Loop thread.
//
// A block's number is its place in units of 256 bytes over all arena files. Freed blocks wait until the next
// snapshot is on disk: until then the old snapshot still points at them.

import Linux
import Synchronization
import Wire

/// Size classes: 12, 204 and 819 entries of 20 bytes.
enum BlockSize: Int, CaseIterable {
  case small, page, large

  static let unitBytes = 256
  var units: Int {
    switch self {
    case .small: 1
    case .page: 16
    case .large: 64
    }
  }
  var entries: Int { units * Self.unitBytes / QueueEntry.bytes }
}

@safe
final class Arena {
  private static let unitsPerFile = Limits.arenaBytes / BlockSize.unitBytes
  /// Stands for "no block".
  static let none = UInt32.max

  private var files: [MappedFile]
  /// First bytes of the files, to save a look into the objects.
  private var bases: [UnsafeMutableRawPointer]
  /// Next unit that was never handed out.
  private(set) var cursor: UInt32
  private(set) var free: [[UInt32]]
  /// Freed since the last snapshot was begun, and before it.
  private var freedSince: [[UInt32]] = [[], [], []]
  private var freedBefore: [[UInt32]] = [[], [], []]
  private let shared: Shared

  /// - Parameter free: One list for each size.
  init(files: [MappedFile], cursor: UInt32, free: [[UInt32]], shared: Shared) {
    precondition(free.count == BlockSize.allCases.count && !files.isEmpty)
    self.files = files
    unsafe bases = files.map { unsafe $0.base }
    self.cursor = cursor
    self.free = free
    self.shared = shared
    shared.arenaUsedBytes.store(Int(cursor) * BlockSize.unitBytes, ordering: .releasing)
  }

  /// First byte of a block.
  @inline(__always)
  func address(_ block: UInt32) -> UnsafeMutableRawPointer {
    let unit = Int(block)
    // Blocks come from `take`, or from a snapshot that was checked to lie below the cursor.
    return unsafe bases[unit / Self.unitsPerFile] + unit % Self.unitsPerFile * BlockSize.unitBytes
  }

  /// A block of zero or old bytes; nil when the janitor has not made room yet.
  func take(_ size: BlockSize) -> UInt32? {
    if let block = free[size.rawValue].popLast() { return block }
    skipShortRest(size)
    let at = Int(cursor) % Self.unitsPerFile
    let index = Int(cursor) / Self.unitsPerFile
    if index == files.count && !takeNextFile() { return nil }
    if (at + size.units) * BlockSize.unitBytes > files[index].allocatedBytes { return callJanitor() }
    let block = cursor
    moveCursor(size.units)
    return block
  }

  /// A block never spans two files: what is left of a file becomes small blocks.
  private func skipShortRest(_ size: BlockSize) {
    let rest = Self.unitsPerFile - Int(cursor) % Self.unitsPerFile
    guard rest < size.units else { return }
    // The blocks are only usable once the file's end is allocated.
    let index = Int(cursor) / Self.unitsPerFile
    guard index < files.count, files[index].allocatedBytes == Limits.arenaBytes else { return }
    for unit in 0..<rest { free[BlockSize.small.rawValue].append(cursor + UInt32(unit)) }
    moveCursor(rest)
  }

  private func takeNextFile() -> Bool {
    let next = shared.nextArena.withLock { box -> MappedFile? in
      let next = box
      box = nil
      return next
    }
    guard let next else {
      _ = callJanitor()
      return false
    }
    files.append(next)
    // `files` keeps the mapping for as long as its base is listed.
    unsafe bases.append(next.base)
    let all = files
    shared.arenas.withLock { $0 = all }
    shared.wakeJanitor()
    return true
  }

  private func callJanitor() -> UInt32? {
    shared.wakeJanitor()
    return nil
  }

  private func moveCursor(_ units: Int) {
    let before = Int(cursor) * BlockSize.unitBytes
    cursor += UInt32(units)
    let after = Int(cursor) * BlockSize.unitBytes
    shared.arenaUsedBytes.store(after, ordering: .releasing)
    let step = Limits.arenaPrefaultBytes / 2
    if before / step != after / step { shared.wakeJanitor() }
  }

  /// Bytes that can be handed out now without the janitor.
  var readyBytes: Int {
    let index = Int(cursor) / Self.unitsPerFile
    let ahead =
      index < files.count
      ? files[index].allocatedBytes - Int(cursor) % Self.unitsPerFile * BlockSize.unitBytes : 0
    return ahead + (shared.nextArena.withLock { $0?.allocatedBytes } ?? 0)
  }

  func give(_ block: UInt32, _ size: BlockSize) { freedSince[size.rawValue].append(block) }

  /// The free lists as a snapshot must have them: blocks freed up to now are free in the state that it
  /// describes.
  func beginSnapshot() -> [[UInt32]] {
    for size in BlockSize.allCases {
      freedBefore[size.rawValue] += freedSince[size.rawValue]
      freedSince[size.rawValue] = []
    }
    return BlockSize.allCases.map { free[$0.rawValue] + freedBefore[$0.rawValue] }
  }

  /// The snapshot is on disk: blocks freed before it may be used again.
  func endSnapshot() {
    for size in BlockSize.allCases {
      free[size.rawValue] += freedBefore[size.rawValue]
      freedBefore[size.rawValue] = []
    }
  }
}
