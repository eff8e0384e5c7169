// What happens to log behind the write position: it leaves our page tables and goes to the disk early, and it
// leaves the page cache unless somebody reads that far back. All of it is advice to the kernel. Janitor
// thread.
//
// Memory that the log gives back is what its next part gets: a log that nobody reads late does not fill the
// machine. And on a virtual machine whose host takes free memory away, the first touch of any other page
// costs more than storing the messages in it.

import Linux
import Synchronization

struct Behind {
  private let shared: Shared
  /// Offsets up to which page tables were dropped and writing back began, and up to which the page cache was.
  private var writtenTo: Int64
  private var droppedTo: Int64

  init(shared: Shared, openedAt: Int64) {
    self.shared = shared
    writtenTo = openedAt
    droppedTo = openedAt
  }

  /// Call after each few MiB of log. Returns how many bytes the page cache was told to drop.
  @discardableResult mutating func work(_ position: Int64) -> Int64 {
    advance(&writtenTo, to: position - Int64(Limits.mappedBehindBytes)) { segment, range in
      // In this order: a mapped page is taken out of the page tables one by one before it is written.
      segment.file.forget(Int(range.lowerBound)..<Int(range.upperBound))
      segment.file.file.beginWriteBack(range)
    }
    var dropped: Int64 = 0
    advance(&droppedTo, to: position - Int64(Limits.hotBytes)) { segment, range in
      // Readers and the key index may have mapped it again.
      segment.file.forget(Int(range.lowerBound)..<Int(range.upperBound))
      if shared.wantedTo.load(ordering: .relaxed) <= segment.start + range.lowerBound {
        segment.file.file.dropCached(range)
        dropped += Int64(range.count)
      }
    }
    return dropped
  }

  /// Visits the parts of `done..<end`, relative to the start of their segments, in whole steps: the kernel
  /// keeps memory in pieces of up to 2 MiB and drops none in part.
  private func advance(_ done: inout Int64, to end: Int64, _ visit: (Segment, Range<Int64>) -> Void) {
    let end = end / Int64(Limits.behindStepBytes) * Int64(Limits.behindStepBytes)
    while done < end, let segment = shared.segment(holding: done) {
      let stop = min(segment.end, end)
      visit(segment, (done - segment.start)..<(stop - segment.start))
      done = stop
    }
    done = max(done, end)
  }
}
