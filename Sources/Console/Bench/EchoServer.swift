// `mq __echo`: the other end of a bare loopback, to compare a broker with. Hidden; started by `mq bench
// --limit`.
//
// It sends back what it gets, one write a connection a turn. It looks at nothing and keeps nothing. Ends when
// its standard input ends.

import Linux
import Wire

enum EchoCommand {
  static let rows: [Command] = [
    Command(
      ["__echo"], summary: "Send back what comes, for mq bench", impact: .local, isHidden: true
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
  private enum Token {
    static let door: UInt64 = 0
    static let input: UInt64 = 1
    static let firstPeer: UInt64 = 2
  }

  private let door: Descriptor
  private let poller: Poller
  private var peers: [UInt64: Link] = [:]
  private var nextToken = Token.firstPeer
  let port: UInt16

  init() throws(Errno) {
    door = try Socket.listen(host: "127.0.0.1", port: 0, backlog: 1024)
    port = Socket.localAddress(door).port
    poller = try Poller()
    try poller.add(door.raw, token: Token.door, .readable)
    try poller.add(0, token: Token.input, .readable)
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

  private func serve(_ peer: Link, _ event: (token: UInt64, readiness: Readiness)) {
    peer.advance(event.readiness)
    peer.output.append(peer.input.bytes)
    peer.consume(peer.input.count)
    peer.flush()
    peer.watch(in: poller, token: event.token)
    if peer.isDead {
      peer.leave(poller)
      peers[event.token] = nil
    }
  }
}
