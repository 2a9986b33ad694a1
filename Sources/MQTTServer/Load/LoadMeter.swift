// How busy a reactor's thread is, and what it would gain from company. Once a second, and only
// while there are ticks, the thread's processor time is compared with the clock; in one tick of
// sixteen the time under the engine's lock is taken, because what happens there stays one at a time
// however many reactors there are.

import MQTTBroker
import MQTTCodec
import Transport

/// How busy a reactor was when it last looked.
struct ReactorLoad {
  /// Whether the reactor takes connections at the moment.
  var isActive = true
  /// Thousandths of a core, over the last second or longer.
  var permille = 0
  /// When that was measured.
  var measuredAt = Instant.start
  /// Connections given to it since then.
  var arrivals = 0

  /// The load as of `now`: a reactor that has not looked for long had nothing to do.
  func permille(at now: Instant) -> Int {
    now.nanoseconds(since: measuredAt) > 3 * LoadMeter.periodNanoseconds ? 0 : permille
  }
}

/// The measurements of one reactor.
struct LoadMeter {
  static let periodNanoseconds: Int64 = 1_000_000_000
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
  /// Samples in a row that found the whole server nearly idle.
  var quietSamples = 0

  private var sampledAt: Instant
  private var threadNanoseconds: Int64
  private var tickCount = 0
  private var lockStart = Instant.start
  private var lockNanoseconds: Int64 = 0
  private var idle = IdleCores()

  init() {
    sampledAt = MonotonicClock.now
    threadNanoseconds = 0
  }

  /// Whether a sample is due.
  func isDue(_ now: Instant) -> Bool {
    now.nanoseconds(since: sampledAt) >= Self.periodNanoseconds
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

  /// What the last period was like.
  struct Sample {
    /// Thousandths of a core that the thread used.
    let busyPermille: Int
    /// Thousandths of a core that it used outside of the lock, where another could do its share.
    let sharablePermille: Int
    /// Thousandths of a core that nobody on this machine used; nil when that is unknown.
    let idlePermille: Int?
  }

  /// Ends a period and begins the next.
  mutating func takeSample(_ now: Instant) -> Sample {
    let elapsed = max(1, now.nanoseconds(since: sampledAt))
    let total = ProcessSettings.threadNanoseconds
    let used = total - threadNanoseconds
    let sample = Sample(
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
    if sharing != nil, connection.index & 1 == 1 { leaving.append(connection) }
  }
}
