// Opens stores in scratch directories and talks to them as the broker does.

import Foundation
import Linux
import TestSupport
import Wire

@testable import Store

/// A scratch directory in memory where there is one: these tests sync hundreds of files.
final class Scratch {
  let path: String

  init(inMemory: Bool = true) throws {
    let memory = "/dev/shm"
    if inMemory && FileSystem.isDirectory(memory) {
      path = "\(memory)/mq-store-\(UUID().uuidString)"
      try FileSystem.makeDirectories(path)
    } else {
      path = try FileSystem.makeTemporaryDirectory(prefix: "mq-store-")
    }
  }

  deinit { try? FileSystem.removeTree(path) }

  func path(_ name: String) -> String { "\(path)/\(name)" }
}

/// A store with a directory of its own. Closed when dropped.
final class Rig {
  let directory: Scratch
  let waker: Waker
  private(set) var store: MessageStore
  private var options: StoreOptions

  init(
    fixture: String? = nil, segmentBytes: Int = 1 << 16, inMemory: Bool = true,
    _ change: (inout StoreOptions) -> Void = { _ in }
  ) throws {
    directory = try Scratch(inMemory: inMemory)
    if let fixture { try Fixture.untar(Rig.fixturePath("\(fixture).tar.gz"), to: directory.path) }
    options = StoreOptions(root: directory.path("store"))
    options.segmentBytes = segmentBytes
    change(&options)
    waker = try Waker()
    store = try MessageStore.open(options, waker: waker) { _, _ in }
    store.diskUsedRatio = { 0.1 }
  }

  deinit { store.close() }

  var root: String { options.root }

  static func fixturePath(_ name: String) -> String { "\(packageRoot)/Tests/StoreTests/Fixtures/\(name)" }

  func reopen() throws {
    store.close()
    store = try MessageStore.open(options, waker: waker) { _, _ in }
    store.diskUsedRatio = { 0.1 }
  }

  /// The state of the disk as kill -9 would leave it now: a copy of the directory, opened.
  func copyAsKilled() throws -> Rig { try Rig(copying: self) }

  private init(copying other: Rig) throws {
    directory = try Scratch()
    options = other.options
    options.root = directory.path("store")
    try copyRunning(other.root, to: options.root)
    waker = try Waker()
    store = try MessageStore.open(options, waker: waker) { _, _ in }
    store.diskUsedRatio = { 0.1 }
  }

  // MARK: Appending

  @discardableResult
  func append(
    _ topic: String, _ queueId: Int32 = 0, body: [UInt8] = Array("hello".utf8), tags: String? = nil,
    keys: String? = nil, unique: String? = nil, more: [(String, String)] = [], sysFlag: Int32 = 0
  ) throws(AppendRefusal) -> AppendResult {
    var entries = more.map { (name: $0.0, value: $0.1) }
    if let tags { entries.append(("TAGS", tags)) }
    if let keys { entries.append(("KEYS", keys)) }
    if let unique { entries.append(("UNIQ_KEY", unique)) }
    let properties = Properties(entries).encoded
    var draft = RecordDraft()
    draft.queueId = queueId
    draft.sysFlag = SysFlag(rawValue: sysFlag)
    draft.bornTimestampMs = 1_700_000_000_000
    draft.bornHost = HostAddress(v4: 0x7F00_0001, port: 1234)
    draft.storeHost = HostAddress(v4: 0x7F00_0001, port: 10911)
    let name = Array(topic.utf8)
    // As a client would, after "busy": the janitor is woken by the refusal.
    var tries = 0
    while true {
      do throws(AppendRefusal) {
        return try store.append(
          draft, to: store.makeSlot(topic), topic: name.rawBytes, properties: properties.rawBytes,
          scan: PropertyScan(properties.rawBytes), body: body.rawBytes, nowMs: Clock.wallMs())
      } catch .busy where tries < 2000 {
        tries += 1
        usleep(1000)
      }
    }
  }

  // MARK: Reading

  func read(
    _ topic: String, _ queueId: Int32 = 0, from offset: Int64, max: Int = 32, bytesMax: Int = 1 << 20,
    tags: [String] = []
  ) -> (result: ReadResult, records: [[UInt8]]) {
    var out = ByteBuffer()
    let filter = MessageFilter(codes: tags.map { javaHash($0) })
    let result = store.read(
      store.makeSlot(topic), queueId, from: offset, messagesMax: max, bytesMax: bytesMax, filter: filter,
      into: &out)
    return (result, Rig.split(out.array))
  }

  /// Raw records that stand back to back.
  static func split(_ bytes: [UInt8]) -> [[UInt8]] {
    var records: [[UInt8]] = []
    var at = 0
    while at < bytes.count {
      let size = Int(bytes.rawBytes.int32(at: at))
      records.append(Array(bytes[at..<(at + size)]))
      at += size
    }
    return records
  }

  func record(_ offset: Int64) -> [UInt8]? {
    var out = ByteBuffer()
    return store.readRecord(at: offset, into: &out) ? out.array : nil
  }

  /// Waits until `isDone` holds, looking at the store's completions; false after five seconds.
  func wait(_ isDone: (StoreCompletion?) -> Bool) -> Bool {
    for _ in 0..<5000 {
      if isDone(store.nextCompletion()) { return true }
      usleep(1000)
    }
    return false
  }

  func find(
    _ topic: String, _ key: String, unique: Bool = false, max: Int = 64,
    _ timesMs: ClosedRange<Int64> = 0...Int64.max
  )
    -> [Int64]?
  {
    store.findByKey(
      topic: topic, key: key, unique: unique, max: max, beginMs: timesMs.lowerBound,
      endMs: timesMs.upperBound, ticket: 7)
    var found: [Int64]?
    _ = wait { completion in
      if case .keysFound(ticket: 7, let offsets, _, _) = completion { found = offsets }
      return found != nil
    }
    return found
  }
}

extension [UInt8] {
  /// The record that these bytes are.
  var record: Record? { try? Record.decode(rawBytes) }
  func text(_ range: Range<Int>) -> String { String(decoding: self[range], as: UTF8.self) }
}
