// What holds in the end. There are three layers, and the later one counts: defaults, the
// configuration file, the command line. A setting of listeners that the command line gives holds
// for those of the file too; where it could have no effect, or cannot go together with what the
// file says, it is refused by its name.

package import Text

/// What comes of reading all that was said.
package struct SettingsReading {
  /// Those of the rest, where something is wrong with the file.
  package var settings: BrokerSettings
  package var warnings: [FileNote] = []
  /// Everything that is wrong with the file, or with the files that it includes.
  package var faults: [FileNote] = []
}

extension CommandLineLayer {
  /// The settings of a broker that reads no file.
  package func settings() throws(SettingConflict) -> BrokerSettings {
    var settings = BrokerSettings()
    apply(to: &settings)
    try settle(&settings, fileListeners: [], pattern: ListenerSetup(.loopback(port: 1883)))
    return settings
  }

  /// The same with the configuration file, if it names one, read now; what the command line says
  /// comes on top of it.
  package func reading(in context: ParsingContext) -> SettingsReading {
    guard let path = configurationFile else {
      do throws(SettingConflict) { return SettingsReading(settings: try settings()) } catch {
        // The words were understood before.
        return SettingsReading(
          settings: BrokerSettings(), faults: [FileNote(FilePlace(""), error.description)])
      }
    }
    var reader = ConfigurationFileReader(context)
    reader.read(path, isMain: true)
    var file = reader.layer
    let found = file.finish(besides: listeners)
    var settings = BrokerSettings()
    for row in Setting.table {
      if let value = row.valueWithFile, case .broker(let field) = row.target {
        field.set(&settings, value)
      }
    }
    for said in file.assignments { settings.take(said) }
    apply(to: &settings)
    settings.statements = file.statements
    do throws(SettingConflict) {
      try settle(&settings, fileListeners: found.listeners, pattern: found.pattern)
    } catch {
      // What is wrong now is how the words go with the file; nothing more is said of its listeners.
      settings.listeners = []
      file.errors.append(FileNote(FilePlace(path), error.description))
    }
    for index in settings.listeners.indices { file.settle(&settings.listeners[index]) }
    return SettingsReading(settings: settings, warnings: file.warnings, faults: file.errors)
  }

  /// Adds the listeners, those of a file with what the words say on top of it.
  ///
  /// `pattern` is what a listener of the command line begins as.
  private func settle(
    _ settings: inout BrokerSettings, fileListeners: [ListenerSetup], pattern: ListenerSetup
  ) throws(SettingConflict) {
    settings.settleLog()
    if let limit = settings.threadLimit, settings.threadMinimum > limit {
      throw SettingConflict(
        "--min-threads", "\(settings.threadMinimum) are more than --threads allows, \(limit)",
        example: "--min-threads 2 --threads 4")
    }
    settings.listeners = fileListeners + ownListeners(pattern)
    if settings.listeners.isEmpty {
      settings.listeners = [pattern]
      settings.isUnasked = true
    }
    // Whether a listener is told of certificates is known once all else is.
    for isAboutTLS in [false, true] {
      for said in assignments {
        guard case .listener(_, let concern) = said.target,
          [.tls, .certificates].contains(concern) == isAboutTLS
        else { continue }
        try apply(said, concern, to: &settings.listeners)
      }
    }
    for index in settings.listeners.indices { settings.listeners[index].settleNames() }
    for listener in settings.listeners { try check(listener) }
    if case .option = settings.origin(of: \.log.facility),
      !settings.log.destinations.contains(.systemLog)
    {
      throw SettingConflict(
        "--log-facility", "nothing goes to the system log",
        example: "--log-dest syslog --log-facility 0")
    }
  }

  private func apply(
    _ said: Assignment, _ concern: Setting.Concern, to listeners: inout [ListenerSetup]
  ) throws(SettingConflict) {
    var isOfUse = false
    for index in listeners.indices where concern.concerns(listeners[index]) {
      listeners[index].take(said)
      isOfUse = true
    }
    if isOfUse { return }
    let option = "\(said.origin)"
    throw concern == .webSockets
      ? SettingConflict(option, "no listener speaks WebSocket", example: "--ws 8080 \(option)")
      : SettingConflict(option, "no listener speaks TLS", example: "--tls \(option)")
  }

  /// What the settings of the command line need of a listener.
  private func check(_ listener: ListenerSetup) throws(SettingConflict) {
    let place = listener.origin.place.map { " (the listener at \($0))" } ?? ""
    if says(\ListenerSetup.interfaceName) {
      guard case .everywhere = listener.place else {
        throw SettingConflict(
          "--bind-interface", "is for listeners that name no address and no socket\(place)",
          example: "--bind-interface \(listener.interfaceName ?? "eth0") --listen 1883")
      }
    }
    if says(\ListenerSetup.proxyMustUseTLS), !listener.learnsOfCertificates {
      throw SettingConflict(
        "--proxy-require-tls",
        listener.proxyProtocol == nil
          ? "needs --proxy-protocol\(place)"
          : "version 1 of the PROXY protocol says nothing of TLS\(place)",
        example: "--proxy-protocol 2 --proxy-require-tls")
    }
    if says(\ListenerSetup.tls.requiresCertificate), listener.usesTLS,
      !listener.tls.hasAuthorities
    {
      throw SettingConflict(
        "--require-cert",
        "needs --cafile, the authorities whose certificates clients may show\(place)",
        example: "--cafile ca.crt --require-cert")
    }
    guard let file = listener.access.dynamicSecurityFile else { return }
    for origin in [
      listener.origin(of: \.access.passwordFile), listener.origin(of: \.access.aclFile),
    ] {
      guard case .option(let option) = origin else { continue }
      throw SettingConflict(
        option,
        "cannot be used together with the dynamic security of \(file), which says all about "
          + "users and rights\(place)")
    }
  }
}
