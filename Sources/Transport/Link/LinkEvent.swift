// What a reactor tells its delegate. Frequent events are a few plain words; the rare ones that
// carry text or addresses sit in a box, so that the list of a tick stays small and cheap.

package import Basis

/// Who comes in by which listener.
package struct Arrival: Sendable, Equatable {
  /// The listener, by its index.
  package let listener: Int
  /// Where the peer is; behind a load balancer that says so, its client.
  package var peer: SocketAddress
  /// What the load balancer's header says of its client's TLS; nil when it says nothing.
  package var proxyTLS: ProxyTLSFacts?
  /// Whether this reactor was chosen for it; if not, it was only the one that accepted it.
  package var isPlaced = false

  init(listener: Int, peer: SocketAddress) {
    self.listener = listener
    self.peer = peer
  }
}

/// Something that happened on a link.
package enum LinkEvent {
  /// A peer connected to a listener; the PROXY header and the TLS handshake, if any, are complete.
  indirect case accepted(Arrival)
  /// An outgoing connection is complete; when the connection itself stood, if TLS or a WebSocket
  /// followed it.
  case connected(stoodAt: Instant?)
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
  indirect case turnedAway(Arrival, LinkEnd)
  /// A descriptor given to ``Reactor/watch(_:)`` is readable; the link is ``LinkID/none``.
  case readable(descriptor: Int32)
  /// Somebody waits to be accepted and all descriptors are taken: nobody is accepted or turned away
  /// before ``Reactor/acceptOrTurnAway()``. The link is ``LinkID/none``.
  case outOfDescriptors
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
