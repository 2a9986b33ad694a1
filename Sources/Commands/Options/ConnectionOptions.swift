// Where a client connects, as whom, and by which protocol: what `mqtt pub` and `mqtt sub` have in
// common. Everything is decided here - default ports, which TLS trust, which version - so that the
// client only has to obey.

package import HTTP
package import MQTTCodec
package import Settings

/// Which version of MQTT a client speaks.
package enum VersionChoice: Equatable, Sendable {
  /// 5.0, and 3.1.1 where the broker refuses that.
  case auto
  /// This one or none.
  case exactly(ProtocolVersion)
}

/// Where a secret comes from.
package enum SecretSource: Equatable, Sendable {
  case given([UInt8])
  /// The first line of this file.
  case file(String)
  /// The environment variable of this name.
  case environment(String)
  /// Asked for on the terminal, unseen.
  case prompt
}

/// How a client secures its connection.
package struct TLSOptions: Equatable, Sendable {
  /// PEM file of certificates to trust.
  package var caFile: String?
  /// Directory of certificates to trust, under their hashed names.
  package var caDirectory: String?
  /// Whether the certificates that the operating system trusts are trusted.
  package var usesSystemCertificates = false
  /// PEM files of the client's own certificate and key: both or neither.
  package var certificateFile: String?
  package var keyFile: String?
  /// What decrypts the key; nil when it is not encrypted or OpenSSL shall ask.
  package var keyPassword: SecretSource?
  /// OpenSSL's list of ciphers; nil leaves OpenSSL's own.
  package var ciphers: String?
  package var minimumVersion = TLSVersion.v12
  /// The protocol offered by ALPN.
  package var applicationProtocol: String?
  /// Whether neither the chain nor the name of the broker's certificate is checked.
  package var isInsecure = false
  /// The pre-shared key and the identity that goes with it: both or neither.
  package var preSharedKey: [UInt8]?
  package var preSharedKeyIdentity: String?
  /// Where session secrets are written for Wireshark; nil leaves it to SSLKEYLOGFILE.
  package var keyLogFile: String?
  /// The name sent as SNI and looked for in the certificate; nil is the host.
  package var serverName: String?

  /// TLS with its defaults.
  package init() {}
}

/// A SOCKS proxy.
package struct ProxyOptions: Equatable, Sendable {
  package var host: String
  package var port: UInt16
  package var userName: String?
  package var password: [UInt8] = []
}

/// How a client asks for a WebSocket.
package struct WebSocketOptions: Equatable, Sendable {
  /// The path and perhaps a query; begins with a slash.
  package var path = "/mqtt"
  /// Headers beside those of the handshake.
  package var headers: [HeaderField] = []

  /// The path that brokers serve by custom.
  package init() {}
}

/// Where and how a client connects.
package struct ConnectionOptions: Equatable, Sendable {
  /// Bytes that a string or binary data of a packet has at most (1.5.4, 1.5.6).
  package static let stringByteLimit = 65_535

  package var host = "localhost"
  package var port: UInt16 = 1883
  /// A Unix domain socket, in place of host and port.
  package var unixPath: String?
  /// The local address to connect from.
  package var bindAddress: String?
  /// Nil leaves the choice to the client: empty under 5.0, made up before.
  package var clientIdentifier: String?
  /// The client identifier is this followed by the process id.
  package var clientIdentifierPrefix: String?
  /// Zero switches keep alive off.
  package var keepAliveSeconds: UInt16 = 60
  package var cleanStart = true
  /// The Session Expiry Interval for CONNECT under 5.0; `UInt32.max` never expires.
  package var sessionExpirySeconds: UInt32?
  package var version = VersionChoice.auto
  package var userName: String?
  package var password: SecretSource?
  package var will: Will?
  /// Properties of CONNECT other than the Session Expiry Interval.
  package var connectProperties = Properties()
  package var disconnectProperties = Properties()
  /// Nil is a plain connection.
  package var tls: TLSOptions?
  /// Nil is a connection without a proxy.
  package var proxy: ProxyOptions?
  /// Nil is MQTT without WebSocket.
  package var webSocket: WebSocketOptions?
  /// QoS 1 and 2 messages in flight at once, to the broker.
  package var inFlightLimit: UInt16 = 20
  /// Whether every packet is shown on the standard error stream.
  package var isDebug = false
  /// Whether errors at run time are not shown.
  package var isQuiet = false

  /// The defaults.
  package init() {}
}
