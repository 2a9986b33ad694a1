// Where the log goes and what is in it, by mosquitto's words for both.

package import MQTTBroker
import Text

/// Where the log goes and what is in it.
package struct LogSettings: Equatable, Sendable {
  /// One place that log lines go to.
  package enum Destination: Equatable, Sendable {
    case standardError
    case standardOutput
    case systemLog
    /// `$SYS/broker/log/...`.
    case topic
    case file(String)
  }

  /// The time in front of a line.
  package enum Time: Equatable, Sendable {
    /// UTC to the millisecond, as RFC 3339 writes it.
    case utc
    /// Seconds since 1970, as mosquitto writes it.
    case unixSeconds
    /// Local time in the form of strftime.
    case format(String)
  }

  /// In the order in which they were named.
  package var destinations: [Destination] = [.standardError]
  /// The kinds of lines; nil is ``normalLevels``.
  package var levels: [LogLevel]?
  /// Whether a line begins with its time.
  package var hasTime = true
  package var time = Time.utc
  /// Of the system log: 0 to 7 for local0 to local7; nil for daemon.
  package var facility: Int?

  /// As it is without a word about it.
  package init() {}

  /// Everything but packets and subscriptions.
  package static let normalLevels: [LogLevel] = [.error, .warning, .notice, .information]

  /// What the kinds of lines are called; under those without a level nothing is logged here.
  static let kinds: KeyValuePairs<String, LogLevel?> = [
    "error": .error, "warning": .warning, "notice": .notice, "information": .information,
    "subscribe": .subscribe, "unsubscribe": .unsubscribe, "debug": .packet, "websockets": nil,
    "internal": nil,
  ]

  /// Adds a kind of lines to those that are `wanted`; none takes all away.
  static func adding(
    kind word: String, to wanted: [String]
  ) throws(ValueFault) -> [String] {
    switch word {
    case "none": return []
    case "all": return kinds.filter { $0.value != nil }.map(\.key)
    case _:
      guard kinds.contains(where: { $0.key == word }) else {
        throw .expected(kinds.map(\.key).joined(separator: ", ") + ", all or none")
      }
      return wanted.contains(word) ? wanted : wanted + [word]
    }
  }

  /// Adds a place to those that are `wanted`; none takes all away.
  static func adding(
    place text: String, to wanted: [String]
  ) throws(ValueFault) -> [String] {
    if text == "none" { return [] }
    guard let destination = Destination(text) else {
      throw .expected(
        text == "file" || text.hasPrefix("file ")
          ? "the path of a file after file"
          : "stderr, stdout, syslog, topic, file PATH or none")
    }
    if case .file = destination, let other = wanted.first(where: { $0.hasPrefix("file ") }) {
      throw ValueFault(
        "the log goes to \(other.dropFirst(5)) already; mosquitto writes one file")
    }
    return wanted.contains(text) ? wanted : wanted + [text]
  }
}

extension LogSettings.Destination {
  /// The place of a word, or of `file PATH`.
  init?(_ text: String) {
    switch text {
    case "stderr": self = .standardError
    case "stdout": self = .standardOutput
    case "syslog": self = .systemLog
    case "topic": self = .topic
    case _ where text.hasPrefix("file ") && text.utf8.count > 5:
      self = .file(String(text.dropFirst(5)))
    case _: return nil
    }
  }

  /// The word that stands for it.
  var text: String {
    switch self {
    case .standardError: "stderr"
    case .standardOutput: "stdout"
    case .systemLog: "syslog"
    case .topic: "topic"
    case .file(let path): "file \(path)"
    }
  }
}

extension BrokerSettings {
  /// Tells the engine what it has to write entries about.
  mutating func settleLog() {
    // A test writes no log: -v asks it to tell more.
    if isVerbose, !isTest { log.levels = LogLevel.allCases }
    if isQuiet {
      log.levels = [.error]
      if let position = Setting.position(of: \BrokerSettings.log.levels) {
        origins[position] = origin(of: \.isQuiet)
      }
    }
    configuration.logsSubscriptions =
      log.levels.map { $0.contains(.subscribe) || $0.contains(.unsubscribe) } ?? false
    configuration.logsPackets = log.levels?.contains(.packet) ?? false
    configuration.publishedLogLevels =
      log.destinations.contains(.topic) ? log.levels ?? LogSettings.normalLevels : []
  }
}
