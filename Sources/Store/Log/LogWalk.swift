// Reading the log itself, record after record, for who must know what is in it before serving.

package import Wire

extension MessageStore {
  /// Visits every whole record from `offset` (the start of one) to the log's end, in order. Reads headers
  /// only; takes as long as reading that part of the log does, so not for the serving loop.
  package func visitRecords(from offset: Int64, _ visit: (Record) -> Void) {
    var at = max(offset, log.minOffset)
    while at < log.position, let segment = log.segment(holding: at) {
      let place = Int(at - segment.start)
      if let record = try? Record.decode(segment.file.contents, at: place), record.physicalOffset == at {
        visit(record)
        at += Int64(record.totalBytes)
        continue
      }
      // A blank, or damage that recovery has found too: what follows it counts, else the next segment.
      var claimedBytes = 0
      if case .invalid(let claimed) = LogScan.step(segment.file.contents, at: place, start: segment.start) {
        claimedBytes = claimed
      }
      let next = LogScan.resume(
        segment.file.contents, at: place, start: segment.start, claimedBytes: claimedBytes)
      at = segment.start + Int64(next ?? segment.file.bytes)
    }
  }
}
