// What may have to be set up on a connection before MQTT has its turn, in the one order that there
// is, from the socket upwards:
//
//   incoming:  PROXY header -> TLS -> what the listener speaks
//   outgoing:  SOCKS proxy  -> TLS -> WebSocket
//
// An incoming link is reported before a WebSocket on it has shaken hands, so that whoever limits
// silent connections limits these too; so what a listener speaks is no layer to be set up.

package import WebSocket

/// One layer, with its terms.
enum Layer {
  /// The header by which a load balancer says whose connection this is.
  case proxyHeader(ProxyProtocolTerms)
  /// A way through a SOCKS proxy.
  case socks(SOCKSRequest)
  case tls(TLSContext, serverName: String?)
  /// A client's WebSocket.
  case webSocket(WebSocketRequest)
}

/// What the clients of a listener speak.
package enum ListenerProtocol: Sendable, Equatable {
  case mqtt
  /// MQTT in WebSockets.
  case webSocket(WebSocketTerms)
  /// MQTT with and without WebSocket; the first byte tells.
  case mqttOrWebSocket(WebSocketTerms)
}

/// How a listener's connections reach the one who serves them.
package struct ListenerLayers: Sendable {
  /// The header that connections have to begin with; nil is none.
  package var proxyProtocol: ProxyProtocolTerms?
  package var tls: TLSContext?
  package var speaks: ListenerProtocol

  /// The layers below what is spoken; none if nothing is said.
  package init(
    proxyProtocol: ProxyProtocolTerms? = nil, tls: TLSContext? = nil,
    speaks: ListenerProtocol = .mqtt
  ) {
    self.proxyProtocol = proxyProtocol
    self.tls = tls
    self.speaks = speaks
  }

  /// What has to be set up, the lowest layer first.
  var stack: [Layer] {
    [proxyProtocol.map(Layer.proxyHeader), tls.map { .tls($0, serverName: nil) }]
      .compactMap { $0 }
  }
}

/// Where an outgoing connection goes, and through what.
package struct Route: Sendable {
  /// The addresses to try, in their order: those of the server, or of a proxy.
  package var addresses: [SocketAddress]
  /// The address to connect from; nil leaves it to the system.
  package var localAddress: SocketAddress?
  /// What a SOCKS proxy is asked for; nil goes to the server itself.
  package var proxy: SOCKSRequest?
  package var tls: TLSContext?
  /// What the server's certificate must be for.
  package var serverName: String?
  package var webSocket: WebSocketRequest?

  /// A plain connection to the first of `addresses` that answers.
  ///
  /// - Precondition: There is at least one.
  package init(to addresses: [SocketAddress]) {
    precondition(!addresses.isEmpty, "a connection needs an address")
    self.addresses = addresses
  }

  /// What has to be set up, the lowest layer first.
  var stack: [Layer] {
    if proxy == nil && tls == nil && webSocket == nil { return [] }
    return [
      proxy.map(Layer.socks), tls.map { .tls($0, serverName: serverName) },
      webSocket.map(Layer.webSocket),
    ].compactMap { $0 }
  }
}
