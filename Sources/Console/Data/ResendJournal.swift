// Which dead letters of a group this user has sent again: brokers cannot be told, so a file remembers, one
// line of JSON for each. One thread; another process may append at the same time.

import Client
import Linux
import Wire

final class ResendJournal {
  private let path: String
  /// When a dead letter was last sent again, by the broker's id of it.
  private var times: [String: Int64] = [:]
  private let nowMs: Int64

  /// Reads the file of the group, which need not be there.
  init(_ invocation: inout Invocation, group: String) throws(Failure) {
    let cluster = try invocation.cluster()
    path =
      LocalOffsets.path(
        invocation.settingsInUse.stateDirectory, "dlq", nameServers: cluster.nameServers, group: group) + "l"
    nowMs = invocation.nowMs
    let bytes: [UInt8]
    do throws(Errno) { bytes = try FileSystem.readWhole(path, bytesMax: Limits.journalBytesMax) } catch {
      if error == .noSuchFile { return }
      throw LineReader.failure(path, error)
    }
    for line in bytes.split(separator: 0x0A) {
      // A torn line is one whose writer was killed; the message may be sent once more.
      guard let json = try? JSON.parse(Array(line)), let id = json["offsetMessageId"]?.string,
        let timeMs = json["resentTimeMs"]?.int
      else { continue }
      times[id] = timeMs
    }
  }

  /// When the dead letter was last sent again, ms since 1970; nil for never.
  func resentMs(_ message: Message) -> Int64? { times[message.offsetMessageId] }

  /// Remembers that it was sent.
  func note(_ item: Resending.Item, _ receipt: SendReceipt) throws(Failure) {
    let line = JSON.object([
      .init("offsetMessageId", .string(item.message.offsetMessageId)),
      .init("messageId", .string(item.message.messageId)), .init("topic", .string(item.topic)),
      .init("newMessageId", .string(receipt.messageId)), .init("resentTimeMs", .int(nowMs)),
    ]).bytes(.standard)
    do throws(Errno) {
      try FileSystem.makeDirectories(FileSystem.parentDirectory(path))
      let file = try File.open(path, .append)
      var buffer = ByteBuffer()
      buffer.append(line)
      buffer.append(UInt8(ascii: "\n"))
      try file.writeNext(buffer.bytes)
    } catch {
      throw Failure(
        .failed, "\(item.message.messageId) was sent, but \(path) cannot be written: \(error)",
        hint: "check its rights")
    }
    times[item.message.offsetMessageId] = nowMs
  }
}
