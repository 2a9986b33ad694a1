// The rows of listeners and of their TLS.

import MQTTBroker
import MQTTCodec

extension MosquittoTable {
  static let listeners: [MosquittoOption] = [
    .words(
      "listener", .general, "PORT [ADDRESS | PATH]",
      "waits for clients on PORT of ADDRESS, or of every address; PORT 0 and PATH are a Unix "
        + "domain socket"
    ) { (draft, words) throws(ValueFault) in try draft.beginListener(words) },
    MosquittoOption.number(
      "port", .general, 1...65_535, default: "1883", "the port of the default listener"
    ) { (draft, port) throws(ValueFault) in
      draft.defaultPort = UInt16(port)
      draft.defaultListener.origin = draft.defaultListener.origin ?? draft.line
    }.replaced(by: "listener"),
    MosquittoOption(
      name: "bind_address", scope: .general,
      action: .text("ADDRESS") { (draft, address) throws(ValueFault) in
        draft.defaultHost = address
        draft.defaultListener.origin = draft.defaultListener.origin ?? draft.line
      }, defaultText: "every address", isRepeatable: false, replacement: "listener",
      help: "the address of the default listener"),
    .text(
      "bind_interface", "DEVICE", listener: \.interfaceName,
      "the network interface whose addresses it listens on"),
    .words("socket_domain", .listener, "ipv4 | ipv6", default: "both", "the only kind of address") {
      (draft, words) throws(ValueFault) in
      draft.listener.family = try Values.choice(words[0], ["ipv4": .ipv4, "ipv6": .ipv6])
    },
    .words("protocol", .listener, "mqtt | websockets", default: "mqtt", "what is spoken there") {
      (draft, words) throws(ValueFault) in
      draft.listener.speech = try Values.choice(
        words[0], ["mqtt": .mqtt, "websockets": .webSockets])
    },
    .words(
      "websockets_origin", .listener, "ORIGIN", default: "any",
      "a web page that may connect, as http://example.org; every further line adds one"
    ) { (draft, words) throws(ValueFault) in draft.listener.origins.append(words[0]) },
    .ignored(
      "http_dir", .listener, "DIRECTORY", because: "no files are served over HTTP"),
    .words(
      "accept_protocol_versions", .listener, "3,4,5", default: "all",
      "the versions of the protocol that are let in: 3 is MQTT 3.1, 4 is MQTT 3.1.1"
    ) { (draft, words) throws(ValueFault) in
      try draft.needListener()
      draft.listener.terms.versions = try ListenerOptions.versions(words)
    },
    .number(
      "enable_proxy_protocol", .listener, 1...2,
      "connections begin with the header of that version of the PROXY protocol"
    ) { (draft, version) throws(ValueFault) in draft.listener.proxyProtocol = version },
    .truth(
      "proxy_protocol_v2_require_tls", listener: \.proxyMustUseTLS,
      "turns clients away whose PROXY header does not say that they came over TLS"),
    MosquittoOption(
      name: "listener_allow_anonymous", scope: .listener,
      action: .truth { $0.listener.access.allowsAnonymous = $1 },
      defaultText: "that of allow_anonymous", isRepeatable: true,
      help: "whether clients without a user name get in here"),
    MosquittoOption(
      name: "listener_auto_id_prefix", scope: .listener,
      action: .text("PREFIX") { $0.listener.access.assignedIdentifierPrefix = $1 },
      defaultText: "that of auto_id_prefix", isRepeatable: false,
      help: "what the identifiers that are assigned here begin with"),
    .number(
      "max_connections", .listener, -MosquittoOption.largest...MosquittoOption.largest,
      default: "-1", "connections at once; -1 is no limit"
    ) { (draft, count) throws(ValueFault) in
      draft.listener.terms.connectionLimit = count > 0 ? count : nil
    },
    highestQoS("max_qos"), highestQoS("maximum_qos").replaced(by: "max_qos"),
    .number(
      "max_topic_alias", .listener, 0...65_535, default: "10",
      "topic aliases that a client may make"
    ) { (draft, count) throws(ValueFault) in
      draft.listener.terms.topicAliasMaximum = UInt16(count)
    },
    .number(
      "max_topic_alias_broker", .listener, 0...65_535, default: "10",
      "topic aliases that the broker makes towards a client"
    ) { (draft, count) throws(ValueFault) in
      draft.listener.terms.outgoingTopicAliasMaximum = UInt16(count)
    },
    MosquittoOption(
      name: "mount_point", scope: .listener,
      action: .text("PREFIX") { (draft, prefix) throws(ValueFault) in
        try draft.needListener()
        draft.listener.terms.mountPoint = try ListenerOptions.mountPoint(prefix)
      }, defaultText: nil, isRepeatable: false,
      help: "what is put in front of all topics of its clients, and taken away again"),
    MosquittoOption(
      name: "use_username_as_clientid", scope: .listener,
      action: .truth { $0.listener.access.usesUserNameAsClientIdentifier = $1 },
      defaultText: "false", isRepeatable: true,
      help: "whether the user name takes the place of the client identifier"),
  ]

