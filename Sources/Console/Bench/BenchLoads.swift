// What `mq bench` sends: messages, or pulls.

import Client
import Linux
import Wire

/// Sends messages of one size to all queues of the topics in turn.
final class SendLoad: Workload {
  private var frames: [SendFrame] = []
  /// Frames of the queues on each broker.
  private let lanes: [Range<Int>]
  /// For each connection, the next frame of its broker's lane.
  private var next: [Int]
  private let bodyBytes: Int
  private let goodCode: Int32

  /// - Parameter queues: By broker address; connection `c` talks to address `c % queues.count`.
  /// - Parameter isEchoed: The peer sends the requests back.
  init(
    _ queues: [(address: String, queues: [MessageQueue])], bodyBytes: Int, connections: Int,
    isEchoed: Bool = false
  ) {
    self.bodyBytes = bodyBytes
    goodCode = isEchoed ? RequestCode.sendMessageV2.rawValue : ResponseCode.success.rawValue
    var out = ByteBuffer()
    let startOfMonthMs = Clock.startOfMonthMs(Clock.wallMs())
    var keys = UniqueKeyMaker(
      v4: Socket.firstReachableIPv4() ?? 0x7F00_0001, processId: Process.identifier,
      seed: UInt32(truncatingIfNeeded: Process.randomUInt64()), startOfMonthMs: startOfMonthMs)
    keys.append(nowMs: Clock.wallMs(), to: &out)
    let keyStart = String(out.bytes.text.prefix(24))
    var lanes: [Range<Int>] = []
    for entry in queues {
      lanes.append(frames.count..<(frames.count + entry.queues.count))
      for queue in entry.queues {
        frames.append(SendFrame(queue: queue, bodyBytes: bodyBytes, keyStart: keyStart))
      }
    }
    self.lanes = lanes
    // Neighbours begin at different queues.
    next = (0..<connections).map { connection in
      let lane = lanes[connection % lanes.count]
      return lane.lowerBound + connection / lanes.count % lane.count
    }
  }

  /// Bytes of one request on the wire.
  var frameBytes: Int { frames[0].count }

  func send(connection: Int, slot: Int, number: UInt64, nowMs: Int64, to out: inout ByteBuffer) {
    let lane = lanes[lanes.count == 1 ? 0 : connection % lanes.count]
    let frame = next[connection]
    next[connection] = frame + 1 == lane.upperBound ? lane.lowerBound : frame + 1
    frames[frame].append(slot: slot, number: number, nowMs: nowMs, to: &out)
  }

  func settle(slot: Int, _ input: borrowing ByteBuffer, _ start: Int, _ answer: Answer) -> Settled? {
    answer.code == goodCode ? Settled(messages: 1, bytes: bodyBytes) : nil
  }
}

/// Pulls queues from their beginning to their end, again and again; each slot reads by itself.
final class PullLoad: Workload {
  private struct Reader {
    let topic: [UInt8]
    let queueId: Int64
    let firstOffset: Int64
    var offset: Int64
  }

  private var readers: [Reader] = []
  private var header = RemotingHeader()

  /// - Parameter queues: By broker address, each queue with the offset to begin at; connection `c` talks to
  ///   address
  ///   `c % queues.count`.
  init(
    _ queues: [(address: String, queues: [(queue: MessageQueue, offset: Int64)])], connections: Int,
    pipeline: Int
  ) {
    for slot in 0..<(connections * pipeline) {
      let lane = queues[slot / pipeline % queues.count].queues
      let (queue, offset) = lane[slot % lane.count]
      readers.append(
        Reader(
          topic: Array(queue.topic.utf8), queueId: Int64(queue.queueId), firstOffset: offset, offset: offset))
    }
  }

  func send(connection: Int, slot: Int, number: UInt64, nowMs: Int64, to out: inout ByteBuffer) {
    let opaque = SendFrame.firstOpaque + Int32(slot)
    var writer = FrameWriter(request: RequestCode.pullMessage.rawValue, opaque: opaque, to: &out)
    writer.field("consumerGroup", "TOOLS_CONSUMER", to: &out)
    let topic = readers[slot].topic
    writer.field("topic", text: topic.rawBytes, to: &out)
    writer.field("queueId", readers[slot].queueId, to: &out)
    writer.field("queueOffset", readers[slot].offset, to: &out)
    writer.field("maxMsgNums", 32, to: &out)
    writer.field("sysFlag", 4, to: &out)
    writer.field("commitOffset", 0, to: &out)
    writer.field("suspendTimeoutMillis", 0, to: &out)
    writer.field("subscription", "*", to: &out)
    writer.field("subVersion", 0, to: &out)
    writer.field("expressionType", "TAG", to: &out)
    writer.endHeader(to: &out)
    writer.finish(to: &out)
  }

  func settle(slot: Int, _ input: borrowing ByteBuffer, _ start: Int, _ answer: Answer) -> Settled? {
    let bytes = input.bytes
    guard let frame = try? Frame.cut(bytes, from: start), answer.code == 0 || (19...21).contains(answer.code),
      (try? header.parse(bytes[frame.header], as: frame.serialization)) != nil
    else { return nil }
    let next = header.int64("nextBeginOffset", in: bytes[frame.header]) ?? 0
    // The end of the queue: from the beginning again.
    readers[slot].offset = answer.code == 0 || next > readers[slot].offset ? next : readers[slot].firstOffset
    if answer.code != 0 { return Settled(messages: 0, bytes: 0) }
    return Settled(messages: Self.records(bytes, frame.body), bytes: frame.body.count)
  }

  /// How many records lie in the body.
  private static func records(_ bytes: RawSpan, _ body: Range<Int>) -> Int {
    var count = 0
    var at = body.lowerBound
    while at + 4 <= body.upperBound {
      let recordBytes = Int(bytes.int32(at: at))
      if recordBytes < Record.bytesMin { break }
      at += recordBytes
      count += 1
    }
    return count
  }
}
