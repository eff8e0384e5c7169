// Starting and joining threads.

import CLinux
import Glibc

/// Operating system threads.
package enum Thread {
  /// Starts a named thread (15 bytes are kept) that runs `body`; join the handle at the end. It inherits the
  /// signal mask of the caller. Traps when the system has no thread left, for mq starts three in its life.
  package static func start(name: String, _ body: @escaping @Sendable () -> Void) -> ThreadHandle {
    let start = Start(name: name, body: body)
    var identifier = pthread_t()
    // The retain is taken back by the new thread, exactly once, for pthread_create succeeds or traps.
    let pointer = unsafe Unmanaged.passRetained(start).toOpaque()
    Syscall.never("pthread_create") {
      unsafe pthread_create(
        &identifier, nil,
        { argument in
          guard let argument = unsafe argument else { return nil }
          unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().run()
          return nil
        }, pointer)
    }
    return ThreadHandle(identifier: identifier)
  }

  private final class Start: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
      self.name = String(decoding: name.utf8.prefix(Limits.threadNameBytesMax), as: UTF8.self)
      self.body = body
    }

    func run() {
      // The kernel copies the name during the call.
      unsafe name.withCString { name in _ = unsafe clinux_set_thread_name(name) }
      body()
    }
  }
}

/// A running thread. Dropping it without `join` lets the thread run on by itself.
package struct ThreadHandle: ~Copyable, Sendable {
  private let identifier: pthread_t

  fileprivate init(identifier: pthread_t) { self.identifier = identifier }

  deinit { pthread_detach(identifier) }

  /// Waits for the thread's end.
  package consuming func join() {
    let identifier = identifier
    discard self
    Syscall.never("pthread_join") { pthread_join(identifier, nil) }
  }
}
