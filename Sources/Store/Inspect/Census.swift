// What the records of a log add up to: numbers per topic and queue, and sums over what queue files and key
// indexes must hold. Comparing sums finds any disagreement without keeping or seeking a single entry. Filled
// by one thread, then handed over.

import Linux
import Wire

/// A hash that is added up: equal multisets give equal sums.
enum TallyHash {
  @inline(__always)
  static func entry(_ physicalOffset: Int64, _ size: Int32, _ tagsCode: Int64, at queueOffset: Int64)
    -> UInt64
  {
    let place = UInt64(bitPattern: physicalOffset) &* 0x9E37_79B9_7F4A_7C15
    let what =
      (UInt64(bitPattern: tagsCode) &+ UInt64(UInt32(bitPattern: size)) << 32) &* 0xC2B2_AE3D_27D4_EB4F
    return mixed(place ^ what ^ UInt64(bitPattern: queueOffset) &* 0x1656_67B1_9E37_79F9)
  }

  @inline(__always)
  static func key(_ hash: UInt32, _ physicalOffset: Int64) -> UInt64 {
    mixed(UInt64(bitPattern: physicalOffset) &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(hash))
  }

  @inline(__always)
  private static func mixed(_ value: UInt64) -> UInt64 {
    var value = value
    value ^= value >> 32
    value = value &* 0xD6E8_FEB8_6659_FD93
    return value ^ value >> 32
  }
}

/// Numbers of one queue, from the records of the log.
struct QueueTally: Sendable {
  var records: Int64 = 0
  var bytes: Int64 = 0
  /// Sum of `TallyHash.entry`.
  var sum: UInt64 = 0
  /// Those of records before the snapshot's end.
  var earlyRecords: Int64 = 0
  var earlySum: UInt64 = 0
  /// Of the first and last record, as they stand in the log.
  var firstOffset: Int64 = -1
  var lastOffset: Int64 = -1
  var minOffset = Int64.max
  /// Highest queue offset.
  var maxOffset: Int64 = -1
  var firstMs: Int64 = 0
  var lastMs: Int64 = 0
  /// Times that the queue offset went back: the topic was deleted and made again, or the log was cut.
  var restarts: Int64 = 0
}

/// A queue whose offsets do not follow one another.
struct OffsetGap: Sendable {
  var topic: Int
  var queueId: Int32
  var expected: Int64
  var found: Int64
  var physicalOffset: Int64
}

/// Entries of a key index that the log asks for, between two offsets.
struct KeyTally: Sendable {
  /// First and last offset of records that count; empty when the store has no such index.
  var range: ClosedRange<Int64>?
  var count: Int64 = 0
  var sum: UInt64 = 0
}

final class Census: @unchecked Sendable {
  private var names = NameTable()
  /// For each topic and queue id the number of its tally, -1 without one.
  private var slots: [[Int32]] = []
  /// Whether the tag code of a topic's entries is its tags' hash.
  private var hasTagsCode: [Bool] = []
  private(set) var queues: [QueueTally] = []
  private(set) var owners: [(topic: Int, queueId: Int32)] = []
  /// Records that no queue has: unfinished and rolled back transactions, and queue ids out of range.
  private(set) var queueless: Int64 = 0
  private(set) var gaps: [OffsetGap] = []
  private(set) var gapCount: Int64 = 0
  var apacheKeys = KeyTally()
  var ownKeys = KeyTally()
  /// Records before this offset also count as early.
  var snapshotEnd = Int64.min
  /// Off when the tag codes are places in another file (consumequeue_ext).
  var countsTagsCodes = true

  var topicCount: Int { names.count }
  func name(_ topic: Int) -> String { names.text(topic) }
  /// Queue ids of a topic with the number of their tallies, ascending.
  func queueIds(_ topic: Int) -> [(queueId: Int32, queue: Int)] {
    slots[topic].enumerated().filter { $1 >= 0 }.map { (Int32($0), Int($1)) }
  }

  func tally(_ topic: String, _ queueId: Int32) -> QueueTally? {
    guard let number = names.find(topic), queueId >= 0, queueId < slots[number].count,
      slots[number][Int(queueId)] >= 0
    else { return nil }
    return queues[Int(slots[number][Int(queueId)])]
  }

