// A small client that speaks the protocol itself: it pipelines, and it can misbehave.
// One thread per connection.

import Foundation
import Linux
import Wire

/// An answer or a request of the broker.
struct Answer {
  var code: Int32
  var opaque: Int32
  var fields: [String: String]
  var body: [UInt8]

  func number(_ name: String) -> Int64? { fields[name].flatMap { Int64($0) } }
}

/// A connection that ended or did not answer in time.
struct WiredError: Error, CustomStringConvertible {
  let description: String
}

/// A message as a pull answer holds it.
struct Pulled {
  var queueId: Int32
  var offset: Int64
  var body: String
}

/// One connection to a broker. Used by one thread at a time; `vanish` may be called from any.
final class Wired: @unchecked Sendable {
  private let socket: CInt
  private var inbox = ByteBuffer()
  private var outbox = ByteBuffer()
  private var header = RemotingHeader()
  private var lastOpaque: Int32 = 0

  /// - Parameter receiveBufferBytes: How much the kernel keeps for us; 0 leaves it to the kernel.
  init(port: UInt16, receiveBufferBytes: CInt = 0) throws {
    socket = Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    if receiveBufferBytes > 0 { setOption(SOL_SOCKET, SO_RCVBUF, receiveBufferBytes) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let result = withUnsafeBytes(of: &address) {
      Glibc.connect(
        socket, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
    }
    guard result == 0 else {
      defer { close(socket) }
      throw WiredError(description: "connect to port \(port): \(Errno(rawValue: errno))")
    }
    setOption(CInt(IPPROTO_TCP), TCP_NODELAY, 1)
  }

  deinit { close(socket) }

  func setOption(_ level: CInt, _ name: CInt, _ value: CInt) {
    var value = value
    setsockopt(socket, level, name, &value, socklen_t(MemoryLayout<CInt>.size))
  }

  /// The peer sees a reset instead of an end.
  func vanish() {
    var linger = Glibc.linger(l_onoff: 1, l_linger: 0)
    setsockopt(socket, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<Glibc.linger>.size))
    shutdown(socket, CInt(SHUT_RDWR))
  }

  // MARK: Frames

  /// Writes bytes as they are.
  func write(_ bytes: [UInt8]) throws {
    var start = 0
    while start < bytes.count {
      let count = bytes[start...].withUnsafeBytes {
        Glibc.send(socket, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
      }
      if count < 0 {
        if errno == EINTR { continue }
        throw WiredError(description: "send: \(Errno(rawValue: errno))")
      }
      start += count
    }
  }

  /// Puts a request into the outbox; returns its opaque.
  @discardableResult
  func queue(
    _ code: Int32, _ fields: [(StaticString, String)], body: [UInt8] = [], oneWay: Bool = false
  ) -> Int32 {
    lastOpaque += 1
    var writer = FrameWriter(request: code, opaque: lastOpaque, oneWay: oneWay, to: &outbox)
    for (name, value) in fields { writer.field(name, value, to: &outbox) }
    writer.endHeader(to: &outbox)
    outbox.append(body.rawBytes)
    writer.finish(to: &outbox)
    return lastOpaque
  }

  /// Sends all that was put into the outbox.
  func flush() throws { try write(takeOutbox()) }

  /// The bytes that `flush` would send; the outbox is empty then.
  func takeOutbox() -> [UInt8] {
    defer { outbox.removeAll() }
    return outbox.array
  }

  /// The next frame; nil when the peer closed the connection.
  func receive(timeoutMs: Int32 = 10_000) throws -> Answer? {
    while true {
      if let answer = try Self.take(&inbox, &header) { return answer }
      guard Socket.waitReady(socket, .readable, timeoutMs: timeoutMs) else {
        throw WiredError(description: "no answer in \(timeoutMs) ms")
      }
      var chunk = [UInt8](repeating: 0, count: 256 << 10)
      let count = recv(socket, &chunk, chunk.count, 0)
      if count == 0 { return nil }
      if count < 0 {
        if errno == EINTR { continue }
        throw WiredError(description: "recv: \(Errno(rawValue: errno))")
      }
      chunk.removeLast(chunk.count - count)
      inbox.append(chunk.rawBytes)
    }
  }

  /// One request and its answer.
  func ask(
    _ code: Int32, _ fields: [(StaticString, String)], body: [UInt8] = [], timeoutMs: Int32 = 10_000
  ) throws -> Answer {
    queue(code, fields, body: body)
    try flush()
    guard let answer = try receive(timeoutMs: timeoutMs) else {
      throw WiredError(description: "the connection ended instead of an answer to \(code)")
    }
    return answer
  }

  /// Whether the peer ends the connection in time; what it sends until then is dropped.
  func isClosedByPeer(withinMs timeoutMs: Int32) -> Bool {
    var chunk = [UInt8](repeating: 0, count: 64 << 10)
    while Socket.waitReady(socket, .readable, timeoutMs: timeoutMs) {
      if recv(socket, &chunk, chunk.count, 0) <= 0 { return true }
    }
    return false
  }

  /// Cuts the first whole frame off.
  private static func take(_ inbox: inout ByteBuffer, _ header: inout RemotingHeader) throws -> Answer? {
    guard let bounds = try Frame.cut(inbox.bytes, from: 0) else { return nil }
    let text = inbox.bytes.extracting(bounds.header).array
    let body = inbox.bytes.extracting(bounds.body).array
    inbox.consume(bounds.end)
    try header.parse(text.rawBytes, as: bounds.serialization)
    var fields: [String: String] = [:]
    for index in 0..<header.fieldCount {
      let field = header.fields[index]
      var value = ByteBuffer()
      header.appendValue(of: field, in: text.rawBytes, to: &value)
      fields[String(decoding: text[field.name], as: UTF8.self)] = String(decoding: value.array, as: UTF8.self)
    }
    return Answer(code: header.code, opaque: header.opaque, fields: fields, body: body)
  }

  // MARK: Requests

  /// Creates a topic (17).
  func makeTopic(_ name: String, queues: Int = 4) throws {
    let answer = try ask(
      17,
      [
        ("topic", name), ("defaultTopic", "TBW102"), ("readQueueNums", "\(queues)"),
        ("writeQueueNums", "\(queues)"), ("perm", "6"), ("topicFilterType", "SINGLE_TAG"),
        ("topicSysFlag", "0"), ("order", "false"),
      ])
    guard answer.code == 0 else { throw WiredError(description: "topic \(name): code \(answer.code)") }
  }

  /// Puts a send (310) into the outbox.
  @discardableResult
  func queueSend(_ topic: String, queueId: Int, body: [UInt8], properties: String = "") -> Int32 {
    queue(
      310,
      [
        ("a", "PG_Wired"), ("b", topic), ("c", "TBW102"), ("d", "4"), ("e", "\(queueId)"), ("f", "0"),
        ("g", "1700000000000"), ("h", "0"), ("i", properties), ("j", "0"), ("k", "false"), ("m", "false"),
      ], body: body)
  }

  /// Sends one message and waits; its answer.
  func send(_ topic: String, queueId: Int = 0, body: String, timeoutMs: Int32 = 10_000) throws -> Answer {
    queueSend(topic, queueId: queueId, body: Array(body.utf8))
    try flush()
    guard let answer = try receive(timeoutMs: timeoutMs) else {
      throw WiredError(description: "the connection ended instead of an answer to a send")
    }
    return answer
  }

  /// Puts a pull (11) into the outbox that is answered at once.
  @discardableResult
  func queuePull(_ topic: String, queueId: Int, offset: Int64, count: Int = 1024) -> Int32 {
    queueHeldPull(topic, queueId: queueId, offset: offset, count: count, holdMs: 0)
  }

  /// Puts a pull (11) into the outbox that may wait for a message.
  @discardableResult
  func queueHeldPull(_ topic: String, queueId: Int, offset: Int64, count: Int = 1024, holdMs: Int) -> Int32 {
    queue(
      11,
      [
        ("consumerGroup", "CG_Wired"), ("topic", topic), ("queueId", "\(queueId)"),
        ("queueOffset", "\(offset)"), ("maxMsgNums", "\(count)"), ("sysFlag", holdMs > 0 ? "6" : "4"),
        ("commitOffset", "0"), ("suspendTimeoutMillis", "\(holdMs)"), ("subscription", "*"),
        ("subVersion", "0"), ("expressionType", "TAG"),
      ])
  }

  /// All messages of one queue from an offset on.
  func readQueue(_ topic: String, _ queueId: Int, from start: Int64 = 0) throws -> [Pulled] {
    var messages: [Pulled] = []
    var offset = start
    while true {
      queuePull(topic, queueId: queueId, offset: offset)
      try flush()
      guard let answer = try receive() else { throw WiredError(description: "no answer to a pull") }
      // 19 is the end.
      if answer.code == 19 { return messages }
      guard answer.code == 0 else {
        throw WiredError(
          description: "a pull of \(topic):\(queueId) at \(offset) is answered with \(answer.code)")
      }
      try messages.append(contentsOf: Self.records(answer.body))
      guard let next = answer.number("nextBeginOffset"), next > offset else {
        throw WiredError(description: "the next offset after \(offset) is \(answer.fields)")
      }
      offset = next
    }
  }

  /// The records of a pull answer.
  static func records(_ body: [UInt8]) throws -> [Pulled] {
    var result: [Pulled] = []
    var start = 0
    while start < body.count {
      let record = try Record.decode(body.rawBytes, at: start)
      result.append(
        Pulled(
          queueId: record.queueId, offset: record.queueOffset,
          body: String(decoding: body[record.body], as: UTF8.self)))
      start += record.totalBytes
    }
    return result
  }
}
