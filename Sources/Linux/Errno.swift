// The kernel's reason why a system call failed.

import CLinux

/// A failed system call. Programmer errors (EBADF, EFAULT, ENOTSOCK) trap in the funnel instead.
package struct Errno: Error, Equatable, Hashable, CustomStringConvertible, Sendable {
  /// The number, as in `errno`.
  package let rawValue: CInt

  package init(rawValue: CInt) { self.rawValue = rawValue }

  package static let notPermitted = Errno(rawValue: 1)
  package static let noSuchFile = Errno(rawValue: 2)
  /// A host name that no resolver knows is reported as this (ENXIO).
  package static let noSuchAddress = Errno(rawValue: 6)
  /// Nothing there yet, or no room yet: wait for readiness (EAGAIN).
  package static let again = Errno(rawValue: 11)
  package static let accessDenied = Errno(rawValue: 13)
  package static let exists = Errno(rawValue: 17)
  package static let notDirectory = Errno(rawValue: 20)
  package static let isDirectory = Errno(rawValue: 21)
  package static let invalidArgument = Errno(rawValue: 22)
  package static let tooManyOpenFiles = Errno(rawValue: 24)
  /// A file is larger than the reader allows (EFBIG).
  package static let fileTooLarge = Errno(rawValue: 27)
  package static let noSpace = Errno(rawValue: 28)
  package static let readOnlyFileSystem = Errno(rawValue: 30)
  package static let pipe = Errno(rawValue: 32)
  package static let directoryNotEmpty = Errno(rawValue: 39)
  package static let tooManyLinks = Errno(rawValue: 40)
  package static let notSupported = Errno(rawValue: 95)
  package static let addressInUse = Errno(rawValue: 98)
  package static let connectionReset = Errno(rawValue: 104)
  package static let notConnected = Errno(rawValue: 107)
  package static let timedOut = Errno(rawValue: 110)
  package static let connectionRefused = Errno(rawValue: 111)
  package static let inProgress = Errno(rawValue: 115)

  /// "No space left on device (ENOSPC)".
  package var description: String {
    guard let text = unsafe clinux_error_text(rawValue), let name = unsafe clinux_error_name(rawValue) else {
      return "Unknown error \(rawValue)"
    }
    return unsafe "\(String(cString: text)) (\(String(cString: name)))"
  }
}
