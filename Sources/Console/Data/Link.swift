// One non-blocking TCP connection of a command that runs its own event loop: `mq consume` and `mq bench`.
//
// The owner puts whole frames into `output` and takes whole frames from `input`. One thread.

import Client
import Linux
import Wire

/// Buffers of links that have nothing in theirs.
struct LinkBuffers: ~Copyable {
  fileprivate var input = ByteBuffer()
  fileprivate var output = ByteBuffer()
}

final class Link {
  enum State: Equatable {
    case connecting
    case open
    /// Why it ended: a clause without the address.
    case dead(String)
  }

  let address: String
  private let socket: Descriptor
  private(set) var state = State.connecting
  private(set) var input = ByteBuffer()
  var output = ByteBuffer()
  /// What the poller was last told; nil before it knows the socket.
  private var registered: Readiness?

  /// Starts to connect.
  init(_ address: String) throws(Failure) {
    self.address = address
    guard let (host, port) = Address.split(address) else {
      throw Failure(.usage, "\(address) is no address", hint: "write host:port")
    }
    do throws(Errno) {
      socket = try Socket.connect(host: host, port: port)
    } catch {
      throw Failure(.unreachable, "\(address) cannot be reached: \(error)")
    }
  }

  /// The other end of a connection that was accepted.
  init(accepted socket: consuming Descriptor) {
    address = ""
    self.socket = socket
    state = .open
  }

  var raw: CInt { socket.raw }
  var isDead: Bool { if case .dead = state { true } else { false } }

  /// What went wrong, for people.
  var failure: Failure {
    var why = "is connected"
    if case .dead(let reason) = state { why = reason }
    return Failure(.unreachable, "\(address) \(why)", hint: "is mq serve or a broker running there?")
  }

  /// Tells the poller what to wait for. Call it when `output` or the state changed.
  func watch(in poller: Poller, token: UInt64) {
    if isDead { return }
    let interest: Readiness =
      state == .connecting ? .writable : (output.isEmpty ? .readable : [.readable, .writable])
    if interest == registered { return }
    do throws(Errno) {
      if registered == nil {
        try poller.add(socket.raw, token: token, interest)
      } else {
        try poller.modify(socket.raw, token: token, interest)
      }
      registered = interest
    } catch { state = .dead("cannot be watched: \(error)") }
  }

  /// Leaves the poller; before the link is dropped.
  func leave(_ poller: Poller) {
    if registered != nil { poller.remove(socket.raw) }
    registered = nil
  }

  /// Goes on after the poller reported the socket: finishes connecting, reads what is there.
  func advance(_ readiness: Readiness) {
    if state == .connecting {
      do throws(Errno) {
        try Socket.connectResult(socket)
        state = .open
      } catch {
        state = .dead(error == .connectionRefused ? "refused the connection" : "cannot be reached: \(error)")
        return
      }
    }
    if readiness.contains(.readable) || readiness.contains(.hangup) { receive() }
  }

  private func receive() {
    let raw = socket.raw
    do throws(Errno) {
      // `free` holds for the call, which writes no more than fits.
      let count = try unsafe input.fill(minimum: Limits.linkReadBytes) { free throws(Errno) in
        try unsafe Socket.read(raw, into: free)
      }
      if count == 0 { state = .dead("closed the connection") }
    } catch {
      if error != .again { state = .dead("closed the connection: \(error)") }
    }
  }

  /// Writes what the socket takes.
  func flush() {
    if state != .open { return }
    let raw = socket.raw
    while !output.isEmpty {
      do throws(Errno) {
        let written = try unsafe output.withBytes { bytes throws(Errno) in try unsafe Socket.write(raw, bytes)
        }
        output.consume(written)
      } catch {
        if error != .again { state = .dead("closed the connection: \(error)") }
        return
      }
    }
  }

  /// Gives an empty buffer away for the spare one. Called before a link is served and after, all links of a
  /// loop read and write in the same memory, which the processor then has at hand, as long as they leave
  /// nothing in it.
  func swapEmpty(_ spare: inout LinkBuffers) {
    if input.isEmpty { swap(&input, &spare.input) }
    if output.isEmpty { swap(&output, &spare.output) }
  }

  /// Drops bytes from the front of `input`.
  func consume(_ bytes: Int) { input.consume(bytes) }

  /// Ends the connection on our side.
  func fail(_ why: String) { state = .dead(why) }

  /// Finds the frame that begins at byte `start` of `input` and parses its header; nil when it is not whole
  /// yet, or when it is no frame, which ends the connection.
  func nextFrame(from start: Int, _ header: inout RemotingHeader) -> FrameBounds? {
    do throws(WireError) {
      return try Self.frame(input, start, &header)
    } catch {
      fail("answered with something that is no RocketMQ frame (\(error))")
      return nil
    }
  }

  private static func frame(
    _ input: borrowing ByteBuffer, _ start: Int, _ header: inout RemotingHeader
  ) throws(WireError) -> FrameBounds? {
    let bytes = input.bytes
    guard let frame = try Frame.cut(bytes, from: start) else { return nil }
    try header.parse(bytes[frame.header], as: frame.serialization)
    return frame
  }

  /// A field of the frame's header.
  func text(_ name: StaticString, _ header: borrowing RemotingHeader, _ frame: FrameBounds) -> String? {
    Self.text(name, header, input, frame)
  }

  private static func text(
    _ name: StaticString, _ header: borrowing RemotingHeader, _ input: borrowing ByteBuffer,
    _ frame: FrameBounds
  ) -> String? {
    header.string(name, in: input.bytes[frame.header])
  }

  /// The answer of a pull or a heartbeat: its code, remark, body, and the fields that pulls need.
  func response(_ header: borrowing RemotingHeader, _ frame: FrameBounds) -> Response {
    Self.response(header, input, frame)
  }

  private static func response(
    _ header: borrowing RemotingHeader, _ input: borrowing ByteBuffer, _ frame: FrameBounds
  ) -> Response {
    let bytes = input.bytes[frame.header]
    var response = Response(code: header.code, body: input.bytes[frame.body].array)
    response.remark = header.text(of: header.remark, in: bytes)
    if let offset = header.int64("nextBeginOffset", in: bytes) {
      response.fields.append(("nextBeginOffset", "\(offset)"))
    }
    if let offset = header.int64("minOffset", in: bytes) {
      response.fields.append(("minOffset", "\(offset)"))
    }
    if let offset = header.int64("maxOffset", in: bytes) {
      response.fields.append(("maxOffset", "\(offset)"))
    }
    return response
  }
}

extension Request {
  /// Appends the frame to a link's output.
  func append(opaque: Int32, to link: Link) {
    var writer = FrameWriter(request: code.rawValue, opaque: opaque, to: &link.output)
    for field in fields { writer.field(named: field.name, field.value, to: &link.output) }
    writer.endHeader(to: &link.output)
    link.output.append(body)
    writer.finish(to: &link.output)
  }
}
