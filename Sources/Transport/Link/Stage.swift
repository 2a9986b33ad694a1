// Where a link stands, with what is known there and nowhere else:
//
//   connecting -> climbing -> silent -> open -> closing -> lingering -> (gone)
//                                         `-> unwritable
//
// An accepted link begins with the first layer that has to be set up on it (Climb), or silent where
// there is none; an outgoing one is open at once when its layers stand. Every stage but the last may
// as well end at once.

import Basis

/// The stage of a link.
enum Stage {
  /// No address has answered yet.
  case connecting(Attempt)
  /// Layers below MQTT are being set up.
  case climbing(Climb)
  /// Open, and the peer, who has to speak first, has said nothing yet.
  case silent(Layers?)
  /// Bytes go both ways, through these layers if there are any.
  case open(Layers?)
  /// A write failed; what the peer sent before is still read, then the link ends.
  case unwritable(Breakage)
  /// Ends when everything that was handed over is written; nothing more is taken.
  case closing(Layers?, Goodbye)
  /// Our side has ended sending and waits for the peer to end; whether the owner hears of that.
  case lingering(isHeard: Bool)

  /// Whether bytes go both ways.
  var isOpen: Bool {
    switch self {
    case .silent, .open: true
    case .connecting, .climbing, .unwritable, .closing, .lingering: false
    }
  }

  /// Whether the link is on its way to being open.
  var isOpening: Bool {
    switch self {
    case .connecting, .climbing: true
    case .silent, .open, .unwritable, .closing, .lingering: false
    }
  }

  /// Whether this side has ended the link.
  var isEnding: Bool {
    switch self {
    case .closing, .lingering: true
    case .unwritable(let breakage): breakage.isLeft
    case .connecting, .climbing, .silent, .open: false
    }
  }

  /// What lies between the socket and MQTT; nil where there is nothing, or nothing any more.
  var layers: Layers? {
    switch self {
    case .silent(let layers), .open(let layers), .closing(let layers, _): layers
    case .climbing(let climb): climb.layers
    case .unwritable(let breakage): breakage.layers
    case .connecting, .lingering: nil
    }
  }

  /// When the stage is given up, for those that have to get on.
  var deadline: Instant? {
    switch self {
    case .connecting(let attempt): attempt.deadline
    case .climbing(let climb): climb.deadline
    case .silent, .open, .unwritable, .closing, .lingering: nil
    }
  }

  /// Whether what the peer sends is read now.
  var wantsInput: Bool {
    switch self {
    // What comes while the last bytes go out is of no interest before the farewell.
    case .closing(_, let goodbye): goodbye == .heard
    case .connecting, .climbing, .silent, .open, .unwritable, .lingering: true
    }
  }
}

/// How a closing link goes once the last byte is written.
enum Goodbye {
  /// At once: there was nothing to say.
  case brief
  /// The peer shall be able to read what was said last.
  case full
  /// The same, and the owner hears of the end. (`Reactor.leave`)
  case heard
}

/// Why nothing can be written on a link any more.
final class Breakage {
  let layers: Layers?
  let reason: LinkEnd
  /// Whether the owner has left the link and only hears of its end.
  var isLeft = false

  init(_ layers: Layers?, _ reason: LinkEnd) {
    self.layers = layers
    self.reason = reason
  }
}

/// An outgoing connection that tries one address after the other.
final class Attempt {
  let route: Route
  private(set) var nextAddress = 0
  /// When the address that is being tried has had its time.
  var deadline = Instant.start

  init(_ route: Route) { self.route = route }

  /// The address that is being tried.
  ///
  /// - Precondition: One was taken.
  var address: SocketAddress { route.addresses[nextAddress - 1] }

  /// Takes the next address; nil when all have been tried.
  func takeAddress() -> SocketAddress? {
    guard nextAddress < route.addresses.count else { return nil }
    nextAddress += 1
    return address
  }
}
