// The TLS handshake, for both roles. A link is reported only when it is complete.

import MQTTCodec

extension Reactor {
  func startHandshake(_ link: LinkID, _ more: LinkExtension, _ session: consuming TLSSession) {
    more.tls = TLSBox(session)
    more.deadline = now.advanced(bySeconds: handshakeLimitSeconds)
    handshakes.append(link, at: more.deadline)
    links[link.index].flags.insert(.handshaking)
    shakeHands(link)
  }

  func shakeHands(_ link: LinkID) {
    guard let more = links[link.index].more, let tls = more.tls else { return }
    switch tls.session.handshake() {
    case .wantsRead:
      links[link.index].flags.remove([.hasInput, .wantsWrite])
      watchAgain(link)
    case .wantsWrite:
      links[link.index].flags.insert(.wantsWrite)
      watchAgain(link)
    case .failed(let failure):
      // The alert that tells the peer why must not be overtaken by a reset.
      tellEnd(link, .tlsFailed(failure))
      links[link.index].flags.insert(.closing)
      farewells.append(link, at: now.advanced(bySeconds: farewellLimitSeconds))
      sayFarewell(link)
    case .done:
      links[link.index].flags.remove([.handshaking, .fresh, .wantsWrite])
      watchAgain(link)
      more.context = nil
      let owner = links[link.index].owner
      if let peer = more.peer {
        more.peer = nil
        report(link, owner, .accepted(listener: more.listener, peer: peer))
      } else {
        report(link, owner, .connected)
      }
      // The peer's first bytes may have come with its last ones of the handshake; the owner is
      // told of the link first.
      links[link.index].flags.insert(.hasInput)
      lookAgain(link)
      markDirty(link)
    }
  }

  /// Who the peer of a protected link has proved to be; nil for a plain link, and for a listener
  /// that asks for neither certificates nor pre-shared keys.
  package func tlsIdentity(_ link: LinkID) -> TLSIdentity? {
    guard links.contains(link), let tls = links[link.index].more?.tls else { return nil }
    let identity = TLSIdentity(
      commonName: tls.session.peerCommonName, subject: tls.session.peerSubjectRFC2253,
      preSharedKeyIdentity: tls.session.pskIdentity)
    return identity.isEmpty ? nil : identity
  }

  /// What was agreed in the handshake, for a log line; nil for a plain link.
  package func tlsSummary(_ link: LinkID) -> String? {
    guard links.contains(link) else { return nil }
    return links[link.index].more?.tls?.session.summary
  }
}
