// One connection as its reactor keeps it. An idle plain connection is this struct and nothing
// else: 56 bytes and no heap memory of its own. What only TLS and outgoing connections need sits in
// an extension that exists only for them.
//
//   connecting -> handshaking -> open -> closing -> (gone)
//
// The flags `connecting`, `handshaking` and `closing` exclude each other; none of them is `open`.

import Basis
import WebSocket

/// The state of one link; for others than the reactor only a name, ``LinkID``.
package struct Link: ~Copyable {
  struct Flags: OptionSet {
    let rawValue: UInt32
    /// An outgoing connect has not been answered.
    static let connecting = Flags(rawValue: 1 << 0)
    /// The TLS handshake is not complete.
    static let handshaking = Flags(rawValue: 1 << 1)
    /// To be closed once the outbox is empty; nothing is reported any more.
    static let closing = Flags(rawValue: 1 << 2)
    /// There were bytes to write when it was closed, which the peer shall be able to read.
    static let hasLastWords = Flags(rawValue: 1 << 14)
    /// Our side has ended sending and waits for the peer to end.
    static let lingering = Flags(rawValue: 1 << 3)
    /// The peer opened the connection.
    static let incoming = Flags(rawValue: 1 << 4)
    /// Nothing has been read yet.
    static let fresh = Flags(rawValue: 1 << 5)
    /// The kernel said that there is something to read and it has not been read dry.
    static let hasInput = Flags(rawValue: 1 << 6)
    /// The kernel said that the peer has ended sending or the connection failed.
    static let hangup = Flags(rawValue: 1 << 7)
    /// The owner does not want to read.
    static let paused = Flags(rawValue: 1 << 8)
    /// The kernel takes no more bytes for now.
    static let blocked = Flags(rawValue: 1 << 9)
    /// The kernel tells when it takes bytes again: it was asked when the link was first blocked.
    static let watchedForWriting = Flags(rawValue: 1 << 16)
    /// In the reactor's list of links to write at the end of the tick.
    static let dirty = Flags(rawValue: 1 << 10)
    /// In the reactor's list of links to look at in the next tick.
    static let queued = Flags(rawValue: 1 << 11)
    /// A handshake waits for the kernel to take bytes.
    static let wantsWrite = Flags(rawValue: 1 << 13)
    /// What goes in and out are frames of a WebSocket.
    static let webSocket = Flags(rawValue: 1 << 15)
    /// It writes bytes this turn that others write too. (`ReactorState.runs`)
    static let sharing = Flags(rawValue: 1 << 17)
    /// New and still talking: it is read in each turn and not in the epoll set. (Reactor+Watch)
    static let unwatched = Flags(rawValue: 1 << 18)
    /// Closing, but its owner still hears of its end. (`Reactor.leave`)
    static let leaving = Flags(rawValue: 1 << 19)
    /// A write failed; what the peer sent before is still read, then the link ends.
    static let writeFailed = Flags(rawValue: 1 << 12)
  }

  /// The socket; closed by `deinit` unless it has been taken out.
  private(set) var descriptor: Int32
  var flags: Flags
  /// Whatever the delegate wants to find again in an event.
  var owner: UInt64
  /// Bytes that the kernel has not taken.
  var outbox = ByteBuffer()
  /// What only some links need.
  var more: LinkExtension?

  init(descriptor: Int32, flags: Flags, owner: UInt64) {
    self.descriptor = descriptor
    self.flags = flags
    self.owner = owner
  }

  deinit { if descriptor >= 0 { closeDescriptor(descriptor) } }

  /// Gives the socket away; the link does not close it any more.
  mutating func takeDescriptor() -> Int32 {
    defer { descriptor = -1 }
    return descriptor
  }

  /// Replaces the socket by that of the next attempt and closes the old one.
  mutating func replaceDescriptor(_ fresh: Int32) {
    if descriptor >= 0 { closeDescriptor(descriptor) }
    descriptor = fresh
  }
}

/// A TLS session in a box, so that links without one stay small.
final class TLSBox {
  var session: TLSSession

  init(_ session: consuming TLSSession) { self.session = session }
}

/// A WebSocket in a box, so that other links stay small.
final class WebSocketBox {
  var connection: WebSocketConnection

  init(_ connection: WebSocketConnection) { self.connection = connection }
}

/// What happens on a new connection before MQTT has its turn.
package enum LinkStep: Sendable, Equatable {
  /// The TLS handshake.
  case tls
  /// The WebSocket handshake.
  case webSocket
  /// The header of the PROXY protocol, before everything else.
  case proxyHeader
  /// What a SOCKS proxy wants to know, before everything else.
  case socks
}

/// What a link needs while it connects or as long as there is a layer under MQTT.
final class LinkExtension {
  /// What the flag `handshaking` stands for.
  var step = LinkStep.tls
  /// The WebSocket, from the moment its handshake starts.
  var webSocket: WebSocketBox?
  /// What an incoming link will be once its PROXY header has come, and what has come of it.
  var expected: ListenerLayers?
  var proxyHead: [UInt8] = []
  /// What that header said of TLS, if it did.
  var proxyTLS: ProxyTLSFacts?
  /// What is being said to a SOCKS proxy, and what it has answered so far.
  var socks: SOCKSNegotiation?
  var socksAnswer: [UInt8] = []
  /// Terms of a WebSocket that an incoming link may become, until its first bytes have come.
  var possibleWebSocket: WebSocketTerms?
  /// The WebSocket that an outgoing link shall become.
  var webSocketRequest: WebSocketRequest?
  /// The session of a protected link, from the moment its handshake starts.
  var tls: TLSBox?
  /// Where an accepted link came from, until it is reported.
  var peer: SocketAddress?
  /// The listener that accepted it.
  var listener = 0
  /// The events that a protected link is watched for.
  var mask: UInt32 = 0
  /// Why writing failed.
  var failure: TLSFailure?
  /// When the current step is given up.
  var deadline = Instant.start
  /// The addresses of an outgoing connection and the next one to try.
  var addresses: [SocketAddress] = []
  var nextAddress = 0
  /// When an outgoing connection stood, before any handshake on it.
  var connectedAt = Instant.start
  /// The local address of an outgoing connection.
  var localAddress: SocketAddress?
  /// The terms of TLS, until its handshake is complete.
  var context: TLSContext?
  /// A part of the peer's first TLS record is there and waits in the kernel for the rest.
  var awaitsRecord = false
  var serverName: String?

  init() {}
}
