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
  /// The SOCKS proxy that the connection goes through; nil is none.
  package var proxy: Proxy?

  /// A SOCKS proxy.
  package struct Proxy: Sendable, Equatable {
    package var host: String
    package var port: UInt16
    package var userName: String?
    package var password: [UInt8] = []

    /// A proxy that asks for no user name.
    package init(host: String, port: UInt16) {
      self.host = host
      self.port = port
    }
  }

  /// A plain connection unless more is set.
  package init(host: String, port: UInt16) {
    self.host = host
    self.port = port
  }

  /// The way there by these addresses, which are its own or its proxy's.
  package func route(to addresses: [SocketAddress]) -> Route {
    var route = Route(to: addresses)
    route.localAddress = localAddress
    route.proxy = proxyRequest
    route.tls = tls
    route.serverName = serverName ?? host
    route.webSocket = webSocket
    return route
  }

  /// What the proxy is asked for; nil when there is none.
  private var proxyRequest: SOCKSRequest? {
    guard let proxy, unixPath == nil else { return nil }
    var request = SOCKSRequest(host: host, port: port)
    request.userName = proxy.userName
    request.password = proxy.password
    return request
  }

  /// Every address to try, in order, the proxy's if there is one; looking a name up may block.
  package func addresses() throws(AddressLookupError) -> [SocketAddress] {
    if let knownAddresses { return knownAddresses }
    let (host, port) = name
    return try AddressLookup.addresses(of: host, port: port)
  }

  /// The same as far as no name has to be looked up; nil when one has to be.
  var knownAddresses: [SocketAddress]? {
    if let unixPath { return [.unix(path: unixPath)] }
    let (host, port) = name
    // [RFC 6761, 6.3]: localhost is the loopback interface, whatever a name server says.
    if host == "localhost" { return [.loopback4(port: port), .loopback6(port: port)] }
    return SocketAddress(host: host, port: port).map { [$0] }
  }

  /// Whose addresses are wanted: the proxy's, if there is one.
  var name: (host: String, port: UInt16) {
    proxy.map { ($0.host, $0.port) } ?? (host, port)
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
