// Repairs a store that no broker uses: cuts a torn end of the log, restores config files from their backups,
// and puts derived files that are wrong out of the way, so that they are made again. Nothing is lost: what is
// taken away is kept in `repair/TIME/` beside a log of what was done. Whole records before the end of the log
// are never touched.

import Linux
import Wire

/// One thing that a repair does.
package struct RepairStep: Sendable {
  /// What kind of step: "cut", "extend", "restore" or "setAside".
  package let kind: String
  /// Relative to the store.
  package let path: String
  /// Physical offset of a cut.
  package let offset: Int64?
  package let bytes: Int64?
  /// One clause: what is done and what it costs.
  package let text: String
}

/// What a repair does, and what it cannot do.
package struct RepairReport: Sendable {
  package let root: String
  package let steps: [RepairStep]
  /// Clauses about what stays wrong.
  package let left: [String]
  /// Clauses about what is wrong, and set right or stepped over by the next start of a broker.
  package let healed: [String]
  /// Where things were put, relative to the store; nil when nothing was done.
  package let kept: String?
}

private enum RepairAction {
  case cut(LogFile, at: Int64, bytes: Int64)
  case extend(LogFile, to: Int64)
  case restore(name: String)
  case setAside(path: String)
}

extension StoreInspector {
  /// Looks at a store and says what would be done; with `apply` does it. `rebuild` also puts derived files
  /// away that are right. `progress` is called while the log is read; false ends it before anything is done.
  ///
  /// - Throws: `.inUse` while a broker runs in the directory. After a failure in the middle, the steps so far
  ///   are in the log of repairs.
  package static func repair(
    _ root: String, rebuild: Bool, apply: Bool, nowMs: Int64, progress: (InspectProgress) -> Bool
  ) throws(InspectError) -> RepairReport {
    let layout = try StoreLayout(root)
    let lock = apply ? try takeLock(layout) : nil
    if layout.isLive && !apply { throw inUse(layout) }
    var plan = RepairPlan(layout: layout)
    try plan.make(rebuild: rebuild, progress)
    var kept: String?
    if apply && !plan.steps.isEmpty {
      var work = RepairWork(layout: layout, nowMs: nowMs)
      try work.run(plan)
      kept = layout.short(work.directory)
    }
    // Held until everything is done.
    _ = lock
    return RepairReport(
      root: layout.root, steps: plan.steps.map(\.step), left: plan.left, healed: plan.healed, kept: kept)
  }

  private static func inUse(_ layout: StoreLayout) -> InspectError {
    InspectError(.inUse, "\(layout.root) is in use by a broker", hint: "stop it first")
  }

  private static func takeLock(_ layout: StoreLayout) throws(InspectError) -> LockBox {
    do throws(Errno) {
      let lock = try File.open(layout.paths.lock, .create)
      if try lock.tryLock() { return LockBox(lock) }
    } catch {
      throw .io(error, "lock", layout.paths.lock)
    }
    throw inUse(layout)
  }
}

/// The store's lock, held as long as this lives.
private final class LockBox {
  private let lock: Descriptor
  init(_ lock: consuming Descriptor) { self.lock = lock }
}

private struct RepairPlan {
  let layout: StoreLayout
  var steps: [(action: RepairAction, step: RepairStep)] = []
  var left: [String] = []
  var healed: [String] = []

  init(layout: StoreLayout) { self.layout = layout }

  mutating func make(rebuild: Bool, _ progress: (InspectProgress) -> Bool) throws(InspectError) {
    var findings = Findings()
    let (facts, census, snapshot) = try StoreInspector.readLog(layout, InspectOptions(), progress, &findings)
    let idle = try StoreInspector.checkRest(layout, facts, census, snapshot, &findings)
    planLog(facts)
    do throws(Errno) { try planConfig() } catch { throw .io(error, "read", layout.paths.config) }
    planDerived(facts, findings, rebuild: rebuild, idleQueues: idle)
    for finding in findings.list where finding.area == .offsets && finding.verdict == .bad {
      left.append("\(finding.path): \(finding.text); mq group seek moves it")
    }
    if findings.verdict(.consumeQueue) == .bad && !findings.broken.contains(.consumeQueue) {
      healed.append(
        "consumequeue reaches behind the end of the log: Apache RocketMQ cuts it, mq serve does not use it")
    }
    if findings.verdict(.timer) == .bad {
      healed.append("timerlog names records that are not in the log: nothing is delivered for them")
    }
  }

