// How a connection of a client begins: with the addresses of the broker, for which a name may have to be
// looked up. That takes as long as it takes, on another thread, while the reactor goes on.

package import Basis
import Transport

extension Client {
  /// Begins to connect.
  ///
  /// A name is looked up elsewhere meanwhile; when that is done the reactor is woken, and
  /// ``advance(to:)`` goes on.
  package func connect(now: Instant) {
    phase = .connecting
    link = .none
    linkEnd = nil
    lastLook = .none
    awaitsFirstBytes = true
    otherProtocol = nil
    if let addresses = endpoint.knownAddresses { return connect(to: addresses) }
    let (host, port) = endpoint.name
    let reactor = reactor
    lookup = NameLookup.begin(host, port: port) { reactor.wake() }
  }

  private func connect(to addresses: [SocketAddress]) {
    link = reactor.connect(endpoint.route(to: addresses), owner: owner)
  }

  /// Whether it waits for a name: then each tick may bring the addresses.
  package var isLookingUp: Bool { lookup != nil }

  func takeAddresses() {
    guard let answer = lookup?.answer else { return }
    lookup = nil
    switch answer {
    case .success(let addresses): connect(to: addresses)
    case .failure(let error): failure = failure(.lookup(error))
    }
  }
}
