// What `mqtt broker` is asked to do, and how its command line becomes that.

package import MQTTBroker

/// A place where the broker waits for clients.
package struct ListenerOptions: Equatable, Sendable {
  /// Where it waits.
  package enum Place: Equatable, Sendable, CustomStringConvertible {
    /// On 127.0.0.1 and ::1.
    case loopback(port: UInt16)
    /// On every address of this machine.
    case everywhere(port: UInt16)
    /// On this address or name.
    case address(String, port: UInt16)
    /// On a Unix domain socket.
    case unix(path: String)

    /// As a line of mosquitto.conf has it after `listener`.
    package var description: String {
      switch self {
      case .loopback(let port), .everywhere(let port): "\(port)"
      case .address(let host, let port): "\(port) \(host)"
      case .unix(let path): "0 \(path)"
      }
    }
  }

  /// What is spoken there.
  package enum Speech: Equatable, Sendable {
    case mqtt
    /// MQTT within the WebSocket protocol.
    case webSockets
    /// Either; the first byte of a connection tells.
    case both
  }

  /// The addresses of a host that count.
  package enum AddressFamily: Equatable, Sendable {
    case ipv4
    case ipv6
  }

  package var place: Place
  package var usesTLS: Bool
  /// TLS of this listener alone; nil takes that of the command line.
  package var tls: BrokerTLSOptions?
  package var speech = Speech.mqtt
  /// Web pages that may open a WebSocket here, as `Origin` names them; empty is any.
  package var origins: [String] = []
  /// Paths at which WebSockets are served; empty is any.
  package var paths: [String] = []
  /// Longest head of a WebSocket's request.
  package var headerLimitBytes = 8192
  /// Nil is both.
  package var family: AddressFamily?
  /// The network interface that it is bound to.
  package var interfaceName: String?
  /// Version of the PROXY protocol that connections begin with, 0 for either; nil for none.
  package var proxyProtocol: Int?
  /// Whether a PROXY header must say that the client came over TLS.
  package var proxyMustUseTLS = false
  /// What holds for its clients; nil takes what holds for all.
  package var terms: ListenerTerms?
  /// Who gets in; nil takes what holds for all.
  package var access: AccessOptions?
  /// Where the configuration file asks for it.
  package var origin: FilePlace?

  /// Joins the parts.
  package init(_ place: Place, usesTLS: Bool = false) {
    self.place = place
    self.usesTLS = usesTLS
  }
}

/// How the broker's TLS listeners identify themselves and their clients.
package struct BrokerTLSOptions: Equatable, Sendable {
  /// Where a user name may come from that the client need not send.
  package enum UserNameSource: Equatable, Sendable {
    /// The common name of the certificate, or the identity of the pre-shared key.
    case identity
    /// The whole subject of the certificate.
    case subject
  }

  /// PEM files, both or neither; without them a local authority makes a certificate.
  package var certificateFile: String?
  package var keyFile: String?
  /// PEM file of the authorities that may have signed a client's certificate.
  package var caFile: String?
  /// Directory of such authorities, prepared by `openssl rehash`.
  package var caDirectory: String?
  /// PEM file of the certificates that are revoked.
  package var revocationFile: String?
  /// Ciphers of TLS 1.2 and of TLS 1.3, as OpenSSL writes them.
  package var ciphers: String?
  package var ciphersuites: String?
  /// The lowest version that is accepted: `tlsv1.2` or `tlsv1.3`.
  package var minimumVersion: String?
  /// Allows pre-shared keys, and tells clients what to choose their identity by.
  package var pskHint: String?
  /// Whether client certificates are refused before and after their time.
  package var checksDates = true
  /// What of a certificate, or of a pre-shared key, becomes the user name.
  package var userName: UserNameSource?
  /// Whether a client without a certificate of `caFile` is turned away.
  package var requiresCertificate = false
  /// Where session secrets are written for Wireshark; nil leaves it to SSLKEYLOGFILE.
  package var keyLogFile: String?

  /// No files.
  package init() {}
}

/// Everything `mqtt broker` has to know.
package struct BrokerOptions: Sendable {
  /// In the order given; empty is port 1883 of the loopback addresses.
  package var listeners: [ListenerOptions] = []
  package var tls = BrokerTLSOptions()
  package var store = BrokerStoreOptions()
  /// The most reactors that run at once; nil is as many as there are cores.
  package var threadLimit: Int?
  /// Whether every packet is logged.
  package var isVerbose = false
  /// Whether only errors are logged.
  package var isQuiet = false
  /// The engine's bounds and choices.
  package var configuration = BrokerConfiguration()
  /// Who gets in, where a listener does not say otherwise.
  package var access = AccessOptions()
  /// Where the log goes and what is in it.
  package var log = LogOptions()
  /// File that the process number is written to.
  package var pidFile: String?
  /// The account that root's rights are given up for; nil keeps them.
  package var userName: String?
  /// Whether small packets wait for larger ones (Nagle's algorithm).
  package var delaysSmallPackets = false
  /// The configuration file.
  package var configurationFile: String?
  /// Whether the process goes to the background once it serves.
  package var isDaemon = false
  /// Whether everything is checked and nothing done.
  package var isTest = false
  /// What a configuration file says, an option each.
  package var statements: [String] = []
  /// The command line that this was made from.
  package var words: [[UInt8]] = []

  /// The defaults.
  package init() {}
}

