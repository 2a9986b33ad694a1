// What a reactor tells its delegate. Frequent events are a few plain words; the rare ones that
// carry text or addresses sit in a box, so that the list of a tick stays small and cheap.

package import Basis
package import WebSocket

/// Names a connection of one reactor; never names a later tenant of the same slot.
package typealias LinkID = SlotIdentifier<Link>

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

/// Something that happened on a link.
package enum LinkEvent {
  /// A peer connected to the listener of that index; a TLS handshake, if any, is complete.
  indirect case accepted(listener: Int, peer: SocketAddress)
  /// An outgoing connection, with its TLS handshake if any, is complete.
  case connected
  /// A link that another reactor detached lives here from now on.
  case adopted
  /// Bytes have come; valid during this tick.
  case received(Range<Int>)
  /// What the peer had sent when ``Reactor/readOut(_:)`` was called has been received.
  case readOut
  /// Everything handed over has been written, after sending had been blocked.
  case drained
  /// The link is gone; its last event. So many bytes had been handed over and not been written.
  indirect case ended(LinkEnd, unsentBytes: Int)
  /// An incoming connection ended before it could be reported as accepted, such as in its TLS
  /// handshake; its only event, and nobody owns the link.
  indirect case turnedAway(listener: Int, peer: SocketAddress, LinkEnd)
  /// A descriptor given to ``Reactor/watch(_:)`` is readable; the link is ``LinkID/none``.
  case readable(descriptor: Int32)
  /// A listener could not accept; told once per episode. The link is ``LinkID/none``.
  indirect case acceptFailed(listener: Int, SystemError)
}

/// One event with the link it happened on and that link's owner at that time.
package struct ReactorEvent {
  package var link: LinkID
  /// What ``Reactor/setOwner(_:_:)`` said last; zero for a link that nobody owns yet.
  package var owner: UInt64
  package var event: LinkEvent
}

/// The one who decides what happens on the links of a reactor.
package protocol ReactorDelegate: AnyObject {
  /// One tick: handles ``Reactor/events`` and answers when to be woken at the latest, nil when
  /// nothing is due. All calls come on the reactor's thread; a wake-up without events is a tick too.
  func tick(_ reactor: Reactor, now: Instant) -> Instant?
}
