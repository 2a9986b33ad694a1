// Certificates and revocation lists have an end. It is told at the start, when the configuration is
// read, 30 days ahead and when it comes, in the log; and under $SYS for who watches that.

import MQTTBroker
import Synchronization
import Transport

extension ServerConfiguration {
  /// The same with the dates of its TLS files, which are read while rights are as at the start.
  func dated() -> ServerConfiguration {
    var result = self
    result.validities = []
    for case let settings? in listeners.map(\.tls) {
      for validity in TLSValidity.all(of: settings) where !result.validities.contains(validity) {
        result.validities.append(validity)
      }
    }
    return result
  }

  /// The first end of all, with its file; empty where there is none.
  var firstExpiry: String {
    validities.min { $0.endSeconds < $1.endSeconds }.map { "\($0.endsAt) \($0.path)" } ?? ""
  }
}

extension Server {
  /// Clocks are put right; no wait is longer.
  private static let longestWaitSeconds: Int64 = 86_400

  /// Time until there is something to say about a date; nil when there never is.
  var untilNextNotice: Int32? {
    let (validities, told) = current.withLock { ($0.configuration.validities, $0.datesToldAt) }
    guard let next = validities.compactMap({ $0.nextNotice(after: told) }).min() else { return nil }
    return Int32(clamping: min(max(0, next - told), Self.longestWaitSeconds) * 1000)
  }

  /// Says what is of no use any more, or soon.
  func warnOfDates() {
    let now = WallClock.seconds
    let validities = current.withLock { current in
      current.datesToldAt = now
      return current.configuration.validities
    }
    for validity in validities {
      if let warning = validity.warning(now: now) { engine.write(.warning, warning) }
    }
  }

  /// Says it of those whose moment has come since the last time.
  func noticeDates() {
    let (validities, told) = current.withLock { ($0.configuration.validities, $0.datesToldAt) }
    let now = WallClock.seconds
    if validities.contains(where: { $0.nextNotice(after: told).map { $0 <= now } ?? false }) {
      warnOfDates()
      log.flush()
    }
  }
}
