// One TCP connection to a name server or broker: bytes out, answers in. One thread, never blocks.
//
// Answers are matched by their correlation id. Requests that the broker sends (rebalance notices, checks) are
// kept when the cluster's owner accepts their code; the others are answered with "not supported" unless they
// are one-way: most commands are no clients that a broker may ask.

import Linux
import Wire

final class Connection {
  enum State: Equatable {
    case connecting
    case open
    /// Why it ended: a clause without the address.
    case dead(String)
  }

  let address: String
  private let socket: Descriptor
  private(set) var state = State.connecting
  /// Whether an answer ever came: a kept connection that then dies was closed by an idle peer.
  private(set) var hasAnswered = false
  private var output = ByteBuffer()
  private var input = ByteBuffer()
  private var header = RemotingHeader()
  private var arrived: [(opaque: Int32, response: Response)] = []
  /// Requests that wait for their answer.
  private(set) var pending = 0
  /// Codes of requests that are kept for `takeAsked`.
  var accepted: Set<Int32> = []
  private var asked: [ServerRequest] = []
  /// Answers a request of the peer that is not accepted; nil refuses it.
  var answering: ((ServerRequest) -> [UInt8]?)?
  /// What the poller was last told; nil before it knows the socket.
  var registered: Readiness?

  /// Starts to connect.
  init(address: String, host: String, port: UInt16) throws(Errno) {
    self.address = address
    socket = try Socket.connect(host: host, port: port)
  }

  var raw: CInt { socket.raw }
  var isDead: Bool { if case .dead = state { true } else { false } }
  /// What to wait for.
  var interest: Readiness {
    state == .connecting ? .writable : (output.isEmpty ? .readable : [.readable, .writable])
  }

  func enqueue(_ request: Request, opaque: Int32, oneWay: Bool = false) {
    request.write(opaque: opaque, oneWay: oneWay, to: &output)
    if !oneWay { pending += 1 }
  }

  /// Answers that have come since the last call.
  func takeArrived() -> [(opaque: Int32, response: Response)] {
    defer { arrived.removeAll(keepingCapacity: true) }
    return arrived
  }

  /// Requests of the peer that have come since the last call.
  func takeAsked() -> [ServerRequest] {
    defer { asked.removeAll() }
    return asked
  }

  /// Goes on after the poller reported the socket.
  func advance(_ readiness: Readiness) {
    if state == .connecting {
      if readiness.isEmpty { return }
      do throws(Errno) {
        try Socket.connectResult(socket)
        state = .open
      } catch {
        state = .dead(error == .connectionRefused ? Self.refused : "\(error)")
        return
      }
    }
    if readiness.contains(.readable) || readiness.contains(.hangup) { receive() }
    if !isDead { send() }
  }

  static let refused = "refused the connection"

  /// Writes what the socket takes.
  func send() {
    guard state == .open else { return }
    while !output.isEmpty {
      let raw = socket.raw
      do throws(Errno) {
        let written = try unsafe output.withBytes { bytes throws(Errno) in try unsafe Socket.write(raw, bytes)
        }
        output.consume(written)
      } catch {
        if error != .again { state = .dead("closed the connection (\(error))") }
        return
      }
    }
  }

  /// Reads what is there and cuts it into answers.
  func receive() {
    guard state == .open else { return }
    while true {
      let raw = socket.raw
      let count: Int
      do throws(Errno) {
        count = try unsafe input.fill(minimum: Limits.readBytes) { free throws(Errno) in
          try unsafe Socket.read(raw, into: free)
        }
      } catch {
        if error != .again { state = .dead("closed the connection (\(error))") }
        break
      }
      if count == 0 {
        state = .dead(input.isEmpty ? "closed the connection" : "closed the connection inside an answer")
        break
      }
      if count < Limits.readBytes { break }
    }
    cut()
  }

  private func cut() {
    var start = 0
    while true {
      do throws(WireError) {
        guard let frame = try Frame.cut(input.bytes, from: start) else { break }
        try header.parse(input.bytes[frame.header], as: frame.serialization)
        take(frame)
        start = frame.end
      } catch {
        state = .dead("answered with something that is no RocketMQ frame (\(error))")
        break
      }
    }
    input.consume(start)
    // Few answers are large, and who watches a cluster for days has no use for their memory in between.
    if input.isEmpty, input.capacityBytes > Limits.keptBytes { input.release() }
  }

  private func take(_ frame: FrameBounds) {
    guard header.isResponse else {
      let isAccepted = accepted.contains(header.code)
      if isAccepted && asked.count < Limits.askedMax { asked.append(request(frame)) }
      if !isAccepted, !header.isOneWay, let body = answering?(request(frame)) {
        var writer = FrameWriter(
          response: ResponseCode.success.rawValue, opaque: header.opaque, to: &output)
        writer.endHeader(to: &output)
        output.append(body)
        return writer.finish(to: &output)
      }
      if !header.isOneWay && isAccepted {
        var writer = FrameWriter(
          response: ResponseCode.success.rawValue, opaque: header.opaque, to: &output)
        writer.endHeader(to: &output)
        writer.finish(to: &output)
      } else if !header.isOneWay {
        var writer = FrameWriter(
          response: ResponseCode.requestCodeNotSupported.rawValue, opaque: header.opaque, to: &output)
        writer.endHeader(remark: "mq's commands serve no requests", to: &output)
        writer.finish(to: &output)
      }
      return
    }
    hasAnswered = true
    pending -= 1
    arrived.append((header.opaque, Self.response(header, input.bytes, frame)))
  }

  private func request(_ frame: FrameBounds) -> ServerRequest {
    let said = Self.response(header, input.bytes, frame)
    return ServerRequest(address: address, code: said.code, fields: said.fields, body: said.body)
  }

  private static func response(
    _ header: borrowing RemotingHeader, _ input: RawSpan, _ frame: FrameBounds
  ) -> Response {
    let bytes = input[frame.header]
    var response = Response(code: header.code, body: input[frame.body].array)
    response.version = header.version
    var text = ByteBuffer()
    if header.remark.valueBytes > 0 {
      header.appendValue(of: header.remark, in: bytes, to: &text)
      response.remark = text.bytes.text
    }
    response.fields.reserveCapacity(header.fieldCount)
    for index in 0..<header.fieldCount {
      let field = header.fields[index]
      text.removeAll()
      header.appendValue(of: field, in: bytes, to: &text)
      response.fields.append((bytes[field.name].text, text.bytes.text))
    }
    return response
  }
}
