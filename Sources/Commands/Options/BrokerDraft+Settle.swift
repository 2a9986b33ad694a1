// What holds in the end. There are three layers, and the later one counts: defaults, the
// configuration file, the command line. A setting of listeners that the command line gives holds
// for those of the file too; where it could have no effect, or cannot go together with what the
// file says, it is refused by its name.

import MQTTBroker

/// A setting of listeners as the command line gives it.
struct ListenerSetting: Sendable {
  /// The listeners that it has a meaning for.
  enum Concern {
    case every
    case tls
    /// Those with TLS, and those that are told of a client's certificate in a PROXY header.
    case certificates
    case webSockets
  }

  var option: String
  var concern: Concern
  var apply: @Sendable (inout ListenerOptions) -> Void

  func concerns(_ listener: ListenerOptions) -> Bool {
    switch concern {
    case .every: true
    case .tls: listener.usesTLS
    case .certificates: listener.usesTLS || listener.learnsOfCertificates
    case .webSockets: listener.speech != .mqtt
    }
  }

  /// What is missing where no listener is concerned.
  var fault: UsageError {
    concern == .webSockets
      ? UsageError(
        option, "no listener speaks WebSocket", example: "--ws 8080 \(option)")
      : UsageError(option, "no listener speaks TLS", example: "--tls \(option)")
  }
}

extension BrokerDraft {
  /// Takes on a setting of all listeners that it concerns.
  mutating func set(
    _ option: String, _ concern: ListenerSetting.Concern = .every,
    _ apply: @escaping @Sendable (inout ListenerOptions) -> Void
  ) {
    settings.append(ListenerSetting(option: option, concern: concern, apply: apply))
  }

  /// Takes on one of several values, the first of which takes the place of all that the file has.
  mutating func add(
    _ value: String, to path: any WritableKeyPath<ListenerOptions, [String]> & Sendable,
    _ option: String, _ concern: ListenerSetting.Concern = .every
  ) {
    let isFirst = !has(option)
    set(option, concern) { listener in
      if isFirst { listener[keyPath: path] = [] }
      listener[keyPath: path].append(value)
    }
  }

  /// Whether the command line has given a setting of listeners.
  func has(_ option: String) -> Bool { settings.contains { $0.option == option } }

  /// What the command line alone can be wrong about.
  func checkWords() throws(UsageError) {
    if has("--cert") != has("--key") {
      throw UsageError(
        has("--cert") ? "--cert" : "--key", "a certificate and its key are needed together",
        example: "--cert server.crt --key server.key")
    }
    if let storeDetail, keepsNothing {
      throw UsageError(storeDetail, "cannot be used together with --memory")
    }
    if options.isVerbose, options.isQuiet {
      throw UsageError("-v", "cannot be used together with -q")
    }
    if let limit = options.threadLimit, options.threadMinimum > limit {
      throw UsageError(
        "--min-threads", "\(options.threadMinimum) are more than --threads allows, \(limit)",
        example: "--min-threads 2 --threads 4")
    }
    if options.isTest, options.configurationFile == nil {
      throw UsageError(
        "--test-config", "needs -c, the file that is to be tested",
        example: "-c /etc/mosquitto/mosquitto.conf --test-config")
    }
  }

  /// The options of a broker that reads no file.
  func finished() throws(UsageError) -> BrokerOptions {
    try settled(fileListeners: [], pattern: ListenerOptions(.loopback(port: 1883)))
  }

  /// The options with the listeners of a file, on top of which the command line has its say.
  ///
  /// `pattern` is what a listener of the command line begins as.
  func settled(
    fileListeners: [ListenerOptions], pattern: ListenerOptions
  ) throws(UsageError) -> BrokerOptions {
    var result = options
    result.listeners = fileListeners + ownListeners(pattern)
    if result.listeners.isEmpty {
      result.listeners = [pattern]
      result.isUnasked = true
    }
    // Whether a listener is told of certificates is known once all else is.
    for isAboutTLS in [false, true] {
      for setting in settings where [.tls, .certificates].contains(setting.concern) == isAboutTLS {
        try apply(setting, to: &result.listeners)
      }
    }
    try checkListeners(result)
    // What the words say counts more than a file.
    if keepsNothing { result.store.isInMemoryOnly = true }
    if storeDetail != nil { result.store.isInMemoryOnly = false }
    if result.isVerbose { result.log.levels = LogLevel.allCases }
    if result.isQuiet { result.log.levels = [.error] }
    if result.log.facility != nil, hasLogFacility,
      !result.log.destinations.contains(.systemLog)
    {
      throw UsageError(
        "--log-facility", "nothing goes to the system log",
        example: "--log-dest syslog --log-facility 0")
    }
    result.settleLog()
    return result
  }

  /// The listeners that the command line names.
  private func ownListeners(_ pattern: ListenerOptions) -> [ListenerOptions] {
    var own = options.listeners
    if usesTLS, !own.contains(where: \.usesTLS) {
      own.append(ListenerOptions(.loopback(port: 8883), usesTLS: true))
    }
    return Self.joined(own).map { listener in
      var result = pattern
      result.place = listener.place
      result.speech = listener.speech
      result.usesTLS = listener.usesTLS
      return result
    }
  }

  private func apply(
    _ setting: ListenerSetting, to listeners: inout [ListenerOptions]
  ) throws(UsageError) {
    var isOfUse = false
    for index in listeners.indices where setting.concerns(listeners[index]) {
      setting.apply(&listeners[index])
      isOfUse = true
    }
    if !isOfUse { throw setting.fault }
  }

  /// What the settings of the command line need of the listeners.
  private func checkListeners(_ result: BrokerOptions) throws(UsageError) {
    for listener in result.listeners {
      let place = listener.origin.map { " (the listener at \($0))" } ?? ""
      if has("--bind-interface") {
        guard case .everywhere = listener.place else {
          throw UsageError(
            "--bind-interface", "is for listeners that name no address and no socket\(place)",
            example: "--bind-interface \(listener.interfaceName ?? "eth0") --listen 1883")
        }
      }
      if has("--proxy-require-tls"), listener.proxyProtocol == nil || listener.proxyProtocol == 1 {
        throw UsageError(
          "--proxy-require-tls",
          listener.proxyProtocol == nil
            ? "needs --proxy-protocol\(place)"
            : "version 1 of the PROXY protocol says nothing of TLS\(place)",
          example: "--proxy-protocol 2 --proxy-require-tls")
      }
      if has("--require-cert"), listener.usesTLS, !listener.tls.hasAuthorities {
        throw UsageError(
          "--require-cert",
          "needs --cafile, the authorities whose certificates clients may show\(place)",
          example: "--cafile ca.crt --require-cert")
      }
      for option in ["--passwords", "--acl"] where has(option) {
        guard let file = listener.access.dynamicSecurityFile else { continue }
        throw UsageError(
          option,
          "cannot be used together with the dynamic security of \(file), which says all about "
            + "users and rights\(place)")
      }
    }
  }
}
