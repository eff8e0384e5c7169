// Queries by message key (12): the store searches in the background, the answer follows when it is done.

import Store
import Wire

/// Key queries that wait for the store's index. Loop thread only.
final class KeyQueries {
  /// Whom to answer; the connection may be gone by then.
  struct Waiting {
    let session: UInt64
    let opaque: Int32
  }
  private var waiting: [UInt64: Waiting] = [:]
  private var lastTicket: UInt64 = 0

  /// A ticket for the store, nil when too many queries wait.
  func open(_ query: Waiting) -> UInt64? {
    if waiting.count >= ServerLimits.keyQueriesMax { return nil }
    lastTicket += 1
    waiting[lastTicket] = query
    return lastTicket
  }

  /// The store found what it found: answers the client that asked, if it is still there.
  ///
  /// - Parameter offsets: Commit-log offsets of the matching records, ascending.
  /// - Parameter indexedToMs: Store time of the newest indexed message.
  /// - Parameter indexedTo: Commit-log offset of the newest indexed message.
  func keysFound(_ node: Node, ticket: UInt64, offsets: [Int64], indexedToMs: Int64, indexedTo: Int64) {
    guard let query = waiting.removeValue(forKey: ticket), let session = node.sessions[query.session],
      !session.isClosed
    else { return }
    let start = session.out.count
    var writer = begin(session, .success, query.opaque, indexedToMs, indexedTo)
    writer.endHeader(to: &session.out)
    let head = session.out.count
    for offset in offsets {
      let before = session.out.count
      if !node.store.readRecord(at: offset, into: &session.out)
        || session.out.count - head > ServerLimits.pullBytesMax
      {
        session.out.truncate(to: before)
      }
    }
    if session.out.count == head {
      session.out.truncate(to: start)
      var writer = begin(session, .queryNotFound, query.opaque, indexedToMs, indexedTo)
      writer.endHeader(remark: "can not find message, maybe time range not correct", to: &session.out)
      writer.finish(to: &session.out)
    } else {
      writer.finish(to: &session.out)
    }
    node.touch(session)
  }

  private func begin(
    _ session: Session, _ code: ResponseCode, _ opaque: Int32, _ indexedToMs: Int64, _ indexedTo: Int64
  ) -> FrameWriter {
    var writer = FrameWriter(response: code.rawValue, opaque: opaque, to: &session.out)
    writer.field("indexLastUpdatePhyoffset", indexedTo, to: &session.out)
    writer.field("indexLastUpdateTimestamp", indexedToMs, to: &session.out)
    return writer
  }
}
