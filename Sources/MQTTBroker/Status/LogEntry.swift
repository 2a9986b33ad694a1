// What the engine has to say to whoever runs it. One line is one event, begins with who, and says
// what happened, why, and where there is something to do, what.

/// How much an entry matters.
package enum LogLevel: UInt8, Comparable, Sendable {
  case error
  case warning
  case notice
  case information
  /// One packet in or out; only with ``BrokerConfiguration/logsPackets``.
  case packet

  package static func < (left: LogLevel, right: LogLevel) -> Bool {
    left.rawValue < right.rawValue
  }
}

/// One line for the log, without time stamp.
package struct LogEntry: Equatable, Sendable, CustomStringConvertible {
  package let level: LogLevel
  package let description: String
}

extension Broker {
  /// Adds a line to the log.
  mutating func note(_ level: LogLevel, _ text: String) {
    log.append(LogEntry(level: level, description: text))
  }
}
