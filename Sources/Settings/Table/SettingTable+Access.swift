// The rows about TLS, and about users and what they may do.

import MQTTBroker
import Text

extension Setting {
  /// A file that TLS reads.
  private static func file(
    _ help: String, _ path: any WritableKeyPath<ListenerSetup, String?> & Sendable
  ) -> Setting {
    Setting(help, .text("a path"), .listener(.text(path), .tls))
  }

  static let tls: [Setting] = [
    Setting(
      "wait for TLS clients of this machine on port 8883", .text(""),
      .place(isFallback: true) { (_) throws(ValueFault) in
        ListenerSetup(.loopback(port: 8883), usesTLS: true)
      },
      manual: """
        Unless --tls-port or --tls-listen says where. Without --cert a local certificate \
        authority and a certificate for this host's names are made, kept in the user's data \
        directory and used again next time.
        """
    ).flag("tls"),
    Setting(
      "wait for TLS clients of this machine on PORT", .text(""),
      .place { (text) throws(ValueFault) in
        ListenerSetup(.loopback(port: try Values.number(text, 1...65_535)), usesTLS: true)
      }
    ).option("tls-port", "PORT", example: "8883").repeatable,
    Setting(
      "wait for TLS clients on ADDRESS, or on every address", .text(""),
      .place { (text) throws(ValueFault) in
        ListenerSetup(try ListenerSetup.place(text), usesTLS: true)
      }
    ).option("tls-listen", "[ADDRESS:]PORT", example: "0.0.0.0:8883").repeatable,
    file("the broker's certificate and its chain, in PEM", \.tls.certificateFile)
      .option("cert", "FILE", .file, example: "server.crt", aliases: ["certfile"])
      .word(
        "certfile", .listener, help: "the certificate of the listener and its chain, in PEM"),
    file("the private key of the certificate, in PEM", \.tls.keyFile)
      .option("key", "FILE", .file, example: "server.key", aliases: ["keyfile"])
      .word("keyfile", .listener),
    file("ask clients for a certificate signed by one of these", \.tls.caFile)
      .option("cafile", "FILE", .file, example: "ca.crt")
      .word(
        "cafile", .listener,
        help: "the authorities that may have signed a client's certificate"),
    file("the same with a directory, prepared by openssl rehash", \.tls.caDirectory)
      .option("capath", "DIRECTORY", .directory, example: "/etc/ssl/clients")
      .word(
        "capath", .listener,
        help: "a directory of such authorities, prepared by openssl rehash"),
    file("turn clients away whose certificate stands in this list", \.tls.revocationFile)
      .option("crl", "FILE", .file, example: "revoked.pem", aliases: ["crlfile"])
      .word("crlfile", .listener, help: "the certificates of clients that are revoked"),
    Setting("the ciphers of TLS 1.2", .text("a list"), .listener(.text(\.tls.ciphers), .tls))
      .option("ciphers", "LIST", example: "ECDHE+AESGCM").by(default: "OpenSSL's")
      .word("ciphers", .listener, help: "the ciphers of TLS 1.2, as OpenSSL has them"),
    Setting(
      "the cipher suites of TLS 1.3", .text("a list"), .listener(.text(\.tls.ciphersuites), .tls)
    ).option("ciphers-tls1.3", "LIST", example: "TLS_AES_128_GCM_SHA256").by(default: "OpenSSL's")
      .word("ciphers_tls1.3", .listener),
    Setting(
      "the lowest version of TLS", .choice(TLSVersion.allCases.map(\.rawValue)),
      .listener(.word(\.tls.minimumVersion), .tls)
    ).option("tls-version", "VERSION", example: "tlsv1.3")
      .word(
        "tls_version", .listener,
        .text { (word) throws(ValueFault) in
          if TLSVersion(rawValue: word) != nil { return .text(word) }
          throw .expected(
            "tlsv1.2 or tlsv1.3"
              + (word.hasPrefix("tlsv1") ? "; older versions are not secure" : ""))
        }),
    file(
      "let clients in that have a key of FILE, which has a line IDENTITY:HEX for each",
      \.access.pskFile
    ).option("psk-file", "FILE", .file, example: "keys").with(
      .listener(.truth(\.tls.usesKeys), .tls)
    ).word("psk_file", .security, help: "identities and keys of TLS-PSK"),
    Setting(
      "what such clients choose their identity by", .text("a hint"),
      .listener(.text(\.tls.pskHint), .tls)
    ).option("psk-hint", "TEXT", example: "mqtt")
      .word(
        "psk_hint", .listener,
        help: "allows pre-shared keys, those of psk_file, and is what clients choose their "
          + "identity by"),
    Setting(
      "turn clients without such a certificate away", .truth,
      .listener(.truth(\.tls.requiresCertificate), .certificates)
    ).flag("require-cert", aliases: ["require-certificate"])
      .word("require_certificate", .listener, help: "turns clients without a certificate away"),
    Setting(
      "take the user name from the common name of the certificate, or the identity of the key",
      .truth, .listener(.truth(\.tls.usesIdentity), .certificates)
    ).flag("use-identity-as-username")
      .word(
        "use_identity_as_username", .listener,
        help: "the common name of the client's certificate, or the identity of its key, is its "
          + "user name"),
    Setting(
      "take the whole subject of the certificate for the user name", .truth,
      .listener(.truth(\.tls.usesSubject), .tls)
    ).flag("use-subject-as-username")
      .word(
        "use_subject_as_username", .listener,
        help: "the whole subject of the client's certificate is its user name"),
    Setting(
      "let clients in whose certificate is not valid yet or any more", .truth,
      .listener(.opposite(\.tls.checksDates), .tls)
    ).flag("disable-client-cert-date-checks")
      .word(
        "disable_client_cert_date_checks", .namedListener,
        help: "lets in clients whose certificate is not valid yet or any more"),
    file("append the secrets of all sessions to FILE, for Wireshark", \.tls.keyLogFile)
      .option("tls-keylog", "FILE", .file, example: "keys.log").by(default: "$SSLKEYLOGFILE"),
    ignored(
      "dhparamfile", .listener, value: "FILE",
      because: "OpenSSL chooses the parameters that fit the key"),
    line(
      "tls_keyform", .listener, value: "pem", .words { .texts($0) }, "the form of the private key"
    ) { (_, value) throws(ValueFault) in
      if value.texts[0] != "pem" { throw .expected("pem; keys of OpenSSL engines are not used") }
    }.by(default: "pem"),
    line(
      "tls_engine", .listener, value: "ID", .line, "is refused: OpenSSL engines are not used"
    ) { (_, _) throws(ValueFault) in
      throw ValueFault("OpenSSL engines are not used; give the key as a PEM file in keyfile")
    },
    ignored(
      "tls_engine_kpass_sha1", .listener, value: "HEX", because: "OpenSSL engines are not used"),
  ]

