// Where log lines go, which of them, and how they begin.

package import MQTTBroker

/// What the log is told.
package struct LogConfiguration: Sendable, Equatable {
  /// A place that lines go to.
  package enum Destination: Sendable, Equatable {
    case standardError
    case standardOutput
    /// The system's log, as a local facility 0 to 7, or as a daemon.
    case systemLog(facility: Int?)
    case file(String)
  }

  /// The time in front of a line.
  package enum Time: Sendable, Equatable {
    case none
    /// UTC to the millisecond, as RFC 3339 writes it.
    case utc
    /// Seconds since 1970.
    case unixSeconds
    /// Local time in the form of strftime.
    case format(String)
  }

  package var destinations: [Destination] = [.standardError]
  package var levels: Set<LogLevel> = Self.normalLevels
  package var time = Time.utc

  /// Everything but packets and subscriptions.
  package static let normalLevels: Set<LogLevel> = [.error, .warning, .notice, .information]

  /// As it is without a word about it.
  package init() {}
}
