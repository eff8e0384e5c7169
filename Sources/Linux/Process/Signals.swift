// Signals as events of a descriptor, so that no code of ours ever runs inside a signal handler.

import CLinux
import Glibc

extension Process {
  /// Writing beyond the limit of a file's size (ulimit -f) fails from now on with EFBIG; without this it ends
  /// the process. Any thread.
  package static func refuseOversizedFiles() { Glibc.signal(SIGXFSZ, SIG_IGN) }

  /// Blocks SIGINT, SIGTERM, SIGHUP and returns a descriptor that becomes readable when one arrives
  /// (signalfd). SIGPIPE and SIGXFSZ are ignored. Call before threads start, for they inherit the mask.
  package static func signalDescriptor() throws(Errno) -> Descriptor {
    Glibc.signal(SIGPIPE, SIG_IGN)
    refuseOversizedFiles()
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for number in [SIGINT, SIGTERM, SIGHUP] { unsafe sigaddset(&set, number) }
    Syscall.never("pthread_sigmask") { unsafe pthread_sigmask(SIG_BLOCK, &set, nil) }
    let flags = CInt(SFD_NONBLOCK | SFD_CLOEXEC)
    return Descriptor(owning: try Syscall.run("signalfd") { unsafe signalfd(-1, &set, flags) })
  }

  /// Lets SIGINT, SIGTERM and SIGHUP end the process again, after `signalDescriptor` blocked them; one that
  /// waits does it at once. Call it on the thread that blocked them.
  package static func releaseSignals() {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for number in [SIGINT, SIGTERM, SIGHUP] { unsafe sigaddset(&set, number) }
    Syscall.never("pthread_sigmask") { unsafe pthread_sigmask(SIG_UNBLOCK, &set, nil) }
  }

  /// The number of the signal that arrived, nil when none.
  package static func takeSignal(_ descriptor: borrowing Descriptor) -> Int32? {
    let raw = descriptor.raw
    var info = signalfd_siginfo()
    let bytes = MemoryLayout<signalfd_siginfo>.size
    let count = try? Syscall.run("read") { unsafe Glibc.read(raw, &info, bytes) }
    return count == bytes ? Int32(info.ssi_signo) : nil
  }

  /// Ends the process by that signal's default action, so that a shell sees it.
  package static func die(bySignal number: Int32) -> Never {
    clinux_raise_default(number)
    // The default action of this signal was not to end the process; shells report it so.
    Glibc._exit(128 + number)
  }
}
