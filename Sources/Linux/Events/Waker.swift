// How other threads end the wait of a poller.

import CLinux
import Glibc

/// An eventfd that any thread may ring to wake a poller. Rings before a `drain` count as one.
package final class Waker: Sendable {
  private let descriptor: Descriptor

  package init() throws(Errno) {
    let flags = CInt(EFD_NONBLOCK | EFD_CLOEXEC)
    descriptor = Descriptor(owning: try Syscall.run("eventfd") { eventfd(0, flags) })
  }

  /// For `Poller.add`; becomes readable when rung.
  package var raw: CInt { descriptor.raw }

  /// Any thread. Costs one system call and never blocks: a full counter has woken the poller already.
  package func wake() {
    var one: UInt64 = 1
    do throws(Errno) {
      try Syscall.run("write") { unsafe Glibc.write(descriptor.raw, &one, 8) }
    } catch {
      precondition(error == .again, "an eventfd takes a write")
    }
  }

  /// Clears it; call when the poller reports it readable. Nothing happens when it was not rung.
  package func drain() {
    var rings: UInt64 = 0
    do throws(Errno) {
      try Syscall.run("read") { unsafe Glibc.read(descriptor.raw, &rings, 8) }
    } catch {
      precondition(error == .again, "an eventfd takes a read")
    }
  }
}
