// One queue: a dense run of entries, each 20 bytes as in Apache's ConsumeQueue (8 physical offset, 4 size, 8
// tag code), in blocks of the arena. Loop thread.
//
// Entry `offset` has place `offset - origin`; places 0..<12 are in chunk 0, the next 204 in chunk 1, then 819
// each. So ten thousands of queues with a few messages stay small, and finding an entry needs no search.

import Wire

/// One entry of a queue.
struct QueueEntry: Equatable {
  static let bytes = 20
  /// Size of an entry that fills a hole (Apache's blank unit); no record has it.
  static let blankSize = Int32.max

  var physicalOffset: Int64
  var size: Int32
  var tagsCode: Int64
  var isBlank: Bool { size == Self.blankSize }
}

struct Queue {
  private static let first = BlockSize.small.entries
  private static let second = BlockSize.page.entries
  private static let each = BlockSize.large.entries

  /// Offset of place 0.
  private(set) var origin: Int64
  /// Offset of the first entry whose record is in the log.
  private(set) var min: Int64
  /// Offset of the next entry.
  private(set) var next: Int64
  /// Block of chunk 0, apart from the others so that small queues need no array.
  private(set) var head = Arena.none
  /// Blocks of chunks `restFirst`, `restFirst` + 1 …
  private(set) var rest: [UInt32] = []
  private(set) var restFirst = 1

  init(origin: Int64) {
    precondition(origin >= 0)
    self.origin = origin
    min = origin
    next = origin
  }

  /// As a snapshot describes it; nil when its numbers do not belong together.
  init?(origin: Int64, min: Int64, next: Int64, head: UInt32, restFirst: Int, rest: [UInt32]) {
    guard origin >= 0, origin <= min, min <= next, restFirst >= 1 else { return nil }
    self.origin = origin
    self.min = min
    self.next = next
    self.head = head
    self.rest = rest
    self.restFirst = restFirst
    if min == next { return }
    let (low, high) = (Self.chunk(min - origin).number, Self.chunk(next - 1 - origin).number)
    if low == 0 && head == Arena.none { return nil }
    if high >= 1 && (Swift.max(low, 1) < restFirst || high >= restFirst + rest.count) { return nil }
  }

  static func size(ofChunk number: Int) -> BlockSize { number == 0 ? .small : number == 1 ? .page : .large }

  @inline(__always)
  static func chunk(_ place: Int64) -> (number: Int, index: Int) {
    let place = Int(place)
    if place < first { return (0, place) }
    if place < first + second { return (1, place - first) }
    let (number, index) = (place - first - second).quotientAndRemainder(dividingBy: each)
    return (number + 2, index)
  }

  @inline(__always)
  private func block(_ number: Int) -> UInt32 {
    if number == 0 { return head }
    let index = number - restFirst
    return index >= 0 && index < rest.count ? rest[index] : Arena.none
  }

  /// Where the next entry goes, with a new block when one is needed; nil when the arena has none ready.
  @inline(__always)
  mutating func placeNext(_ arena: Arena) -> UnsafeMutableRawPointer? {
    let (number, index) = Self.chunk(next - origin)
    var block = block(number)
    if block == Arena.none {
      guard let fresh = arena.take(Self.size(ofChunk: number)) else { return nil }
      block = fresh
      hold(fresh, number)
    }
    // A chunk's index is below the entries of its block.
    return unsafe arena.address(block) + index * QueueEntry.bytes
  }

  /// Bytes of the block that `placeNext` will take; 0 when the next entry has a place.
  var nextBlockBytes: Int {
    let number = Self.chunk(next - origin).number
    return block(number) == Arena.none ? Self.size(ofChunk: number).units * BlockSize.unitBytes : 0
  }

  private mutating func hold(_ block: UInt32, _ number: Int) {
    if number == 0 {
      head = block
      return
    }
    if rest.isEmpty { restFirst = number }
    precondition(number == restFirst + rest.count)
    rest.append(block)
  }

