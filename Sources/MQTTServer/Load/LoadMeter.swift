// How busy a reactor's thread is, and what it would gain from company. Once a second, and only
// while there are ticks, the thread's processor time is compared with the clock; in one tick of
// sixteen the time under the engine's lock is taken, because what happens there stays one at a time
// however many reactors there are.

import Basis
import MQTTBroker
import Transport

/// The measurements of one reactor.
struct LoadMeter {
  /// One in so many ticks is timed.
  static let tickStride = 16

  /// Handing connections over: to whom and until when.
  struct Sharing {
    let target: Int
    let until: Instant
  }

  private(set) var sharing: Sharing?
  /// Connections to hand over at the end of this tick.
  var leaving: [ConnectionID] = []
  /// What to do about it all.
  var policy: LoadBalance

  private var sampledAt: Instant
  private var threadNanoseconds: Int64
  private var tickCount = 0
  private var lockStart = Instant.start
  private var lockNanoseconds: Int64 = 0
  private var idle = IdleCores()

  init(minimum: Int) {
    policy = LoadBalance(minimum: minimum)
    sampledAt = MonotonicClock.now
    threadNanoseconds = 0
  }

  /// Whether a sample is due.
  func isDue(_ now: Instant) -> Bool {
    now.nanoseconds(since: sampledAt) >= LoadBalance.periodNanoseconds
  }

  /// Counts a tick; whether the lock is to be timed in it.
  mutating func beginTick() -> Bool {
    tickCount &+= 1
    return tickCount % Self.tickStride == 0
  }

  mutating func lockTaken() { lockStart = MonotonicClock.now }

  mutating func lockGiven() {
    lockNanoseconds += MonotonicClock.now.nanoseconds(since: lockStart) * Int64(Self.tickStride)
  }

  /// Ends a period and begins the next.
  mutating func takeSample(_ now: Instant) -> LoadSample {
    let elapsed = max(1, now.nanoseconds(since: sampledAt))
    let total = ProcessSettings.threadNanoseconds
    let used = total - threadNanoseconds
    let sample = LoadSample(
      busyPermille: Int(used * 1000 / elapsed),
      sharablePermille: Int(max(0, used - lockNanoseconds) * 1000 / elapsed),
      idlePermille: used * 2 > elapsed ? idle.permilleSinceLast(now) : nil)
    sampledAt = now
    threadNanoseconds = total
    lockNanoseconds = 0
    return sample
  }

  mutating func startSharing(with target: Int, until: Instant) {
    sharing = Sharing(target: target, until: until)
  }

  mutating func endSharing() { sharing = nil }

  /// While handing over: every second connection that shows life goes.
  mutating func noteActivity(_ connection: ConnectionID) {
    if sharing != nil, connection.index.number & 1 == 1 { leaving.append(connection) }
  }
}
