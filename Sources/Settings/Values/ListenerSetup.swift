// What one listener is told: where it waits, how clients speak to it, who gets in, and on which terms.

package import MQTTBroker
package import WebSocket

/// A place where the broker waits for clients.
package struct ListenerSetup: Equatable, Sendable {
  /// Where it waits.
  package enum Place: Equatable, Sendable, CustomStringConvertible {
    /// On 127.0.0.1 and ::1, or the one of them that this machine has.
    case loopback(port: UInt16)
    /// On every address of this machine.
    case everywhere(port: UInt16)
    /// On this address or name.
    case address(String, port: UInt16)
    /// On a Unix domain socket.
    case unix(path: String)

    /// As a line of mosquitto.conf has it after `listener`.
    package var description: String {
      switch self {
      case .loopback(let port), .everywhere(let port): "\(port)"
      case .address(let host, let port): "\(port) \(host)"
      case .unix(let path): "0 \(path)"
      }
    }
  }

  /// What is spoken there.
  package enum Speech: String, Sendable {
    case mqtt
    /// MQTT within the WebSocket protocol.
    case webSockets = "websockets"
    /// Either; the first byte of a connection tells.
    case both = "mqtt and websockets"
  }

  /// The addresses of a host that count.
  package enum AddressFamily: String, Sendable {
    case ipv4
    case ipv6
  }

  /// The header of the PROXY protocol that connections begin with.
  package enum ProxyVersion: String, Sendable {
    case one = "1"
    case two = "2"
    case any
  }

  package var place: Place
  package var usesTLS: Bool
  package var tls = ListenerTLSSettings()
  package var speech = Speech.mqtt
  /// How connections become WebSockets, where ``speech`` has them.
  package var webSocket = WebSocketTerms()
  /// The only kind of address; nil is both.
  package var family: AddressFamily?
  /// The network interface whose addresses it listens on, instead of those of the host.
  package var interfaceName: String?
  /// Whether small packets are sent at once, without Nagle's algorithm.
  package var sendsSmallPackets = true
  /// Nil for connections without a header of the PROXY protocol.
  package var proxyProtocol: ProxyVersion?
  /// Whether a PROXY header must say that the client came over TLS.
  package var proxyMustUseTLS = false
  /// What holds for its clients.
  package var terms = ListenerTerms()
  /// The files of users and rights.
  package var access = AccessSettings()
  /// Who gets in and what they may do, but for what those files say.
  package var policy = ListenerPolicy()
  /// Who asks for it.
  package var origin = SettingOrigin.standard
  /// Who said what of all this.
  package var origins = SettingOrigins()

  /// A listener at a place, plain unless `usesTLS` says otherwise.
  package init(_ place: Place, usesTLS: Bool = false) {
    self.place = place
    self.usesTLS = usesTLS
  }

  /// Whether a proxy that ends TLS may tell of the certificates of clients.
  var learnsOfCertificates: Bool { proxyProtocol == .two || proxyProtocol == .any }

  /// Whether anything says which users there are.
  package var knowsUsers: Bool {
    access.passwordFile != nil || access.dynamicSecurityFile != nil || tls.namesUsers
      || usesKeys
  }

  /// Whether clients show that they have a key of a file.
  package var usesKeys: Bool { tls.usesKeys && access.pskFile != nil }

  /// The same, as if nobody had asked for it.
  package var withoutOrigins: ListenerSetup {
    var result = self
    result.origin = .standard
    result.origins = SettingOrigins()
    return result
  }

  /// Who says what the field at `path` is.
  package func origin<Value>(
    of path: any KeyPath<ListenerSetup, Value> & Sendable
  ) -> SettingOrigin {
    Setting.position(of: path).map { origins[$0] } ?? .standard
  }
}

/// The lowest version of TLS that is taken, as `--tls-version` and `tls_version` spell it.
package enum TLSVersion: String, CaseIterable, Sendable {
  case v12 = "tlsv1.2"
  case v13 = "tlsv1.3"
}

/// How a listener with TLS identifies itself and its clients.
package struct ListenerTLSSettings: Equatable, Sendable {
  /// PEM files, both or neither; without them a local authority makes a certificate.
  package var certificateFile: String?
  package var keyFile: String?
  /// PEM file of the authorities that may have signed a client's certificate.
  package var caFile: String?
  /// Directory of such authorities, prepared by `openssl rehash`.
  package var caDirectory: String?
  /// PEM file of the certificates that are revoked.
  package var revocationFile: String?
  /// Ciphers of TLS 1.2 and of TLS 1.3, as OpenSSL writes them; nil for OpenSSL's own choice.
  package var ciphers: String?
  package var ciphersuites: String?
  /// The lowest version that is accepted.
  package var minimumVersion = TLSVersion.v12
  /// Whether clients may have a key of ``AccessSettings/pskFile`` instead of a certificate.
  package var usesKeys = false
  /// What clients choose the identity of their key by.
  package var pskHint: String?
  /// Whether client certificates are refused before and after their time.
  package var checksDates = true
  /// Whether the user name is the common name of the certificate, or the identity of the key.
  package var usesIdentity = false
  /// Whether the user name is the whole subject of the certificate; of both, the identity counts.
  package var usesSubject = false
  /// Whether a client without a certificate is turned away.
  package var requiresCertificate = false
  /// Where session secrets are written for Wireshark; nil leaves it to SSLKEYLOGFILE.
  package var keyLogFile: String?

  /// Whether anything says whose certificates are good.
  var hasAuthorities: Bool { caFile != nil || caDirectory != nil }

  /// Whether certificates or keys say who the user is.
  package var namesUsers: Bool { usesIdentity || usesSubject }

  /// Whether a certificate has to be made; who gives keys needs none.
  package var needsCertificate: Bool { certificateFile == nil && !usesKeys }

  /// No files.
  package init() {}
}

/// The files that say who gets in and what they may do.
package struct AccessSettings: Equatable, Sendable {
  /// Whether clients without a user name get in; nil is yes unless there is a password file.
  package var allowsAnonymous: Bool?
  package var passwordFile: String?
  package var aclFile: String?
  /// Whether `aclFile` may hold the words that mosquitto does not know.
  package var allowsExtensions = false
  /// Identities and keys of TLS-PSK.
  package var pskFile: String?
  /// JSON of the dynamic security plugin.
  package var dynamicSecurityFile: String?

  /// Nothing is said.
  package init() {}
}

extension ListenerSetup {
  /// Who says what a word of a configuration file says.
  package func origin(ofWord word: String) -> SettingOrigin {
    guard let path = Setting.row(word: word)?.target.path,
      let position = Setting.position(of: path)
    else { return .standard }
    return origins[position]
  }
}