  /// Takes the entry that was stored at `placeNext`.
  @inline(__always)
  mutating func advance() { next += 1 }

  /// Entry `offset`, which must be in `min..<next`.
  @inline(__always)
  func entry(_ offset: Int64, _ arena: Arena) -> QueueEntry {
    precondition(offset >= min && offset < next, "entry outside the queue")
    let (number, index) = Self.chunk(offset - origin)
    let block = block(number)
    precondition(block != Arena.none)
    // The block is the chunk's, and `index` lies inside of the chunk.
    let at = unsafe arena.address(block) + index * QueueEntry.bytes
    return unsafe QueueEntry(
      physicalOffset: Int64(bigEndian: at.loadUnaligned(as: Int64.self)),
      size: Int32(bigEndian: at.loadUnaligned(fromByteOffset: 8, as: Int32.self)),
      tagsCode: Int64(bigEndian: at.loadUnaligned(fromByteOffset: 12, as: Int64.self)))
  }

  /// Writes an entry to a place that has room for its twenty bytes, as `placeNext` gives it.
  @inline(__always)
  static func store(_ entry: QueueEntry, at target: UnsafeMutableRawPointer) {
    unsafe target.storeBytes(of: entry.physicalOffset.bigEndian, as: Int64.self)
    unsafe target.storeBytes(of: entry.size.bigEndian, toByteOffset: 8, as: Int32.self)
    unsafe target.storeBytes(of: entry.tagsCode.bigEndian, toByteOffset: 12, as: Int64.self)
  }

  /// Appends one entry; false when the arena has no block ready.
  mutating func append(_ entry: QueueEntry, _ arena: Arena) -> Bool {
    guard let target = unsafe placeNext(arena) else { return false }
    unsafe Self.store(entry, at: target)
    advance()
    return true
  }

  /// First offset in `low..<next` whose entry satisfies `isRight`, which is false up to some entry and then
  /// true.
  func firstOffset(from low: Int64, _ arena: Arena, where isRight: (QueueEntry) -> Bool) -> Int64 {
    var (low, high) = (low, next)
    while low < high {
      let middle = low + (high - low) / 2
      if isRight(entry(middle, arena)) { high = middle } else { low = middle + 1 }
    }
    return low
  }

  /// Drops entries whose records are below `logMin`, and gives back the blocks that hold no others.
  mutating func dropBelow(_ logMin: Int64, _ arena: Arena) {
    if min == next || entry(min, arena).physicalOffset >= logMin { return }
    min = firstOffset(from: min, arena) { $0.physicalOffset >= logMin }
    // The chunk of the next entry stays even when it holds no entry yet.
    let keep = Self.chunk(min - origin).number
    if keep > 0 && head != Arena.none {
      arena.give(head, .small)
      head = Arena.none
    }
    let count = Swift.min(Swift.max(keep - restFirst, 0), rest.count)
    for number in restFirst..<(restFirst + count) {
      arena.give(rest[number - restFirst], Self.size(ofChunk: number))
    }
    rest.removeFirst(count)
    restFirst += count
  }

  /// Forgets all entries and gives back all blocks; the next entry has `origin`.
  mutating func reset(origin: Int64, _ arena: Arena) {
    if head != Arena.none { arena.give(head, .small) }
    for (index, block) in rest.enumerated() { arena.give(block, Self.size(ofChunk: restFirst + index)) }
    self = Queue(origin: origin)
  }

  /// Whether every block lies below `cursor` and inside one file (a snapshot's numbers are not trusted).
  func blocksAreBelow(_ cursor: UInt32) -> Bool {
    let perFile = Limits.arenaBytes / BlockSize.unitBytes
    let fits = { (block: UInt32, size: BlockSize) -> Bool in
      Int(block) + size.units <= Int(cursor) && Int(block) % perFile + size.units <= perFile
    }
    if head != Arena.none && !fits(head, .small) { return false }
    return rest.enumerated().allSatisfy { fits($1, Self.size(ofChunk: restFirst + $0)) }
  }
}
