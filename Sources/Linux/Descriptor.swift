// Who closes a descriptor: the value that owns it, when it ends.

import Glibc

/// An open file, socket or event descriptor. Closed when the value ends, exactly once.
package struct Descriptor: ~Copyable, Sendable {
  /// The kernel's number. It is valid only as long as this value lives.
  package let raw: CInt

  /// Takes over a descriptor that nobody else closes.
  package init(owning raw: CInt) {
    precondition(raw >= 0, "a descriptor is not negative")
    self.raw = raw
  }

  deinit {
    // Linux frees the number even when close reports EINTR or EIO: a retry could close somebody else's.
    if Glibc.close(raw) == -1 && errno == EBADF { fatalError("close: descriptor \(raw) is not open") }
  }
}
