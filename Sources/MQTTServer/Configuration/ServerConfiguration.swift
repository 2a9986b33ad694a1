// What a broker process runs with: its settings, and beside them what was made of those that name
// something of this machine, such as files of users, certificates, an account and a store. What is
// wrong with the rest is found when the server starts.

package import MQTTBroker
package import Settings
package import Transport

/// A listener with what its settings name.
package struct ListenerConfiguration: Sendable {
  /// Where it waits, and how clients speak to it.
  package var settings: ListenerSetup
  /// Who gets in and what they may do, as the settings and the files that they name say.
  package var policy: ListenerPolicy
  /// How clients' TLS is done; nil for a plain listener.
  package var tls: TLSServerSettings?

  /// A listener that lets in everybody whom no file keeps out, plain unless `tls` is given.
  package init(_ settings: ListenerSetup, tls: TLSServerSettings? = nil) {
    self.settings = settings
    self.tls = tls
    policy = settings.policy
    policy.allowsAnonymous = settings.access.allowsAnonymous ?? true
  }

  /// What its clients speak.
  var speaks: ListenerProtocol {
    switch settings.speech {
    case .mqtt: .mqtt
    case .webSockets: .webSocket(settings.webSocket)
    case .both: .mqttOrWebSocket(settings.webSocket)
    }
  }

  /// The PROXY header that connections have to begin with; nil is none.
  var proxyProtocol: ProxyProtocolTerms? {
    guard let version = settings.proxyProtocol else { return nil }
    let versions: ProxyProtocolTerms.Versions =
      switch version {
      case .one: .version1
      case .two: .version2
      case .any: .either
      }
    var terms = ProxyProtocolTerms(versions)
    terms.requiresTLS = settings.proxyMustUseTLS
    terms.requiresCertificate = settings.tls.requiresCertificate && !settings.usesTLS
    return terms
  }

  /// Whether clients without a name get in because nobody said that they do not.
  var isOpenUnasked: Bool {
    policy.allowsAnonymous && settings.access.allowsAnonymous == nil
      && !settings.tls.requiresCertificate && !settings.usesKeys
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

  /// Where a file asks for it, for what is said about it.
  var place: String? { settings.origin.place?.description }
}

/// What comes of reading the configuration again.
package enum Rereading: Sendable {
  case configuration(ServerConfiguration)
  /// It cannot be used; all that is wrong with it.
  case refused([String])
}

/// Everything that a broker process runs with.
package struct ServerConfiguration: Sendable {
  /// Most threads that a server makes use of.
  package static let threadLimit = 64

  /// What was said, but for the listeners.
  package var settings = BrokerSettings()
  /// Where to listen; this machine's port for MQTT when nobody says where.
  package var listeners = [ListenerConfiguration(ListenerSetup(.loopback(port: 1883)))]
  /// The directory of what must outlive the process, for what is said about it.
  package var storeDirectory: String?
  /// Opens the store of what must outlive the process; nil keeps everything in memory only.
  package var openStore: (@Sendable () throws(StoreFailure) -> any DurableStore)?
  /// How long the TLS files of the listeners are good for, each once; the server reads it.
  var validities: [TLSValidity] = []
  /// Lines for the log when the server starts, or takes this configuration.
  package var warnings: [String] = []
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

  /// Threads that may carry connections, 1...``threadLimit``; one does until the load needs more.
  var threads: Int {
    let limit = settings.threadLimit ?? max(ProcessSettings.coreCount, settings.threadMinimum)
    return max(1, min(limit, Self.threadLimit))
  }

  /// Threads that carry connections from the start and never rest, 1...``threads``.
  var minimumThreads: Int { settings.threadMinimum }
}
