// A delegate made of a closure, and a peer made of plain blocking calls: reactors are tested through
// real sockets.

import Basis
import Glibc
import Testing
import Transport
import WebSocket

/// Runs a reactor with a closure per event until a condition holds.
final class ReactorScript: ReactorDelegate {
  private let onEvent: (Reactor, ReactorEvent) -> Void
  private let isDone: () -> Bool
  private(set) var timedOut = false
  private let limit = MonotonicClock.now.advanced(bySeconds: 30)

  private init(
    until isDone: @escaping () -> Bool, onEvent: @escaping (Reactor, ReactorEvent) -> Void
  ) {
    self.isDone = isDone
    self.onEvent = onEvent
  }

  func tick(_ reactor: Reactor, now: Instant) -> Instant? {
    for event in reactor.events { onEvent(reactor, event) }
    if now > limit { timedOut = true }
    if isDone() || timedOut { reactor.stop() }
    // What is awaited may come true after a tick, in the writing, with no event to tell of it.
    return MonotonicClock.now.advanced(byNanoseconds: 20_000_000)
  }

  /// Turns the reactor until `isDone`, and fails the test when that never comes.
  static func run(
    _ reactor: Reactor, until isDone: @escaping @autoclosure () -> Bool,
    _ onEvent: @escaping (Reactor, ReactorEvent) -> Void = { _, _ in }
  ) {
    let script = ReactorScript(until: isDone, onEvent: onEvent)
    // A wake-up makes the first tick come although nothing has happened.
    reactor.wake()
    reactor.run(script)
    #expect(!script.timedOut, "what was awaited never came")
  }
}

extension ReactorEvent {
  /// The reason if this is the end of a link.
  var end: LinkEnd? {
    if case .ended(let end, _) = event { end } else { nil }
  }

  /// Where the bytes are if some have come.
  var receivedRange: Range<Int>? {
    if case .received(let range) = event { range } else { nil }
  }

  /// Whether a peer was accepted.
  var isAccepted: Bool {
    if case .accepted = event { true } else { false }
  }

  /// Whether an outgoing connection is complete.
  var isConnected: Bool {
    if case .connected = event { true } else { false }
  }

  /// Whether what a link's peer had sent has been received.
  var isReadOut: Bool {
    if case .readOut = event { true } else { false }
  }

  /// Whether a blocked link can be written again.
  var isDrained: Bool {
    if case .drained = event { true } else { false }
  }
}

/// A value that closures of a test share.
final class Box<Value> {
  var value: Value

  init(_ value: Value) { self.value = value }
}

/// Bytes whose every position can be told apart from its neighbours.
func pattern(_ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
}

/// The bytes of a received event.
func bytes(_ reactor: Reactor, _ range: Range<Int>) -> [UInt8] {
  let span = reactor.received(range)
  return span.indices.map { span[$0] }
}

/// A buffer that holds `bytes`.
func buffer(_ bytes: [UInt8]) -> ByteBuffer {
  var buffer = ByteBuffer()
  buffer.append(bytes.span)
  return buffer
}

/// A reactor that listens, as its listener 0, and where.
func listeningReactor() throws -> (Reactor, SocketAddress) {
  let reactor = try Reactor(index: 0)
  let listener = try loopbackListener()
  let address = listener.address
  try reactor.listen(listener, index: 0)
  return (reactor, address)
}

/// A listener on a free port of the loopback address.
func loopbackListener() throws -> ListenSocket {
  try ListenSocket(ListenerSettings(address: .loopback4(port: 0)))
}

extension Reactor {
  /// Starts to connect to `addresses`, through TLS and a WebSocket if they are given.
  func connect(
    to addresses: [SocketAddress], tls: TLSContext? = nil, webSocket: WebSocketRequest? = nil,
    owner: UInt64
  ) -> LinkID {
    var route = Route(to: addresses)
    route.tls = tls
    route.serverName = "localhost"
    route.webSocket = webSocket
    return connect(route, owner: owner)
  }

  /// Starts to connect to one address.
  func connect(
    to address: SocketAddress, tls: TLSContext? = nil, webSocket: WebSocketRequest? = nil,
    owner: UInt64
  ) -> LinkID {
    connect(to: [address], tls: tls, webSocket: webSocket, owner: owner)
  }
}
