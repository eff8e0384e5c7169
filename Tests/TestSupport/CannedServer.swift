// A peer that says what a test wants: name server and broker on one port of 127.0.0.1, without any of our own
// protocol code, so that a mistake there cannot hide itself.

import Foundation
import Linux

/// A request as it arrived.
package struct Asked: Sendable {
  package let code: Int
  package let fields: [String: String]
  package let body: [UInt8]
  package init(code: Int, fields: [String: String], body: [UInt8] = []) {
    self.code = code
    self.fields = fields
    self.body = body
  }
}

/// What is said to it.
package enum Reply: Sendable {
  case answer(code: Int = 0, remark: String? = nil, fields: [String: String] = [:], body: String = "")
  /// An answer with bytes that are no text, then requests of the server's own, which want an answer.
  case binary(
    code: Int = 0, remark: String? = nil, fields: [String: String] = [:], body: [UInt8] = [],
    version: Int = 479, thenAsk: [Asked] = [])
  /// Bytes as they are.
  case raw([UInt8])
  /// Nothing, for ever.
  case silence
  case close
}

/// Listens until the last reference goes. Any thread.
package final class CannedServer: @unchecked Sendable {
  package let port: UInt16
  package var address: String { "127.0.0.1:\(port)" }
  private let lock = NSLock()
  private var asked: [Asked] = []
  private let waker: Waker
  private var isStopping = false

  /// Calls `reply` for each request, on the server's thread.
  package init(_ reply: @escaping @Sendable (Asked) -> Reply) throws {
    let listener = try Socket.listen(host: "127.0.0.1", port: 0, backlog: 64)
    port = Socket.localAddress(listener).port
    waker = try Waker()
    let serving = Serving(listener, waker: waker) { [weak self] request in
      self?.note(request)
      return reply(request)
    }
    Foundation.Thread.detachNewThread { serving.run() }
  }

  deinit { waker.wake() }

  /// Requests so far, in order.
  package var requests: [Asked] { lock.withLock { asked } }
  private func note(_ request: Asked) { lock.withLock { asked.append(request) } }
}

/// The thread's own state. The waker ends it.
private final class Serving: @unchecked Sendable {
  private let listener: Descriptor
  private let waker: Waker
  private let reply: (Asked) -> Reply
  private var sessions: [CInt: (socket: Box, input: [UInt8])] = [:]

  final class Box {
    let descriptor: Descriptor
    init(_ descriptor: consuming Descriptor) { self.descriptor = descriptor }
  }

  init(_ listener: consuming Descriptor, waker: Waker, _ reply: @escaping (Asked) -> Reply) {
    self.listener = listener
    self.waker = waker
    self.reply = reply
  }

  func run() {
    guard let poller = try? Poller() else { return }
    try? poller.add(listener.raw, token: UInt64(listener.raw), .readable)
    try? poller.add(waker.raw, token: UInt64(waker.raw), .readable)
    while true {
      let count = poller.wait(timeoutMs: -1)
      for index in 0..<count {
        let raw = CInt(poller.event(index).token)
        if raw == waker.raw { return }
        if raw == listener.raw {
          while let accepted = try? Socket.accept(listener) {
            let socket = Box(accepted)
            let raw = socket.descriptor.raw
            sessions[raw] = (socket, [])
            try? poller.add(raw, token: UInt64(raw), .readable)
          }
        } else if !read(raw) {
          poller.remove(raw)
          sessions[raw] = nil
        }
      }
    }
  }

  /// False when the session is over.
  private func read(_ raw: CInt) -> Bool {
    var chunk = [UInt8](repeating: 0, count: 65536)
    guard let count = try? chunk.withUnsafeMutableBytes({ try Socket.read(raw, into: $0) }), count > 0 else {
      return false
    }
    sessions[raw]!.input += chunk[..<count]
    while let frame = nextFrame(raw) {
      if !answer(raw, frame.opaque, frame.isOneWay, frame.request) { return false }
    }
    return true
  }

