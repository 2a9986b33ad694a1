// What can be said only once all lines have been read: which listeners there are, and whether the
// options of one listener fit together.

import Text

extension FileLayer {
  /// Gathers all lines and adds faults to `errors`.
  ///
  /// `others` are the listeners of the command line; the pattern is what each of them begins as.
  mutating func finish(
    besides others: [ListenerSetup]
  ) -> (listeners: [ListenerSetup], pattern: ListenerSetup) {
    settlePlugins()
    var found = listeners.indices.map { listener(listeners[$0], .listener($0)) }
    var pattern = listener(ListenerSetup(.loopback(port: 1883)), .all)
    if !listeners.isEmpty || defaultPort != nil || defaultHost != nil {
      if usesDefaultListener { found.append(listener(placedDefault, .defaultListener)) }
    } else if others.isEmpty, usesDefaultListener {
      isOpenUnasked = true
      var listener = listener(placedDefault, .defaultListener)
      letIn(&listener)
      found.append(listener)
    } else {
      // The command line says where to listen, or nobody does.
      pattern = listener(ListenerSetup(.loopback(port: 1883)), .defaultListener)
      isLocalOnly = others.allSatisfy(\.isPlainPort)
      if isLocalOnly { letIn(&pattern) }
    }
    for index in found.indices { check(&found[index]) }
    check(&pattern)
    return (found, pattern)
  }

  /// What the lines of `owner` make of `listener`, over those for all.
  private func listener(
    _ listener: ListenerSetup, _ owner: Assignment.Owner
  ) -> ListenerSetup {
    var result = listener
    for said in assignments where said.owner == .all { result.take(said) }
    if owner != .all { for said in assignments where said.owner == owner { result.take(said) } }
    return result
  }

  private var placedDefault: ListenerSetup {
    let port = defaultPort ?? 1883
    var listener = ListenerSetup(
      defaultHost.map { .address($0, port: port) } ?? .everywhere(port: port))
    if let defaultOrigin { listener.origin = .file(defaultOrigin, word: "port") }
    return listener
  }

  /// Whether mosquitto would serve the default listener beside those that are named.
  private var usesDefaultListener: Bool {
    if defaultPort != nil || defaultHost != nil { return true }
    let pristine = ListenerSetup(.everywhere(port: 1883))
    var listener = pristine
    for said in assignments where said.owner == .defaultListener { listener.take(said) }
    // Who gets in is no reason to serve it.
    listener.access.allowsAnonymous = nil
    return listener.withoutOrigins != pristine
  }

  /// Without a word about where to listen, mosquitto lets everybody in: who is on this machine,
  /// whatever is said about it, or if an option of a listener stands there, everybody who can reach
  /// it unless something else is said.
  private func letIn(_ listener: inout ListenerSetup) {
    if usesDefaultListener, listener.access.allowsAnonymous != nil { return }
    listener.take(
      Assignment(
        target: .listener(.truth(\.access.allowsAnonymous)), value: .truth(true),
        origin: .standard))
  }

  /// Says what does not fit together in the lines of a listener.
  private mutating func check(_ listener: inout ListenerSetup) {
    let before = errors.count
    let place = place(of: listener)
    func fault(_ text: String) { errors.append(FileNote(place, text)) }
    listener.settleNames()
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
    if listener.usesTLS {
      listener.tls.usesKeys = tls.pskHint != nil
    } else {
      checkPlain(&listener, place)
    }
    // Of files that do not fit together nothing more is said.
    if errors.count > before { listener.usesTLS = false }
  }

