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
  package var tls = BrokerTLSOptions()
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
  /// What holds for its clients.
  package var terms = ListenerTerms()
  /// Who gets in.
  package var access = AccessOptions()
  /// Where the configuration file asks for it.
  package var origin: FilePlace?

  /// Whether a proxy that ends TLS may tell of the certificates of clients.
  var learnsOfCertificates: Bool { proxyProtocol == 2 || proxyProtocol == 0 }

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
  /// The identities and keys that clients may have instead of certificates.
  package var pskFile: String?
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

  /// Whether anything says whose certificates are good.
  var hasAuthorities: Bool { caFile != nil || caDirectory != nil }

  /// No files.
  package init() {}
}

/// Everything `mqtt broker` has to know.
package struct BrokerOptions: Sendable {
  /// In the order given, those of a file first.
  package var listeners: [ListenerOptions] = []
  /// Whether nobody said where to listen: this machine only.
  package var isUnasked = false
  package var store = BrokerStoreOptions()
  /// The most reactors that run at once; nil is as many as there are cores.
  package var threadLimit: Int?
  /// The reactors that run from the start and never rest.
  package var threadMinimum = 1
  /// Whether every packet is logged.
  package var isVerbose = false
  /// Whether only errors are logged.
  package var isQuiet = false
  /// The engine's bounds and choices.
  package var configuration = BrokerConfiguration()
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
  /// Those that are heeded when the broker starts, and only then.
  package var startStatements: [String] = []
  /// Where each of them stands.
  package var sources: [FileSource] = []
  /// The command line that this was made from.
  package var words: [[UInt8]] = []

  /// The defaults.
  package init() {}
}

/// A setting of a configuration file, its value, and where that stands.
package struct FileSource: Equatable, Sendable {
  package var word: String
  package var value: String
  package var place: FilePlace
}

extension BrokerOptions {
  /// What gives `setting` this value in a file, whatever plugin or listener it belongs to.
  package func source(of setting: String, _ value: String) -> FileSource? {
    sources.first { $0.word.hasSuffix(setting) && $0.value == value }
  }
}

struct BrokerDraft: Draft {
  var request: InformationRequest?
  var options = BrokerOptions()
  var usesTLS = false
  /// What holds for all listeners, in the order in which it was said. (BrokerDraft+Settle)
  var settings: [ListenerSetting] = []
  /// Whether --memory was given.
  var keepsNothing = false
  /// An option that only a store on disk has a use for.
  var storeDetail: String?
  /// Whether the command line has said where the log goes, and what is in it.
  var hasLogDestination = false
  var hasLogType = false
  var hasLogFacility = false

  mutating func take(plain argument: [UInt8]) throws(ValueFault) {
    throw ValueFault("is not an option, and mqtt broker takes nothing else", example: "-p 1883")
  }
}

extension BrokerOptions {
  /// Understands the words after `mqtt broker`; a configuration file is not read yet.
  package static func parse(_ words: [[UInt8]]) throws(UsageError) -> Invocation<BrokerOptions> {
    var draft = BrokerDraft()
    try ArgumentParser(command: .broker, options: BrokerDraft.table).parse(words, into: &draft)
    if let request = draft.request { return .information(request) }
    try draft.checkWords()
    // With a file, what holds is known once it has been read.
    var options =
      draft.options.configurationFile == nil ? try draft.finished() : draft.options
    options.words = words
    return .run(options, warnings: [])
  }

  /// The same with the configuration file, if there is one, read now; what the command line says
  /// comes on top of it.
  ///
  /// `faults` is everything that is wrong with the file, or with the files that it includes; the
  /// options are then those of the rest.
  package func reading(in context: ParsingContext) -> (
    options: BrokerOptions, warnings: [FileNote], faults: [FileNote]
  ) {
    guard let configurationFile else { return (self, [], []) }
    var reader = MosquittoReader(context)
    reader.read(configurationFile, isMain: true)
    var draft = BrokerDraft()
    let found = reader.draft.finish(besides: listeners)
    draft.options = found.options
    do throws(UsageError) {
      try ArgumentParser(command: .broker, options: BrokerDraft.table).parse(words, into: &draft)
      draft.options = try draft.settled(fileListeners: found.listeners, pattern: found.pattern)
    } catch {
      // The words were understood before; what is wrong now is how they go with the file.
      reader.draft.errors.append(FileNote(FilePlace(configurationFile), error.description))
    }
    var options = draft.options
    for index in options.listeners.indices { reader.draft.settle(&options.listeners[index]) }
    options.words = words
    return (options, reader.draft.warnings, reader.draft.errors)
  }
}
