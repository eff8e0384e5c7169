// Sockets, addresses and the poller over the loopback interface.

import Glibc
import Linux
import TestSupport
import Testing

/// Two connected ends.
private struct Pair: ~Copyable {
  let client: Descriptor
  let server: Descriptor

  init() throws {
    let listener = try Socket.listen(host: "127.0.0.1", port: 0, backlog: 8)
    let client = try Socket.connect(host: "127.0.0.1", port: Socket.localAddress(listener).port)
    _ = Socket.waitReady(listener.raw, .readable, timeoutMs: 5_000)
    guard let server = try Socket.accept(listener) else { throw Errno.again }
    _ = Socket.waitReady(client.raw, .writable, timeoutMs: 5_000)
    try Socket.connectResult(client)
    self.client = client
    self.server = server
  }
}

private func send(_ bytes: [UInt8], _ raw: CInt) throws -> Int {
  var result: Result<Int, Errno> = .success(0)
  bytes.withUnsafeBytes { buffer in
    do throws(Errno) { result = .success(try Socket.write(raw, buffer)) } catch { result = .failure(error) }
  }
  return try result.get()
}

private func receive(_ raw: CInt, _ count: Int = 64) throws -> [UInt8] {
  let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 1)
  defer { buffer.deallocate() }
  return Array(buffer[..<(try Socket.read(raw, into: buffer))])
}

@Suite struct SocketTests {
  @Test func bytesGoBothWaysAndEndWithTheConnection() throws {
    let pair = try Pair()
    #expect(throws: Errno.again) { _ = try receive(pair.server.raw) }
    #expect(try send([1, 2, 3], pair.client.raw) == 3)
    #expect(Socket.waitReady(pair.server.raw, .readable, timeoutMs: 5_000))
    #expect(try receive(pair.server.raw) == [1, 2, 3])
    Socket.closeWriting(pair.client.raw)
    #expect(Socket.waitReady(pair.server.raw, .readable, timeoutMs: 5_000))
    #expect(try receive(pair.server.raw) == [])
    #expect(try send([4], pair.server.raw) == 1)
    #expect(Socket.waitReady(pair.client.raw, .readable, timeoutMs: 5_000))
    #expect(try receive(pair.client.raw) == [4])
  }

  @Test func socketsNeverBlockAndSendAtOnce() throws {
    let pair = try Pair()
    for raw in [pair.client.raw, pair.server.raw] {
      #expect(fcntl(raw, F_GETFL) & O_NONBLOCK != 0)
      #expect(fcntl(raw, F_GETFD) & FD_CLOEXEC != 0)
      var value: CInt = 0
      var bytes = socklen_t(4)
      getsockopt(raw, CInt(IPPROTO_TCP), TCP_NODELAY, &value, &bytes)
      #expect(value != 0)
    }
  }

  @Test func aFullSocketSaysAgain() throws {
    let pair = try Pair()
    let bytes = [UInt8](repeating: 7, count: 1 << 20)
    #expect(throws: Errno.again) {
      for _ in 0..<1000 { _ = try send(bytes, pair.client.raw) }
    }
    #expect(!Socket.waitReady(pair.client.raw, .writable, timeoutMs: 0))
  }

  /// In a process of its own, for SIGPIPE would end it.
  @Test func writingToAClosedPeerIsAnErrorAndNoSignal() async {
    await #expect(processExitsWith: .success) {
      let listener = try Socket.listen(host: "127.0.0.1", port: 0, backlog: 8)
      let client = try Socket.connect(host: "127.0.0.1", port: Socket.localAddress(listener).port)
      _ = Socket.waitReady(listener.raw, .readable, timeoutMs: 5_000)
      do { _ = try Socket.accept(listener) }
      var failure: Errno?
      for _ in 0..<1000 where failure == nil {
        do { _ = try send([1], client.raw) } catch { failure = error as? Errno }
        usleep(1000)
      }
      #expect(failure == .pipe || failure == .connectionReset)
    }
  }

  @Test func aBusyPortIsAddressInUse() throws {
    let first = try Socket.listen(host: "127.0.0.1", port: 0, backlog: 8)
    let port = Socket.localAddress(first).port
    #expect(throws: Errno.addressInUse) {
      _ = try Socket.listen(host: "127.0.0.1", port: port, backlog: 8).raw
    }
  }

  @Test func connectingToNobodyIsRefused() throws {
    let port = try freePort()
    let socket = try Socket.connect(host: "127.0.0.1", port: port)
    #expect(Socket.waitReady(socket.raw, .writable, timeoutMs: 5_000))
    #expect(throws: Errno.connectionRefused) { try Socket.connectResult(socket) }
    #expect(Socket.peerAddress(socket) == SocketAddress())
  }

  @Test func acceptWithoutACallerIsNil() throws {
    let listener = try Socket.listen(host: "127.0.0.1", port: 0, backlog: 8)
    let isNil = try Socket.accept(listener) == nil
    #expect(isNil)
    #expect(!Socket.waitReady(listener.raw, .readable, timeoutMs: 10))
  }

  @Test func bothEndsAgreeOnTheirAddresses() throws {
    let pair = try Pair()
    #expect(Socket.localAddress(pair.client) == Socket.peerAddress(pair.server))
    #expect(Socket.peerAddress(pair.client) == Socket.localAddress(pair.server))
    #expect(Socket.localAddress(pair.client).text.hasPrefix("127.0.0.1:"))
    #expect(Socket.localAddress(pair.client).isLoopback)
  }

  @Test func namesResolveToIPv4First() throws {
    let address = try Socket.resolve("localhost", port: 80)
    #expect(address.isLoopback && !address.isV6 && address.port == 80)
    #expect(throws: Errno.noSuchAddress) { _ = try Socket.resolve("no such host", port: 1) }
  }

  @Test(arguments: [
    ("1.2.3.4", "1.2.3.4:9", false), ("127.9.9.9", "127.9.9.9:9", true), ("::1", "[::1]:9", true),
    ("[2001:db8::5]", "[2001:db8::5]:9", false), ("255.255.255.255", "255.255.255.255:9", false),
  ])
  func literalAddresses(literal: String, text: String, isLoopback: Bool) {
    let address = SocketAddress(literal: literal, port: 9)
    #expect(address?.text == text)
    #expect(address?.isLoopback == isLoopback)
  }

  @Test(arguments: ["localhost", "1.2.3", "1.2.3.4.5", "[1.2.3.4]", "", "::g", "[::1"])
  func namesAreNoLiterals(name: String) {
    #expect(SocketAddress(literal: name, port: 9) == nil)
  }

  @Test func aDualListenerShowsIPv4CallersAsIPv4() throws {
    guard let listener = try? Socket.listen(host: "::", port: 0, backlog: 8) else { return }
    let client = try Socket.connect(host: "127.0.0.1", port: Socket.localAddress(listener).port)
    #expect(Socket.waitReady(listener.raw, .readable, timeoutMs: 5_000))
    guard let accepted = try Socket.accept(listener) else { throw Errno.again }
    #expect(Socket.peerAddress(accepted) == Socket.localAddress(client))
  }

  @Test func ourHostHasANameAndNoLoopbackAddress() {
    #expect(!Socket.hostName().isEmpty)
    if let address = Socket.firstReachableIPv4() { #expect(address >> 24 != 127 && address != 0) }
  }
}