  private func nextFrame(_ raw: CInt) -> (opaque: Int, isOneWay: Bool, request: Asked)? {
    let input = sessions[raw]!.input
    func word(_ at: Int) -> Int { input[at..<at + 4].reduce(0) { $0 << 8 | Int($1) } }
    guard input.count >= 8, input.count >= 4 + word(0) else { return nil }
    let end = 4 + word(0)
    let headerEnd = 8 + word(4) & 0xFF_FFFF
    let header =
      (try? JSONSerialization.jsonObject(with: Data(input[8..<headerEnd]))) as? [String: Any] ?? [:]
    sessions[raw]!.input.removeFirst(end)
    let request = Asked(
      code: header["code"] as? Int ?? -1, fields: header["extFields"] as? [String: String] ?? [:],
      body: Array(input[headerEnd..<end]))
    return (header["opaque"] as? Int ?? -1, (header["flag"] as? Int ?? 0) & 2 != 0, request)
  }

  private func answer(_ raw: CInt, _ opaque: Int, _ isOneWay: Bool, _ request: Asked) -> Bool {
    switch reply(request) {
    case .silence: return true
    case .close: return false
    case .raw(let bytes): return write(raw, bytes)
    case .answer(let code, let remark, let fields, let body):
      if isOneWay { return true }
      return write(raw, Self.frame(code, opaque, remark, fields, Array(body.utf8)))
    case .binary(let code, let remark, let fields, let body, let version, let asks):
      var bytes = isOneWay ? [] : Self.frame(code, opaque, remark, fields, body, version: version)
      for (index, ask) in asks.enumerated() {
        bytes += Self.frame(ask.code, 900_000 + index, nil, ask.fields, ask.body, flag: 0)
      }
      return write(raw, bytes)
    }
  }

  private func write(_ raw: CInt, _ bytes: [UInt8]) -> Bool {
    var start = 0
    while start < bytes.count {
      guard let count = try? bytes[start...].withUnsafeBytes({ try Socket.write(raw, $0) }) else {
        if !Socket.waitReady(raw, .writable, timeoutMs: 1000) { return false }
        continue
      }
      start += count
    }
    return true
  }

  static func frame(
    _ code: Int, _ opaque: Int, _ remark: String?, _ fields: [String: String], _ body: [UInt8], flag: Int = 1,
    version: Int = 479
  ) -> [UInt8] {
    var header: [String: Any] = [
      "code": code, "flag": flag, "language": "JAVA", "opaque": opaque, "serializeTypeCurrentRPC": "JSON",
      "version": version,
    ]
    if let remark { header["remark"] = remark }
    if !fields.isEmpty { header["extFields"] = fields }
    let json = [UInt8]((try? JSONSerialization.data(withJSONObject: header)) ?? Data())
    func word(_ value: Int) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
    return word(4 + json.count + body.count) + word(json.count) + json + body
  }
}

/// Answers that Apache RocketMQ 5.3.3 gave, by request code.
package struct ApacheAnswers: Sendable {
  private struct Row: Decodable {
    var request: Int
    var code: Int
    var remark: String?
    var fields: [String: String]
    var body: String
  }
  private let rows: [Int: Row]

  package init() throws {
    let bytes = try Fixture.gunzip(packageRoot + "/Tests/TestSupport/Fixtures/apache-admin.jsonl.gz")
    var rows: [Int: Row] = [:]
    for line in bytes.split(separator: 10) {
      let row = try JSONDecoder().decode(Row.self, from: Data(line))
      rows[row.request] = row
    }
    self.rows = rows
  }

  /// The answer to a request of that code, with Apache's address replaced by `address`.
  package func reply(_ code: Int, address: String) -> Reply {
    guard let row = rows[code] else { return .answer(code: 3, remark: " request type \(code) not supported") }
    let body = row.body.replacingOccurrences(of: "127.0.0.1:10911", with: address)
    return .answer(code: row.code, remark: row.remark, fields: row.fields, body: body)
  }
}

extension CannedServer {
  /// A cluster that answers as Apache 5.3.3 did, unless `special` has something else to say. The topic
  /// TopicLive exists and those of `topics`, with the same route; the group is CG_Live.
  package static func apache(
    topics: Set<String> = [], _ special: @escaping @Sendable (Asked) -> Reply? = { _ in nil }
  ) throws
    -> CannedServer
  {
    let answers = try ApacheAnswers()
    let place = Place()
    let server = try CannedServer { request in
      if let reply = special(request) { return reply }
      let topic = request.fields["topic"] ?? ""
      let isMissing = request.code == 105 && topic != "TopicLive" && !topics.contains(topic)
      return answers.reply(isMissing ? -105 : request.code, address: place.address)
    }
    place.address = server.address
    return server
  }

  private final class Place: @unchecked Sendable {
    var address = ""
  }
}
