// A growable queue of bytes: append at the end, consume at the front.
//
// Sessions read into one and answer out of another; JSON and frames are written into one.
// Invariant: 0 <= head <= tail <= capacity. One owner, one thread; the memory is freed with the value.

/// A growable run of bytes with a consumed front. Grows by doubling, never shrinks by itself
/// (`release()` gives the memory back). Allocates nothing while it has room.
@safe
package struct ByteBuffer: ~Copyable {
  @usableFromInline var base: UnsafeMutableRawPointer?
  @usableFromInline var capacity: Int
  @usableFromInline var head: Int
  @usableFromInline var tail: Int

  /// An empty buffer; `capacity` bytes are allocated at once when not zero.
  package init(capacity: Int = 0) {
    precondition(capacity >= 0)
    unsafe base = capacity > 0 ? .allocate(byteCount: capacity, alignment: 16) : nil
    self.capacity = capacity
    head = 0
    tail = 0
  }

  deinit { unsafe base?.deallocate() }

  /// Unconsumed bytes.
  @inlinable package var count: Int { tail - head }
  @inlinable package var isEmpty: Bool { head == tail }
  /// Bytes that can be appended before the next allocation or move.
  @inlinable package var room: Int { capacity - tail }
  /// Bytes of memory held.
  @inlinable package var capacityBytes: Int { capacity }

  /// Forgets all bytes, keeps the memory.
  @inlinable package mutating func removeAll() {
    head = 0
    tail = 0
  }

  /// Forgets all bytes and frees the memory.
  package mutating func release() {
    unsafe base?.deallocate()
    unsafe base = nil
    capacity = 0
    head = 0
    tail = 0
  }

  /// Drops `bytes` from the front. Traps beyond `count`.
  @inlinable package mutating func consume(_ bytes: Int) {
    precondition(bytes >= 0 && bytes <= count)
    head += bytes
    if head == tail { removeAll() }
  }

  /// Drops everything after the first `bytes` unconsumed bytes.
  @inlinable package mutating func truncate(to bytes: Int) {
    precondition(bytes >= 0 && bytes <= count)
    tail = head + bytes
  }

  /// Makes room for `bytes` more: first by moving the live bytes to the front, else by growing.
  @inlinable package mutating func reserve(_ bytes: Int) {
    if capacity - tail < bytes { grow(bytes) }
  }

  @usableFromInline mutating func grow(_ bytes: Int) {
    precondition(bytes >= 0)
    let live = count
    if capacity - live >= bytes && head >= live {
      // Moving costs less than the bytes already consumed, so the work is amortised.
      if live > 0 { unsafe base!.copyMemory(from: base! + head, byteCount: live) }
    } else {
      let wanted = max(live + bytes, capacity * 2, 256)
      let fresh = UnsafeMutableRawPointer.allocate(byteCount: wanted, alignment: 16)
      if live > 0 { unsafe fresh.copyMemory(from: base! + head, byteCount: live) }
      unsafe base?.deallocate()
      unsafe base = fresh
      capacity = wanted
    }
    head = 0
    tail = live
  }

  /// The unconsumed bytes, borrowed.
  @inlinable package var bytes: RawSpan {
    @_lifetime(borrow self)
    @inline(__always) get {
      let span = unsafe RawSpan(
        _unsafeBytes: UnsafeRawBufferPointer(start: base.map { unsafe $0 + head }, count: count))
      return unsafe _overrideLifetime(span, borrowing: self)
    }
  }

  /// Lends the free space after the last byte; returns how much of it `body` filled.
  ///
  /// - Parameter minimum: At least this many bytes are lent (grows when needed).
  /// - Parameter body: Gets the free space; returns the number of bytes it wrote.
  @inlinable package mutating func fill<E: Error>(
    minimum: Int, _ body: (UnsafeMutableRawBufferPointer) throws(E) -> Int
  ) throws(E) -> Int {
    reserve(minimum)
    let free = unsafe UnsafeMutableRawBufferPointer(start: base.map { unsafe $0 + tail }, count: room)
    let written = try unsafe body(free)
    precondition(written >= 0 && written <= free.count)
    tail += written
    return written
  }

  /// Lends the unconsumed bytes as a pointer for the length of the call (for `writev` and C libraries).
  @inlinable package func withBytes<R, E: Error>(
    _ body: (UnsafeRawBufferPointer) throws(E) -> R
  ) throws(E) -> R {
    try unsafe body(
      UnsafeRawBufferPointer(start: base.map { unsafe UnsafeRawPointer($0 + head) }, count: count))
  }

  /// Appends one byte.
  @inlinable package mutating func append(_ byte: UInt8) {
    reserve(1)
    unsafe base!.storeBytes(of: byte, toByteOffset: tail, as: UInt8.self)
    tail += 1
  }

  /// Appends an integer big-endian.
  @inlinable @inline(__always) package mutating func append<T: FixedWidthInteger>(bigEndian value: T) {
    let size = MemoryLayout<T>.size
    reserve(size)
    unsafe base!.storeBytes(of: value.bigEndian, toByteOffset: tail, as: T.self)
    tail += size
  }

  /// Overwrites four bytes at `index` (counted from the first unconsumed byte), big-endian.
  @inlinable package mutating func patch(int32 value: Int32, at index: Int) {
    precondition(index >= 0 && index + 4 <= count)
    unsafe base!.storeBytes(of: value.bigEndian, toByteOffset: head + index, as: Int32.self)
  }

  /// Overwrites bytes from `index` on (counted from the first unconsumed byte). Traps beyond `count`.
  @inlinable package mutating func replace(at index: Int, with span: RawSpan) {
    let size = span.byteCount
    precondition(index >= 0 && index + size <= count)
    if size == 0 { return }
    unsafe span.withUnsafeBytes {
      unsafe (base! + head + index).copyMemory(from: $0.baseAddress!, byteCount: size)
    }
  }

  /// Appends a copy of the bytes.
  @inlinable package mutating func append(_ span: RawSpan) {
    let size = span.byteCount
    if size == 0 { return }
    reserve(size)
    unsafe span.withUnsafeBytes { unsafe (base! + tail).copyMemory(from: $0.baseAddress!, byteCount: size) }
    tail += size
  }

  /// Appends the UTF-8 of a literal, which costs a few stores. No allocation while there is room.
  @inlinable @inline(__always) package mutating func append(_ text: StaticString) {
    let size = text.utf8CodeUnitCount
    if size == 0 { return }
    reserve(size)
    unsafe (base! + tail).copyMemory(from: text.utf8Start, byteCount: size)
    tail += size
  }

  /// Appends a copy of the array.
  @inlinable package mutating func append(_ array: [UInt8]) {
    unsafe append(array.span.bytes)
  }

  /// Appends the UTF-8 of a text. Allocates when the text is not native UTF-8.
  package mutating func append(utf8 text: String) {
    var text = text
    text.withUTF8 { append(unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer($0))) }
  }

  /// Appends the decimal digits of `value`. No allocation while there is room.
  package mutating func append(decimal value: Int64) {
    var writer = unsafe writer(RawWriter.decimalBytesMax)
    unsafe writer.put(decimal: value)
    unsafe take(writer)
  }

  /// A copy of the unconsumed bytes.
  package var array: [UInt8] {
    unsafe withBytes { unsafe [UInt8]($0) }
  }
}
