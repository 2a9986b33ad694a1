// What can be said only once all lines have been read: which listeners there are, what the plugins
// stand for, and whether the options of one listener fit together.

import MQTTBroker
import MQTTCodec

/// What a file says, before the command line has its say.
struct FileLayer {
  /// All but the listeners.
  var options: BrokerOptions
  var listeners: [ListenerOptions]
  /// What a listener of the command line begins as.
  var pattern: ListenerOptions
}

extension MosquittoDraft {
  /// Whether mosquitto would serve the default listener beside those that are named.
  private var usesDefaultListener: Bool {
    var listener = defaultListener
    // Who gets in is no reason to serve it.
    listener.access.allowsAnonymous = nil
    var pristine = ListenerOptions(.everywhere(port: 1883))
    pristine.origin = defaultListener.origin
    return defaultPort != nil || defaultHost != nil || listener != pristine
  }

  /// Gathers all lines and adds faults to `errors`.
  ///
  /// `others` are the listeners of the command line.
  mutating func finish(besides others: [ListenerOptions]) -> FileLayer {
    for plugin in plugins { settle(plugin) }
    var pattern = ListenerOptions(.loopback(port: 1883))
    if !listeners.isEmpty || defaultPort != nil || defaultHost != nil {
      if usesDefaultListener { placeDefaultListener() }
    } else if others.isEmpty, usesDefaultListener {
      placeDefaultListener()
      isOpenUnasked = true
      letIn(&listeners[0])
    } else {
      // The command line says where to listen, or nobody does.
      pattern = defaultListener
      pattern.place = .loopback(port: 1883)
      pattern.origin = nil
      isLocalOnly = others.allSatisfy(\.isPlainPort)
      if isLocalOnly { letIn(&pattern) }
    }
    let gathered = listeners.map { gather($0) }
    pattern = gather(pattern)
    options.settleLog()
    return FileLayer(options: options, listeners: gathered, pattern: pattern)
  }

  private mutating func placeDefaultListener() {
    let port = defaultPort ?? 1883
    defaultListener.place =
      defaultHost.map { .address($0, port: port) } ?? .everywhere(port: port)
    listeners.append(defaultListener)
  }

  /// Without a word about where to listen, mosquitto lets everybody in: who is on this machine,
  /// whatever is said about it, or if an option of a listener stands there, everybody who can reach
  /// it unless something else is said.
  private func letIn(_ listener: inout ListenerOptions) {
    let said = isPerListener ? listener.access : access
    if usesDefaultListener, said.allowsAnonymous != nil { return }
    listener.access.allowsAnonymous = true
  }

  private var firstDefaultPlace: FilePlace? {
    places.filter { $0.key.hasSuffix(" default") }.map(\.value).min { $0.line < $1.line }
      ?? defaultListener.origin
  }

  private mutating func settle(_ plugin: Plugin) {
    func change(_ body: (inout AccessOptions) -> Void) {
      if let listener = plugin.listener {
        body(&listeners[listener].access)
      } else if plugin.isOfDefaultListener {
        body(&defaultListener.access)
      } else {
        body(&access)
      }
    }
    func need(_ name: String) -> String? {
      if let value = plugin.options[name] { return value }
      errors.append(
        FileNote(plugin.place, "plugin \(plugin.name) needs plugin_opt_\(name) after it"))
      return nil
    }
    switch plugin.kind {
    case .aclFile:
      if let file = need("acl_file") { change { $0.aclFile = file } }
    case .passwordFile:
      if let file = need("password_file") { change { $0.passwordFile = file } }
    case .dynamicSecurity:
      if let file = need("config_file") { change { $0.dynamicSecurityFile = file } }
    case .persistence:
      options.store.isInMemoryOnly = false
      if let file = plugin.options["db_file"] { setDataFile(file) }
      guard let sync = plugin.options["sync"] else { return }
      // The plugin's extra syncs the folder as well, as full does here.
      if let mode = BrokerStoreOptions.Synchronous(rawValue: sync == "extra" ? "full" : sync) {
        options.store.synchronous = mode
      } else {
        errors.append(
          FileNote(plugin.place, "plugin_opt_sync \(sync): expected extra, full, normal or off"))
      }
    }
  }

  private mutating func setDataFile(_ path: String) {
    guard let slash = path.lastIndex(of: "/") else { return options.store.fileName = path }
    options.store.directory = String(path[..<slash])
    options.store.fileName = String(path[slash...].dropFirst())
  }