  private static func highestQoS(_ name: String) -> MosquittoOption {
    .number(name, .listener, 0...2, default: "2", "highest quality of service") {
      (draft, number) throws(ValueFault) in
      draft.listener.terms.maximumQoS = QoS(rawValue: UInt8(number)) ?? .exactlyOnce
    }
  }

  static let tls: [MosquittoOption] = [
    .text(
      "certfile", "FILE", listener: \.tls.certificateFile,
      "the certificate of the listener and its chain, in PEM"),
    .text("keyfile", "FILE", listener: \.tls.keyFile, "the private key of the certificate"),
    .text(
      "cafile", "FILE", listener: \.tls.caFile,
      "the authorities that may have signed a client's certificate"),
    .text(
      "capath", "DIRECTORY", listener: \.tls.caDirectory,
      "a directory of such authorities, prepared by openssl rehash"),
    .text(
      "crlfile", "FILE", listener: \.tls.revocationFile,
      "the certificates of clients that are revoked"),
    .truth(
      "require_certificate", listener: \.tls.requiresCertificate,
      "turns clients without a certificate away"),
    .truth(
      "use_identity_as_username", listener: \.usesIdentity,
      "the common name of the client's certificate, or the identity of its key, is its user name"),
    .truth(
      "use_subject_as_username", listener: \.usesSubject,
      "the whole subject of the client's certificate is its user name"),
    MosquittoOption(
      name: "disable_client_cert_date_checks", scope: .listener,
      action: .truth { (draft, isOff) throws(ValueFault) in
        try draft.needListener()
        draft.listener.tls.checksDates = !isOff
      }, defaultText: "false", isRepeatable: true,
      help: "lets in clients whose certificate is not valid yet or any more"),
    .text(
      "ciphers", "LIST", listener: \.tls.ciphers, "the ciphers of TLS 1.2, as OpenSSL has them"),
    .text(
      "ciphers_tls1.3", "LIST", listener: \.tls.ciphersuites, "the cipher suites of TLS 1.3"),
    MosquittoOption(
      name: "tls_version", scope: .listener,
      action: .text("tlsv1.2 | tlsv1.3") { (draft, word) throws(ValueFault) in
        guard ["tlsv1.2", "tlsv1.3"].contains(word) else {
          throw .expected(
            "tlsv1.2 or tlsv1.3"
              + (word.hasPrefix("tlsv1") ? "; older versions are not secure" : ""))
        }
        draft.listener.tls.minimumVersion = word
      }, defaultText: "tlsv1.2", isRepeatable: false, help: "the lowest version of TLS"),
    .text(
      "psk_hint", "TEXT", listener: \.tls.pskHint,
      "allows pre-shared keys, those of psk_file, and is what clients choose their identity by"),
    .ignored(
      "dhparamfile", .listener, "FILE", because: "OpenSSL chooses the parameters that fit the key"),
    .words("tls_keyform", .listener, "pem", default: "pem", "the form of the private key") {
      (_, words) throws(ValueFault) in
      if words[0] != "pem" {
        throw .expected("pem; keys of OpenSSL engines are not used")
      }
    },
    MosquittoOption(
      name: "tls_engine", scope: .listener,
      action: .text("ID") { (_, _) throws(ValueFault) in
        throw ValueFault("OpenSSL engines are not used; give the key as a PEM file in keyfile")
      }, defaultText: nil, isRepeatable: false,
      standing: .refused("OpenSSL engines are not used"),
      help: "is refused: OpenSSL engines are not used"),
    .ignored(
      "tls_engine_kpass_sha1", .listener, "HEX", because: "OpenSSL engines are not used"),
  ]
}

extension ListenerOptions {
  /// Identity wins over subject, as mosquitto has it.
  fileprivate var usesIdentity: Bool {
    get { tls.userName == .identity }
    set {
      if newValue { tls.userName = .identity } else if usesIdentity { tls.userName = nil }
    }
  }

  fileprivate var usesSubject: Bool {
    get { tls.userName == .subject }
    set {
      if usesIdentity { return }
      tls.userName = newValue ? .subject : nil
    }
  }
}

extension MosquittoDraft {
  /// Fails for an option that mosquitto takes only after a `listener`.
  fileprivate func needListener() throws(ValueFault) {
    if current == nil { throw ValueFault("it must stand after a listener") }
  }

  fileprivate mutating func beginListener(_ words: [String]) throws(ValueFault) {
    let port: UInt16 = try Values.number(words[0], 0...65_535)
    let place = words.dropFirst().first.flatMap { $0.hasPrefix("#") ? nil : $0 }
    var listener: ListenerOptions
    if port == 0 {
      guard let path = place else {
        throw ValueFault("port 0 needs the path of a Unix domain socket after it")
      }
      listener = ListenerOptions(.unix(path: try Values.socketPath(path)))
    } else {
      listener = ListenerOptions(
        place.map { .address($0, port: port) } ?? .everywhere(port: port))
    }
    listener.origin = line
    current = listeners.count
    listeners.append(listener)
  }
}
