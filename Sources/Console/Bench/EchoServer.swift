// `mq __echo`: the other end of a bare loopback, to compare a broker with. Hidden; started by `mq bench
// --limit`.
//
// It reads whole frames and answers each with the same 190 bytes, one write a connection a turn. It parses
// nothing but lengths and keeps nothing, so no broker on this machine can be faster. Ends when its standard
// input ends.

import Linux
import Wire

enum EchoCommand {
  static let rows: [Command] = [
    Command(
      ["__echo"], summary: "Answer frames with fixed bytes, for mq bench", impact: .local, isHidden: true
    ) { invocation throws(Failure) in
      do throws(Errno) {
        let server = try EchoServer()
        invocation.streams.write("\(server.port)\n")
        invocation.streams.flush()
        try server.run()
      } catch { throw Failure(.failed, "the echo cannot run: \(error)") }
    }
  ]
}

final class EchoServer {
  /// Bytes of an answer: those of a broker to a send.
  static let answerBytes = 190

  private enum Token {
    static let door: UInt64 = 0
    static let input: UInt64 = 1
    static let firstPeer: UInt64 = 2
  }

  private let door: Descriptor
  private let poller: Poller
  private var peers: [UInt64: Link] = [:]
  private var nextToken = Token.firstPeer
  private let answer: [UInt8]
  let port: UInt16

  init() throws(Errno) {
    door = try Socket.listen(host: "127.0.0.1", port: 0, backlog: 1024)
    port = Socket.localAddress(door).port
    poller = try Poller()
    answer = Self.renderAnswer()
    try poller.add(door.raw, token: Token.door, .readable)
    try poller.add(0, token: Token.input, .readable)
  }

  /// A success without fields, filled up with a body of blanks.
  static func renderAnswer() -> [UInt8] {
    var out = ByteBuffer()
    var writer = FrameWriter(response: 0, opaque: SendFrame.firstOpaque, to: &out)
    writer.endHeader(to: &out)
    out.append([UInt8](repeating: UInt8(ascii: " "), count: answerBytes - out.count))
    writer.finish(to: &out)
    return out.array
  }

  func run() throws(Errno) {
    while true {
      let ready = poller.wait(timeoutMs: -1)
      for index in 0..<ready {
        let event = poller.event(index)
        switch event.token {
        case Token.input: return
        case Token.door:
          while let socket = try Socket.accept(door) {
            let peer = Link(accepted: socket)
            peer.watch(in: poller, token: nextToken)
            peers[nextToken] = peer
            nextToken += 1
          }
        default:
          if let peer = peers[event.token] { serve(peer, event) }
        }
      }
    }
  }

  /// Reads, answers each whole frame, and writes once.
  private func serve(_ peer: Link, _ event: (token: UInt64, readiness: Readiness)) {
    peer.advance(event.readiness)
    let (frames, bytes) = Self.count(peer.input)
    peer.consume(bytes)
    for _ in 0..<frames { peer.output.append(answer) }
    peer.flush()
    peer.watch(in: poller, token: event.token)
    if peer.isDead {
      peer.leave(poller)
      peers[event.token] = nil
    }
  }

  /// Whole frames at the front, and their bytes.
  private static func count(_ input: borrowing ByteBuffer) -> (frames: Int, bytes: Int) {
    let bytes = input.bytes
    var frames = 0
    var at = 0
    while let frameBytes = Frame.wholeBytes(bytes, from: at), frameBytes > 0,
      at + frameBytes <= bytes.byteCount
    {
      frames += 1
      at += frameBytes
    }
    return (frames, at)
  }
}
