// Ctrl-C as a fact that the conductor looks at: a run that is ended by hand still says what it saw. Who
// asks twice does not want to wait for that.

import Commands
import Glibc
import Synchronization
import Transport

final class Interrupt {
  /// The broker that goes with the process.
  private final class Child: Sendable {
    let process = Atomic<pid_t>(0)

    func kill() {
      let process = process.load(ordering: .relaxed)
      if process > 0 { Glibc.kill(-process, SIGKILL) }
    }
  }

  private let signals: EndSignals?
  private let child = Child()

  /// The signal by which somebody asked for the end.
  private var number: Int32?

  /// Whether somebody did.
  var isRaised: Bool { number != nil }

  /// What a run ends with that has nothing else to say.
  var status: Int32 { number.map { ExitStatus.interrupted(by: $0) } ?? ExitStatus.success }

  /// Catches them in this thread and all that it starts from now on.
  ///
  /// With `isPatient` a first signal may be looked at late; otherwise the process ends by it.
  init(isPatient: Bool = false) {
    let child = child
    signals = try? EndSignals(isFirstLimited: !isPatient) { child.kill() }
  }

  /// Ends `broker` with the process, where that ends at once.
  func end(with broker: ChildProgram) {
    child.process.store(broker.process, ordering: .relaxed)
  }

  /// Waits so long for a signal; true when one has come, now or before.
  func wait(milliseconds: Int32) -> Bool {
    if signals == nil {
      usleep(UInt32(milliseconds) * 1000)
    } else if let number = signals?.wait(atMostMilliseconds: milliseconds) {
      // Who asks twice does not want to wait for the summary.
      if isRaised {
        child.kill()
        Signals.endProcess(by: number)
      }
      self.number = number
    }
    return isRaised
  }
}
