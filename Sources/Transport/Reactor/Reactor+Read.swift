// From the socket into the arena: at most one read per link and turn.

import Basis
import CLinux
import Glibc

extension Reactor {
  /// Reads once if there is something to read, room for it, and somebody who wants it.
  func readLink(_ link: LinkID) {
    let flags = links[link.index].flags
    guard flags.contains(.hasInput), !flags.contains(.paused) else { return }
    // What comes while the last bytes go out is of no interest before the farewell.
    if flags.contains(.closing), flags.isDisjoint(with: [.lingering, .leaving]) { return }
    guard arena.hasRoom else { return passOver(link) }
    if let tls = links[link.index].more?.tls, !flags.contains(.lingering) {
      readProtected(link, tls)
    } else {
      readPlain(link)
    }
  }

  private func readPlain(_ link: LinkID) {
    let limit = arena.readLimitBytes
    switch receiveBytes(links[link.index].descriptor, arena.room, limit) {
    case .bytes(0): finish(link, .peerClosed)
    case .bytes(let count):
      take(link, count)
      guard links.contains(link) else { return }
      // A short read has emptied the socket; after a hangup its end is still to be read.
      if count == limit || links[link.index].flags.contains(.hangup) {
        lookAgain(link)
      } else if links[link.index].flags.contains(.unwatched) {
        unwatched.append(link)
      } else {
        links[link.index].flags.remove(.hasInput)
      }
    case .wouldBlock:
      links[link.index].flags.remove(.hasInput)
      if links[link.index].flags.contains(.writeFailed) {
        end(link, .failed(SystemError(code: EPIPE, call: "write")))
      } else if links[link.index].flags.contains(.unwatched) {
        watch(link)
      }
    case .failed(let code): end(link, .failed(SystemError(code: code, call: "read")))
    }
  }

  /// Reads what a new plain link brings with it; everything else shows when it is watched.
  func receiveFirst(_ link: LinkID) -> Int {
    guard arena.hasRoom,
      case .bytes(let count) = receiveBytes(
        links[link.index].descriptor, arena.room, arena.readLimitBytes)
    else { return 0 }
    return count
  }

  /// A session hands over what has arrived and decrypted; a part of a record waits inside.
  private func readProtected(_ link: LinkID, _ tls: TLSBox) {
    let room = UnsafeMutableRawBufferPointer(
      start: arena.room, count: arena.readLimitBytes)
    switch tls.session.read(into: room) {
    case .bytes(let count):
      take(link, count)
      guard links.contains(link) else { return }
      // The kernel tells of everything but of what the session holds already.
      if tls.session.hasPending || links[link.index].flags.contains(.hangup) {
        lookAgain(link)
      } else {
        links[link.index].flags.remove(.hasInput)
      }
    case .wantsRead, .wantsWrite:
      links[link.index].flags.remove(.hasInput)
      if let failure = links[link.index].more?.failure { end(link, .tlsFailed(failure)) }
    case .ended(let isClean): finish(link, isClean ? .peerClosed : .peerClosedWithoutFarewell)
    case .failed(let failure): end(link, .tlsFailed(failure))
    }
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
    if links[link.index].flags.contains(.closing) { return }
    let range = arena.keep(count)
    if links[link.index].flags.contains(.fresh) {
      links[link.index].flags.remove(.fresh)
      if links[link.index].flags.contains(.incoming), let reason = recognise(link, range) {
        return end(link, reason)
      }
    }
    if links[link.index].flags.contains(.webSocket) { return takeFrames(link, range) }
    report(link, links[link.index].owner, .received(range))
  }

  /// Looks at the first bytes of an incoming link: whether it becomes a WebSocket where that is
  /// open, and whether a client speaks something else than this listener.
  private func recognise(_ link: LinkID, _ range: Range<Int>) -> LinkEnd? {
    let more = links[link.index].more
    if let terms = more?.possibleWebSocket {
      settleWebSocket(link, terms, received(range)[0])
    }
    guard more?.tls == nil, let found = FirstBytes(received(range)) else { return nil }
    switch found {
    case .mqttConnect, .mqttAnswer: return nil
    case .httpRequest, .httpResponse, .ssh, .text:
      // There the request is answered in words of HTTP.
      if links[link.index].flags.contains(.webSocket) { return nil }
    case .tlsHandshake, .tlsAlert: break
    }
    return .foreignOnPlainListener(found, port: localPort(link))
  }

  private func localPort(_ link: LinkID) -> UInt16 {
    var local = linux_address_empty()
    _ = linux_local_address(links[link.index].descriptor, &local)
    return SocketAddress(local).port ?? 0
  }

  /// Leaves the link's bytes with the kernel, which slows the peer down; until it hangs up.
  package func pauseReading(_ link: LinkID) {
    guard links.contains(link) else { return }
    links[link.index].flags.insert(.paused)
    if links[link.index].flags.contains(.unwatched) { return watch(link) }
    watchAgain(link)
  }

  /// Reads again from the next turn on.
  package func resumeReading(_ link: LinkID) {
    guard links.contains(link), links[link.index].flags.contains(.paused) else { return }
    links[link.index].flags.remove(.paused)
    watchAgain(link)
    if links[link.index].flags.contains(.hasInput) { lookAgain(link) }
  }
}
