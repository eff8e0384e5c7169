// TCP sockets, never blocking. `read` and `write` do not allocate.

import CLinux
import Glibc

/// TCP sockets. All are non-blocking and closed in child processes.
package enum Socket {
  /// Non-blocking listener with SO_REUSEADDR; port 0 picks one. `host`: literal IPv4/IPv6 address or a name.
  /// "::" takes IPv4 too. `.addressInUse` when another socket listens there.
  package static func listen(host: String, port: UInt16, backlog: Int32) throws(Errno) -> Descriptor {
    let address = try resolve(host, port: port)
    let socket = try make(address)
    try set(socket, SOL_SOCKET, SO_REUSEADDR, 1)
    let raw = socket.raw
    try Syscall.run("bind") { unsafe address.withKernelForm { unsafe Glibc.bind(raw, $0, $1) } }
    try Syscall.run("listen") { Glibc.listen(raw, backlog) }
    return socket
  }

  /// nil when nobody waits (EAGAIN), or who waited is gone again. Non-blocking, close-on-exec, TCP_NODELAY
  /// set. `.tooManyOpenFiles` leaves the connection in the queue.
  package static func accept(_ listener: borrowing Descriptor) throws(Errno) -> (Descriptor)? {
    let raw = listener.raw
    do throws(Errno) {
      let socket = Descriptor(owning: try Syscall.run("accept4") { clinux_accept(raw) })
      try set(socket, CInt(IPPROTO_TCP), TCP_NODELAY, 1)
      return socket
    } catch {
      if error == .again || error.rawValue == ECONNABORTED { return nil }
      throw error
    }
  }

  /// Starts a non-blocking connect; wait for writability, then call `connectResult`. TCP_NODELAY is set. A
  /// name is resolved first, which may block for seconds (IPv4 preferred).
  package static func connect(host: String, port: UInt16) throws(Errno) -> Descriptor {
    let address = try resolve(host, port: port)
    let socket = try make(address)
    try set(socket, CInt(IPPROTO_TCP), TCP_NODELAY, 1)
    let raw = socket.raw
    // Not retried after EINTR: the connect goes on by itself then, as with EINPROGRESS.
    let result = unsafe address.withKernelForm { unsafe Glibc.connect(raw, $0, $1) }
    if result == -1 && errno != EINPROGRESS && errno != EINTR { throw Syscall.checked(errno, "connect") }
    return socket
  }

  /// Throws why the connect failed (SO_ERROR).
  package static func connectResult(_ socket: borrowing Descriptor) throws(Errno) {
    let raw = socket.raw
    var number: CInt = 0
    var bytes = socklen_t(MemoryLayout<CInt>.size)
    try Syscall.run("getsockopt") { unsafe getsockopt(raw, SOL_SOCKET, SO_ERROR, &number, &bytes) }
    if number != 0 { throw Errno(rawValue: number) }
  }

  /// Our end of a socket.
  package static func localAddress(_ socket: borrowing Descriptor) -> SocketAddress {
    let raw = socket.raw
    return unsafe address { unsafe getsockname(raw, $0, $1) }
  }

  /// The other end; 0.0.0.0:0 when the socket is not connected (any more).
  package static func peerAddress(_ socket: borrowing Descriptor) -> SocketAddress {
    let raw = socket.raw
    return unsafe address { unsafe getpeername(raw, $0, $1) }
  }

  /// Bytes read; 0 when the peer closed; throws `.again` when none are there. The C function is `recv`.
  package static func read(
    _ raw: CInt, into target: UnsafeMutableRawBufferPointer
  ) throws(Errno) -> Int {
    // The kernel writes at most `target.count` bytes to `target`, which the caller keeps alive.
    try Syscall.run("recv") { unsafe recv(raw, target.baseAddress, target.count, 0) }
  }

  /// Bytes written (possibly fewer); throws `.again` when the socket is full. Never raises SIGPIPE: `.pipe`
  /// or `.connectionReset` when the peer is gone. The C function is `send`.
  package static func write(_ raw: CInt, _ bytes: UnsafeRawBufferPointer) throws(Errno) -> Int {
    try Syscall.run("send") { unsafe send(raw, bytes.baseAddress, bytes.count, CInt(MSG_NOSIGNAL)) }
  }

  /// Tells the peer that nothing more will be written; reading goes on. Nothing happens when it is gone.
  package static func closeWriting(_ raw: CInt) { _ = Glibc.shutdown(raw, CInt(SHUT_WR)) }

  /// poll(2) on one descriptor; true when ready (or hung up) within `timeoutMs`, -1 for ever.
  package static func waitReady(_ raw: CInt, _ interest: Readiness, timeoutMs: Int32) -> Bool {
    var events: CInt = 0
    if interest.contains(.readable) { events |= POLLIN }
    if interest.contains(.writable) { events |= POLLOUT }
    var entry = pollfd(fd: raw, events: Int16(events), revents: 0)
    let deadlineNs = Clock.monotonicNs() + Int64(timeoutMs) * 1_000_000
    var leftMs = timeoutMs
    while true {
      let count = unsafe poll(&entry, 1, leftMs)
      if count >= 0 { return count > 0 }
      precondition(errno == EINTR, "poll failed")
      // A signal must not start the wait anew.
      if timeoutMs > 0 { leftMs = Int32(max(0, (deadlineNs - Clock.monotonicNs()) / 1_000_000)) }
    }
  }

  private static func make(_ address: SocketAddress) throws(Errno) -> Descriptor {
    let type = CInt(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    let family = address.isV6 ? AF_INET6 : AF_INET
    return Descriptor(owning: try Syscall.run("socket") { Glibc.socket(family, type, 0) })
  }

  private static func set(
    _ socket: borrowing Descriptor, _ level: CInt, _ option: CInt, _ value: CInt
  ) throws(Errno) {
    let raw = socket.raw
    var value = value
    // The kernel copies the value during the call.
    try Syscall.run("setsockopt") {
      unsafe setsockopt(raw, level, option, &value, socklen_t(MemoryLayout<CInt>.size))
    }
  }

  private static func address(
    _ ask: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> CInt
  ) -> SocketAddress {
    var storage = sockaddr_storage()
    var bytes = socklen_t(MemoryLayout<sockaddr_storage>.size)
    // sockaddr_storage has room for every family, and the kernel is told its size.
    return unsafe withUnsafeMutableBytes(of: &storage) { target in
      let form = unsafe target.baseAddress!.assumingMemoryBound(to: sockaddr.self)
      guard unsafe ask(form, &bytes) == 0 else { return SocketAddress() }
      return unsafe SocketAddress(kernel: form) ?? SocketAddress()
    }
  }
}
