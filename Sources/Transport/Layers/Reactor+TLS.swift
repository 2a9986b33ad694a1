// The handshake of TLS, for both roles, and what it has shown of the peer.

import Basis

extension Reactor {
  /// Begins a client's handshake, or waits for the greeting of one.
  func startTLS(_ link: LinkID, _ climb: Climb, _ context: TLSContext, _ serverName: String?) {
    switch climb.goal {
    case .accepted: climb.step = .greeting(context, isBegun: false)
    case .connected:
      let session = TLSSession(
        client: context, descriptor: links[link].descriptor, serverName: serverName)
      climb.layers = Layers(tls: session, .mqtt)
      climb.step = .handshake(wantsRoom: false)
    }
  }

  /// Makes the session of an incoming link once its first record has come.
  ///
  /// A session that has begun to read holds 45 KiB, and whoever sends a byte a second would have it
  /// for the whole time of the handshake. So the record stays in the kernel until it is complete.
  func greet(_ link: LinkID, _ climb: Climb, _ context: TLSContext) {
    guard arena.hasRoom else { return passOver(link) }
    let descriptor = links[link].descriptor
    let room = UnsafeMutableRawBufferPointer(start: arena.room, count: FirstRecord.limitBytes)
    let record = FirstRecord(lookingAt: descriptor, room)
    let isBegun = record == .begun && !links[link].marks.contains(.hangup)
    if isBegun || record == .nothing {
      climb.step = .greeting(context, isBegun: isBegun)
      links[link].marks.remove(.hasInput)
      watchAgain(link)
      return
    }
    let session = TLSSession(
      server: context, descriptor: descriptor, isGreeted: record == .complete)
    climb.layers = Layers(tls: session, .mqtt)
    climb.step = .handshake(wantsRoom: false)
    watchAgain(link)
    shakeHands(link, climb)
  }

  func shakeHands(_ link: LinkID, _ climb: Climb) {
    guard let progress = climb.layers?.tls?.handshake() else { return }
    switch progress {
    case .wantsRead:
      links[link].marks.remove(.hasInput)
      climb.step = .handshake(wantsRoom: false)
      watchAgain(link)
    case .wantsWrite:
      climb.step = .handshake(wantsRoom: true)
      watchAgain(link)
    case .failed(var failure):
      failure.isInFile = climb.layers?.tls?.context.isInFile ?? false
      // The alert that tells the peer why must not be overtaken by a reset.
      tellEnd(link, .tlsFailed(failure))
      links[link].stage = .closing(climb.layers, .full)
      farewells.append(link, at: now.advanced(bySeconds: farewellLimitSeconds))
      sayFarewell(link)
    case .done: finishStep(link, climb)
    }
  }

  /// Who the peer of a protected link has proved to be; nil for a plain link, and for a listener
  /// that asks for neither certificates nor pre-shared keys.
  package func tlsIdentity(_ link: LinkID) -> TLSIdentity? {
    guard links.contains(link), let identity = links[link].stage.layers?.tls?.identity,
      !identity.isEmpty
    else { return nil }
    return identity
  }

  /// What was agreed in the handshake, for a log line; nil for a plain link.
  package func tlsSummary(_ link: LinkID) -> String? {
    links.contains(link) ? links[link].stage.layers?.tls?.summary : nil
  }
}

extension TLSSession {
  /// Who the peer has proved to be.
  fileprivate var identity: TLSIdentity {
    TLSIdentity(
      commonName: peerCommonName, subject: peerSubjectRFC2253, preSharedKeyIdentity: pskIdentity)
  }
}
