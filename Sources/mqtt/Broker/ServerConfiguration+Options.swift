// From the options of `mqtt broker`, whether they come from words or from a file, to what the server
// is told.

import AccessControl
import Commands
import Glibc
import MQTTBroker
import MQTTServer
import Storage
import Transport
import WebSocket

extension ServerConfiguration {
  /// What `options` ask for; `isFirst` tells of certificates that are made.
  ///
  /// `faults` gets why files that they name cannot be used.
  init(_ options: BrokerOptions, isFirst: Bool, faults: inout [String]) {
    self.init()
    broker = options.configuration
    broker.programVersion = Commands.programVersion
    minimumThreads = options.threadMinimum
    threads = options.threadLimit ?? max(threads, minimumThreads)
    log = LogConfiguration(options.log)
    processNumberFile = options.pidFile
    statements = options.statements
    startStatements = options.startStatements
    addAccount(options)
    addStore(options)
    var files = SharedPolicies(options)
    var made: LocalCertificates?
    let sources = options
    place = { sources.source(of: $0, $1)?.place.description }
    listeners = []
    for listener in options.listeners {
      var configuration = ListenerConfiguration(.init(listener.place))
      if listener.usesTLS {
        if listener.tls.needsCertificate, made == nil {
          do throws(TLSFailure) {
            made = try Self.localCertificates(isQuiet: options.isQuiet || !isFirst)
          } catch {
            faults.append("\(error)")
          }
        }
        configuration.tls = TLSServerSettings(listener.tls, made)
        let certificate = listener.tls.certificateFile
        configuration.tls?.isInFile =
          listener.origin != nil || certificate.flatMap { place("certfile", $0) } != nil
        configuration.tls?.pskLookup = files.keys(listener.tls.pskFile)
      }
      configuration.origin = listener.origin?.description
      configuration.placeOfSetting = place
      configuration.family = listener.family.map { $0 == .ipv4 ? .ipv4 : .ipv6 }
      configuration.interfaceName = listener.interfaceName
      configuration.delaysSmallPackets = options.delaysSmallPackets
      configuration.terms = listener.terms
      let policy = files.policy(of: listener)
      configuration.policy = policy
      configuration.isOpenUnasked =
        policy.allowsAnonymous && listener.access.allowsAnonymous == nil
        && !listener.tls.requiresCertificate && listener.tls.pskFile == nil
      if options.configurationFile == nil, !options.isQuiet, listener.isLocked(by: policy) {
        warnings.append(
          "nobody gets in through \(configuration.name): give it users with --passwords, take "
            + "them from certificates with --use-identity-as-username, or leave --no-anonymous away"
        )
      }
      configuration.speaks = ListenerProtocol(listener)
      configuration.proxyProtocol = ProxyProtocolTerms(listener)
      listeners.append(configuration)
    }
    isUnasked = options.isUnasked
    configurationFile = options.configurationFile
    faults += files.faults
    if !options.isQuiet { warnings += files.warnings }
    leaveOutServed()
  }

  /// The account that root gives its rights up for: the one that is named, or as mosquitto has it
  /// without a word about it, mosquitto or else nobody.
  private mutating func addAccount(_ options: BrokerOptions) {
    guard let name = options.userName, name != "root" else { return }
    if let found = Account(named: name) {
      account = found
    } else if name == "mosquitto", let nobody = Account(named: "nobody") {
      account = nobody
    } else if Account.isRoot {
      missingAccount = name
    }
  }

  /// Where and how surely everything that lasts is kept.
  private mutating func addStore(_ options: BrokerOptions) {
    if options.store.isInMemoryOnly { return }
    let synchronization: SynchronizationMode =
      switch options.store.synchronous {
      case .full: .full
      case .normal: .normal
      case .off: .off
      }
    var settings = StoreSettings(
      directory: options.store.directory(of: options.listeners, environment: Terminal.environment),
      synchronization: synchronization, isStrict: options.store.isStrict)
    settings.mosquittoFile = options.store.mosquittoFile
    settings.listenerNames = Self.names(of: options.listeners)
    storeDirectory = settings.directory
    openStore = { [settings] () throws(StoreFailure) in try RecordStore(settings) }
  }

  /// What the listeners are known by, where a port tells which one is meant.
  private static func names(of listeners: [ListenerOptions]) -> [UInt16: String] {
    var names: [UInt16: [String]] = [:]
    for listener in listeners {
      switch listener.place {
      case .loopback(let port), .everywhere(let port), .address(_, let port):
        names[port, default: []].append(ListenerConfiguration(.init(listener.place)).name)
      case .unix: continue
      }
    }
    return names.compactMapValues { $0.count == 1 ? $0[0] : nil }
  }

  /// Certificates that this account's authority makes.
  private static func localCertificates(isQuiet: Bool) throws(TLSFailure) -> LocalCertificates {
    let made = try LocalAuthority.certificates(
      in: LocalAuthority.defaultDirectory(), names: LocalHost.names(),
      addresses: LocalHost.addresses())
    if !isQuiet {
      Terminal.write(
        "mqtt broker: TLS with \(made.isAuthorityNew ? "a new" : "this account's") authority; "
          + "clients need --cafile \(made.authorityFile) "
          + "(mqtt pub and sub of this account find it themselves)\n", to: STDERR_FILENO)
    }
    return made
  }
}

