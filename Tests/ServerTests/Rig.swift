// A server without a network: a node over a store in a scratch directory, and clients that hand in request
// bytes and read what their session would have sent.

import Glibc
import Linux
import TestSupport
import Testing
import Wire

@testable import Server
@testable import Store

/// A node that is booted. Time stands still unless a test moves `node.nowMs`.
final class Rig {
  let directory: TemporaryDirectory
  let node: Node
  private var nextSession: UInt64 = 100

  /// - Parameter directory: Given to start again on the store of another rig.
  init(
    in directory: TemporaryDirectory? = nil, _ change: (inout ServerOptions) -> Void = { _ in }
  ) throws {
    self.directory = try directory ?? TemporaryDirectory()
    var options = ServerOptions(root: self.directory.path("store"))
    options.brokerName = "broker-a"
    options.store.segmentBytes = 1 << 20
    options.logLevel = .error
    change(&options)
    options.store.delayLevelsMs = Schedule.parse(options.delayLevels) ?? []
    let store = try MessageStore.open(options.store, waker: Waker()) { _, _ in }
    // The machine's own disk may be full.
    store.diskUsedRatio = { 0.1 }
    let address = "127.0.0.1:\(options.brokerPort)"
    node = Node(
      options: options, store: store, brokerAddress: address, storeHost: HostAddress(address)!,
      log: Log(level: options.logLevel))
    node.boot()
  }

  deinit { node.store.close() }

  func client(_ role: Role = .broker) throws -> FakeClient {
    nextSession += 1
    let client = try FakeClient(self, id: nextSession, role: role)
    node.sessions[client.session.id] = client.session
    return client
  }

  /// The connection goes, as the loop tells it.
  func disconnect(_ client: FakeClient) { node.disconnected(client.session) }

  /// Hands the store's finished jobs to the node until `isDone`; fails after ten seconds.
  func settle(until isDone: () -> Bool) {
    let end = Clock.monotonicMs() + 10_000
    while !isDone() {
      while let completion = node.store.nextCompletion() { node.complete(completion) }
      if isDone() { return }
      #expect(Clock.monotonicMs() < end, "a background job of the store takes too long")
      if Clock.monotonicMs() >= end { return }
      usleep(1000)
    }
  }

  /// Creates a topic as an operator would.
  func makeTopic(_ name: String, queues: Int32 = 4) {
    var config = TopicConfig(name: name)
    config.readQueues = queues
    config.writeQueues = queues
    node.broker.topics.put(node, config)
  }

  /// Stores a message past the send path.
  @discardableResult
  func store(
    _ topic: String, queueId: Int32 = 0, body: String = "body", _ properties: [(String, String)] = []
  )
    throws -> AppendResult
  {
    var draft = RecordDraft()
    draft.queueId = queueId
    draft.bornTimestampMs = node.nowMs
    draft.bornHost = node.storeHost
    draft.storeHost = node.storeHost
    let encoded = Properties(properties.map { (name: $0.0, value: $0.1) }).encoded
    let slot = node.store.makeSlot(topic)
    let name = Array(topic.utf8)
    let bytes = Array(body.utf8)
    return try node.store.append(
      draft, to: slot, topic: name.rawBytes, properties: encoded.rawBytes,
      scan: PropertyScan(encoded.rawBytes), body: bytes.rawBytes, nowMs: Clock.wallMs())
  }
}

/// A frame that a session would have sent.
struct Reply {
  var code: Int32
  var opaque: Int32
  var isResponse: Bool
  var remark: String?
  var fields: [String: String]
  var body: [UInt8]

  var text: String { String(decoding: body, as: UTF8.self) }
  func json() throws -> JSON { try JSON.parse(body) }

  init(code: Int32) {
    self.code = code
    opaque = 0
    isResponse = true
    fields = [:]
    body = []
  }

  init(header bytes: [UInt8], as serialization: Serialization, body: [UInt8]) throws {
    var header = RemotingHeader()
    try header.parse(bytes.rawBytes, as: serialization)
    func text(_ field: HeaderField) -> String {
      var value = ByteBuffer()
      header.appendValue(of: field, in: bytes.rawBytes, to: &value)
      return String(decoding: value.array, as: UTF8.self)
    }
    code = header.code
    opaque = header.opaque
    isResponse = header.isResponse
    remark = header.remark.valueBytes > 0 ? text(header.remark) : nil
    fields = [:]
    for index in 0..<header.fieldCount {
      let field = header.fields[index]
      fields[String(decoding: bytes[field.name], as: UTF8.self)] = text(field)
    }
    self.body = body
  }
}

