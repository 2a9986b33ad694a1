// Where the log goes and what is in it, by mosquitto's words for both.

package import MQTTBroker

/// Where the log goes and what is in it.
package struct LogOptions: Equatable, Sendable {
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

  package var destinations: [Destination] = [.standardError]
  /// The kinds of lines; nil takes those that -v and -q ask for.
  package var levels: [LogLevel]?
  package var hasTime = true
  package var time = Time.utc
  /// Of the system log: 0 to 7 for local0 to local7; nil for daemon.
  package var facility: Int?

  /// As it is without a word about it.
  package init() {}

  /// What the kinds of lines are called; under those without a level nothing is logged here.
  static let kinds: KeyValuePairs<String, LogLevel?> = [
    "error": .error, "warning": .warning, "notice": .notice, "information": .information,
    "subscribe": .subscribe, "unsubscribe": .unsubscribe, "debug": .packet, "websockets": nil,
    "internal": nil,
  ]

  /// Takes a kind of lines on; the first one takes the place of all that there were.
  mutating func add(kind word: String, isFirst: Bool) throws(ValueFault) {
    var wanted = isFirst ? [] : levels ?? []
    switch word {
    case "none": wanted = []
    case "all": wanted = LogLevel.allCases
    case _:
      guard let kind = Self.kinds.first(where: { $0.key == word }) else {
        throw .expected(Self.kinds.map(\.key).joined(separator: ", ") + ", all or none")
      }
      if let level = kind.value, !wanted.contains(level) { wanted.append(level) }
    }
    levels = wanted
  }

  /// Takes a destination on; the first one takes the place of all that there were.
  mutating func add(destination words: [String], isFirst: Bool) throws(ValueFault) {
    if isFirst { destinations = [] }
    let destination: Destination
    switch words[0] {
    case "none": return destinations = []
    case "stderr": destination = .standardError
    case "stdout": destination = .standardOutput
    case "syslog": destination = .systemLog
    case "topic": destination = .topic
    case "file":
      let path = words.dropFirst().joined(separator: " ")
      if path.isEmpty { throw .expected("the path of a file after file") }
      for case .file(let other) in destinations {
        throw ValueFault("the log goes to \(other) already; mosquitto writes one file")
      }
      destination = .file(path)
    case _: throw .expected("stderr, stdout, syslog, topic, file PATH or none")
    }
    if !destinations.contains(destination) { destinations.append(destination) }
  }
}

extension BrokerOptions {
  /// Tells the engine what it has to write entries about.
  mutating func settleLog() {
    configuration.logsSubscriptions =
      log.levels.map { $0.contains(.subscribe) || $0.contains(.unsubscribe) } ?? false
    configuration.logsPackets = log.levels?.contains(.packet) ?? false
    if log.destinations.contains(.topic) {
      // Without a word about it, everything but packets and subscriptions.
      configuration.publishedLogLevels =
        log.levels ?? [.error, .warning, .notice, .information]
    }
  }
}
