// Connections between model clients and the server: two streams of bytes, each in order, cut anywhere,
// delayed, ended at any moment.

import Linux
import Wire

@testable import Server

/// One connection. It ends once: whatever is on its way then is lost.
final class Link {
  private unowned let world: World
  let session: Session
  private weak var client: ModelClient?
  var mayMisbehave: Bool { client?.isLoose ?? true }
  private(set) var isOpen = true
  /// When the last planned piece arrives, each way.
  private var upMs: Int64 = 0
  private var downMs: Int64 = 0

  init(_ world: World, _ session: Session, _ client: ModelClient) {
    self.world = world
    self.session = session
    self.client = client
  }

  /// Cuts bytes into the pieces in which they arrive.
  private func pieces(_ bytes: [UInt8]) -> [[UInt8]] {
    var result: [[UInt8]] = []
    var start = 0
    while start < bytes.count {
      let end = world.chance(75) ? bytes.count : world.number(start + 1...bytes.count)
      result.append(Array(bytes[start..<end]))
      start = end
    }
    return result
  }

  private func delayMs() -> Int64 { world.chance(5) ? world.delayMs(5...400) : world.delayMs(0...3) }

  func toServer(_ bytes: [UInt8]) {
    for piece in pieces(bytes) {
      upMs = max(upMs, world.steadyMs + delayMs())
      world.whileUp(upMs - world.steadyMs) { [self] server in
        if isOpen { server.arrive(self, piece) }
      }
    }
  }

  func toClient(_ bytes: [UInt8]) {
    world.sent(session.id, bytes.rawBytes)
    for piece in pieces(bytes) {
      downMs = max(downMs, world.steadyMs + delayMs())
      world.after(downMs - world.steadyMs) { [self] in
        if isOpen { client?.arrived(piece) }
      }
    }
  }

  /// Ends the connection: the client knows at once, the server when it hears of it.
  func reset(_ why: String) {
    if !isOpen { return }
    isOpen = false
    world.note("connection \(session.id) of \(client?.name ?? "?"): \(why)")
    world.whileUp(world.delayMs(0...2_000)) { [self] server in server.arrive(self, nil) }
    client?.lost(self)
  }

  /// The server's side is gone without a word.
  func serverGone() {
    session.isClosed = true
    if !isOpen { return }
    isOpen = false
    client?.lost(self)
  }
}

/// An answer, or a request that the server sent.
struct Answer {
  var code: Int32
  var opaque: Int32
  var isResponse: Bool
  var remark: String
  var fields: [String: String]
  var body: [UInt8]

  func number(_ name: String) -> Int64? { fields[name].flatMap { Int64($0) } }
}

/// A client process: at most one connection, requests with timeouts, reconnects by itself.
final class ModelClient {
  unowned let world: World
  let name: String
  private var link: Link?
  private var inbox = ByteBuffer()
  private var header = RemotingHeader()
  private var lastOpaque: Int32 = 0
  private var waiting: [(opaque: Int32, then: (Answer?) -> Void)] = []
  /// Where it knocks.
  var role = Role.broker
  /// Sends what it likes, and takes answers to what it does not remember.
  var isLoose = false
  /// Requests of the server.
  var onRequest: (Answer) -> Void = { _ in }
  /// Called when a connection was made or lost.
  var onConnected: () -> Void = {}

  init(_ world: World, _ name: String) {
    self.world = world
    self.name = name
  }

  var isConnected: Bool { link != nil }

  /// Sends a request; `then` gets the answer, or nil when none came (what happened is unknown then).
  func ask(
    _ code: RequestCode, _ fields: [(String, String)], body: [UInt8] = [], timeoutMs: Int64 = 3_000,
    then: @escaping (Answer?) -> Void
  ) {
    ask(code.rawValue, fields, body: body, timeoutMs: timeoutMs, then: then)
  }

  func ask(
    _ code: Int32, _ fields: [(String, String)], body: [UInt8], timeoutMs: Int64,
    then: @escaping (Answer?) -> Void
  ) {
    guard let link = connection() else {
      return world.after(world.delayMs(50...1_000)) { then(nil) }
    }
    lastOpaque += 1
    let opaque = lastOpaque
    waiting.append((opaque, then))
    link.toServer(Self.frame(code, fields, body, opaque: opaque, oneWay: false))
    world.after(timeoutMs) { [weak self, weak link] in
      guard let self, let link, self.link === link, self.waiting.contains(where: { $0.opaque == opaque })
      else { return }
      // A late request must not be served after its repetition: a client that gives up hangs up.
      link.reset("no answer to \(code) in \(timeoutMs) ms")
    }
  }