  private mutating func add(
    _ action: RepairAction, _ kind: String, _ path: String, offset: Int64? = nil, bytes: Int64? = nil,
    _ text: String
  ) {
    steps.append(
      (action, RepairStep(kind: kind, path: layout.short(path), offset: offset, bytes: bytes, text: text)))
  }

  // MARK: Log

  private mutating func planLog(_ facts: LogFacts) {
    let size = layout.segmentBytes
    for (index, file) in layout.log.enumerated() {
      if index > 0 && file.start != layout.log[index - 1].start + size {
        left.append("\(layout.short(file.path)): the file before it is missing; restore it from a copy")
      } else if file.bytes == 0 && index == layout.log.count - 1 {
        add(
          .setAside(path: file.path), "setAside", file.path, bytes: 0, "an empty file at the end of the log")
      } else if file.bytes < size && index == layout.log.count - 1 {
        add(
          .extend(file, to: size), "extend", file.path, bytes: size - file.bytes,
          "gets \(size) bytes as the files before it, with zeros")
      } else if file.bytes != size {
        left.append(
          "\(layout.short(file.path)) has \(file.bytes) bytes and not \(size); restore it from a copy")
      }
    }
    for damage in facts.damages {
      left.append(
        "\(layout.short(damage.path)): the hole at offset \(damage.offset) stays; a broker steps over it"
          + (damage.lostRecords > 0
            ? ", and over \(counted(damage.lostRecords, "whole record")) that mq store dump prints" : ""))
    }
    for (path, error) in facts.unreadable { left.append("\(layout.short(path)) cannot be read: \(error)") }
    if let tail = facts.tail, let file = layout.log.first(where: { $0.path == tail.damage.path }) {
      let whole =
        tail.wholeRecords > 0
        ? "; \(counted(tail.wholeRecords, "whole record")) behind the damage are kept there too" : ""
      add(
        .cut(file, at: tail.damage.offset - file.start, bytes: tail.damage.bytes), "cut", file.path,
        offset: tail.damage.offset, bytes: tail.damage.bytes,
        "ends the log at offset \(tail.damage.offset): \(tail.damage.reason)\(whole)")
    }
    for file in facts.stale {
      add(
        .setAside(path: file.path), "setAside", file.path, bytes: file.bytes, "lies behind the end of the log"
      )
    }
  }

  // MARK: Config

  private mutating func planConfig() throws(Errno) {
    for name in try SideFileCheck.configNames(layout) {
      let path = "\(layout.paths.config)/\(name)"
      if SideFileCheck.document(path) != nil { continue }
      if SideFileCheck.document("\(path).bak") != nil {
        add(.restore(name: name), "restore", path, "takes the content of its backup")
      } else if FileSystem.exists(path), (try? FileSystem.readWhole(path, bytesMax: 16))?.isEmpty != true {
        left.append("config/\(name) and its backup hold no JSON; restore it from a copy")
      }
    }
  }

  // MARK: Derived files

  private mutating func planDerived(
    _ facts: LogFacts, _ findings: Findings, rebuild: Bool, idleQueues: Int64
  ) {
    let own = [layout.paths.snapshot, layout.paths.queues, layout.paths.keys]
    if rebuild || findings.broken.contains(.own) {
      for path in own where FileSystem.exists(path) { setAside(path, "mq serve makes it from the log") }
    }
    if rebuild || findings.broken.contains(.index), FileSystem.exists(layout.index) {
      setAside(layout.index, "a broker makes the index anew; older messages are not found by key meanwhile")
    }
    guard rebuild || findings.broken.contains(.consumeQueue), FileSystem.exists(layout.consumeQueues) else {
      return
    }
    // Apache's brokers end the log at the first hole that they meet when they make all queues anew.
    if facts.damageCount > 0 {
      left.append(
        "consumequeue stays: Apache RocketMQ would cut the log at its hole if it made the queues anew")
    } else if idleQueues > 0 && !rebuild {
      left.append(
        "consumequeue stays: \(counted(idleQueues, "queue")) without records would begin at 0; see --rebuild"
      )
    } else {
      setAside(layout.consumeQueues, "a broker makes the queues from the log")
      // Where it begins after a crash, it goes by the times in there.
      if FileSystem.exists(layout.paths.checkpoint) {
        setAside(layout.paths.checkpoint, "so that a broker reads the log from its start")
      }
    }
  }

