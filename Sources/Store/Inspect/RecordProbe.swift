// Reads single records of a log, for entries that point at them. One thread.

import Linux
import Wire

final class RecordProbe {
  private let files: [LogFile]
  private let segmentBytes: Int64
  private var open: (index: Int, window: WindowBox)?

  /// A file that can be held.
  private final class WindowBox {
    var window: FileWindow
    init(_ path: String) throws(Errno) {
      window = try FileWindow(path, windowBytes: Limits.inspectSmallWindowBytes)
    }
  }

  init(_ layout: StoreLayout) {
    files = layout.log
    segmentBytes = layout.segmentBytes
  }

  /// Calls `body` with the record that begins at `offset` (bodies are not checked); nil when none does.
  func record<R>(at offset: Int64, _ body: (Record, RawSpan) -> R) -> R? {
    // A file may be missing in between: then its records are not there.
    guard let index = files.lastIndex(where: { $0.start <= offset }),
      offset < files[index].start + segmentBytes
    else { return nil }
    if open?.index != index {
      guard let box = try? WindowBox(files[index].path) else { return nil }
      open = (index, box)
    }
    guard let box = open?.window else { return nil }
    return Self.read(&box.window, at: offset - files[index].start, offset, body)
  }

  private static func read<R>(
    _ window: inout FileWindow, at place: Int64, _ offset: Int64, _ body: (Record, RawSpan) -> R
  ) -> R? {
    guard let head = (try? window.need(Limits.blankBytes, at: place)) ?? nil else { return nil }
    let size = Int(window.contents.int32(at: head))
    guard size >= Record.bytesMin, size <= Limits.inspectRecordBytesMax,
      let at = (try? window.need(size, at: place)) ?? nil,
      let record = try? Record.decode(window.contents, at: at), record.physicalOffset == offset
    else { return nil }
    return body(record, window.contents)
  }
}
