// What the engine has to say to whoever runs it. One line is one event, begins with who, and says
// what happened, why, and where there is something to do, what.

package import Basis
import MQTTCodec
import MQTTSession

/// How much an entry matters.
package enum LogLevel: UInt8, Comparable, CaseIterable, Sendable {
  case error
  case warning
  case notice
  case information
  /// A subscription was made; only with ``BrokerConfiguration/logsSubscriptions``.
  case subscribe
  /// A subscription was ended; only with ``BrokerConfiguration/logsSubscriptions``.
  case unsubscribe
  /// One packet in or out; only with ``BrokerConfiguration/logsPackets``.
  case packet

  /// The last levels of the topic that entries of this level are published to; nil for those that
  /// are not.
  var topicName: String? {
    switch self {
    case .error: "E"
    case .warning: "W"
    case .notice: "N"
    case .information: "I"
    case .subscribe: "M/subscribe"
    case .unsubscribe: "M/unsubscribe"
    case .packet: nil
    }
  }

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
    status.note(level, text, publishes: !configuration.publishedLogLevels.isEmpty)
  }

  /// Whether somebody reads lines about connections and their ends.
  ///
  /// They are the only ones that come with every client, so they are not even made when nobody does.
  var notesConnections: Bool {
    configuration.logsConnections
      && (status.writesInformation || configuration.publishedLogLevels.contains(.information))
  }

  /// Publishes what was logged to those who subscribe to `$SYS/broker/log`, as mosquitto does: at
  /// QoS 2, not retained, with the time in front.
  package mutating func publishLog(now: Instant) {
    if !status.hasUnpublished { return }
    clock.now = now
    let entries = status.takeUnpublished()
    if !routing.subscriptions.hasSystemFilters { return }
    let seconds = clock.unixSeconds
    for entry in entries where configuration.publishedLogLevels.contains(entry.level) {
      guard let name = entry.level.topicName else { continue }
      let topic = Array("$SYS/broker/log/\(name)".utf8)
      let payload = Array("\(seconds): \(entry.description)".utf8)
      let terms = PublicationTerms(
        qos: .exactlyOnce, isRetained: false, expirySeconds: 20,
        publisher: nil)
      distribute(terms, topic: topic.span, payload: payload.span)
    }
    // What publishing them had logged is not published again.
    _ = status.takeUnpublished()
  }
}
