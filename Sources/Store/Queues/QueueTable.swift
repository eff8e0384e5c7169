// All topics and queues: topic slot and queue id to queue. Loop thread.

import Linux
import Wire

@safe
final class QueueTable {
  private(set) var names = NameTable()
  /// By topic slot: index into `queues` by queue id, -1 when the queue has never had an entry.
  private var queueIndexes: [[Int32]] = []
  private(set) var queues: [Queue] = []
  /// Indexes in `queues` of deleted topics.
  private var freeIndexes: [Int32] = []
  let arena: Arena

  init(arena: Arena) { self.arena = arena }

  var topicCount: Int { names.count }

  func slot(_ topic: RawSpan) -> TopicSlot? {
    guard let number = names.find(topic) else { return nil }
    return TopicSlot(rawValue: Int32(number))
  }

  func makeSlot(_ topic: RawSpan) -> TopicSlot {
    let number = names.insert(topic)
    if number == queueIndexes.count { queueIndexes.append([]) }
    return TopicSlot(rawValue: Int32(number))
  }

  func makeSlot(_ topic: String) -> TopicSlot { makeSlot(Array(topic.utf8).rawBytes) }

  /// Index of the queue; nil when it has never had an entry.
  @inline(__always)
  func find(_ slot: TopicSlot, _ queueId: Int32) -> Int? {
    let topic = Int(slot.rawValue)
    guard queueId >= 0, topic < queueIndexes.count, Int(queueId) < queueIndexes[topic].count else {
      return nil
    }
    let index = queueIndexes[topic][Int(queueId)]
    return index < 0 ? nil : Int(index)
  }

  /// Queue ids of a topic with their queues, ascending.
  func queueIds(_ slot: TopicSlot) -> [(queueId: Int32, index: Int)] {
    queueIndexes[Int(slot.rawValue)].enumerated().compactMap { $1 < 0 ? nil : (Int32($0), Int($1)) }
  }

  /// The queue, made with its first entry at `origin` when it is missing. `queueId` is in `0..<queueIdMax`.
  func make(_ slot: TopicSlot, _ queueId: Int32, origin: Int64) -> Int {
    if let index = find(slot, queueId) { return index }
    return add(slot, queueId, Queue(origin: origin))
  }

  /// Enters a queue that the topic does not have yet; returns its index.
  @discardableResult
  func add(_ slot: TopicSlot, _ queueId: Int32, _ queue: Queue) -> Int {
    precondition(queueId >= 0 && queueId < Limits.queueIdMax)
    let topic = Int(slot.rawValue)
    while queueIndexes[topic].count <= Int(queueId) { queueIndexes[topic].append(-1) }
    precondition(queueIndexes[topic][Int(queueId)] < 0)
    if let index = freeIndexes.popLast() {
      queueIndexes[topic][Int(queueId)] = index
      queues[Int(index)] = queue
      return Int(index)
    }
    queueIndexes[topic][Int(queueId)] = Int32(queues.count)
    queues.append(queue)
    return queues.count - 1
  }

  @inline(__always)
  func next(_ index: Int) -> Int64 { queues[index].next }

  /// Memory of the queue's next entry; nil when the arena has no block ready.
  @inline(__always)
  func placeNext(_ index: Int) -> UnsafeMutableRawPointer? { unsafe queues[index].placeNext(arena) }

  /// Bytes of the block that the queue's next entry takes from the arena; 0 when it has room.
  func nextBlockBytes(_ slot: TopicSlot, _ queueId: Int32) -> Int {
    guard let index = find(slot, queueId) else { return BlockSize.unitBytes }
    return queues[index].nextBlockBytes
  }

  /// Stores the entry at the place that `placeNext` gave.
  @inline(__always)
  func put(_ index: Int, _ entry: QueueEntry, at place: UnsafeMutableRawPointer) {
    unsafe Queue.store(entry, at: place)
    queues[index].advance()
  }

  @inline(__always)
  func entry(_ index: Int, _ offset: Int64) -> QueueEntry { queues[index].entry(offset, arena) }

  /// Drops entries of deleted segments everywhere.
  func dropBelow(_ logMin: Int64) {
    for index in queues.indices { queues[index].dropBelow(logMin, arena) }
  }

  /// Forgets the entries of a topic; its queues begin again at 0.
  func forget(_ slot: TopicSlot) {
    for queue in queueIds(slot) {
      queues[queue.index].reset(origin: 0, arena)
      freeIndexes.append(Int32(queue.index))
    }
    queueIndexes[Int(slot.rawValue)] = queueIndexes[Int(slot.rawValue)].map { _ in -1 }
  }

  enum Placement { case stored, outOfRange, noRoom }

  /// Puts the entry of a record found by recovery at the offset that the record names.
  ///
  /// A hole (damaged records were skipped) is filled with blank entries. An offset below the next one can
  /// only be of a topic that was deleted and made again, for each record is scanned once: its queue begins
  /// again there.
  func place(_ slot: TopicSlot, _ queueId: Int32, at offset: Int64, _ entry: QueueEntry) -> Placement {
    guard queueId >= 0, queueId < Limits.queueIdMax, offset >= 0 else { return .outOfRange }
    let index = make(slot, queueId, origin: offset)
    let next = queues[index].next
    if offset < next || offset > next && (queues[index].min == next || offset - next > Limits.queueGapMax) {
      queues[index].reset(origin: offset, arena)
    }
    // A blank has the offset of the record after it, so that physical offsets never decrease along a queue.
    let blank = QueueEntry(physicalOffset: entry.physicalOffset, size: QueueEntry.blankSize, tagsCode: 0)
    while queues[index].next < offset {
      if !queues[index].append(blank, arena) { return .noRoom }
    }
    return queues[index].append(entry, arena) ? .stored : .noRoom
  }
}
