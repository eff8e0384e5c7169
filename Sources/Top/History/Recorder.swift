// `--record`: writes each picture to a file as it comes. The collector's thread writes, the UI's ends it.

package import Linux
import Synchronization
import Wire

/// A recording that is being written.
package final class Recorder: Sendable {
  private struct State: ~Copyable {
    var file: Descriptor?
    var writer: SnapshotWriter
    var bytes: Int64 = 0
    var failure: String?
  }
  /// The file that it writes.
  package let path: String
  /// Why it stopped, nil while it goes on.
  package var failure: String? { state.withLock { $0.failure } }
  private let state: Mutex<State>

  /// Makes the file; `.exists` when there is one that must not be replaced.
  ///
  /// - Parameter keyEvery: Frames from one key frame to the next: as many are out of reach at most when one
  ///   is damaged.
  package init(
    _ path: String, replacing: Bool, keyEvery: Int = Limits.recordingKeyEvery
  ) throws(Errno) {
    self.path = path
    Process.refuseOversizedFiles()
    let file = try File.open(path, replacing ? .create : .createNew)
    if try file.size() > 0 { try file.truncate(to: 0) }
    let beginning = Recording.beginning(.current)
    try file.writeNext(beginning.rawBytes)
    state = Mutex(
      State(file: file, writer: SnapshotWriter(keyEvery: keyEvery), bytes: Int64(beginning.count)))
  }

  /// Writes a picture. Returns why nothing is written any more, once.
  package func take(_ snapshot: Snapshot) -> String? {
    state.withLock { state in
      if state.file == nil { return nil }
      guard let payload = state.writer.payload(snapshot) else { return nil }
      let kind: Recording.Kind = payload.isKey ? .key : .delta
      return write(Recording.frame(kind, takenAtMs: max(0, snapshot.takenAtMs), payload.bytes), &state)
    }
  }

  /// Ends the recording and waits until it is on the disk. Returns why it is not.
  package func finish() -> String? {
    state.withLock { state in
      if state.file == nil { return nil }
      if let failure = write(Recording.frame(.end, takenAtMs: 0, []), &state) { return failure }
      defer { state.file = nil }
      do throws(Errno) {
        try state.file?.syncData()
        return nil
      } catch {
        return "the recording may not be on the disk: \(error)"
      }
    }
  }

  private func write(_ frame: [UInt8], _ state: inout State) -> String? {
    do throws(Errno) {
      try state.file?.writeNext(frame.rawBytes)
      state.bytes += Int64(frame.count)
      return nil
    } catch {
      // What was written of the frame is of no use; when it cannot go, readers skip it.
      try? state.file?.truncate(to: state.bytes)
      try? state.file?.syncData()
      state.file = nil
      state.failure = "recording stopped: \(path): \(error)"
      return state.failure
    }
  }
}
