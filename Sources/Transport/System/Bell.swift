// How a thread that is no reactor waits for work: a semaphore of the system. It sleeps without a
// deadline unless it asks for one, so a process with nothing to do never wakes.

import Basis
import CLinux
import Glibc

/// Calls one sleeping thread.
package final class Bell: @unchecked Sendable {
  private let semaphore: UnsafeMutablePointer<sem_t>

  /// A bell that was not rung.
  package init() {
    semaphore = .allocate(capacity: 1)
    sem_init(semaphore, 0, 0)
  }

  deinit {
    sem_destroy(semaphore)
    semaphore.deallocate()
  }

  /// Ends one wait, now or the next; from any thread.
  package func ring() { sem_post(semaphore) }

  /// Sleeps until it is rung.
  package func wait() {
    while sem_wait(semaphore) != 0 && errno == EINTR {}
  }

  /// Sleeps until it is rung, at most so many nanoseconds.
  package func wait(atMostNanoseconds limit: Int64) {
    let end = MonotonicClock.now.advanced(byNanoseconds: limit).nanoseconds
    while linux_wait_semaphore(semaphore, end) != 0 && errno == EINTR {}
  }
}
