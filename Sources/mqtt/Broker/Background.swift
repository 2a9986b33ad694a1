// A broker in the background (-d). The process that was started waits until the one in the
// background can serve, so that whoever started it knows by its exit status whether it does, and
// reads on the terminal why it does not.

import CLinux
import Commands
import Glibc

/// The process in the background.
struct Background {
  private let writer: Int32

  /// Goes to the background; the process that was started ends in here.
  static func enter() -> Background? {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return nil }
    let child = linux_fork()
    if child < 0 {
      close(ends[0])
      close(ends[1])
      return nil
    }
    if child == 0 {
      close(ends[0])
      _ = fcntl(ends[1], F_SETFD, FD_CLOEXEC)
      setsid()
      return Background(writer: ends[1])
    }
    close(ends[1])
    var byte: UInt8 = 0
    // The end of the pipe without a byte is the end of the process that should have served.
    exit(read(ends[0], &byte, 1) == 1 ? ExitStatus.success : ExitStatus.failure)
  }

  /// Lets the process in the foreground end, and the terminal go.
  func isReady() {
    let null = open("/dev/null", O_RDWR)
    if null >= 0 {
      for descriptor in 0...2 as ClosedRange<Int32> { dup2(null, descriptor) }
      if null > 2 { close(null) }
    }
    var byte: UInt8 = 1
    _ = write(writer, &byte, 1)
    close(writer)
  }
}
