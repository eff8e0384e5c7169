// How a thread sleeps until another one has something for it.

import Glibc

/// A flag with a condition, for threads that sleep until told. Any thread raises; one thread waits.
///
/// Raises before a wait are kept, and count as one.
@safe
package final class Signal: @unchecked Sendable {
  // The three are owned and freed by `deinit`; `raised` is read and written under `mutex` only. pthread
  // objects must not move, so they live on the heap.
  private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>
  private var raised = false

  package init() {
    unsafe mutex = .allocate(capacity: 1)
    unsafe condition = .allocate(capacity: 1)
    unsafe mutex.initialize(to: pthread_mutex_t())
    unsafe condition.initialize(to: pthread_cond_t())
    Syscall.never("pthread_mutex_init") { unsafe pthread_mutex_init(mutex, nil) }
    var attributes = pthread_condattr_t()
    Syscall.never("pthread_condattr_init") { unsafe pthread_condattr_init(&attributes) }
    // Waits must not stretch or shrink when somebody sets the wall clock.
    Syscall.never("pthread_condattr_setclock") {
      unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    }
    Syscall.never("pthread_cond_init") { unsafe pthread_cond_init(condition, &attributes) }
    unsafe pthread_condattr_destroy(&attributes)
  }

  deinit {
    unsafe pthread_cond_destroy(condition)
    unsafe pthread_mutex_destroy(mutex)
    unsafe condition.deallocate()
    unsafe mutex.deallocate()
  }

  /// Wakes the waiting thread, or lets its next wait return at once.
  package func raise() {
    Syscall.never("pthread_mutex_lock") { unsafe pthread_mutex_lock(mutex) }
    raised = true
    unsafe pthread_cond_signal(condition)
    Syscall.never("pthread_mutex_unlock") { unsafe pthread_mutex_unlock(mutex) }
  }

  /// Waits until raised since the last wait, or the time is over; true when raised. 0 does not
  /// wait; more than `Limits.waitMsMax` waits that long.
  package func wait(timeoutMs: Int64) -> Bool {
    let deadlineNs = Clock.monotonicNs() + max(0, min(timeoutMs, Limits.waitMsMax)) * 1_000_000
    var deadline = timespec(
      tv_sec: Int(deadlineNs / 1_000_000_000), tv_nsec: Int(deadlineNs % 1_000_000_000))
    Syscall.never("pthread_mutex_lock") { unsafe pthread_mutex_lock(mutex) }
    while !raised && timeoutMs > 0 {
      if unsafe pthread_cond_timedwait(condition, mutex, &deadline) == ETIMEDOUT { break }
    }
    let wasRaised = raised
    raised = false
    Syscall.never("pthread_mutex_unlock") { unsafe pthread_mutex_unlock(mutex) }
    return wasRaised
  }
}