  /// Sends a one-way request, or an answer to a request of the server.
  func tell(_ code: RequestCode, _ fields: [(String, String)], body: [UInt8] = []) {
    tell(code.rawValue, fields, body: body)
  }

  func tell(_ code: Int32, _ fields: [(String, String)], body: [UInt8] = []) {
    guard let link = connection() else { return }
    lastOpaque += 1
    link.toServer(Self.frame(code, fields, body, opaque: lastOpaque, oneWay: true))
  }

  /// Answers a request of the server on the connection that it came on, if that still lives then.
  func answer(_ request: Answer, _ code: Int32, afterMs: Int64) {
    world.after(afterMs) { [weak link] in
      var out = ByteBuffer(capacity: 64)
      var writer = FrameWriter(response: code, opaque: request.opaque, to: &out)
      writer.endHeader(to: &out)
      writer.finish(to: &out)
      if let link, link.isOpen { link.toServer(out.array) }
    }
  }

  /// Says who it is, now and again, as clients do.
  func heartbeat(_ pauseMs: ClosedRange<Int64>, _ data: @escaping () -> HeartbeatData) {
    ask(.heartbeat, [], body: data().json.bytes(.compact)) { _ in }
    world.after(world.delayMs(pauseMs)) { [self] in heartbeat(pauseMs, data) }
  }

  /// Sends bytes as they are.
  func send(_ bytes: [UInt8]) { connection()?.toServer(bytes) }

  static func frame(
    _ code: Int32, _ fields: [(String, String)], _ body: [UInt8], opaque: Int32, oneWay: Bool
  ) -> [UInt8] {
    var out = ByteBuffer(capacity: 1024)
    var writer = FrameWriter(request: code, opaque: opaque, oneWay: oneWay, to: &out)
    for field in fields { writer.field(named: field.0, field.1, to: &out) }
    writer.endHeader(to: &out)
    out.append(body)
    writer.finish(to: &out)
    return out.array
  }

  private func connection() -> Link? {
    if let link { return link }
    guard let made = world.connect(self) else { return nil }
    link = made
    inbox.removeAll()
    onConnected()
    return made
  }

  /// The process ends and starts again: its connection goes, nobody waits for answers any more.
  func restart() {
    waiting = []
    let old = link
    link = nil
    old?.reset("its client restarts")
  }

  func lost(_ lost: Link) {
    guard link === lost else { return }
    link = nil
    let orphans = waiting
    waiting = []
    for orphan in orphans { world.after(world.delayMs(0...200)) { orphan.then(nil) } }
  }

  func arrived(_ bytes: [UInt8]) {
    inbox.append(bytes)
    do throws(WireError) {
      while let frame = try Frame.cut(inbox.bytes, from: 0) {
        let text = inbox.bytes.extracting(frame.header).array
        let body = inbox.bytes.extracting(frame.body).array
        inbox.consume(frame.end)
        try header.parse(text.rawBytes, as: frame.serialization)
        take(Self.answer(header, text, body))
      }
    } catch { world.fail("the server sends a bad frame: \(error)") }
  }

  private static func answer(_ header: borrowing RemotingHeader, _ text: [UInt8], _ body: [UInt8]) -> Answer {
    func string(_ field: HeaderField) -> String {
      var value = ByteBuffer()
      header.appendValue(of: field, in: text.rawBytes, to: &value)
      return String(decoding: value.array, as: UTF8.self)
    }
    var fields: [String: String] = [:]
    for index in 0..<header.fieldCount {
      let field = header.fields[index]
      fields[String(decoding: text[field.name], as: UTF8.self)] = string(field)
    }
    return Answer(
      code: header.code, opaque: header.opaque, isResponse: header.isResponse, remark: string(header.remark),
      fields: fields, body: body)
  }

  private func take(_ answer: Answer) {
    if !answer.isResponse { return onRequest(answer) }
    guard let index = waiting.firstIndex(where: { $0.opaque == answer.opaque }) else {
      if isLoose { return }
      return world.fail("\(name) gets a second answer to one request, or one to none: \(answer)")
    }
    waiting.remove(at: index).then(answer)
  }
}