  func tagsCode(_ topic: String, _ code: Int64) -> Int64 {
    countsTagsCodes && Self.hasTagsCode(topic) ? code : 0
  }

  /// In these two topics it is a time that depends on settings.
  private static func hasTagsCode(_ topic: String) -> Bool {
    topic != TopicName.schedule && topic != TopicName.timer
  }

  private func topic(_ name: RawSpan) -> Int {
    if let number = names.find(name) { return number }
    let number = names.insert(name)
    slots.append([])
    hasTagsCode.append(Self.hasTagsCode(names.text(number)))
    return number
  }

  private func queue(_ topic: Int, _ queueId: Int32) -> Int? {
    guard queueId >= 0, queueId < Limits.queueIdMax else { return nil }
    let id = Int(queueId)
    if id < slots[topic].count, slots[topic][id] >= 0 { return Int(slots[topic][id]) }
    while slots[topic].count <= id { slots[topic].append(-1) }
    slots[topic][id] = Int32(queues.count)
    queues.append(QueueTally())
    owners.append((topic, queueId))
    return queues.count - 1
  }

  // MARK: Counting

  func add(_ record: Record, _ bytes: RawSpan) {
    let properties = bytes[record.properties]
    let scan = PropertyScan(properties)
    let transaction = record.sysFlag.transaction
    addKeys(record, bytes, scan, isRolledBack: transaction == .rollback)
    let number = topic(bytes[record.topic])
    guard transaction != .prepared, transaction != .rollback, let queue = queue(number, record.queueId) else {
      queueless += 1
      return
    }
    let code = countsTagsCodes && hasTagsCode[number] ? scan.tagsCode(properties) : 0
    count(record, queue, number, record.queueOffset, code)
    queues[queue].bytes += Int64(record.totalBytes)
    if record.sysFlag.rawValue & Self.innerBatchFlag != 0 { addBatch(queue, properties) }
    guard scan.innerMultiDispatch != nil else { return }
    for target in LightQueues.targets(properties, topic: bytes[record.topic].text) {
      let name = Array(target.name.utf8)
      let light = topic(name.rawBytes)
      if let queue = self.queue(light, 0) { count(record, queue, light, target.offset, code) }
    }
  }

  /// A record with this bit holds several messages, one after the other (Apache MessageSysFlag
  /// INNER_BATCH_FLAG).
  private static let innerBatchFlag: Int32 = 0x80

  private func addBatch(_ queue: Int, _ properties: RawSpan) {
    guard let range = PropertyScan.value(of: "INNER_NUM", in: properties),
      let count = Int64(properties[range].text), count > 1, count <= Int64(Int32.max)
    else { return }
    queues[queue].lastOffset += count - 1
    queues[queue].maxOffset = max(queues[queue].maxOffset, queues[queue].lastOffset)
  }

  private func count(_ record: Record, _ queue: Int, _ topic: Int, _ offset: Int64, _ code: Int64) {
    let hash = TallyHash.entry(record.physicalOffset, Int32(record.totalBytes), code, at: offset)
    let last = queues[queue].lastOffset
    if last >= 0 && offset != last + 1 {
      note(topic, queue, expected: last + 1, offset, record.physicalOffset)
    }
    queues[queue].take(offset, hash, record.storeTimestampMs, isEarly: record.physicalOffset < snapshotEnd)
  }

  private func note(_ topic: Int, _ queue: Int, expected: Int64, _ found: Int64, _ physicalOffset: Int64) {
    if found < expected {
      queues[queue].restarts += 1
      return
    }
    gapCount += 1
    guard gaps.count < Limits.findingsMax else { return }
    gaps.append(
      OffsetGap(
        topic: topic, queueId: owners[queue].queueId, expected: expected, found: found,
        physicalOffset: physicalOffset))
  }

