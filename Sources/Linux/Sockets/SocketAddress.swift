// Addresses of sockets as numbers, and their conversion from and to the kernel's structures and to text.

import CLinux
import Glibc

/// An IP address and port, as `Wire.HostAddress` but without importing it.
package struct SocketAddress: Equatable, Sendable {
  /// IPv4 in the low 32 bits of `low` (big-endian value), IPv6 over both words.
  package var high: UInt64 = 0
  package var low: UInt64 = 0
  package var isV6 = false
  package var port: UInt16 = 0

  /// 0.0.0.0:0.
  package init() {}

  /// "1.2.3.4:10911" or "[::1]:10911".
  package var text: String { isV6 ? "[\(addressText)]:\(port)" : "\(addressText):\(port)" }

  /// Without the port: "1.2.3.4" or "::1".
  package var addressText: String {
    if !isV6 {
      let address = UInt32(truncatingIfNeeded: low)
      return "\(address >> 24).\(address >> 16 & 0xFF).\(address >> 8 & 0xFF).\(address & 0xFF)"
    }
    // INET6_ADDRSTRLEN is 46, so the longest text fits.
    return unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 46) { target in
      unsafe withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) { source in
        _ = unsafe inet_ntop(AF_INET6, source.baseAddress!, target.baseAddress!, 46)
      }
      return unsafe String(cString: target.baseAddress!)
    }
  }

  /// 127.0.0.0/8 or ::1.
  package var isLoopback: Bool {
    isV6 ? high == 0 && low == 1 : UInt32(truncatingIfNeeded: low) >> 24 == 127
  }

  /// A literal "1.2.3.4", "::1" or "[::1]"; nil when it is a name.
  package init?(literal host: String, port: UInt16) {
    self.port = port
    var v4 = in_addr()
    if unsafe inet_pton(AF_INET, host, &v4) == 1 {
      low = UInt64(UInt32(bigEndian: v4.s_addr))
      return
    }
    var words: (UInt64, UInt64) = (0, 0)
    let bare = host.hasPrefix("[") && host.hasSuffix("]") ? String(host.dropFirst().dropLast()) : host
    guard unsafe inet_pton(AF_INET6, bare, &words) == 1 else { return nil }
    isV6 = true
    high = UInt64(bigEndian: words.0)
    low = UInt64(bigEndian: words.1)
  }

  /// From the kernel's form; nil for another family. IPv4 inside IPv6 (::ffff:1.2.3.4) becomes IPv4.
  init?(kernel address: UnsafePointer<sockaddr>) {
    // The family says which structure the kernel wrote; it is read as that one only.
    let raw = unsafe UnsafeRawPointer(address)
    switch CInt(unsafe address.pointee.sa_family) {
    case AF_INET:
      let v4 = unsafe raw.loadUnaligned(as: sockaddr_in.self)
      low = UInt64(UInt32(bigEndian: v4.sin_addr.s_addr))
      port = UInt16(bigEndian: v4.sin_port)
    case AF_INET6:
      let offset = MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr)!
      high = UInt64(bigEndian: unsafe raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
      low = UInt64(bigEndian: unsafe raw.loadUnaligned(fromByteOffset: offset + 8, as: UInt64.self))
      port = UInt16(bigEndian: unsafe raw.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
      isV6 = high != 0 || low >> 32 != 0xFFFF
      if !isV6 { low &= 0xFFFF_FFFF }
    default:
      return nil
    }
  }

  /// Hands the kernel's form to `body`.
  func withKernelForm<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    var storage = sockaddr_storage()
    // sockaddr_storage is large and aligned enough for both forms.
    return unsafe withUnsafeMutableBytes(of: &storage) { bytes in
      let count: Int
      if isV6 {
        var v6 = sockaddr_in6()
        v6.sin6_family = sa_family_t(AF_INET6)
        v6.sin6_port = port.bigEndian
        unsafe bytes.storeBytes(of: v6, as: sockaddr_in6.self)
        let offset = MemoryLayout<sockaddr_in6>.offset(of: \.sin6_addr)!
        unsafe bytes.storeBytes(of: high.bigEndian, toByteOffset: offset, as: UInt64.self)
        unsafe bytes.storeBytes(of: low.bigEndian, toByteOffset: offset + 8, as: UInt64.self)
        count = MemoryLayout<sockaddr_in6>.size
      } else {
        var v4 = sockaddr_in()
        v4.sin_family = sa_family_t(AF_INET)
        v4.sin_port = port.bigEndian
        v4.sin_addr.s_addr = UInt32(truncatingIfNeeded: low).bigEndian
        unsafe bytes.storeBytes(of: v4, as: sockaddr_in.self)
        count = MemoryLayout<sockaddr_in>.size
      }
      return unsafe body(bytes.baseAddress!.assumingMemoryBound(to: sockaddr.self), socklen_t(count))
    }
  }
}
