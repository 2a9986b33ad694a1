// Why a link is gone, in words for a log.

package import WebSocket

/// Why a link is gone.
package enum LinkEnd: Sendable, Equatable {
  /// The peer closed the connection in good order.
  case peerClosed
  /// The peer closed TLS-protected traffic without the farewell that TLS demands.
  case peerClosedWithoutFarewell
  /// A system call on the connection failed.
  case failed(SystemError)
  /// The TLS handshake or a record failed.
  case tlsFailed(TLSFailure)
  /// The TLS handshake took longer than allowed, in seconds.
  case handshakeTimedOut(seconds: Int)
  /// No address of the name answered in time; the last one is named.
  case connectTimedOut(SocketAddress)
  /// The first bytes on the plain listener of that port, zero for a path, were not those of MQTT.
  case foreignOnPlainListener(FirstBytes, port: UInt16)
  /// The WebSocket ended, or did not come about.
  case webSocket(WebSocketEnd)
  /// The server did not answer the WebSocket handshake within so many seconds.
  case webSocketTimedOut(seconds: Int)
  /// The header of the PROXY protocol is missing or wrong.
  case proxyHeader(ProxyHeaderFault)
  /// That header did not come within so many seconds.
  case proxyHeaderTimedOut(seconds: Int)
  /// The SOCKS proxy does not connect us.
  case socks(SOCKSFailure)
  /// The SOCKS proxy did not answer within so many seconds.
  case socksTimedOut(seconds: Int)
  /// This side closed it, or left it and the peer did not end it in time.
  case closedHere
}

extension LinkEnd: CustomStringConvertible {
  /// The reason as part of a log line, in lower case and without a full stop.
  package var description: String {
    switch self {
    case .peerClosed: "peer closed the connection"
    case .peerClosedWithoutFarewell: "peer closed the connection without ending TLS"
    case .failed(let error): "\(error)"
    case .tlsFailed(let failure): "\(failure)"
    case .handshakeTimedOut(let seconds): "no TLS handshake within \(seconds) s"
    case .connectTimedOut(let address): "connect \(address): no answer"
    case .foreignOnPlainListener(let found, let port):
      found.explanation(onPlainPort: port) ?? "no MQTT on a plain listener"
    case .webSocket(let end): "\(end)"
    case .webSocketTimedOut(let seconds): "no answer to the WebSocket handshake within \(seconds) s"
    case .proxyHeader(let fault): "\(fault)"
    case .proxyHeaderTimedOut(let seconds): "no PROXY header within \(seconds) s"
    case .socks(let failure): "\(failure)"
    case .socksTimedOut(let seconds): "the SOCKS proxy does not answer within \(seconds) s"
    case .closedHere: "closed here"
    }
  }
}
