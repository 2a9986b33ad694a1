// When another reactor joins, and when it rests again: numbers in, a decision out.
//
// Messages that cross threads cost more than those that do not, so one reactor works alone until it
// has been busy for a second, mostly outside of the engine's lock, while the machine has a core to
// spare. Then every second connection that shows life moves over, and each new one goes to the reactor
// that has least to do, before anything of it is read, so that handshakes of TLS are spread as well.
// When the whole server has been nearly idle for a while, the last one to have joined hands everything
// back and sleeps.

package import Basis

/// How busy a reactor was when it last looked.
package struct ReactorLoad: Equatable {
  /// Whether the reactor takes connections at the moment.
  package var isActive = true
  /// Thousandths of a core, over the last second or longer.
  package var permille = 0
  /// When that was measured.
  package var measuredAt = Instant.start
  /// Connections given to it since then.
  package var arrivals = 0

  /// A reactor that has done nothing so far.
  package init(permille: Int = 0, measuredAt: Instant = .start, isActive: Bool = true) {
    self.permille = permille
    self.measuredAt = measuredAt
    self.isActive = isActive
  }

  /// The load as of `now`: a reactor that has not looked for long had nothing to do.
  func permille(at now: Instant) -> Int {
    now.nanoseconds(since: measuredAt) > 3 * LoadBalance.periodNanoseconds ? 0 : permille
  }

  /// What makes a reactor less welcome to a new connection.
  func cost(at now: Instant) -> Int { permille(at: now) + arrivals }
}

/// What the last period of a reactor was like.
package struct LoadSample {
  /// Thousandths of a core that the thread used.
  package var busyPermille: Int
  /// Thousandths of a core that it used outside of the lock, where another could do its share.
  package var sharablePermille: Int
  /// Thousandths of a core that nobody on this machine used; nil when that is unknown.
  package var idlePermille: Int?

  /// The three measurements.
  package init(busyPermille: Int, sharablePermille: Int, idlePermille: Int?) {
    self.busyPermille = busyPermille
    self.sharablePermille = sharablePermille
    self.idlePermille = idlePermille
  }
}

/// What a reactor does about its load.
package enum BalanceDecision: Equatable {
  case carryOn
  /// Hands half of its live connections to a reactor that has room.
  case share(with: Int)
  /// Wants a reactor that rests, or a new one, to join.
  case askForHelp
  /// Hands all connections back and rests.
  case rest
}

/// The load as one reactor sees it, at the end of a period.
package struct LoadBalance {
  /// How often a reactor looks.
  package static let periodNanoseconds: Int64 = 1_000_000_000
  /// A reactor that used more of its core wants help.
  package static let busyPermille = 700
  /// With less than this outside of the lock, a second reactor would mostly wait for the first.
  package static let sharablePermille = 450
  /// A machine that is this idle has a core for another reactor.
  package static let idlePermille = 500
  /// A reactor with less can take connections from a busy one.
  package static let roomPermille = 400
  /// All together below this is nearly idle.
  package static let quietPermille = 200
  /// Quiet periods in a row before a reactor rests.
  package static let quietPeriodLimit = 5

  /// Quiet periods in a row so far.
  private var quietPeriods = 0

  /// Reactors that never rest.
  private let minimum: Int

  /// Nothing seen so far; the first `minimum` reactors never rest.
  package init(minimum: Int = 1) { self.minimum = minimum }

  /// Decides for the reactor `index` of those whose `loads` are given, its own included.
  package mutating func decide(
    _ sample: LoadSample, index: Int, linkCount: Int, loads: [ReactorLoad], now: Instant
  ) -> BalanceDecision {
    let total = loads.reduce(0) { $0 + $1.permille(at: now) }
    quietPeriods = total < Self.quietPermille ? quietPeriods + 1 : 0
    if sample.busyPermille >= Self.busyPermille, sample.sharablePermille >= Self.sharablePermille,
      linkCount >= 2
    {
      return helper(index, loads, now).map { .share(with: $0) }
        ?? ((sample.idlePermille ?? 0) >= Self.idlePermille ? .askForHelp : .carryOn)
    }
    // The one that joined last goes first.
    let isLast = index >= minimum && loads.lastIndex(where: \.isActive) == index
    if isLast, quietPeriods >= Self.quietPeriodLimit {
      quietPeriods = 0
      return .rest
    }
    return .carryOn
  }

  private func helper(_ index: Int, _ loads: [ReactorLoad], _ now: Instant) -> Int? {
    loads.indices.first {
      $0 != index && loads[$0].isActive && loads[$0].permille(at: now) < Self.roomPermille
    }
  }

  /// Where a new connection goes: to the reactor that accepted it unless another one is less busy.
  package static func target(accepting index: Int, loads: [ReactorLoad], now: Instant) -> Int {
    var best = index
    for other in loads.indices
    where loads[other].isActive && loads[other].cost(at: now) < loads[best].cost(at: now) {
      best = other
    }
    return best
  }
}
