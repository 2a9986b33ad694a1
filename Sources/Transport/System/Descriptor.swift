// An open file of the kernel that closes itself: unique, so that nothing is closed twice.

import CLinux
import Glibc

/// A file descriptor that is closed when it is forgotten.
package struct Descriptor: ~Copyable, Sendable {
  /// The kernel's number, valid as long as this value lives.
  package let number: Int32

  /// Takes over a number that the caller has opened.
  package init(owning number: Int32) { self.number = number }

  deinit { _ = Glibc.close(number) }

  /// Whether a read, or an accept, would find something now.
  var isReadable: Bool {
    var poll = pollfd(fd: number, events: Int16(POLLIN), revents: 0)
    return unsafe Glibc.poll(&poll, 1, 0) == 1
  }

  /// Gives the number away without closing it.
  package consuming func release() -> Int32 {
    let number = self.number
    discard self
    return number
  }
}
