// The steps that a connection takes before MQTT has its turn, and the TLS handshake, for both roles.
// A link is reported only when TLS is complete; an outgoing one when all steps are.

import Basis

extension Reactor {
  func startHandshake(_ link: LinkID, _ more: LinkExtension, _ session: consuming TLSSession) {
    more.tls = TLSBox(session)
    begin(.tls, link, more)
    shakeHands(link)
  }

  /// Starts the time of a step.
  func begin(_ step: LinkStep, _ link: LinkID, _ more: LinkExtension) {
    more.step = step
    more.deadline = now.advanced(bySeconds: handshakeLimitSeconds)
    handshakes.append(link, at: more.deadline)
    links[link.index].flags.insert(.handshaking)
  }

  /// Does what the step can do now.
  func advanceStep(_ link: LinkID) {
    guard let more = links[link.index].more else { return }
    switch more.step {
    case .tls: shakeHands(link)
    case .webSocket:
      if links[link.index].flags.contains(.blocked) {
        writeOutbox(link)
        guard links.contains(link) else { return }
      }
      readLink(link)
    case .proxyHeader: readProxyHeader(link, more)
    case .socks: negotiate(link, more)
    }
  }

  /// Takes the next step of an outgoing link, or says that all are done.
  func takeNextStep(_ link: LinkID, _ more: LinkExtension) {
    if more.socks != nil { return startSOCKS(link, more) }
    if let context = more.context {
      let session = TLSSession(
        client: context, descriptor: links[link.index].descriptor, serverName: more.serverName)
      watchAgain(link)
      return startHandshake(link, more, session)
    }
    if let request = more.webSocketRequest { return startWebSocket(link, more, request) }
    if more.tls == nil && more.webSocket == nil { links[link.index].more = nil }
    report(link, links[link.index].owner, .connected)
    markDirty(link)
  }

  func shakeHands(_ link: LinkID) {
    guard let more = links[link.index].more, let tls = more.tls ?? greeted(link, more)
    else { return }
    switch tls.session.handshake() {
    case .wantsRead:
      links[link.index].flags.remove([.hasInput, .wantsWrite])
      watchAgain(link)
    case .wantsWrite:
      links[link.index].flags.insert(.wantsWrite)
      watchAgain(link)
    case .failed(var failure):
      failure.isInFile = tls.session.context.isInFile
      // The alert that tells the peer why must not be overtaken by a reset.
      tellEnd(link, .tlsFailed(failure))
      links[link.index].flags.insert(.closing)
      farewells.append(link, at: now.advanced(bySeconds: farewellLimitSeconds))
      sayFarewell(link)
    case .done:
      links[link.index].flags.remove([.handshaking, .wantsWrite])
      // What comes next is only of interest where more than MQTT may come.
      if more.webSocket == nil && more.possibleWebSocket == nil {
        links[link.index].flags.remove(.fresh)
      }
      watchAgain(link)
      more.context = nil
      if let peer = more.peer {
        more.peer = nil
        report(link, 0, .accepted(listener: more.listener, peer: peer))
      } else {
        takeNextStep(link, more)
        guard links.contains(link) else { return }
      }
      // The peer's first bytes may have come with its last ones of the handshake; the owner is
      // told of the link first.
      links[link.index].flags.insert(.hasInput)
      lookAgain(link)
      markDirty(link)
    }
  }

  /// The session of an incoming link whose first record has come; nil as long as that is awaited.
  ///
  /// A session that has begun to read holds 45 KiB, and whoever sends a byte a second would have it
  /// for the whole time of the handshake. So the record stays in the kernel until it is complete.
  private func greeted(_ link: LinkID, _ more: LinkExtension) -> TLSBox? {
    guard let context = more.context else { return nil }
    guard arena.hasRoom else {
      passOver(link)
      return nil
    }
    let descriptor = links[link.index].descriptor
    let room = UnsafeMutableRawBufferPointer(start: arena.room, count: FirstRecord.limitBytes)
    let record = FirstRecord(lookingAt: descriptor, room)
    more.awaitsRecord = record == .begun && !links[link.index].flags.contains(.hangup)
    if more.awaitsRecord || record == .nothing { links[link.index].flags.remove(.hasInput) }
    watchAgain(link)
    if more.awaitsRecord || record == .nothing { return nil }
    let box = TLSBox(
      TLSSession(server: context, descriptor: descriptor, isGreeted: record == .complete))
    more.tls = box
    return box
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