struct BrokerDraft: Draft {
  var request: InformationRequest?
  var options = BrokerOptions()
  var usesTLS = false
  var tlsDetail: String?
  /// What holds for all listeners of the command line.
  var proxyProtocol: Int?
  var proxyMustUseTLS = false
  /// Whether --memory was given.
  var keepsNothing = false
  /// An option that only a store on disk has a use for.
  var storeDetail: String?
  /// What else holds for all listeners of the command line. (BrokerDraft+Listeners)
  var shared = SharedListenerOptions()
  /// Whether the command line has said where the log goes, and what is in it.
  var hasLogDestination = false
  var hasLogType = false
  var webSocketOrigins: [String] = []
  var webSocketPaths: [String] = []
  var webSocketHeaderLimitBytes: Int?
  /// An option that only WebSockets have a use for.
  var webSocketDetail: String?

  mutating func take(plain argument: [UInt8]) throws(ValueFault) {
    throw ValueFault("is not an option, and mqtt broker takes nothing else", example: "-p 1883")
  }

  /// Settles the listeners and what their TLS needs.
  func finished() throws(UsageError) -> BrokerOptions {
    var result = options
    if usesTLS, !result.listeners.contains(where: \.usesTLS) {
      result.listeners.append(ListenerOptions(.loopback(port: 8883), usesTLS: true))
    }
    let tls = result.tls
    if (tls.certificateFile == nil) != (tls.keyFile == nil) {
      throw UsageError(
        tls.keyFile == nil ? "--cert" : "--key", "a certificate and its key are needed together",
        example: "--cert server.crt --key server.key")
    }
    if tls.requiresCertificate, tls.caFile == nil, tls.caDirectory == nil {
      throw UsageError(
        "--require-cert", "needs --cafile, the authorities whose certificates clients may show",
        example: "--cafile ca.crt --require-cert")
    }
    if let tlsDetail, !result.listeners.contains(where: { $0.usesTLS && $0.tls == nil }) {
      throw UsageError(tlsDetail, "no listener speaks TLS", example: "--tls \(tlsDetail)")
    }
    try finishProxyProtocol(&result)
    if let storeDetail, keepsNothing {
      throw UsageError(storeDetail, "cannot be used together with --memory")
    }
    // What the words say counts more than a file.
    if keepsNothing { result.store.isInMemoryOnly = true }
    if storeDetail != nil { result.store.isInMemoryOnly = false }
    try finishWebSockets(&result)
    try finishShared(&result)
    if result.isVerbose, result.isQuiet {
      throw UsageError("-v", "cannot be used together with -q")
    }
    if result.isTest, result.configurationFile == nil {
      throw UsageError(
        "--test-config", "needs -c, the file that is to be tested",
        example: "-c /etc/mosquitto/mosquitto.conf --test-config")
    }
    if result.isVerbose {
      result.log.levels = LogLevel.allCases
      result.configuration.logsSubscriptions = true
    }
    if result.isQuiet { result.log.levels = [.error] }
    if result.isVerbose || result.isQuiet { result.configuration.logsPackets = result.isVerbose }
    if hasLogType || hasLogDestination { result.settleLog() }
    return result
  }
}

extension BrokerOptions {
  /// Understands the words after `mqtt broker`; a configuration file is not read yet.
  package static func parse(_ words: [[UInt8]]) throws(UsageError) -> Invocation<BrokerOptions> {
    var draft = BrokerDraft()
    try ArgumentParser(command: .broker, options: BrokerDraft.table).parse(words, into: &draft)
    if let request = draft.request { return .information(request) }
    var options = try draft.finished()
    options.words = words
    return .run(options, warnings: [])
  }

  /// The same with the configuration file, if there is one, read now; what the command line says
  /// comes on top of it.
  ///
  /// - Throws: everything that is wrong with the file, or with the files that it includes.
  package func reading(in context: ParsingContext) throws(FileFaults) -> (
    options: BrokerOptions, warnings: [FileNote]
  ) {
    guard let configurationFile else { return (self, []) }
    var reader = MosquittoReader(context)
    reader.read(configurationFile, isMain: true)
    var draft = BrokerDraft()
    draft.options = reader.draft.finish()
    if !reader.draft.errors.isEmpty { throw FileFaults(reader.draft.errors) }
    let fileListeners = draft.options.listeners
    do throws(UsageError) {
      try ArgumentParser(command: .broker, options: BrokerDraft.table).parse(words, into: &draft)
      // As in mosquitto, -p stands in for a listener of the file and not beside it.
      if !fileListeners.isEmpty {
        let isPlainPort = { (listener: ListenerOptions) in
          if case .loopback = listener.place { return !listener.usesTLS }
          return false
        }
        if draft.options.listeners.contains(where: isPlainPort) {
          draft.options.listeners.removeAll(where: isPlainPort)
          reader.draft.warnings.append(
            FileNote(
              fileListeners[0].origin ?? FilePlace(configurationFile),
              "-p has no effect: the file says where to listen"))
        }
      }
      var options = try draft.finished()
      options.words = words
      return (options, reader.draft.warnings)
    } catch {
      // The words were understood before; what is wrong now is how they go with the file.
      throw FileFaults([FileNote(FilePlace(configurationFile), error.description)])
    }
  }
}
