// Ctrl-C as a fact that the conductor looks at: a run that is ended by hand still says what it saw.

import Commands
import Glibc
import Transport

final class Interrupt {
  private let signals: Signals?

  /// The signal by which somebody asked for the end.
  private var number: Int32?

  /// Whether somebody did.
  var isRaised: Bool { number != nil }

  /// What a run ends with that has nothing else to say.
  var status: Int32 { number.map { ExitStatus.interrupted(by: $0) } ?? ExitStatus.success }

  /// Done before the process ends without summary.
  var atExit: () -> Void = {}

  /// Catches SIGINT, SIGTERM and SIGHUP in this thread and all that it starts from now on.
  init() {
    signals = try? Signals([SIGINT, SIGTERM, SIGHUP])
  }

  /// Waits so long for a signal; true when one has come, now or before.
  func wait(milliseconds: Int32) -> Bool {
    if signals == nil {
      usleep(UInt32(milliseconds) * 1000)
    } else if let number = signals?.wait(atMostMilliseconds: milliseconds), number > 0 {
      // Who asks twice does not want to wait for the summary.
      if isRaised {
        atExit()
        Signals.endProcess(by: number)
      }
      self.number = number
    }
    return isRaised
  }
}