extension ListenerOptions {
  /// Whether nothing says which users there are, and without a name nobody gets in.
  fileprivate func isLocked(by policy: ListenerPolicy) -> Bool {
    !policy.allowsAnonymous && policy.passwords == nil && tls.userName == nil && tls.pskFile == nil
  }
}

extension BrokerTLSOptions {
  /// Whether a certificate has to be made; who gives keys needs none.
  fileprivate var needsCertificate: Bool { certificateFile == nil && pskFile == nil }
}

/// Reads the files of policies, each set of them once, however many listeners share it.
private struct SharedPolicies {
  let options: BrokerOptions
  private var known: [(options: AccessOptions, policy: ListenerPolicy)] = []
  var warnings: [String] = []
  /// Files that cannot be used, each once.
  var faults: [String] = []

  init(_ options: BrokerOptions) { self.options = options }

  mutating func policy(of listener: ListenerOptions) -> ListenerPolicy {
    var policy = read(listener.access)
    // A file that nothing here uses must be there all the same, as with mosquitto.
    if listener.tls.pskFile == nil { _ = keys(listener.access.pskFile) }
    switch listener.tls.userName {
    case nil: break
    case .identity: policy.identity = .tlsIdentity
    case .subject: policy.identity = .certificateSubject
    }
    return policy
  }

  /// The keys of a file, by identity.
  mutating func keys(_ path: String?) -> (@Sendable (String) -> [UInt8]?)? {
    guard let path else { return nil }
    var notes: [AccessFileNote] = []
    let file = AccessFiles.preSharedKeys(path) { notes.append($0) }
    for note in notes { take(note) }
    return { file?.key(of: $0) }
  }

  private mutating func read(_ access: AccessOptions) -> ListenerPolicy {
    if let known = known.first(where: { $0.options == access }) { return known.policy }
    var notes: [AccessFileNote] = []
    let policy = AccessFiles.policy(access) { notes.append($0) }
    for note in notes { take(note) }
    known.append((access, policy))
    return policy
  }

  private mutating func take(_ note: AccessFileNote) {
    if !note.isFault {
      if !warnings.contains(note.text) { warnings.append(note.text) }
      return
    }
    let source = options.source(of: note.setting, note.path)
    let fault = (source.map { "\($0.place): \($0.word): " } ?? "") + note.text
    if !faults.contains(fault) { faults.append(fault) }
  }
}

extension TLSServerSettings {
  fileprivate init(_ options: BrokerTLSOptions, _ made: LocalCertificates?) {
    let made = options.needsCertificate ? made : nil
    self.init(
      certificateFile: made?.certificateFile ?? options.certificateFile,
      keyFile: made?.keyFile ?? options.keyFile)
    authorityFile = options.caFile
    authorityDirectory = options.caDirectory
    revocationListFile = options.revocationFile
    requiresClientCertificate = options.requiresCertificate
    checksClientCertificateDates = options.checksDates
    ciphers = options.ciphers
    ciphersuites = options.ciphersuites
    minimumVersion = options.minimumVersion.flatMap(TLSVersion.init(option:)) ?? .tls1_2
    keyLogFile = options.keyLogFile
    pskHint = options.pskHint
  }
}

extension ProxyProtocolTerms {
  /// Nil for a listener without PROXY headers.
  fileprivate init?(_ options: ListenerOptions) {
    switch options.proxyProtocol {
    case 0: self.init(.either)
    case 1: self.init(.version1)
    case 2: self.init(.version2)
    default: return nil
    }
    requiresTLS = options.proxyMustUseTLS
    requiresCertificate = options.tls.requiresCertificate && !options.usesTLS
  }
}

extension ListenerProtocol {
  fileprivate init(_ options: ListenerOptions) {
    var terms = WebSocketTerms()
    terms.paths = options.paths
    terms.origins = options.origins
    terms.headerLimitBytes = options.headerLimitBytes
    switch options.speech {
    case .mqtt: self = .mqtt
    case .webSockets: self = .webSocket(terms)
    case .both: self = .mqttOrWebSocket(terms)
    }
  }
}

extension LogConfiguration {
  fileprivate init(_ options: LogOptions) {
    self.init()
    destinations = options.destinations.compactMap { destination in
      switch destination {
      case .standardError: .standardError
      case .standardOutput: .standardOutput
      case .systemLog: .systemLog(facility: options.facility)
      case .file(let path): .file(path)
      case .topic: nil
      }
    }
    if let wanted = options.levels { levels = Set(wanted) }
    time =
      switch options.time {
      case _ where !options.hasTime: .none
      case .utc: .utc
      case .unixSeconds: .unixSeconds
      case .format(let format): .format(format)
      }
  }
}

extension ListenerConfiguration.Place {
  fileprivate init(_ place: ListenerOptions.Place) {
    self =
      switch place {
      case .loopback(let port): .loopback(port: port)
      case .everywhere(let port): .network(host: "", port: port)
      case .address(let host, let port): .network(host: host, port: port)
      case .unix(let path): .path(path, mode: nil)
      }
  }
}