@Suite struct PollerTests {
  @Test func reportsWhatIsAskedFor() throws {
    let pair = try Pair()
    let poller = try Poller()
    try poller.add(pair.server.raw, token: 7, .readable)
    #expect(throws: Errno.exists) { try poller.add(pair.server.raw, token: 7, .readable) }
    #expect(poller.wait(timeoutMs: 0) == 0)
    _ = try send([1], pair.client.raw)
    #expect(poller.wait(timeoutMs: 5_000) == 1)
    #expect(poller.event(0) == (7, .readable))
    try poller.modify(pair.server.raw, token: .max, [.readable, .writable])
    #expect(poller.wait(timeoutMs: 5_000) == 1)
    #expect(poller.event(0) == (.max, [.readable, .writable]))
    poller.remove(pair.server.raw)
    poller.remove(pair.server.raw)
    #expect(poller.wait(timeoutMs: 0) == 0)
  }

  @Test func aHalfCloseIsReadableAndNoHangup() throws {
    let pair = try Pair()
    let poller = try Poller()
    try poller.add(pair.server.raw, token: 1, .readable)
    Socket.closeWriting(pair.client.raw)
    #expect(poller.wait(timeoutMs: 5_000) == 1)
    #expect(poller.event(0).readiness == .readable)
    #expect(try receive(pair.server.raw) == [])
  }

  @Test func aFullCloseIsAHangupEvenWhenNotAskedFor() throws {
    let pair = try Pair()
    let poller = try Poller()
    try poller.add(pair.server.raw, token: 1, [])
    Socket.closeWriting(pair.client.raw)
    Socket.closeWriting(pair.server.raw)
    #expect(poller.wait(timeoutMs: 5_000) == 1)
    #expect(poller.event(0).readiness == .hangup)
  }

  @Test func aRefusedConnectIsAHangup() throws {
    let poller = try Poller()
    let socket = try Socket.connect(host: "127.0.0.1", port: freePort())
    try poller.add(socket.raw, token: 3, .writable)
    #expect(poller.wait(timeoutMs: 5_000) == 1)
    #expect(poller.event(0).readiness.contains(.hangup))
    #expect(throws: Errno.connectionRefused) { try Socket.connectResult(socket) }
  }

  @Test func waitsNoLongerThanTold() throws {
    let poller = try Poller()
    let before = Clock.monotonicMs()
    #expect(poller.wait(timeoutMs: 20) == 0)
    #expect((15...2_000).contains(Clock.monotonicMs() - before))
  }

  @Test func anotherThreadWakesIt() throws {
    let poller = try Poller()
    let waker = try Waker()
    try poller.add(waker.raw, token: 9, .readable)
    waker.drain()
    let thread = Thread.start(name: "ringer") {
      for _ in 0..<100 { waker.wake() }
    }
    #expect(poller.wait(timeoutMs: 5_000) == 1)
    #expect(poller.event(0) == (9, .readable))
    thread.join()
    waker.drain()
    #expect(poller.wait(timeoutMs: 0) == 0)
    waker.wake()
    #expect(poller.wait(timeoutMs: 0) == 1)
  }

  @Test func anEventThatWasNotReportedTraps() async {
    await #expect(processExitsWith: .failure) { _ = try Poller().event(0) }
  }
}
