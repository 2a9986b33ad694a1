// From the socket into the arena: at most one read per link and turn.

import CLinux
import Glibc
import MQTTCodec

extension Reactor {
  /// Reads once if there is something to read, room for it, and somebody who wants it.
  func readLink(_ link: LinkID) {
    let flags = links[link.index].flags
    guard flags.contains(.hasInput), !flags.contains(.paused) else { return }
    // What comes while the last bytes go out is of no interest before the farewell.
    if flags.contains(.closing), !flags.contains(.lingering) { return }
    guard arena.hasRoom else { return lookAgain(link) }
    if let tls = links[link.index].more?.tls {
      readProtected(link, tls)
    } else {
      readPlain(link)
    }
  }

  private func readPlain(_ link: LinkID) {
    let limit = ReadArena.readLimitBytes
    switch receiveBytes(links[link.index].descriptor, arena.room, limit) {
    // The peer has ended sending, which in MQTT ends the connection. What its last bytes caused was
    // written in the turn before.
    case .bytes(0): end(link, .peerClosed)
    case .bytes(let count):
      take(link, count)
      guard links.contains(link) else { return }
      // A short read has emptied the socket; after a hangup its end is still to be read.
      if count == limit || links[link.index].flags.contains(.hangup) {
        lookAgain(link)
      } else {
        links[link.index].flags.remove(.hasInput)
      }
    case .wouldBlock:
      links[link.index].flags.remove(.hasInput)
      if links[link.index].flags.contains(.writeFailed) {
        end(link, .failed(SystemError(code: EPIPE, call: "write")))
      }
    case .failed(let code): end(link, .failed(SystemError(code: code, call: "read")))
    }
  }

  /// Records come at most 16 KiB at a time, and what the session holds already is invisible to the
  /// kernel, so this reads until it wants more or the turn's share is full.
  private func readProtected(_ link: LinkID, _ tls: TLSBox) {
    var count = 0
    var isDry = false
    var ending: LinkEnd?
    while count < ReadArena.readLimitBytes, !isDry, ending == nil {
      let room = UnsafeMutableRawBufferPointer(
        start: arena.room + count, count: ReadArena.readLimitBytes - count)
      switch tls.session.read(into: room) {
      case .bytes(let more): count += more
      case .wantsRead, .wantsWrite: isDry = true
      case .ended(let isClean): ending = isClean ? .peerClosed : .peerClosedWithoutFarewell
      case .failed(let failure): ending = .tlsFailed(failure)
      }
    }
    if count > 0 { take(link, count) }
    guard links.contains(link) else { return }
    if let ending {
      end(link, ending)
    } else if isDry {
      links[link.index].flags.remove(.hasInput)
    } else {
      lookAgain(link)
    }
  }

  /// Hands bytes over, unless nobody wants them any more.
  private func take(_ link: LinkID, _ count: Int) {
    if links[link.index].flags.contains(.closing) { return }
    let range = arena.keep(count)
    if links[link.index].flags.contains(.fresh) {
      links[link.index].flags.remove(.fresh)
      if isUnexpectedTLS(link, range) { return end(link, .tlsOnPlainListener) }
    }
    report(link, links[link.index].owner, .received(range))
  }

  /// A TLS record of a handshake begins with 22, 3; no MQTT packet that may come first does.
  private func isUnexpectedTLS(_ link: LinkID, _ range: Range<Int>) -> Bool {
    guard links[link.index].flags.contains(.incoming), range.count >= 2 else { return false }
    return received(range)[0] == 22 && received(range)[1] == 3
  }

  /// Leaves the link's bytes with the kernel, which slows the peer down.
  package func pauseReading(_ link: LinkID) {
    if links.contains(link) { links[link.index].flags.insert(.paused) }
  }

  /// Reads again from the next turn on.
  package func resumeReading(_ link: LinkID) {
    guard links.contains(link), links[link.index].flags.contains(.paused) else { return }
    links[link.index].flags.remove(.paused)
    if links[link.index].flags.contains(.hasInput) { lookAgain(link) }
  }
}
