// What a broker process is told: where it listens, how many threads it may use, what it writes
// down. The engine's own limits are a value inside. Plain values that a command line fills in; what
// is wrong with them is found when the server starts.

package import MQTTBroker
package import Transport

/// Where one listener waits for clients, and how they speak to it.
package struct ListenerConfiguration: Sendable {
  /// The kinds of place.
  package enum Place: Sendable, Equatable {
    /// 127.0.0.1 and ::1, or the one of them that this machine has.
    case loopback(port: UInt16)
    /// A host name or number, and a port; an empty host is every address of this machine.
    case network(host: String, port: UInt16)
    /// A Unix domain socket with the permission bits it shall have.
    case path(String, mode: UInt32?)
  }

  /// Where.
  package var place: Place
  /// How clients' TLS is done; nil for a plain listener.
  package var tls: TLSServerSettings?

  /// A listener at `place`, plain unless `tls` is given.
  package init(_ place: Place, tls: TLSServerSettings? = nil) {
    self.place = place
    self.tls = tls
  }
}

/// What is written to the log.
package enum Verbosity: Sendable, Equatable {
  /// Errors only.
  case quiet
  /// Connections, their ends and their reasons, refusals.
  case normal
  /// Every packet as well.
  case packets
}

/// Everything that a broker process is told.
package struct ServerConfiguration: Sendable {
  /// The port that MQTT is registered for, plain.
  package static let plainPort: UInt16 = 1883
  /// The port that MQTT over TLS is registered for.
  package static let protectedPort: UInt16 = 8883
  /// Most threads that a server makes use of.
  package static let threadLimit = 64

  /// Where to listen; empty means the loopback addresses at ``plainPort`` and nothing else.
  package var listeners: [ListenerConfiguration] = []
  /// Threads that may carry connections, 1...64; one does until the load needs more.
  package var threads = min(ProcessSettings.coreCount, threadLimit)
  /// Threads that carry connections from the start and never rest, 1...`threads`.
  package var minimumThreads = 1
  /// What the engine promises and refuses.
  package var broker = BrokerConfiguration()
  /// Opens the store of what must outlive the process; nil keeps everything in memory only.
  package var openStore: (@Sendable () throws(StoreFailure) -> any DurableStore)?
  /// What is written to standard error.
  package var verbosity = Verbosity.normal
  /// Seconds that clients have to read their last packets when the server stops.
  package var farewellLimitSeconds = 2

  /// The defaults.
  package init() {}
}
