// The funnel that every system call of this target goes through.
//
// EINTR is retried here and nowhere else. Errors that only a mistake of ours can cause end the process, for
// a descriptor that was closed too early may by now be somebody else's file. All others are thrown.

import Glibc

enum Syscall {
  /// Runs one system call that reports failure as -1; returns its result.
  @inline(__always) @discardableResult
  static func run<Result: FixedWidthInteger & SignedInteger>(
    _ name: StaticString, _ body: () -> Result
  ) throws(Errno) -> Result {
    while true {
      let result = body()
      if result != -1 { return result }
      let number = errno
      if number == EINTR { continue }
      throw checked(number, name)
    }
  }

  /// Runs one system call that reports failure as a nil pointer.
  @inline(__always)
  static func pointer<Pointee>(_ name: StaticString, _ body: () -> Pointee?) throws(Errno) -> Pointee {
    while true {
      if let result = body() { return result }
      let number = errno
      if number == EINTR { continue }
      throw checked(number, name)
    }
  }

  /// Runs a pthread function, which returns its error and may not fail in a correct program.
  @inline(__always)
  static func never(_ name: StaticString, _ body: () -> CInt) {
    let number = body()
    if number != 0 { fatalError("\(name): \(Errno(rawValue: number))") }
  }

  /// The error to throw; traps when it is a mistake of ours.
  @inline(never)
  static func checked(_ number: CInt, _ name: StaticString) -> Errno {
    switch number {
    case EBADF, EFAULT, ENOTSOCK: fatalError("\(name): \(Errno(rawValue: number)), a mistake of the caller")
    default: return Errno(rawValue: number)
    }
  }
}