  /// Says which options of TLS a listener has no use for.
  private mutating func checkPlain(_ listener: inout ListenerSetup, _ place: FilePlace) {
    let tls = listener.tls
    listener.tls = ListenerTLSSettings()
    // A load balancer that ends TLS passes on what it has seen in its PROXY header.
    if listener.learnsOfCertificates {
      listener.tls.requiresCertificate = tls.requiresCertificate
      listener.tls.usesIdentity = tls.usesIdentity
    }
    if tls.requiresCertificate != listener.tls.requiresCertificate
      || tls.namesUsers != listener.tls.namesUsers
    {
      // Users were meant to come from there: that nobody gets in is no fault of its own.
      (listener.tls.usesIdentity, listener.tls.usesSubject) = (tls.usesIdentity, tls.usesSubject)
      errors.append(
        FileNote(
          place,
          "require_certificate and use_..._as_username need TLS: certfile and keyfile; "
            + "enable_proxy_protocol 2 does for all but use_subject_as_username"))
    } else if tls != listener.tls {
      warnings.append(
        FileNote(place, "this listener is plain: options of TLS need certfile and keyfile"))
    }
  }

  /// Settles a listener of which the command line has had its say.
  ///
  /// Nobody gets in without a name unless that was said, or certificates are demanded and nothing
  /// says which users there are: then the certificate is what lets a client in. mosquitto would let
  /// in nobody there, which no one can have meant.
  mutating func settle(_ listener: inout ListenerSetup) {
    let place = place(of: listener)
    func fault(_ text: String) { errors.append(FileNote(place, text)) }
    if listener.usesTLS, listener.tls.requiresCertificate, !listener.tls.hasAuthorities {
      fault("require_certificate needs cafile or capath, the authorities of the certificates")
    }
    if listener.tls.pskHint != nil, listener.access.pskFile == nil {
      fault("psk_hint needs psk_file, the identities and their keys")
    }
    if listener.proxyMustUseTLS, !listener.learnsOfCertificates {
      warnings.append(
        FileNote(
          place, "proxy_protocol_v2_require_tls has no effect without enable_proxy_protocol 2"))
    }
    listener.access.allowsAnonymous =
      listener.access.allowsAnonymous
      ?? (listener.tls.requiresCertificate && !listener.knowsUsers)
    warnAboutLocked(listener, place)
    warnAboutOpen(listener)
  }

  private func place(of listener: ListenerSetup) -> FilePlace {
    listener.origin.place ?? firstDefaultPlace ?? FilePlace(line.file)
  }

  /// Says it when a listener lets nobody in, which is how mosquitto means a bare `listener`.
  private mutating func warnAboutLocked(_ listener: ListenerSetup, _ place: FilePlace) {
    if listener.access.allowsAnonymous != false || listener.knowsUsers { return }
    let name = listener.origin.place == nil ? "\(listener.place)" : "this listener"
    warnings.append(
      FileNote(
        place,
        "nobody gets in through \(name): "
          + "give it users with password_file, take them from certificates with "
          + "use_identity_as_username, or say allow_anonymous true"))
  }

  /// Says it when everybody gets in because nothing says where to listen, as in mosquitto.
  private mutating func warnAboutOpen(_ listener: ListenerSetup) {
    if listener.access.allowsAnonymous == false { return }
    let said = assignments.last(\ListenerSetup.access.allowsAnonymous)
    let isContradicted = said?.value == .truth(false) || listener.access.passwordFile != nil
    if isLocalOnly, isContradicted, !usesDefaultListener {
      warnOnce(
        "local only",
        "without a listener only this machine is served, and clients without a user name get in "
          + "whatever allow_anonymous says, as in mosquitto; name one: listener 1883",
        at: FilePlace(line.file))
    }
    if isOpenUnasked, said == nil {
      warnOnce(
        "open",
        "an option of a listener without one: as in mosquitto, port 1883 of every address is "
          + "served to everybody; say listener 1883, and allow_anonymous",
        at: firstDefaultPlace ?? FilePlace(line.file))
    }
  }
}

extension ListenerSetup {
  /// Whether it is one of `-p`.
  fileprivate var isPlainPort: Bool {
    if case .loopback = place { return !usesTLS && speech == .mqtt }
    return false
  }

  /// Of what the user name may be taken from, one counts: what the command line says, or else the
  /// identity, as mosquitto has it.
  mutating func settleNames() {
    if !tls.usesIdentity || !tls.usesSubject { return }
    if case .option = origin(of: \.tls.usesSubject), case .file = origin(of: \.tls.usesIdentity) {
      tls.usesIdentity = false
    } else {
      tls.usesSubject = false
    }
  }
}
