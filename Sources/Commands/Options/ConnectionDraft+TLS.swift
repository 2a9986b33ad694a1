// The table of the TLS options of a client.

import Basis
import Settings
import Text

extension ConnectionDraft {
  /// Options that turn TLS on, and options that say how it is done.
  static let tlsOptions: [Option<ConnectionDraft>] = [
    .flag(
      "tls", "secure the connection with TLS, trusting the system's certificates",
      manual: """
        For a broker on this machine the certificate authority that mqtt broker --tls made for \
        this account is trusted as well.
        """
    ) { $0.tlsCause = "--tls" },
    .flag("no-tls", "no TLS, whatever the port or an options file says") { $0.forbidsTLS = true },
    .value(
      "cafile", "FILE", .file, example: "ca.crt",
      "trust the certificates in this PEM file; turns TLS on"
    ) { (draft, text) throws(ValueFault) in
      draft.tls.caFile = try path(text)
      draft.tlsCause = "--cafile"
    },
    .value(
      "capath", "DIRECTORY", .directory, example: "/etc/ssl/certs",
      "trust the certificates in this directory; turns TLS on",
      manual: "The files must have their hashed names, as openssl rehash makes them."
    ) { (draft, text) throws(ValueFault) in
      draft.tls.caDirectory = try path(text)
      draft.tlsCause = "--capath"
    },
    .flag("tls-use-os-certs", "trust the system's certificates; turns TLS on") {
      $0.tls.usesSystemCertificates = true
      $0.tlsCause = "--tls-use-os-certs"
    },
    .value(
      "cert", "FILE", .file, example: "client.crt",
      "this client's certificate, in PEM; turns TLS on"
    ) { (draft, text) throws(ValueFault) in
      draft.tls.certificateFile = try path(text)
      draft.tlsCause = "--cert"
    },
    .value(
      "key", "FILE", .file, example: "client.key",
      "private key of this client's certificate, in PEM"
    ) { (draft, text) throws(ValueFault) in
      draft.tls.keyFile = try path(text)
      draft.tlsCause = "--key"
    },
    .value(
      "key-pw-file", "FILE", .file, example: "key-password",
      "read the key's password from the first line of FILE"
    ) { (draft, text) throws(ValueFault) in
      draft.tls.keyPassword = .file(try path(text))
      draft.tlsDetails.append("--key-pw-file")
    },
    .value(
      "key-pw-env", "NAME", example: "KEY_PASSWORD",
      "read the key's password from the environment variable NAME"
    ) { (draft, text) throws(ValueFault) in
      draft.tls.keyPassword = .environment(try Values.name(text, "a variable's name"))
      draft.tlsDetails.append("--key-pw-env")
    },
    .value(
      "keyform", "FORM", .choices(["pem"]), example: "pem", default: "pem",
      "form of the private key; pem is the only one"
    ) { (_, text) throws(ValueFault) in _ = try Values.choice(text, ["pem": ()]) },
    .flag(
      "insecure", "do not check whose certificate the broker shows",
      manual: "Anyone between here and the broker can then read and change everything."
    ) {
      $0.tls.isInsecure = true
      $0.tlsDetails.append("--insecure")
    },
    .value(
      "tls-version", "VERSION", .choices(["tlsv1.2", "tlsv1.3"]), example: "tlsv1.3",
      default: "tlsv1.2", "oldest version of TLS to accept: tlsv1.2 or tlsv1.3"
    ) { (draft, text) throws(ValueFault) in
      draft.tls.minimumVersion = try Values.choice(
        text, ["tlsv1.2": TLSVersion.v12, "tlsv1.3": .v13])
      draft.tlsDetails.append("--tls-version")
    },
    .value("ciphers", "LIST", example: "ECDHE+AESGCM", "ciphers to offer, in OpenSSL's notation") {
      (draft, text) throws(ValueFault) in
      draft.tls.ciphers = try Values.name(text, "a list of ciphers")
      draft.tlsDetails.append("--ciphers")
    },
    .value("tls-alpn", "PROTOCOL", example: "mqtt", "application protocol to name in the handshake")
    { (draft, text) throws(ValueFault) in
      guard (1...255).contains(text.utf8.count) else { throw .expected("1 to 255 bytes") }
      draft.tls.applicationProtocol = text
      draft.tlsDetails.append("--tls-alpn")
    },
    .value(
      "tls-servername", "NAME", example: "broker.example.org", default: "the host",
      "name to ask for and to find in the broker's certificate"
    ) { (draft, text) throws(ValueFault) in
      draft.tls.serverName = try Values.name(text, "a name")
      draft.tlsDetails.append("--tls-servername")
    },
    .value("psk", "KEY", example: "1a2b3c4d", "pre-shared key in hexadecimal digits; turns TLS on")
    { (draft, text) throws(ValueFault) in
      guard let key = [UInt8](hexadecimal: text.utf8), !key.isEmpty else {
        throw .expected("pairs of hexadecimal digits without 0x")
      }
      draft.tls.preSharedKey = key
      draft.tlsCause = "--psk"
    },
    .value("psk-identity", "IDENTITY", example: "maria", "identity that goes with --psk") {
      (draft, text) throws(ValueFault) in
      draft.tls.preSharedKeyIdentity = try Values.name(text, "an identity")
      draft.tlsCause = "--psk-identity"
    },
    .value(
      "tls-keylog", "FILE", .file, example: "keys.log", default: "$SSLKEYLOGFILE",
      "append the secrets of the session to FILE, for Wireshark"
    ) { (draft, text) throws(ValueFault) in
      draft.tls.keyLogFile = try path(text)
      draft.tlsDetails.append("--tls-keylog")
    },
  ]

  private static func path(_ text: String) throws(ValueFault) -> String {
    try Values.name(text, "a path")
  }
}
