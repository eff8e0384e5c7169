// A set of offsets of one queue, a bit each. Loop thread.

/// Grows with the distance between its smallest and its largest member.
struct OffsetSet {
  private var words: [UInt64] = []
  /// Offset of the first bit of the first word; a multiple of 64.
  private var base: Int64 = 0

  mutating func insert(_ offset: Int64) {
    precondition(offset >= 0)
    if words.isEmpty { base = offset & ~63 }
    if offset < base {
      words.insert(contentsOf: repeatElement(0, count: Int((base - (offset & ~63)) / 64)), at: 0)
      base = offset & ~63
    }
    let (word, bit) = place(offset)
    if word >= words.count { words.append(contentsOf: repeatElement(0, count: word + 1 - words.count)) }
    words[word] |= 1 << bit
  }

  func contains(_ offset: Int64) -> Bool {
    if offset < base { return false }
    let (word, bit) = place(offset)
    return word < words.count && words[word] >> bit & 1 == 1
  }

  /// The smallest offset from `offset` on that is no member.
  func next(notIn offset: Int64) -> Int64 {
    if offset < base { return offset }
    var (word, bit) = place(offset)
    while word < words.count {
      let missing = ~words[word] >> bit
      if missing != 0 { return base + Int64(word) * 64 + Int64(bit) + Int64(missing.trailingZeroBitCount) }
      word += 1
      bit = 0
    }
    return max(offset, base + Int64(words.count) * 64)
  }

  /// Drops members of whole words below `offset`.
  mutating func forget(below offset: Int64) {
    let count = min(Int(max(0, offset - base) / 64), words.count)
    if count == 0 { return }
    words.removeFirst(count)
    base += Int64(count) * 64
  }

  private func place(_ offset: Int64) -> (word: Int, bit: UInt64) {
    let distance = offset - base
    return (Int(distance / 64), UInt64(distance % 64))
  }
}