  /// What the lines of a listener come to; what it takes from all others is added.
  private mutating func gather(_ listener: ListenerOptions) -> ListenerOptions {
    var listener = listener
    let before = errors.count
    let place = self.place(of: listener)
    func fault(_ text: String) { errors.append(FileNote(place, text)) }
    let tls = listener.tls
    if tls.pskHint != nil, tls.certificateFile != nil || tls.caFile != nil {
      fault("a listener has either psk_hint or a certificate (certfile, cafile), not both")
    }
    if (tls.certificateFile == nil) != (tls.keyFile == nil) {
      let (one, other) =
        tls.keyFile == nil ? ("certfile", "keyfile") : ("keyfile", "certfile")
      fault("\(one) needs \(other) too")
    }
    listener.usesTLS =
      tls.pskHint != nil || tls.certificateFile != nil || tls.keyFile != nil
    if !listener.usesTLS {
      listener.tls = BrokerTLSOptions()
      // A load balancer that ends TLS passes on what it has seen in its PROXY header.
      if listener.learnsOfCertificates {
        listener.tls.requiresCertificate = tls.requiresCertificate
        if tls.userName == .identity { listener.tls.userName = .identity }
      }
      if tls.requiresCertificate != listener.tls.requiresCertificate
        || tls.userName != listener.tls.userName
      {
        // Users were meant to come from there: that nobody gets in is no fault of its own.
        listener.tls.userName = tls.userName
        fault(
          "require_certificate and use_..._as_username need TLS: certfile and keyfile; "
            + "enable_proxy_protocol 2 does for all but use_subject_as_username")
      } else if tls != listener.tls {
        warnings.append(
          FileNote(place, "this listener is plain: options of TLS need certfile and keyfile"))
      }
    }
    // Of files that do not fit together nothing more is said.
    if errors.count > before { listener.usesTLS = false }
    listener.access = access(of: listener)
    if tls.pskHint != nil { listener.tls.pskFile = listener.access.pskFile }
    if let headerLimitBytes { listener.headerLimitBytes = headerLimitBytes }
    if let prefix = listener.access.assignedIdentifierPrefix {
      listener.terms.assignedIdentifierPrefix = prefix
    }
    if let isAllowed = listener.access.allowsEmptyClientIdentifier {
      listener.terms.allowsEmptyClientIdentifier = isAllowed
    }
    return listener
  }

  /// What a listener says itself about who gets in, and unless every listener is on its own, what
  /// holds for all.
  private func access(of listener: ListenerOptions) -> AccessOptions {
    var result = isPerListener ? listener.access : access
    result.allowsAnonymous = listener.access.allowsAnonymous ?? result.allowsAnonymous
    result.usesUserNameAsClientIdentifier = listener.access.usesUserNameAsClientIdentifier
    result.clientIdentifierPrefixes = access.clientIdentifierPrefixes
    result.assignedIdentifierPrefix =
      listener.access.assignedIdentifierPrefix ?? result.assignedIdentifierPrefix
    return result
  }

  /// Settles a listener of which the command line has had its say.
  ///
  /// Nobody gets in without a name unless that was said, or certificates are demanded and nothing
  /// says which users there are: then the certificate is what lets a client in. mosquitto would let
  /// in nobody there, which no one can have meant.
  mutating func settle(_ listener: inout ListenerOptions) {
    let place = self.place(of: listener)
    func fault(_ text: String) { errors.append(FileNote(place, text)) }
    if listener.usesTLS, listener.tls.requiresCertificate, !listener.tls.hasAuthorities {
      fault("require_certificate needs cafile or capath, the authorities of the certificates")
    }
    if listener.tls.pskHint != nil, listener.tls.pskFile == nil {
      fault("psk_hint needs psk_file, the identities and their keys")
    }
    if listener.proxyMustUseTLS, !listener.learnsOfCertificates {
      warnings.append(
        FileNote(
          place, "proxy_protocol_v2_require_tls has no effect without enable_proxy_protocol 2"))
    }
    listener.access.allowsAnonymous =
      listener.access.allowsAnonymous
      ?? (listener.tls.requiresCertificate && !knowsUsers(listener))
    warnAboutLocked(listener, place)
    warnAboutOpen(listener)
  }

  private func place(of listener: ListenerOptions) -> FilePlace {
    listener.origin ?? firstDefaultPlace ?? FilePlace(line.file)
  }

  /// Whether anything says which users a listener has.
  private func knowsUsers(_ listener: ListenerOptions) -> Bool {
    listener.access.passwordFile != nil || listener.access.dynamicSecurityFile != nil
      || listener.tls.userName != nil || listener.tls.pskFile != nil
  }

  /// Says it when a listener lets nobody in, which is how mosquitto means a bare `listener`.
  private mutating func warnAboutLocked(_ listener: ListenerOptions, _ place: FilePlace) {
    if listener.access.allowsAnonymous != false || knowsUsers(listener) { return }
    warnings.append(
      FileNote(
        place,
        "nobody gets in through \(listener.origin == nil ? "\(listener.place)" : "this listener"): "
          + "give it users with password_file, take them from certificates with "
          + "use_identity_as_username, or say allow_anonymous true"))
  }

  /// Says it when everybody gets in because nothing says where to listen, as in mosquitto.
  private mutating func warnAboutOpen(_ listener: ListenerOptions) {
    if listener.access.allowsAnonymous == false { return }
    let isContradicted = access.allowsAnonymous == false || listener.access.passwordFile != nil
    if isLocalOnly, isContradicted, !usesDefaultListener, warned.insert("local only").inserted {
      warnings.append(
        FileNote(
          FilePlace(line.file),
          "without a listener only this machine is served, and clients without a user name get in "
            + "whatever allow_anonymous says, as in mosquitto; name one: listener 1883"))
    }
    if isOpenUnasked, access.allowsAnonymous == nil, warned.insert("open").inserted {
      warnings.append(
        FileNote(
          firstDefaultPlace ?? FilePlace(line.file),
          "an option of a listener without one: as in mosquitto, port 1883 of every address is "
            + "served to everybody; say listener 1883, and allow_anonymous"))
    }
  }
}

extension ListenerOptions {
  /// Whether it is one of `-p`.
  fileprivate var isPlainPort: Bool {
    if case .loopback = place { return !usesTLS && speech == .mqtt }
    return false
  }
}
