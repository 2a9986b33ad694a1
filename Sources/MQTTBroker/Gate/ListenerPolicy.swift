// Who gets in through one listener, and who they are then. The shell fills one of these for each
// listener from its flags or its configuration file, and gives all of them anew when they are read
// again; the engine decides by them.

package import AccessControl

/// Where the user name of a client comes from.
package enum ClientIdentity: Sendable, Equatable {
  /// From CONNECT, with a password.
  case packet
  /// The common name in the client's certificate, or the identity of its pre-shared key; what
  /// CONNECT says is not looked at.
  case tlsIdentity
  /// The whole subject of the client's certificate, as RFC 2253 writes it.
  case certificateSubject
}

/// What one listener asks of its clients.
package struct ListenerPolicy: Sendable, Equatable {
  /// Whether a client that names no user gets in; without ``passwords`` also one that does.
  package var allowsAnonymous = true
  /// Users and their passwords; nil when there is no password file.
  package var passwords: PasswordFile?
  /// What clients may do; nil for everything.
  package var access: AccessList?
  /// Whether a subscription is refused of which nothing could ever be delivered.
  package var checksSubscriptions = false
  /// Where user names come from.
  package var identity = ClientIdentity.packet
  /// Whether the listener has gone, so that nobody comes through it and its rules count for nobody.
  package var isClosed = false
  /// Whether the user name takes the place of the client identifier; without one nobody gets in.
  package var usesUserNameAsClientIdentifier = false
  /// What a client identifier must begin with, one of these; empty for anything.
  package var clientIdentifierPrefixes: [String] = []

  /// Lets everybody in.
  package init() {}

  /// Whether a user is whoever says so.
  var believesNames: Bool { identity == .packet && passwords == nil }
}

/// Where a connection comes from, as limits count it: an IPv4 address, or the network of 64 bits
/// that an IPv6 address belongs to, because who has one address there has all of them.
package struct PeerAddress: Hashable, Sendable {
  /// Zero for a peer without an address, such as one at a Unix domain socket.
  let word: UInt64

  /// A peer that nothing is counted for.
  package static let none = PeerAddress(word: 0)

  private init(word: UInt64) { self.word = word }

  /// An IPv4 address, most significant byte first.
  package init(ipv4 address: UInt32) { word = 0xFFFF_0000_0000 | UInt64(address) }

  /// An IPv6 address in two halves, most significant first.
  package init(ipv6 high: UInt64, _ low: UInt64) {
    // An IPv4 address in the form of an IPv6 one. (RFC 4291, 2.5.5.2)
    if high == 0 && low >> 32 == 0xFFFF {
      word = low
    } else {
      // `::1` has no network of its own.
      word = high == 0 ? low : high
    }
  }
}

/// What the shell knows of a peer beside its name.
package struct PeerFacts: Sendable {
  package var address = PeerAddress.none
  /// The common name in its certificate, which was checked.
  package var certificateCommonName: String?
  /// The subject of its certificate, as RFC 2253 writes it.
  package var certificateSubject: String?
  /// The identity of the pre-shared key that it proved to have.
  package var preSharedKeyIdentity: String?

  /// Nothing is known.
  package init(address: PeerAddress = .none) { self.address = address }
}

extension ListenerPolicy {
  /// The user name that `facts` give, if that is where it comes from.
  func userName(from facts: PeerFacts) -> String? {
    switch identity {
    case .packet: nil
    case .tlsIdentity: facts.certificateCommonName ?? facts.preSharedKeyIdentity
    case .certificateSubject: facts.certificateSubject
    }
  }
}
