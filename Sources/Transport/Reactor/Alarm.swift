// How another thread gets a reactor's attention. The eventfd is written only when the reactor
// sleeps or is about to, and never read: it is watched edge-triggered.
//
//   awake --fallAsleep--> asleep --ring--> rung --wakeUp--> awake
//   awake --ring--> rung: the next fallAsleep fails, and the reactor looks again without sleeping

import CLinux
import Glibc
import Synchronization

final class Alarm: Sendable {
  private static let awake: UInt32 = 0
  private static let asleep: UInt32 = 1
  private static let rung: UInt32 = 2

  private let state = Atomic<UInt32>(Alarm.awake)
  let descriptor: Int32

  init() throws(SystemError) {
    descriptor = linux_eventfd()
    if descriptor < 0 { throw SystemError.last("eventfd") }
  }

  deinit { closeDescriptor(descriptor) }

  /// Wakes the reactor, or keeps it from falling asleep; from any thread.
  func ring() {
    if state.exchange(Self.rung, ordering: .sequentiallyConsistent) == Self.asleep {
      var one: UInt64 = 1
      _ = write(descriptor, &one, MemoryLayout<UInt64>.size)
    }
  }

  /// Says that the reactor is going to sleep; false when it was called meanwhile and must not.
  func fallAsleep() -> Bool {
    state.compareExchange(
      expected: Self.awake, desired: Self.asleep, ordering: .sequentiallyConsistent
    ).exchanged
  }

  /// Says that the reactor is up; everything that rang before is seen by the tick that follows.
  func wakeUp() {
    if state.load(ordering: .relaxed) != Self.awake {
      _ = state.exchange(Self.awake, ordering: .sequentiallyConsistent)
    }
  }
}
