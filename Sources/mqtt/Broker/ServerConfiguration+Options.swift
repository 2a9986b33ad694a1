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
  /// - Throws: why a file that they name cannot be used.
  init(_ options: BrokerOptions, isFirst: Bool) throws(BrokerStartFailure) {
    self.init()
    broker = options.configuration
    broker.programVersion = Commands.programVersion
    if let limit = options.threadLimit { threads = limit }
    log = LogConfiguration(options.log)
    processNumberFile = options.pidFile
    statements = options.statements
    addAccount(options)
    addStore(options)
    var shared: TLSServerSettings?
    var files = AccessFileReader()
    if options.listeners.isEmpty {
      localListener.policy = files.policy(options.access, nil)
      localListener.terms = ListenerTerms(broker)
    }
    for listener in options.listeners {
      var tls: TLSServerSettings?
      if let own = listener.tls, listener.usesTLS {
        tls = TLSServerSettings(own)
        if own.pskHint != nil {
          tls?.pskLookup = files.keys(listener.access?.pskFile ?? options.access.pskFile)
        }
      } else if listener.usesTLS {
        if shared == nil {
          shared = try Self.sharedTLS(options, isQuiet: options.isQuiet || !isFirst)
          if options.access.pskFile != nil {
            shared?.pskLookup = files.keys(options.access.pskFile)
          }
        }
        tls = shared
      }
      var configuration = ListenerConfiguration(.init(listener.place), tls: tls)
      configuration.family = listener.family.map { $0 == .ipv4 ? .ipv4 : .ipv6 }
      configuration.interfaceName = listener.interfaceName
      configuration.delaysSmallPackets = options.delaysSmallPackets
      configuration.terms = listener.terms
      configuration.policy = files.policy(
        listener.access ?? options.access,
        (listener.tls ?? (listener.usesTLS ? options.tls : nil))?.userName)
      configuration.webSocket = WebSocketTerms(listener)
      configuration.alsoSpeaksMQTT = listener.speech == .both
      configuration.proxyProtocol = ProxyProtocolTerms(listener)
      listeners.append(configuration)
    }
    if !files.failures.isEmpty {
      throw BrokerStartFailure(description: files.failures.joined(separator: "\n"))
    }
    if !options.isQuiet { warnings += files.warnings }
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
    let settings = StoreSettings(
      directory: options.store.directory(of: options.listeners, environment: Terminal.environment),
      synchronization: synchronization, isStrict: options.store.isStrict)
    openStore = { () throws(StoreFailure) in try RecordStore(settings) }
  }

  /// The files that were named, or certificates that this account's authority makes.
  private static func sharedTLS(_ all: BrokerOptions, isQuiet: Bool)
    throws(BrokerStartFailure) -> TLSServerSettings
  {
    let options = all.tls
    // Who gives keys needs no certificate.
    if options.certificateFile != nil || all.access.pskFile != nil {
      return TLSServerSettings(options)
    }
    let made: LocalCertificates
    do throws(TLSFailure) {
      made = try LocalAuthority.certificates(
        in: LocalAuthority.defaultDirectory(), names: LocalHost.names(),
        addresses: LocalHost.addresses())
    } catch {
      throw BrokerStartFailure(description: "\(error)")
    }
    if !isQuiet {
      Terminal.write(
        "mqtt broker: TLS with \(made.isAuthorityNew ? "a new" : "this account's") authority; "
          + "clients need --cafile \(made.authorityFile) "
          + "(mqtt pub and sub of this account find it themselves)\n", to: STDERR_FILENO)
    }
    var named = options
    named.certificateFile = made.certificateFile
    named.keyFile = made.keyFile
    return TLSServerSettings(named)
  }
}

/// Reads the files of policies, each set of them once, however many listeners share it.
private struct AccessFileReader {
  private var known: [(options: AccessOptions, policy: ListenerPolicy)] = []
  var warnings: [String] = []
  /// Files that cannot be used.
  var failures: [String] = []

  mutating func policy(_ options: AccessOptions, _ source: BrokerTLSOptions.UserNameSource?)
    -> ListenerPolicy
  {
    var policy = read(options)
    switch source {
    case nil: break
    case .identity: policy.identity = .tlsIdentity
    case .subject: policy.identity = .certificateSubject
    }
    return policy
  }

  /// The keys of a file, by identity.
  mutating func keys(_ path: String?) -> (@Sendable (String) -> [UInt8]?)? {
    guard let path else { return nil }
    var found: [String] = []
    defer { warnings += found }
    do throws(BrokerStartFailure) {
      let file = try AccessFiles.preSharedKeys(path) { found.append($0) }
      return { file.key(of: $0) }
    } catch {
      failures.append("\(error)")
      return nil
    }
  }

  private mutating func read(_ options: AccessOptions) -> ListenerPolicy {
    if let known = known.first(where: { $0.options == options }) { return known.policy }
    var policy = ListenerPolicy()
    var found: [String] = []
    do throws(BrokerStartFailure) {
      policy = try AccessFiles.policy(options) { found.append($0) }
    } catch {
      failures.append("\(error)")
    }
    warnings += found
    known.append((options, policy))
    return policy
  }
}

extension TLSServerSettings {
  fileprivate init(_ options: BrokerTLSOptions) {
    self.init(certificateFile: options.certificateFile, keyFile: options.keyFile)
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
  }
}

extension WebSocketTerms {
  /// Nil for a listener without WebSockets.
  fileprivate init?(_ options: ListenerOptions) {
    if options.speech == .mqtt { return nil }
    self.init()
    paths = options.paths
    origins = options.origins
    headerLimitBytes = options.headerLimitBytes
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