  private mutating func setAside(_ path: String, _ text: String) {
    add(.setAside(path: path), "setAside", path, text)
  }
}

private struct RepairWork {
  let layout: StoreLayout
  /// Where everything that is taken away goes.
  let directory: String
  private let nowMs: Int64

  init(layout: StoreLayout, nowMs: Int64) {
    self.layout = layout
    self.nowMs = nowMs
    // As in "2026-11-21T16:20:00.123Z", without what file names should not hold.
    directory = "\(layout.repairs)/" + Clock.rfc3339(nowMs).filter { $0 != ":" }
  }

  mutating func run(_ plan: RepairPlan) throws(InspectError) {
    do throws(Errno) { try FileSystem.makeDirectories(directory) } catch {
      throw .io(error, "create", directory)
    }
    for (action, step) in plan.steps {
      do throws(Errno) {
        try apply(action)
        try log(step)
      } catch {
        throw .io(error, "repair", "\(layout.root)/\(step.path)")
      }
    }
  }

  private func apply(_ action: RepairAction) throws(Errno) {
    switch action {
    case .cut(let file, let at, let bytes): try cut(file, at, bytes)
    case .extend(let file, let bytes):
      let descriptor = try File.open(file.path, .readWrite)
      try descriptor.truncate(to: bytes)
      try descriptor.syncData()
    case .restore(let name):
      let path = "\(layout.paths.config)/\(name)"
      if FileSystem.exists(path) { try move(path) }
      let good = try FileSystem.readWhole("\(path).bak", bytesMax: Limits.configBytesMax)
      try FileSystem.replace(path, with: good, backup: false)
    case .setAside(let path): try move(path)
    }
  }

  /// Keeps what is cut, and is on disk with it, before it is zeroed.
  private func cut(_ file: LogFile, _ at: Int64, _ bytes: Int64) throws(Errno) {
    let side = "\(directory)/\(Segment.name(file.start + at)).cut"
    var window = try FileWindow(file.path)
    let target = try File.open(side, .createNew)
    var done: Int64 = 0
    while done < bytes {
      let count = Int(min(bytes - done, Int64(Limits.inspectWindowBytes)))
      guard let place = try window.need(count, at: at + done) else { throw .invalidArgument }
      try write(window.contents[place..<(place + count)].array, to: target, at: done)
      done += Int64(count)
    }
    try target.syncData()
    try FileSystem.syncDirectory(directory)
    let log = try File.open(file.path, .readWrite)
    // Cutting and growing again gives the blocks back, and leaves zeros.
    try log.truncate(to: at)
    try log.truncate(to: layout.segmentBytes)
    try log.syncData()
  }

  private func write(_ bytes: [UInt8], to file: borrowing Descriptor, at offset: Int64) throws(Errno) {
    var buffer = ByteBuffer(capacity: bytes.count)
    buffer.append(bytes)
    // The buffer lives through the call and has as many bytes as it says.
    try unsafe buffer.withBytes { (bytes) throws(Errno) in try unsafe file.writeAll(bytes, at: offset) }
  }

  /// Moves a file or folder to the repair's own, under its path with dots.
  private func move(_ path: String) throws(Errno) {
    let name = String(layout.short(path).map { $0 == "/" ? "." : $0 })
    try FileSystem.rename(path, to: "\(directory)/\(name)")
    try FileSystem.syncDirectory(directory)
    try FileSystem.syncDirectory(FileSystem.parentDirectory(path))
  }

  /// One line of JSON for each step in `repair/log.jsonl`.
  private func log(_ step: RepairStep) throws(Errno) {
    let line = JSON.object([
      .init("time", .string(Clock.rfc3339(nowMs))), .init("step", .string(step.kind)),
      .init("path", .string(step.path)), .init("offset", step.offset.map { .int($0) } ?? .null),
      .init("bytes", step.bytes.map { .int($0) } ?? .null), .init("what", .string(step.text)),
      .init("kept", .string(layout.short(directory))),
    ])
    let file = try File.open("\(layout.repairs)/log.jsonl", .append)
    try write(Array((line.text(.standard) + "\n").utf8), to: file, at: 0)
    try file.syncData()
  }
}