  static let access: [Setting] = [
    Setting(
      "let in who is in FILE, with the right password", .text("a path"),
      .listener(.text(\.access.passwordFile)),
      manual: """
        FILE has a line for each user, as mosquitto_passwd and mqtt broker passwd write them: \
        SHA-512, PBKDF2 or Argon2id.
        """
    ).option("passwords", "FILE", .file, example: "passwords", aliases: ["password-file"])
      .word(
        "password_file", .security,
        help: "users and the hashes of their passwords, as mqtt broker passwd writes them"),
    Setting(
      "topics that users may publish and receive, as mosquitto's acl_file", .text("a path"),
      .listener(.text(\.access.aclFile)),
      manual: "A file of mosquitto's dynamic security plugin, in JSON, is taken as well."
    ).option("acl", "FILE", .file, example: "acl", aliases: ["acl-file"])
      .word("acl_file", .security, help: "who may publish and subscribe to what"),
    Setting(
      "let FILE of --acl say subscribe, readdeny and writedeny, too", .truth,
      .listener(.truth(\.access.allowsExtensions)), manual: "mosquitto does not know these words."
    ).flag("acl-extensions"),
    Setting(
      "refuse filters of which nothing may ever be received", .truth,
      .listener(.truth(\.policy.checksSubscriptions))
    ).flag("check-subscriptions"),
    Setting(
      "whether clients without a user name get in", .truth,
      .listener(.truth(\.access.allowsAnonymous))
    ).option("allow-anonymous", "BOOLEAN", example: "true").by(default: "true without --passwords")
      .word("allow_anonymous", .security, default: "false where a listener is named"),
    Setting(
      "the same as --allow-anonymous false", .truth, .listener(.truth(\.access.allowsAnonymous))
    ).flag("no-anonymous", false),
    Setting(
      "whether clients without a user name get in here", .truth,
      .listener(.truth(\.access.allowsAnonymous))
    ).word("listener_allow_anonymous", .listener, default: "that of allow_anonymous"),
    Setting(
      "whether a user whose password is the empty one gets in with it", .truth,
      .broker(.truth(\.configuration.allowsEmptyPasswords))
    ).option("allow-empty-passwords", "BOOLEAN")
      .word(
        "allow_empty_passwords",
        help: "whether a user whose password is the empty one gets in with it; mosquitto does not "
          + "know this"),
    Setting(
      "who may go on with the session of a client identifier",
      .choice(ClientIdentifierOwner.allCases.map(\.rawValue)),
      .broker(.word(\.configuration.clientIdentifierOwner)),
      manual: """
        user: the one that made it, known by user name or certificate; clients without a name are \
        those of listeners with the same rules. Somebody else is refused with reason code 0x85, \
        before MQTT 5 with return code 2, and the log says so. any: whoever names the identifier, \
        for devices whose user name changes; the log says when a session changes hands. Messages \
        that the new client may not receive wait until one comes that may.
        """
    ).option("client-id-owner", "OWNER", example: "any")
      .word(
        "client_id_owner",
        help: "who may go on with the session of a client identifier: the user that made it, or "
          + "whoever names it; mosquitto does not know this"
      ).withFile(.text(ClientIdentifierOwner.anybody.rawValue)),
    Setting(
      "take client identifiers that begin so, and no others",
      .gathered { (text, before) throws(ValueFault) in
        before + [try Values.ofTwoLengthBytes(try Values.name(text, "a prefix"))]
      }, .listener(.texts(\.policy.clientIdentifierPrefixes))
    ).option("clientid-prefixes", "PREFIX", example: "sensor-").repeatable
      .word(
        "clientid_prefixes", .process, .text { .texts([$0]) },
        help: "what the identifiers of clients must begin with"
      ).replaced(by: "an access control list"),
    Setting(
      "whether the user name takes the place of the client identifier", .truth,
      .listener(.truth(\.policy.usesUserNameAsClientIdentifier)),
      manual: "Then nobody can take over the session of another user. Who has no name is refused."
    ).option("use-username-as-clientid", "BOOLEAN").word("use_username_as_clientid", .listener),
    Setting(
      "keep back retained messages that their publisher may not publish now", .truth,
      .broker(.truth(\.configuration.checksRetainSource))
    ).option("check-retain-source", "BOOLEAN")
      .word(
        "check_retain_source",
        help: "whether a retained message is passed on only while its publisher may still publish "
          + "it"),
    Setting(
      "failed logins of an address before its next ones wait; 0 is never", .number(0...1_000_000),
      .broker(.number(\.configuration.loginFailureLimit)),
      manual: "They wait one behind the other, twice as long after each failure."
    ).option("login-failures", "COUNT"),
    Setting(
      "longest wait between two such logins", .number(1...3600),
      .broker(.number(\.configuration.loginDelayLimitSeconds))
    ).option("login-delay-limit", "SECONDS"),
    ignored(
      "enable_control_api", value: "true | false", because: "requests to $CONTROL are refused"),
  ]
}
