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

  /// Kinds of addresses.
  package enum Family: Sendable, Equatable {
    case ipv4
    case ipv6
  }

  /// Where.
  package var place: Place
  /// Where in a file it is asked for.
  package var origin: String?
  /// Where a file gives a setting of it this value, for what is said about it.
  package var placeOfSetting: @Sendable (_ setting: String, _ value: String) -> String? = {
    _, _ in nil
  }
  /// Whether clients without a name get in because nobody said that they do not.
  package var isOpenUnasked = false
  /// The only kind of address of a host; nil is both.
  package var family: Family?
  /// The network interface whose addresses it listens on, instead of those of the host.
  package var interfaceName: String?
  /// Whether small packets wait for larger ones (Nagle's algorithm).
  package var delaysSmallPackets = false
  /// What holds for its clients; nil is what holds for all.
  package var terms: ListenerTerms?
  /// Who gets in and what they may do; nil lets all in who say who they are, and all else.
  package var policy: ListenerPolicy?
  /// How clients' TLS is done; nil for a plain listener.
  package var tls: TLSServerSettings?
  /// What its clients speak.
  package var speaks = ListenerProtocol.mqtt
  /// The PROXY header that connections have to begin with; nil is none.
  package var proxyProtocol: ProxyProtocolTerms?

  /// A listener at `place`, plain unless `tls` is given.
  package init(_ place: Place, tls: TLSServerSettings? = nil) {
    self.place = place
    self.tls = tls
  }
}

extension ListenerConfiguration {
  /// What a listener is known by to people.
  package struct Name: Sendable, Equatable {
    /// Where it is.
    package var place: String
    /// Where a file asks for it.
    package var origin: String?
  }
}

/// What comes of reading the configuration again.
package enum Rereading: Sendable {
  case configuration(ServerConfiguration)
  /// It cannot be used; all that is wrong with it.
  case refused([String])
}

/// Everything that a broker process is told.
package struct ServerConfiguration: Sendable {
  /// The port that MQTT is registered for, plain.
  package static let plainPort: UInt16 = 1883
  /// Most threads that a server makes use of.
  package static let threadLimit = 64

  /// Where to listen; the loopback addresses when nobody says where.
  package var listeners = [ListenerConfiguration(.loopback(port: plainPort))]
  /// Whether nobody said where to listen.
  package var isUnasked = false
  /// The file that most of this comes from.
  package var configurationFile: String?
  /// Threads that may carry connections, 1...64; one does until the load needs more.
  package var threads = min(ProcessSettings.coreCount, threadLimit)
  /// Threads that carry connections from the start and never rest, 1...`threads`.
  package var minimumThreads = 1
  /// What the engine promises and refuses.
  package var broker = BrokerConfiguration()
  /// The directory of what must outlive the process, for what is said about it.
  package var storeDirectory: String?
  /// Opens the store of what must outlive the process; nil keeps everything in memory only.
  package var openStore: (@Sendable () throws(StoreFailure) -> any DurableStore)?
  /// Where log lines go, and which.
  package var log = LogConfiguration()
  /// What was said, a line each, so that the log can tell what has changed.
  package var statements: [String] = []
  /// The same of what is heeded at the start only.
  package var startStatements: [String] = []
  /// Where a file gives a setting this value, for what is said about it.
  package var place: @Sendable (_ setting: String, _ value: String) -> String? = { _, _ in nil }
  /// How long the TLS files of the listeners are good for, each once; the server reads it.
  var validities: [TLSValidity] = []
  /// Lines for the log when the server starts, or takes this configuration.
  package var warnings: [String] = []
  /// File that the process number is written to; it is removed at the end.
  package var processNumberFile: String?
  /// The account that root's rights are given up for once everything is open; nil keeps them.
  package var account: Account?
  /// The name of an account that was asked for and does not exist.
  package var missingAccount: String?
  /// Gives the configuration anew when HUP comes; nil when there is nothing to read again.
  package var rereading: (@Sendable () -> Rereading)?
  /// Seconds that clients have to read their last packets when the server stops.
  package var farewellLimitSeconds = 2

  /// The defaults.
  package init() {}
}
