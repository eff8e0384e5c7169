// `mq/progress`: how far delay levels and timers are delivered, exact to the message. Loop thread.
//
// Apache's own files say it too (config/delayOffset.json, config/timercheck), but seconds late. This file is
// mapped and written after each delivery, so a killed process delivers at most one message again; without it
// a start goes by Apache's files, and delivers again what they have not heard of.
//
// After a power loss the file may be newer than the log. So each slot names the end of the log that it
// belongs to and counts only when the log reaches that far; two slots are written in turn and a third holds a
// state whose log is known to be on disk.
//
// A state that is older than the log does not know of what arrived since: so it says how much of the timer
// topic's queue it knows.
//
// Slot, big-endian: 8 magic "mqprog02" | 8 number | 8 log end | 8 timers seen | 4 spans | 4 levels
//   spans x (8 from, 8 fire time, 8 offset) | levels x 8 offset | 4 CRC-32 of everything before

import Linux
import Wire

/// The file and the state that it holds.
@safe
final class ProgressFile {
  static let magic: UInt64 = 0x6D71_7072_6F67_3032
  private static let headBytes = 40
  private static let safeSlot = 2

  /// What one slot says.
  struct State: Equatable {
    var logEnd: Int64 = 0
    var timers = TimerProgress()
    /// Messages of the timer topic from this queue offset on arrived later than `timers` tells of.
    var timersSeen: Int64 = 0
    var levels: [Int64] = []
  }

  /// Nil when the disk was full at the start: then Apache's files alone say how far deliveries are.
  private let file: MappedFile?
  private var number: UInt64 = 0
  private var scratch = ByteBuffer(capacity: Limits.progressSlotBytes)
  private(set) var state: State
  /// Waits until its log is on disk.
  private var candidate: State?
  private(set) var checkpoint: TimerCheckpoint
  /// Set when the queue's oldest waiting message moved or something was delivered.
  private(set) var isCheckpointDue = false
  /// Apache's wheel files, to be removed once config/timercheck is ours.
  private(set) var hasForeignWheel: Bool

  private init(_ file: MappedFile?, _ state: State, _ checkpoint: TimerCheckpoint, hasForeignWheel: Bool) {
    self.file = file
    self.state = state
    self.checkpoint = checkpoint
    self.hasForeignWheel = hasForeignWheel
  }

  /// Reads the file and Apache's, takes whichever is further, and writes it anew. `delays` is what
  /// config/delayOffset.json says, and is moved on where this file knows better.
  static func open(
    _ paths: StorePaths, logEnd: Int64, _ delays: inout DelayOffsets
  ) throws(Errno) -> ProgressFile {
    var file: MappedFile? = try MappedFile(path: paths.progress, bytes: Limits.progressBytes)
    let found = file.flatMap { newest($0.contents, logEnd: logEnd) }
    do throws(Errno) { try file?.allocate(upTo: Limits.progressBytes) } catch .noSpace { file = nil }
    let checkpoint = TimerCheckpoint.load(ConfigFile.timercheck.path(paths))
    var state = found ?? State()
    if let checkpoint, checkpoint.readMs > state.timers.farthest.fireMs || found == nil {
      state.timers = TimerProgress(readMs: checkpoint.readMs, queueOffset: checkpoint.queueOffset)
      state.timersSeen = checkpoint.queueOffset
    }
    for (index, offset) in state.levels.enumerated() where offset > delays.offset(index + 1) {
      _ = delays.set(index + 1, offset)
    }
    state.levels = delays.list(max: Limits.progressLevelsMax)
    state.logEnd = logEnd
    let progress = ProgressFile(
      file, state, checkpoint ?? TimerCheckpoint(),
      hasForeignWheel: FileSystem.exists(paths.timerWheel) || FileSystem.exists(paths.timerLog))
    for slot in 0...safeSlot { progress.write(state, slot) }
    return progress
  }

  /// The newest intact state whose log is there.
  static func newest(_ bytes: RawSpan, logEnd: Int64) -> State? {
    var best: (number: UInt64, state: State)?
    for slot in 0...safeSlot {
      let at = slot * Limits.progressSlotBytes
      guard at + Limits.progressSlotBytes <= bytes.byteCount,
        let found = decode(bytes[at..<(at + Limits.progressSlotBytes)]), found.state.logEnd <= logEnd,
        found.number >= best?.number ?? 0
      else { continue }
      best = found
    }
    return best?.state
  }

