// From the settings of a broker to what its server runs with: what they name is looked up, read and
// made here, at the start and whenever they are read again.

import AccessControl
import Commands
import Glibc
import MQTTBroker
import MQTTServer
import Settings
import Storage
import Transport

extension ServerConfiguration {
  /// What `settings` ask for; `isFirst` tells of certificates that are made.
  ///
  /// `faults` gets why files that they name cannot be used.
  init(_ settings: BrokerSettings, isFirst: Bool, faults: inout [String]) {
    self.init()
    self.settings = settings
    self.settings.listeners = []
    self.settings.configuration.programVersion = Commands.programVersion
    addAccount()
    addStore(for: settings.listeners)
    var files = SharedPolicies()
    var made: LocalCertificates?
    listeners = []
    for setup in settings.listeners {
      if setup.usesTLS, setup.tls.needsCertificate, made == nil {
        do throws(TLSFailure) {
          made = try Self.localCertificates(isQuiet: settings.isQuiet || !isFirst)
        } catch {
          faults.append("\(error)")
        }
      }
      var listener = ListenerConfiguration(setup)
      listener.policy = files.policy(of: setup)
      if setup.usesTLS {
        listener.tls = TLSServerSettings(setup, made)
        if setup.usesKeys { listener.tls?.pskLookup = files.keys(of: setup) }
      }
      if settings.configurationFile == nil, !settings.isQuiet, !listener.policy.allowsAnonymous,
        listener.policy.passwords == nil, !setup.tls.namesUsers, !setup.usesKeys
      {
        warnings.append(
          "nobody gets in through \(listener.name): give it users with --passwords, take "
            + "them from certificates with --use-identity-as-username, or leave --no-anonymous away"
        )
      }
      listeners.append(listener)
    }
    faults += files.faults
    if !settings.isQuiet { warnings += files.warnings }
    leaveOutServed()
  }

  /// The account that root gives its rights up for: the one that is named, or as mosquitto has it
  /// without a word about it, mosquitto or else nobody.
  private mutating func addAccount() {
    guard let name = settings.userName, name != "root" else { return }
    if let found = Account(named: name) {
      account = found
    } else if name == "mosquitto", let nobody = Account(named: "nobody") {
      account = nobody
    } else if Account.isRoot {
      missingAccount = name
    }
  }

  /// Where and how surely everything that lasts is kept.
  private mutating func addStore(for listeners: [ListenerSetup]) {
    if settings.store.isInMemoryOnly { return }
    var store = StoreSettings(
      directory: settings.store.directory(of: listeners, environment: Terminal.environment),
      synchronization: settings.store.synchronization, isStrict: settings.store.isStrict)
    store.mosquittoFile = settings.store.mosquittoFile
    store.listenerNames = Self.names(of: listeners)
    storeDirectory = store.directory
    openStore = { [store] () throws(StoreFailure) in try RecordStore(store) }
  }

  /// What the listeners are known by, where a port tells which one is meant.
  private static func names(of listeners: [ListenerSetup]) -> [UInt16: String] {
    var names: [UInt16: [String]] = [:]
    for listener in listeners {
      switch listener.place {
      case .loopback(let port), .everywhere(let port), .address(_, let port):
        names[port, default: []].append(ListenerConfiguration(listener).name)
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

/// Reads the files of policies, each set of them once, however many listeners share it.
private struct SharedPolicies {
  private var known: [(setup: ListenerSetup, policy: ListenerPolicy)] = []
  var warnings: [String] = []
  /// Files that cannot be used, each once.
  var faults: [String] = []

  mutating func policy(of setup: ListenerSetup) -> ListenerPolicy {
    var policy = read(setup)
    // A file that nothing here uses must be there all the same, as with mosquitto.
    if setup.access.pskFile != nil, !setup.usesKeys { _ = keys(of: setup) }
    if setup.tls.usesSubject { policy.identity = .certificateSubject }
    if setup.tls.usesIdentity { policy.identity = .tlsIdentity }
    return policy
  }

  /// The keys of its file, by identity.
  mutating func keys(of setup: ListenerSetup) -> (@Sendable (String) -> [UInt8]?)? {
    guard let path = setup.access.pskFile else { return nil }
    var notes: [AccessFileNote] = []
    let file = AccessFiles.preSharedKeys(path) { notes.append($0) }
    for note in notes { take(note, setup) }
    return { file?.key(of: $0) }
  }

  private mutating func read(_ setup: ListenerSetup) -> ListenerPolicy {
    if let known = known.first(where: {
      $0.setup.access == setup.access && $0.setup.policy == setup.policy
    }) {
      return known.policy
    }
    var notes: [AccessFileNote] = []
    let policy = AccessFiles.policy(setup) { notes.append($0) }
    for note in notes { take(note, setup) }
    known.append((setup, policy))
    return policy
  }

  private mutating func take(_ note: AccessFileNote, _ setup: ListenerSetup) {
    if !note.isFault {
      if !warnings.contains(note.text) { warnings.append(note.text) }
      return
    }
    var fault = note.text
    if case .file(let place, let word) = setup.origin(of: note.setting) {
      fault = "\(place): \(word): \(fault)"
    }
    if !faults.contains(fault) { faults.append(fault) }
  }
}

extension TLSServerSettings {
  /// What a listener with TLS is told; where it names no certificate, it has the one that was `made`.
  fileprivate init(_ setup: ListenerSetup, _ made: LocalCertificates?) {
    let tls = setup.tls
    let made = tls.needsCertificate ? made : nil
    self.init(
      certificateFile: made?.certificateFile ?? tls.certificateFile,
      keyFile: made?.keyFile ?? tls.keyFile)
    authorityFile = tls.caFile
    authorityDirectory = tls.caDirectory
    revocationListFile = tls.revocationFile
    requiresClientCertificate = tls.requiresCertificate
    checksClientCertificateDates = tls.checksDates
    ciphers = tls.ciphers
    ciphersuites = tls.ciphersuites
    minimumVersion = tls.minimumVersion == .v12 ? .tls1_2 : .tls1_3
    keyLogFile = tls.keyLogFile
    pskHint = tls.pskHint
    isInFile =
      setup.origin.place != nil || setup.origin(of: \.tls.certificateFile).place != nil
  }
}
