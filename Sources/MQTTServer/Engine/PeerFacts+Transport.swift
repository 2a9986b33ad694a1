// What the transport knows of a peer, in the engine's words.

import MQTTBroker
import Transport

extension PeerFacts {
  /// The facts of a link that was just accepted.
  init(_ arrival: Arrival, _ link: LinkID, of reactor: Reactor) {
    self.init(address: PeerAddress(arrival.peer))
    // A load balancer that ends TLS has checked the certificate in our place.
    if let vouched = arrival.proxyTLS, vouched.isCertificateVerified {
      certificateCommonName = vouched.commonName
    }
    guard let identity = reactor.tlsIdentity(link) else { return }
    certificateCommonName = identity.commonName
    certificateSubject = identity.subject
    preSharedKeyIdentity = identity.preSharedKeyIdentity
  }
}

extension PeerAddress {
  /// The address as limits count it.
  init(_ address: SocketAddress) {
    switch address {
    case .ipv4(let host, _): self.init(ipv4: host)
    case .ipv6(let high, let low, _, _): self.init(ipv6: high, low)
    case .unix: self = .none
    }
  }
}
