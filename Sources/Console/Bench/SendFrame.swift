// A send request rendered once: what differs from one message to the next is overwritten in place.
//
// All that is overwritten has a fixed width, so nothing moves: the correlation id has ten digits, the time
// of birth thirteen, and the number in the message's key eight hex digits.

import Wire

struct SendFrame: Sendable {
  /// Correlation ids are this plus the slot, so that they always have ten digits.
  static let firstOpaque: Int32 = 1_000_000_000
  static let slotsMax = 1_000_000
  /// Thirteen digits, until the year 2286.
  private static let bornPlaceholder = 1_000_000_000_000
  private static let hex = Array("0123456789ABCDEF".utf8)

  private var frame: [UInt8]
  private let opaqueAt: Int
  private let bornAt: Int
  private let keyAt: Int
  private var bornMs: Int64 = 0

  /// Bytes on the wire.
  var count: Int { frame.count }

  /// - Parameter keyStart: The first 24 of the 32 hex digits of every message's key.
  init(queue: MessageQueue, bodyBytes: Int, keyStart: String) {
    precondition(keyStart.utf8.count == 24)
    let key = keyStart + "00000000"
    let properties = Properties([(PropertyName.uniqueKey, key), (PropertyName.waitStoreOK, "true")])
    var out = ByteBuffer()
    var writer = FrameWriter(request: RequestCode.sendMessageV2.rawValue, opaque: Self.firstOpaque, to: &out)
    let fields = [
      ("a", "mq-bench"), ("b", queue.topic), ("c", TopicName.autoCreateKey), ("d", "4"),
      ("e", "\(queue.queueId)"),
      ("f", "0"), ("g", "\(Self.bornPlaceholder)"), ("h", "0"),
      ("i", String(decoding: properties.encoded, as: UTF8.self)), ("j", "0"), ("k", "false"), ("m", "false"),
      ("n", queue.broker),
    ]
    for (name, value) in fields { writer.field(named: name, value, to: &out) }
    writer.endHeader(to: &out)
    out.append([UInt8](repeating: UInt8(ascii: "x"), count: bodyBytes))
    writer.finish(to: &out)
    frame = out.array
    opaqueAt = Self.place(of: "\"opaque\":\(Self.firstOpaque)", in: frame, after: "\"opaque\":")
    bornAt = Self.place(of: "\"g\":\"\(Self.bornPlaceholder)\"", in: frame, after: "\"g\":\"")
    keyAt = Self.place(of: key, in: frame, after: keyStart)
  }

  /// Where the text that comes after `prefix` lies in the one occurrence of `text`.
  private static func place(of text: String, in frame: [UInt8], after prefix: String) -> Int {
    let wanted = Array(text.utf8)
    let last = frame.count - wanted.count
    guard let start = (0...last).last(where: { frame[$0..<($0 + wanted.count)].elementsEqual(wanted) }) else {
      preconditionFailure("a frame holds what was written into it")
    }
    return start + prefix.utf8.count
  }

  /// Appends the frame for one message.
  ///
  /// - Parameter slot: Comes back in the answer as `firstOpaque + slot`.
  /// - Parameter number: Makes the message's key unique; its low 32 bits count.
  mutating func append(slot: Int, number: UInt64, nowMs: Int64, to out: inout ByteBuffer) {
    precondition(slot >= 0 && slot < Self.slotsMax)
    var rest = slot
    for digit in 0..<6 {
      frame[opaqueAt + 9 - digit] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    }
    for digit in 0..<8 {
      frame[keyAt + 7 - digit] = Self.hex[Int(number >> UInt64(digit * 4) & 0xF)]
    }
    if nowMs != bornMs { patchBorn(nowMs) }
    out.append(frame)
  }

  private mutating func patchBorn(_ nowMs: Int64) {
    bornMs = nowMs
    var rest = nowMs
    for digit in 0..<13 {
      frame[bornAt + 12 - digit] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
      rest /= 10
    }
  }
}
