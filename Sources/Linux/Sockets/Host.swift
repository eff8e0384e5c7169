// Names and addresses of hosts: ours and others'. Blocking; not for the loop's data path.

import Glibc

extension Socket {
  /// The address of a literal or a name, IPv4 before IPv6. `.noSuchAddress` for a name nobody knows.
  package static func resolve(_ host: String, port: UInt16) throws(Errno) -> SocketAddress {
    if let literal = SocketAddress(literal: host, port: port) { return literal }
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let failure = unsafe getaddrinfo(host, nil, &hints, &list)
    guard failure == 0 else { throw failure == EAI_SYSTEM ? Errno(rawValue: errno) : .noSuchAddress }
    defer { unsafe freeaddrinfo(list) }
    var best: SocketAddress?
    var next = unsafe list
    // The list and its addresses live until freeaddrinfo.
    while let entry = unsafe next {
      unsafe next = entry.pointee.ai_next
      guard let form = unsafe entry.pointee.ai_addr else { continue }
      guard var address = unsafe SocketAddress(kernel: form) else { continue }
      address.port = port
      if best == nil || (best!.isV6 && !address.isV6) { best = address }
    }
    guard let best else { throw .noSuchAddress }
    return best
  }

  /// First address of a non-loopback interface that is up, as a big-endian value (0x0A000001 is 10.0.0.1);
  /// nil when there is only loopback. Bridges, as containers make them, come last: other hosts cannot reach
  /// their addresses.
  package static func firstReachableIPv4() -> UInt32? {
    var list: UnsafeMutablePointer<ifaddrs>?
    guard unsafe getifaddrs(&list) == 0 else { return nil }
    defer { unsafe freeifaddrs(list) }
    var ofBridge: UInt32?
    var next = unsafe list
    // The list, its names and its addresses live until freeifaddrs.
    while let entry = unsafe next {
      unsafe next = entry.pointee.ifa_next
      let flags = CInt(truncatingIfNeeded: unsafe entry.pointee.ifa_flags)
      let isUp = flags & CInt(IFF_UP) != 0 && flags & CInt(IFF_LOOPBACK) == 0
      guard isUp, let form = unsafe entry.pointee.ifa_addr else { continue }
      guard let address = unsafe SocketAddress(kernel: form), !address.isV6, !address.isLoopback else {
        continue
      }
      let value = UInt32(truncatingIfNeeded: address.low)
      let name = unsafe String(cString: entry.pointee.ifa_name)
      guard FileSystem.exists("/sys/class/net/\(name)/bridge") else { return value }
      if ofBridge == nil { ofBridge = value }
    }
    return ofBridge
  }

  /// The host's name, "localhost" when it has none.
  package static func hostName() -> String {
    // The kernel's names have at most 64 bytes.
    unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { target in
      guard unsafe gethostname(target.baseAddress!, 255) == 0 else { return "localhost" }
      unsafe target[255] = 0
      return unsafe String(cString: target.baseAddress!)
    }
  }
}
