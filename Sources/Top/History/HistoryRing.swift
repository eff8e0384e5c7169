// The last ten minutes of pictures, in bounded memory. Value type; UI thread.

/// Pictures by their running number, written as a recording is.
package struct HistoryRing: Sendable {
  /// A key frame and the deltas after it.
  private struct Group: Sendable {
    let firstNumber: Int
    /// Each in memory of just its size.
    var payloads: [[UInt8]] = []
    var takenAtMs: [Int64] = []
    /// Memory of the payloads.
    var bytes = 0

    mutating func append(_ payload: [UInt8], _ takenAtMs: Int64) {
      var exact: [UInt8] = []
      exact.reserveCapacity(payload.count)
      exact.append(contentsOf: payload)
      payloads.append(exact)
      bytes += payload.count + HistoryRing.payloadOverhead
      self.takenAtMs.append(takenAtMs)
    }
  }
  /// What an array takes beside its elements, the memory allocator's share included, and our notes of it.
  private static let payloadOverhead = 56
  private var groups: [Group] = []
  private var writer = SnapshotWriter(keyEvery: Limits.historyKeyEvery)
  private var nextNumber = 0
  /// Where reading stands: the picture that `reader` has, so that its neighbour costs one delta.
  private var reader = SnapshotReader()
  private var readNumber: Int?
  private let bytesMax: Int

  package init(bytesMax: Int = Limits.historyBytesMax) { self.bytesMax = bytesMax }

  /// Memory of all pictures.
  package var bytes: Int { groups.reduce(0) { $0 + $1.bytes } }
  /// The numbers of the pictures that can be had.
  package var numbers: Range<Int> { (groups.first?.firstNumber ?? nextNumber)..<nextNumber }

  /// Adds a picture, and drops the oldest groups beyond the time and the memory that they may have.
  package mutating func append(_ snapshot: Snapshot) {
    guard let payload = writer.payload(snapshot) else { return }
    if payload.isKey { groups.append(Group(firstNumber: nextNumber)) }
    groups[groups.count - 1].append(payload.bytes, snapshot.takenAtMs)
    nextNumber += 1
    while groups.count > 1, groups[1].firstNumber < nextNumber - 1 {
      let isOld = (groups[0].takenAtMs.last ?? 0) < snapshot.takenAtMs - Limits.historyMs
      if !isOld && bytes <= bytesMax { break }
      groups.removeFirst()
    }
  }

  /// When a picture was taken (monotonic milliseconds), nil when it is not there.
  package func takenAtMs(_ number: Int) -> Int64? {
    guard let place = place(number) else { return nil }
    return groups[place.group].takenAtMs[place.index]
  }
  /// The last picture taken at a time or before it, else the oldest; nil when there is none.
  package func number(atMs: Int64) -> Int? {
    if numbers.isEmpty { return nil }
    guard let group = groups.last(where: { ($0.takenAtMs.first ?? 0) <= atMs }) else { return numbers.first }
    let index = group.takenAtMs.lastIndex { $0 <= atMs } ?? 0
    return group.firstNumber + index
  }

  /// A picture by its number, nil when it is not there. The one after the last that was asked for is had at
  /// once; others are read from their key frame on.
  package mutating func snapshot(_ number: Int) -> Snapshot? {
    guard let place = place(number) else { return nil }
    let group = groups[place.group]
    var index = 0
    if let readNumber, readNumber >= group.firstNumber, readNumber <= number {
      index = readNumber - group.firstNumber + 1
    }
    readNumber = nil
    while index <= place.index {
      let payload = group.payloads[index]
      do throws(Malformed) {
        try reader.take(payload, payload.indices, isKey: index == 0)
      } catch {
        preconditionFailure("the history reads what it wrote")
      }
      index += 1
    }
    readNumber = number
    return reader.snapshot
  }

  private func place(_ number: Int) -> (group: Int, index: Int)? {
    guard numbers.contains(number), let group = groups.lastIndex(where: { $0.firstNumber <= number }) else {
      return nil
    }
    return (group, number - groups[group].firstNumber)
  }
}
