// Who fails to log in again and again is made to wait, so that passwords cannot be tried out. After
// so many failures each further login of the same address waits, one behind the other, twice as
// long with each failure up to a limit. A login that succeeds, or some quiet, clears the address.

import Basis

/// The addresses that failed.
struct LoginDelays {
  /// Addresses that are remembered; beyond, the one that was entered first is forgotten.
  static let addressLimit = 65_536
  /// Quiet after which failures are forgotten.
  static let memorySeconds = 300

  private struct Failures {
    var count = 0
    /// When the next login may be looked at.
    var nextAt: Instant
    var lastAt: Instant
  }

  /// Only ever asked, never walked.
  private var failures: [PeerAddress: Failures] = [:]
  private var order: [PeerAddress] = []
  private var oldest = 0

  /// When a login that comes from `address` now may be looked at.
  mutating func start(
    _ address: PeerAddress, now: Instant, failureLimit: Int, delayLimitSeconds: Int
  ) -> Instant {
    guard address != .none, failureLimit > 0, var entry = failures[address],
      entry.count >= failureLimit
    else { return now }
    if entry.lastAt.advanced(bySeconds: Self.memorySeconds) < now {
      failures[address] = nil
      return now
    }
    let start = max(now, entry.nextAt)
    let seconds = min(delayLimitSeconds, 1 << min(20, entry.count - failureLimit))
    entry.nextAt = start.advanced(bySeconds: seconds)
    failures[address] = entry
    return start
  }

  /// Counts a failure; how many there are.
  mutating func failed(_ address: PeerAddress, now: Instant) -> Int {
    if address == .none { return 0 }
    var entry = failures[address] ?? Failures(nextAt: now, lastAt: now)
    if entry.lastAt.advanced(bySeconds: Self.memorySeconds) < now { entry.count = 0 }
    if failures[address] == nil { remember(address) }
    entry.count += 1
    entry.lastAt = now
    // The first delay begins with the failure itself.
    if entry.nextAt < now { entry.nextAt = now }
    failures[address] = entry
    return entry.count
  }

  /// Forgets an address.
  mutating func succeeded(_ address: PeerAddress) {
    if address != .none { failures[address] = nil }
  }

  private mutating func remember(_ address: PeerAddress) {
    if order.count < Self.addressLimit { return order.append(address) }
    failures[order[oldest]] = nil
    order[oldest] = address
    oldest = (oldest + 1) % Self.addressLimit
  }
}