  // MARK: Writing

  /// Keeps the state. The message that was delivered is in the log before `logEnd`.
  func update(logEnd: Int64, _ change: (inout State) -> Void) {
    change(&state)
    state.logEnd = logEnd
    isCheckpointDue = true
    write(state, Int(number % 2))
  }

  /// Once a second: keeps apart a state whose log is on disk. True when config/timercheck is to be written.
  func settle(durable: Int64, _ timers: (readMs: Int64, queueOffset: Int64), nowMs: Int64) -> Bool {
    if let candidate, durable >= candidate.logEnd {
      self.candidate = nil
      write(candidate, Self.safeSlot)
      return true
    }
    if candidate == nil && isCheckpointDue {
      isCheckpointDue = false
      checkpoint.move(timers, nowMs: nowMs)
      candidate = state
    }
    return false
  }

  /// At close, when everything is on disk. True when config/timercheck is to be written.
  func close(_ timers: (readMs: Int64, queueOffset: Int64), nowMs: Int64) -> Bool {
    let isDue = isCheckpointDue || candidate != nil
    if isDue { checkpoint.move(timers, nowMs: nowMs) }
    candidate = nil
    isCheckpointDue = false
    write(state, Self.safeSlot)
    return isDue
  }

  var checkpointBytes: [UInt8] { checkpoint.fileBytes }

  func forgetForeignWheel() { hasForeignWheel = false }

  private func write(_ state: State, _ slot: Int) {
    guard let file else { return }
    number += 1
    scratch.removeAll()
    Self.encode(state, number: number, to: &scratch)
    precondition(scratch.count <= Limits.progressSlotBytes && slot <= Self.safeSlot)
    // The slot lies inside of the mapping, whose blocks are allocated, and holds what was encoded.
    unsafe scratch.withBytes { bytes in
      unsafe (file.base + slot * Limits.progressSlotBytes).copyMemory(
        from: bytes.baseAddress!, byteCount: bytes.count)
    }
  }

  static func encode(_ state: State, number: UInt64, to out: inout ByteBuffer) {
    out.append(bigEndian: magic)
    out.append(bigEndian: number)
    out.append(bigEndian: state.logEnd)
    out.append(bigEndian: state.timersSeen)
    out.append(bigEndian: UInt32(state.timers.spans.count))
    out.append(bigEndian: UInt32(state.levels.count))
    for span in state.timers.spans {
      out.append(bigEndian: span.from)
      out.append(bigEndian: span.place.fireMs)
      out.append(bigEndian: span.place.offset)
    }
    for offset in state.levels { out.append(bigEndian: offset) }
    out.append(bigEndian: CRC32.full(out.bytes))
  }

  /// Nil when the bytes are no intact slot.
  static func decode(_ bytes: RawSpan) -> (number: UInt64, state: State)? {
    guard bytes.byteCount >= headBytes + 4, bytes.bigEndian(UInt64.self, at: 0) == magic else { return nil }
    let spans = Int(bytes.uint32(at: 32))
    let levels = Int(bytes.uint32(at: 36))
    guard spans <= Limits.timerSpansMax, levels <= Limits.progressLevelsMax else { return nil }
    let end = headBytes + spans * 24 + levels * 8
    guard end + 4 <= bytes.byteCount, CRC32.full(bytes[0..<end]) == bytes.uint32(at: end) else { return nil }
    let list = (0..<spans).map { index in
      let at = headBytes + index * 24
      return TimerProgress.Span(
        from: bytes.int64(at: at),
        place: TimerKey(fireMs: bytes.int64(at: at + 8), offset: bytes.int64(at: at + 16)))
    }
    guard let timers = TimerProgress(list) else { return nil }
    let offsets = (0..<levels).map { bytes.int64(at: headBytes + spans * 24 + $0 * 8) }
    return (
      bytes.bigEndian(UInt64.self, at: 8),
      State(
        logEnd: bytes.int64(at: 16), timers: timers, timersSeen: bytes.int64(at: 24), levels: offsets)
    )
  }
}
