// When each message is to be sent, fixed before the first one is: message n of all is due at
// start + n / rate, whatever has happened to those before it. Latency counted from these times
// cannot leave out the waiting that a slow broker causes (no coordinated omission). Publishers take
// turns, so each has an even rhythm of its own.

/// An absolute schedule that `publishers` share.
package struct SendSchedule: Equatable, Sendable {
  /// When message 0 is due, on the monotonic clock.
  package var startNanoseconds: Int64
  /// Messages a second of all publishers.
  package var ratePerSecond: Double
  package var publishers: Int

  /// Joins the parts; the rate is above 0.
  package init(startNanoseconds: Int64, ratePerSecond: Double, publishers: Int) {
    self.startNanoseconds = startNanoseconds
    self.ratePerSecond = ratePerSecond
    self.publishers = publishers
  }

  /// When message `sequence` of `publisher` is due.
  package func nanoseconds(_ sequence: UInt64, of publisher: Int) -> Int64 {
    let place = Double(sequence) * Double(publishers) + Double(publisher)
    return startNanoseconds + Int64(place / ratePerSecond * 1e9)
  }
}

/// Shares of a total number of messages.
package enum MessageShare {
  /// How many of `total` messages fall to one of `publishers` that take turns.
  package static func count(_ total: Int, of publisher: Int, among publishers: Int) -> Int {
    publishers == 0 || total <= publisher ? 0 : (total - publisher - 1) / publishers + 1
  }
}
