// Signals as readable bytes. They are blocked before any thread starts and read from a
// descriptor, so that no handler ever interrupts the data path.

import CLinux
import Glibc

/// Signals of this process, delivered through a descriptor.
package struct Signals: ~Copyable, Sendable {
  private let source: Descriptor
  private let numbers: [Int32]

  /// Blocks `numbers` in this thread and all that it starts, and collects them from now on.
  package init(_ numbers: [Int32]) throws(SystemError) {
    let number = linux_collect_signals(numbers, numbers.count)
    if number < 0 { throw SystemError.last("signalfd") }
    source = Descriptor(owning: number)
    self.numbers = numbers
  }

  /// Readable when a signal waits; for ``Reactor/watch(_:)``.
  package var descriptor: Int32 { source.number }

  /// The next signal that has come, or nil when none waits.
  package func next() -> Int32? {
    let number = linux_next_signal(source.number)
    return number < 0 ? nil : number
  }

  /// Waits for a signal, at most so many milliseconds; nil when none came.
  package func wait(atMostMilliseconds limit: Int32? = nil) -> Int32? {
    var poll = pollfd(fd: source.number, events: Int16(POLLIN), revents: 0)
    _ = Glibc.poll(&poll, 1, limit ?? -1)
    return next()
  }

  /// Ends this process by the signal, as if it had never been collected.
  package static func endProcess(by number: Int32) -> Never {
    signal(number, SIG_DFL)
    linux_release_signals([number], 1)
    raise(number)
    exit(128 + number)
  }

  /// Lets the signals act again as the system means them to, from here on.
  package consuming func release() { linux_release_signals(numbers, numbers.count) }
}
