// From the socket into the arena: at most one read per link and turn.

import Basis
import CLinux
import Glibc

extension Reactor {
  /// Reads once if there is something to read, room for it, and somebody who wants it.
  func readLink(_ link: LinkID) {
    let marks = links[link].marks
    guard marks.contains(.hasInput), !marks.contains(.paused), links[link].stage.wantsInput
    else { return }
    guard arena.hasRoom else { return passOver(link) }
    let room = UnsafeMutableRawBufferPointer(start: arena.room, count: arena.readLimitBytes)
    let layers = links[link].stage.layers
    switch links[link].receive(layers, into: room) {
    case .bytes(let count, let isMore):
      take(link, count)
      guard links.contains(link) else { return }
      // A short read has emptied the socket; after a hangup its end is still to be read.
      if isMore || links[link].marks.contains(.hangup) {
        lookAgain(link)
      } else if links[link].watch == .nothing {
        unwatched.append(link)
      } else {
        links[link].marks.remove(.hasInput)
      }
    case .nothing:
      links[link].marks.remove(.hasInput)
      if case .unwritable(let breakage) = links[link].stage {
        end(link, breakage.reason)
      } else if links[link].watch == .nothing {
        watch(link)
      }
    case .ended(let reason): finish(link, reason)
    case .failed(let reason): end(link, reason)
    }
  }

  /// Reads what a new plain link brings with it; everything else shows when it is watched.
  func receiveFirst(_ link: LinkID) -> Int {
    guard arena.hasRoom,
      case .bytes(let count) = receiveBytes(
        links[link].descriptor, arena.room, arena.readLimitBytes)
    else { return 0 }
    return count
  }

  /// The peer has ended sending, which in MQTT ends the connection.
  ///
  /// What its last bytes cause is written at the end of the turn that brought them, so that a link
  /// which was read twice in this one, because it was on two lists, ends in the next; so does one
  /// that has just come from another reactor, which may have read them.
  private func finish(_ link: LinkID, _ reason: LinkEnd) {
    let isAnswered = !turn.contains { event in
      guard event.link == link else { return false }
      return switch event.event {
      case .received, .adopted: true
      case _: false
      }
    }
    if isAnswered { end(link, reason) } else { lookAgain(link) }
  }

  /// Hands bytes over, unless nobody wants them any more.
  func take(_ link: LinkID, _ count: Int) {
    switch links[link].stage {
    case .open(nil):
      let range = arena.keep(count)
      report(link, links[link].owner, .received(range))
    case .open(let layers): handOver(link, layers, arena.keep(count))
    case .silent(let layers): hear(link, layers, arena.keep(count))
    case .climbing(let climb): handOver(link, climb.layers, arena.keep(count))
    case .unwritable(let breakage):
      if !breakage.isLeft { handOver(link, breakage.layers, arena.keep(count)) }
    case .connecting, .closing, .lingering: break
    }
  }

  private func handOver(_ link: LinkID, _ layers: Layers?, _ range: Range<Int>) {
    if case .webSocket(let box)? = layers?.speech { return takeFrames(link, box, range) }
    report(link, links[link].owner, .received(range))
  }

  /// Looks at the first bytes of an accepted link: what it speaks where that is open, and whether a
  /// client speaks something else than this listener.
  private func hear(_ link: LinkID, _ layers: Layers?, _ range: Range<Int>) {
    links[link].stage = .open(layers)
    if let layers, case .undecided(let terms) = layers.speech {
      settleSpeech(link, layers, terms, received(range)[0])
    }
    let layers = links[link].stage.layers
    if let found = foreign(layers, received(range)) {
      return end(link, .foreignOnPlainListener(found, port: localPort(link)))
    }
    handOver(link, layers, range)
  }

  /// What a client speaks that has come to the wrong listener; nil for one that may be right.
  private func foreign(_ layers: Layers?, _ bytes: Span<UInt8>) -> FirstBytes? {
    guard layers?.isProtected != true, let found = FirstBytes(bytes) else { return nil }
    switch found {
    case .mqttConnect, .mqttAnswer: return nil
    case .httpRequest, .httpResponse, .ssh, .text:
      // There the request is answered in words of HTTP.
      if case .webSocket? = layers?.speech { return nil }
    case .tlsHandshake, .tlsAlert: break
    }
    return found
  }

  private func localPort(_ link: LinkID) -> UInt16 {
    var local = linux_address_empty()
    _ = linux_local_address(links[link].descriptor, &local)
    return SocketAddress(local).port ?? 0
  }

  /// Leaves the link's bytes with the kernel, which slows the peer down; until it hangs up.
  package func pauseReading(_ link: LinkID) {
    guard links.contains(link) else { return }
    links[link].marks.insert(.paused)
    keepWatch(link)
  }

  /// Reads again from the next turn on.
  package func resumeReading(_ link: LinkID) {
    guard links.contains(link), links[link].marks.contains(.paused) else { return }
    links[link].marks.remove(.paused)
    watchAgain(link)
    if links[link].marks.contains(.hasInput) { lookAgain(link) }
  }
}
