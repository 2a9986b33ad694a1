// A link on its way up: the layer that is being set up, those that stand, and those to come.

import Basis

/// The setting up of a link's layers.
final class Climb {
  /// What becomes of the link at the top.
  enum Goal {
    /// It is reported as accepted, and speaks this.
    case accepted(Arrival, ListenerProtocol)
    /// It is reported as connected; the connection itself has stood since then.
    case connected(stoodAt: Instant)
  }

  /// The layer of the moment, and how far it is.
  enum Step {
    /// None has been begun.
    case outset
    /// What has been taken of the header so far.
    case proxyHeader(ProxyProtocolTerms, head: [UInt8])
    /// What the proxy has been told, and what has been taken of its answer.
    case socks(SOCKSNegotiation, answer: [UInt8])
    /// A client's first TLS record is awaited; whether a part of it is there, which waits in the
    /// kernel for the rest.
    case greeting(TLSContext, isBegun: Bool)
    /// TLS is being agreed on; whether that waits for the kernel to take bytes.
    case handshake(wantsRoom: Bool)
    /// The server's answer to a WebSocket's request is awaited.
    case webSocket
  }

  var goal: Goal
  var step = Step.outset
  /// The layers that stand.
  var layers: Layers?
  /// When the step is given up.
  var deadline = Instant.start
  private var rest: ArraySlice<Layer>

  /// Below the first of the layers of `stack`.
  init(to goal: Goal, _ stack: [Layer]) {
    self.goal = goal
    rest = stack[...]
  }

  /// The next layer to be set up; nil at the top.
  func takeLayer() -> Layer? { rest.popFirst() }

  /// How the link ends when the step has had its time of so many seconds.
  func timeout(seconds: Int) -> LinkEnd {
    switch step {
    case .outset, .greeting, .handshake: .handshakeTimedOut(seconds: seconds)
    case .proxyHeader: .proxyHeaderTimedOut(seconds: seconds)
    case .socks: .socksTimedOut(seconds: seconds)
    case .webSocket: .webSocketTimedOut(seconds: seconds)
    }
  }
}
