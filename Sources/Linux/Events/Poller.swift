// Waiting for many descriptors at once, with epoll. One thread owns a poller; others wake it by a `Waker`.

import CLinux
import Glibc

/// What a descriptor is ready for.
package struct Readiness: OptionSet, Sendable {
  package let rawValue: UInt32
  package init(rawValue: UInt32) { self.rawValue = rawValue }
  /// Bytes, a new connection, or the peer's end of stream (a read then returns 0).
  package static let readable = Readiness(rawValue: 1)
  package static let writable = Readiness(rawValue: 4)
  /// Both directions are closed, or the socket has an error; reported without being asked for. A peer that
  /// only stopped sending is `readable` instead, so that its last requests are read and answered.
  package static let hangup = Readiness(rawValue: 0x10)
}

/// epoll, level-triggered. One thread waits; tokens are the caller's.
///
/// No allocation after `init`. A closed descriptor leaves by itself, but only when no other descriptor shares
/// its open file: `remove` before closing.
@safe
package final class Poller {
  private let epoll: Descriptor
  /// Owned; freed by `deinit`. Entries below `readyCount` are what the last wait filled in.
  private let events: UnsafeMutablePointer<epoll_event>
  private var readyCount = 0

  package init() throws(Errno) {
    epoll = Descriptor(owning: try Syscall.run("epoll_create1") { epoll_create1(CInt(EPOLL_CLOEXEC)) })
    unsafe events = .allocate(capacity: Limits.pollerEventsMax)
    unsafe events.initialize(repeating: epoll_event(), count: Limits.pollerEventsMax)
  }

  deinit { unsafe events.deallocate() }

  /// Starts watching a descriptor. `.exists` when it is watched already.
  package func add(_ raw: CInt, token: UInt64, _ interest: Readiness) throws(Errno) {
    try control(EPOLL_CTL_ADD, raw, token, interest)
  }

  /// Changes what is waited for, and the token.
  package func modify(_ raw: CInt, token: UInt64, _ interest: Readiness) throws(Errno) {
    try control(EPOLL_CTL_MOD, raw, token, interest)
  }

  /// Stops watching. Events of the last `wait` stay readable; removing what is not watched does nothing.
  package func remove(_ raw: CInt) {
    do throws(Errno) {
      try control(EPOLL_CTL_DEL, raw, 0, [])
    } catch {
      precondition(error == .noSuchFile, "epoll_ctl: cannot remove a descriptor")
    }
  }

  /// Waits at most `timeoutMs` (-1 for ever, 0 not at all); returns how many events are ready (up to 1024).
  /// A signal handler that runs meanwhile ends the wait early with 0 events.
  package func wait(timeoutMs: Int32) -> Int {
    // `events` has room for `pollerEventsMax` entries for as long as self lives.
    let count = unsafe epoll_wait(epoll.raw, events, CInt(Limits.pollerEventsMax), timeoutMs)
    if count == -1 && errno != EINTR { fatalError("epoll_wait: \(Errno(rawValue: errno))") }
    readyCount = max(0, Int(count))
    return readyCount
  }

  /// Event `index` of the last `wait`.
  package func event(_ index: Int) -> (token: UInt64, readiness: Readiness) {
    precondition(index >= 0 && index < readyCount, "no such event")
    // The last wait filled in the entries below `readyCount`; of the union only u64 is ever used.
    let event = unsafe events[index]
    let bits = unsafe event.events
    var readiness = Readiness(rawValue: bits & (EPOLLIN.rawValue | EPOLLOUT.rawValue))
    if bits & (EPOLLHUP.rawValue | EPOLLERR.rawValue) != 0 { readiness.insert(.hangup) }
    return unsafe (event.data.u64, readiness)
  }

  private func control(
    _ operation: CInt, _ raw: CInt, _ token: UInt64, _ interest: Readiness
  ) throws(Errno) {
    // The kernel copies the event during the call.
    var event = unsafe epoll_event()
    unsafe event.events = interest.rawValue & (EPOLLIN.rawValue | EPOLLOUT.rawValue)
    unsafe event.data.u64 = token
    try Syscall.run("epoll_ctl") { unsafe epoll_ctl(epoll.raw, operation, raw, &event) }
  }
}