  private func addKeys(_ record: Record, _ bytes: RawSpan, _ scan: PropertyScan, isRolledBack: Bool) {
    if isRolledBack { return }
    let offset = record.physicalOffset
    let counts = (apacheKeys.range?.contains(offset) ?? false, ownKeys.range?.contains(offset) ?? false)
    guard counts.0 || counts.1 else { return }
    let properties = bytes[record.properties]
    let hashes = keyHashes(bytes[record.topic], properties, scan)
    if counts.0 {
      for hash in hashes { apacheKeys.sum &+= TallyHash.key(hash.apache, offset) }
      apacheKeys.count += Int64(hashes.count)
    }
    if counts.1 {
      for hash in hashes.prefix(Limits.keysPerRecordMax) { ownKeys.sum &+= TallyHash.key(hash.own, offset) }
      ownKeys.count += Int64(min(hashes.count, Limits.keysPerRecordMax))
    }
  }

  /// The hashes under which Apache's index and ours know the record: of "topic#key", the unique key first.
  func keyHashes(
    _ topic: RawSpan, _ properties: RawSpan, _ scan: PropertyScan
  ) -> [(apache: UInt32, own: UInt32)] {
    var hashes: [(apache: UInt32, own: UInt32)] = []
    let prefix = UInt32(bitPattern: javaHash(topic)) &* 31 &+ UInt32(UInt8(ascii: "#"))
    KeyIndex.forEachKey(scan, properties) { key, _ in
      let hash = Self.joined(prefix, properties[key])
      hashes.append((hash == Int32.min ? 0 : hash.magnitude, KeyIndex.hash(topic, properties[key])))
      return true
    }
    return hashes
  }

  /// Java's hash of a text that is made of one with the hash `prefix` and of `key`.
  private static func joined(_ prefix: UInt32, _ key: RawSpan) -> Int32 {
    var power = prefix
    for at in 0..<key.byteCount {
      // One step for each UTF-16 unit of the key: a character of four bytes has two.
      let byte = key.uint8(at: at)
      if byte & 0xC0 != 0x80 { power = power &* 31 }
      if byte >= 0xF0 { power = power &* 31 }
    }
    return Int32(bitPattern: power &+ UInt32(bitPattern: javaHash(key)))
  }

  // MARK: Joining

  /// Takes over what another census counted of a later part of the same log.
  func append(_ later: Census) {
    for (number, tally) in later.queues.enumerated() {
      let name = Array(later.name(later.owners[number].topic).utf8)
      let topic = topic(name.rawBytes)
      guard let queue = queue(topic, later.owners[number].queueId) else { continue }
      let last = queues[queue].lastOffset
      if last >= 0 && tally.firstOffset != last + 1 {
        note(topic, queue, expected: last + 1, tally.firstOffset, -1)
      }
      queues[queue].append(tally)
    }
    for gap in later.gaps where gaps.count < Limits.findingsMax {
      var gap = gap
      let name = Array(later.name(gap.topic).utf8)
      gap.topic = topic(name.rawBytes)
      gaps.append(gap)
    }
    gapCount += later.gapCount
    queueless += later.queueless
    apacheKeys.append(later.apacheKeys)
    ownKeys.append(later.ownKeys)
  }
}

extension QueueTally {
  mutating func take(_ offset: Int64, _ hash: UInt64, _ storeMs: Int64, isEarly: Bool) {
    records += 1
    sum &+= hash
    if isEarly {
      earlyRecords += 1
      earlySum &+= hash
    }
    if firstOffset < 0 {
      firstOffset = offset
      firstMs = storeMs
    }
    lastOffset = offset
    minOffset = min(minOffset, offset)
    maxOffset = max(maxOffset, offset)
    lastMs = storeMs
  }

  mutating func append(_ later: QueueTally) {
    if later.records == 0 { return }
    records += later.records
    bytes += later.bytes
    sum &+= later.sum
    earlyRecords += later.earlyRecords
    earlySum &+= later.earlySum
    if firstOffset < 0 {
      firstOffset = later.firstOffset
      firstMs = later.firstMs
    }
    lastOffset = later.lastOffset
    minOffset = min(minOffset, later.minOffset)
    maxOffset = max(maxOffset, later.maxOffset)
    lastMs = later.lastMs
    restarts += later.restarts
  }
}

extension KeyTally {
  mutating func append(_ later: KeyTally) {
    count += later.count
    sum &+= later.sum
  }
}