/// One connection.
final class FakeClient {
  /// Keeps the server alive while the client is used.
  let rig: Rig
  var node: Node { rig.node }
  let session: Session
  /// Requests that the server sent on its own (codes 40, 220 …).
  var pushed: [Reply] = []
  private var opaque: Int32 = 0

  init(_ rig: Rig, id: UInt64, role: Role) throws {
    self.rig = rig
    var pair: [CInt] = [-1, -1]
    guard socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &pair) == 0 else {
      throw Errno(rawValue: errno)
    }
    close(pair[1])
    var peer = SocketAddress()
    peer.low = 0x7F00_0001
    peer.port = UInt16(40_000 + id)
    session = Session(
      id: id, role: role, peer: peer, socket: Descriptor(owning: pair[0]), nowMs: rig.node.nowMs)
  }

  /// Hands in a request and returns its answer; nil when there is none (yet).
  func send(
    _ code: Int32, _ fields: [(String, String)] = [], body: [UInt8] = [], version: Int32 = 479,
    language: String = "JAVA", oneWay: Bool = false
  ) throws -> Reply? {
    let isServed = try request(code, fields, body: body, version: version, language: language, oneWay: oneWay)
    return isServed ? try take().last : Reply(code: ResponseCode.requestCodeNotSupported.rawValue)
  }

  /// Hands in a request and leaves its answers for `take`; false when the code is not served here.
  @discardableResult
  func request(
    _ code: Int32, _ fields: [(String, String)] = [], body: [UInt8] = [], version: Int32 = 479,
    language: String = "JAVA", oneWay: Bool = false
  ) throws -> Bool {
    opaque += 1
    let members = fields.map { JSON.Member($0.0, .string($0.1)) }
    let bytes = JSON.object([
      .init("code", .int(Int64(code))), .init("extFields", .object(members)),
      .init("flag", .int(oneWay ? 2 : 0)), .init("language", .string(language)),
      .init("opaque", .int(Int64(opaque))), .init("version", .int(Int64(version))),
    ]).bytes(.compact)
    var header = RemotingHeader()
    try header.parse(bytes.rawBytes, as: .json)
    guard let handler = node.table.handler(code, at: session.role) else { return false }
    handler(node, session, header, bytes.rawBytes, body.rawBytes)
    return true
  }

  /// As `send`, for requests that are answered at once.
  func ask(
    _ code: RequestCode, _ fields: [(String, String)] = [], body: String = "", version: Int32 = 479,
    language: String = "JAVA"
  ) throws -> Reply {
    try #require(
      try send(code.rawValue, fields, body: Array(body.utf8), version: version, language: language))
  }

  /// Answers a request of the server; true when the server waited for it.
  @discardableResult
  func answer(
    _ request: Reply, code: Int32 = 0, remark: String? = nil, _ fields: [(String, String)] = [],
    body: [UInt8] = []
  ) throws -> Bool {
    var members: [JSON.Member] = [
      .init("code", .int(Int64(code))), .init("flag", .int(1)), .init("language", .string("JAVA")),
      .init("opaque", .int(Int64(request.opaque))), .init("version", .int(479)),
      .init("extFields", .object(fields.map { JSON.Member($0.0, .string($0.1)) })),
    ]
    if let remark { members.append(.init("remark", .string(remark))) }
    let bytes = JSON.object(members).bytes(.compact)
    var header = RemotingHeader()
    try header.parse(bytes.rawBytes, as: .json)
    return node.broker.asking.answered(node, session, header, bytes.rawBytes, body.rawBytes)
  }

  /// Frames since the last call; requests of the server go to `pushed`, answers are returned.
  func take() throws -> [Reply] {
    var answers: [Reply] = []
    let all = session.out.array
    session.out.removeAll()
    var start = 0
    while let frame = try Frame.cut(all.rawBytes, from: start) {
      start = frame.end
      let reply = try Reply(
        header: Array(all[frame.header]), as: frame.serialization, body: Array(all[frame.body]))
      if reply.isResponse { answers.append(reply) } else { pushed.append(reply) }
    }
    #expect(start == all.count, "half a frame was left")
    return answers
  }
}
