// What can be said only once all lines have been read: which listeners there are, what the plugins
// stand for, and whether the options of one listener fit together.

import MQTTBroker
import MQTTCodec

extension MosquittoDraft {
  /// Whether mosquitto would serve the default listener beside those that are named.
  private var usesDefaultListener: Bool {
    var listener = defaultListener
    // Who gets in is no reason to serve it.
    listener.access?.allowsAnonymous = nil
    if listener.access == AccessOptions() { listener.access = nil }
    var pristine = ListenerOptions.mosquitto(.everywhere(port: 1883))
    pristine.origin = defaultListener.origin
    return defaultPort != nil || defaultHost != nil || listener != pristine
  }

  /// Settles everything; faults are added to `errors`.
  mutating func finish() -> BrokerOptions {
    for plugin in plugins { settle(plugin) }
    // Without a word about where to listen, mosquitto lets everybody in: who is on this machine, or
    // if only an option of a listener stands there, everybody who can reach it.
    let isUnasked = listeners.isEmpty && defaultPort == nil && defaultHost == nil
    if usesDefaultListener {
      let port = defaultPort ?? 1883
      defaultListener.place =
        defaultHost.map { .address($0, port: port) } ?? .everywhere(port: port)
      if isUnasked { openUnaskedListener() }
      listeners.append(defaultListener)
    } else if isUnasked {
      if options.access.allowsAnonymous == false || options.access.passwordFile != nil {
        warnings.append(
          FileNote(
            FilePlace(line.file),
            "without a listener only this machine is served, and clients without a user name get in "
              + "whatever allow_anonymous says, as in mosquitto; name one: listener 1883"))
      }
      options.access.allowsAnonymous = true
    }
    options.listeners = listeners
    for index in listeners.indices { options.listeners[index] = settled(listeners[index]) }
    checkPlaces()
    options.settleLog()
    return options
  }

  /// The default listener that nobody asked for, except by an option of it.
  private mutating func openUnaskedListener() {
    let said = isPerListener ? defaultListener.ownAccess : options.access
    if said.allowsAnonymous != nil { return }
    defaultListener.ownAccess.allowsAnonymous = true
    warnings.append(
      FileNote(
        firstDefaultPlace ?? FilePlace(line.file),
        "an option of a listener without one: as in mosquitto, port 1883 of every address is served "
          + "to everybody; say listener 1883, and allow_anonymous"))
  }

  private var firstDefaultPlace: FilePlace? {
    places.filter { $0.key.hasSuffix(" default") }.map(\.value).min { $0.line < $1.line }
      ?? defaultListener.origin
  }

  private mutating func settle(_ plugin: Plugin) {
    func change(_ body: (inout AccessOptions) -> Void) {
      if let listener = plugin.listener {
        body(&listeners[listener].ownAccess)
      } else if plugin.isOfDefaultListener {
        body(&defaultListener.ownAccess)
      } else {
        body(&options.access)
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

  private mutating func settled(_ listener: ListenerOptions) -> ListenerOptions {
    var listener = listener
    let place = listener.origin ?? firstDefaultPlace ?? FilePlace(line.file, 1)
    func fault(_ text: String) { errors.append(FileNote(place, text)) }
    let tls = listener.ownTLS
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
    let hasAuthorities = tls.caFile != nil || tls.caDirectory != nil
    if !listener.usesTLS {
      // A load balancer that ends TLS passes the common name on in its PROXY header.
      let isVouchedFor = tls.userName == .identity && listener.proxyProtocol == 2
      var others = tls
      if isVouchedFor { others.userName = nil }
      if tls.requiresCertificate || tls.userName != nil && !isVouchedFor {
        fault("require_certificate and use_..._as_username need TLS: certfile and keyfile")
      } else if others != BrokerTLSOptions() {
        warnings.append(
          FileNote(place, "this listener is plain: options of TLS need certfile and keyfile"))
      }
      listener.tls = nil
      if isVouchedFor { listener.ownTLS.userName = .identity }
    } else if tls.requiresCertificate, !hasAuthorities {
      fault("require_certificate needs cafile or capath, the authorities of the certificates")
    }
    listener.access = access(of: listener)
    if tls.pskHint != nil, listener.access?.pskFile == nil {
      fault("psk_hint needs psk_file, the identities and their keys")
    }
    warnAboutLocked(listener, place)
    if let headerLimitBytes { listener.headerLimitBytes = headerLimitBytes }
    listener.ownTerms.assignedIdentifierPrefix =
      listener.access?.assignedIdentifierPrefix ?? "auto-"
    listener.ownTerms.allowsEmptyClientIdentifier =
      listener.access?.allowsEmptyClientIdentifier ?? true
    return listener
  }

  /// Who gets in at a listener.
  ///
  /// That is what it says itself, and unless every listener is on its own, what holds for all. Nobody
  /// gets in without a name unless that was said, or certificates are demanded and nothing says
  /// which users there are: then the certificate is what lets a client in. mosquitto would let in
  /// nobody there, which no one can have meant.
  private func access(of listener: ListenerOptions) -> AccessOptions {
    var access = isPerListener ? listener.ownAccess : options.access
    access.allowsAnonymous =
      listener.access?.allowsAnonymous ?? access.allowsAnonymous
      ?? (listener.tls?.requiresCertificate == true && !knowsUsers(listener, access))
    access.usesUserNameAsClientIdentifier = listener.ownAccess.usesUserNameAsClientIdentifier
    access.clientIdentifierPrefixes = options.access.clientIdentifierPrefixes
    access.assignedIdentifierPrefix =
      listener.access?.assignedIdentifierPrefix ?? access.assignedIdentifierPrefix
    return access
  }

  /// Whether anything says which users a listener has.
  private func knowsUsers(_ listener: ListenerOptions, _ access: AccessOptions) -> Bool {
    access.passwordFile != nil || access.dynamicSecurityFile != nil
      || listener.tls?.userName != nil || listener.tls?.pskHint != nil
  }

  /// Says it when a listener lets nobody in, which is how mosquitto means a bare `listener`.
  private mutating func warnAboutLocked(_ listener: ListenerOptions, _ place: FilePlace) {
    guard let access = listener.access, access.allowsAnonymous == false,
      !knowsUsers(listener, access)
    else { return }
    warnings.append(
      FileNote(
        place,
        "nobody gets in through this listener: give it users with password_file, take them from "
          + "certificates with use_identity_as_username, or say allow_anonymous true"))
  }

  /// Two listeners at one place can never both be served.
  private mutating func checkPlaces() {
    for (index, listener) in options.listeners.enumerated() {
      let other = options.listeners[..<index].first {
        $0.place == listener.place && $0.family == listener.family
          && $0.interfaceName == listener.interfaceName
      }
      guard let other, let place = listener.origin else { continue }
      errors.append(
        FileNote(
          place,
          "a second listener at the same place"
            + (other.origin.map { "; the first stands at \($0.file):\($0.line)" } ?? "")))
    }
  }
}
