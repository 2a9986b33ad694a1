// Where a client connects to. Names are looked up anew for every attempt, so that a broker that
// has moved is found; numbers and localhost need no lookup, which keeps short runs short.

package import Transport
package import WebSocket

/// A broker's place and how it is reached.
package struct Endpoint: Sendable {
  package var host: String
  package var port: UInt16
  /// A Unix domain socket in place of host and port.
  package var unixPath: String?
  /// The local address to connect from.
  package var localAddress: SocketAddress?
  /// Nil is a plain connection.
  package var tls: TLSContext?
  /// What the broker's certificate must be for; nil is the host.
  package var serverName: String?
  /// The WebSocket that MQTT goes through; nil is none.
  package var webSocket: WebSocketRequest?

  /// A plain connection unless more is set.
  package init(host: String, port: UInt16) {
    self.host = host
    self.port = port
  }

  /// Every address to try, in order; looking a name up may block.
  package func addresses() throws(AddressLookupError) -> [SocketAddress] {
    if let unixPath { return [.unix(path: unixPath)] }
    // [RFC 6761, 6.3]: localhost is the loopback interface, whatever a name server says.
    if host == "localhost" { return [.loopback4(port: port), .loopback6(port: port)] }
    return try AddressLookup.addresses(of: host, port: port)
  }

  /// "localhost:1883", "[::1]:1883" or the path of a Unix domain socket; a WebSocket has a scheme and
  /// a path as well.
  package var description: String {
    guard let webSocket else { return place }
    return "\(tls == nil ? "ws" : "wss")://\(place)\(webSocket.path.prefix { $0 != "?" })"
  }

  private var place: String {
    if let unixPath { return unixPath }
    return host.utf8.contains(UInt8(ascii: ":")) && !host.hasPrefix("[")
      ? "[\(host)]:\(port)" : "\(host):\(port)"
  }
}
