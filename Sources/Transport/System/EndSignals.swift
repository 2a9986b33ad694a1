// Signals that ask a program to end. The program takes them where it waits, and ends in good order.
// Where it waits for something else - a file that is a pipe without a writer, a terminal that takes no
// output - it would hear of none of them: so a thread of its own receives them, and what the program
// has not taken in time ends the process as the signal means to.
//
//   signal --thread--> waits to be taken --next--> the program ends by itself
//                                        --time--> the process ends by the signal

import CLinux
import Glibc
import Synchronization

/// SIGINT, SIGTERM and SIGHUP, to be taken in time.
package final class EndSignals: Sendable {
  /// Milliseconds in which the program takes a first signal, and a later one.
  private static let firstLimitMilliseconds: Int32 = 900
  private static let laterLimitMilliseconds: Int32 = 200

  private struct Course {
    /// The first of all.
    var first: Int32?
    var untaken: [Int32] = []
  }

  private let isFirstLimited: Bool
  private let beforeEnd: @Sendable () -> Void
  private let source: Signals
  private let course = Mutex(Course())
  private let bell: Int32

  /// Collects them from now on, of this thread and all that it starts.
  ///
  /// SIGHUP stays ignored where it is: nohup starts its program so. Where a first signal may be taken
  /// at any time, only a second one ends the process; `beforeEnd` is called before that, by another
  /// thread.
  package init(
    isFirstLimited: Bool = true, beforeEnd: @escaping @Sendable () -> Void = {}
  ) throws(SystemError) {
    self.isFirstLimited = isFirstLimited
    self.beforeEnd = beforeEnd
    let isHangupIgnored = linux_is_ignored(SIGHUP) != 0
    source = try Signals([SIGINT, SIGTERM] + (isHangupIgnored ? [] : [SIGHUP]))
    bell = linux_eventfd()
    if bell < 0 { throw SystemError.last("eventfd") }
    let thread = try SystemThread(name: "signals") { [self] in watch() }
    thread.detach()
  }

  /// Readable while a signal waits to be taken.
  package var descriptor: Int32 { bell }

  /// Takes the next signal that has come; nil when none waits.
  package func next() -> Int32? {
    course.withLock { course in
      guard !course.untaken.isEmpty else { return nil }
      let number = course.untaken.removeFirst()
      if course.untaken.isEmpty {
        var count: UInt64 = 0
        _ = read(bell, &count, MemoryLayout<UInt64>.size)
      }
      return number
    }
  }

  /// Waits for a signal to take, at most so many milliseconds; nil when none came.
  package func wait(atMostMilliseconds limit: Int32) -> Int32? {
    var poll = pollfd(fd: bell, events: Int16(POLLIN), revents: 0)
    _ = Glibc.poll(&poll, 1, limit)
    return next()
  }

  /// The thread's body.
  private func watch() -> Never {
    var limit: Int32?
    while true {
      guard let number = source.wait(atMostMilliseconds: limit) else {
        endUnlessTaken()
        limit = nil
        continue
      }
      course.withLock { course in
        let firstLimit = isFirstLimited ? Self.firstLimitMilliseconds : nil
        limit = course.first == nil ? firstLimit : Self.laterLimitMilliseconds
        course.first = course.first ?? number
        course.untaken.append(number)
        var one: UInt64 = 1
        _ = write(bell, &one, MemoryLayout<UInt64>.size)
      }
    }
  }

  private func endUnlessTaken() {
    let first = course.withLock { $0.untaken.isEmpty ? nil : $0.first }
    guard let first else { return }
    beforeEnd()
    Signals.endProcess(by: first)
  }
}
