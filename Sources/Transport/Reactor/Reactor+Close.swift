// How this side ends a connection.

import Basis
import CLinux
import Glibc

extension Reactor {
  /// Ends the link; no event follows, ever.
  ///
  /// With `flushing`, bytes that have been handed over are still written, for at most
  /// ``farewellLimitSeconds``, and the peer gets the chance to read them; the link itself goes after
  /// the tick. Without, they are lost, and the link is gone at once.
  package func close(_ link: LinkID, flushing: Bool) {
    guard links.contains(link) else { return }
    let flags = links[link.index].flags
    if flags.contains(.closing) {
      if !flushing { forget(link) }
      return
    }
    let isOpen = flags.isDisjoint(with: [.connecting, .handshaking, .writeFailed])
    guard flushing, isOpen else { return forget(link) }
    settleRuns(link)
    links[link.index].flags.insert(.closing)
    links[link.index].flags.remove(.paused)
    watchAgain(link)
    if flags.contains(.webSocket) { sendClose(link) }
    if !links[link.index].outbox.isEmpty {
      links[link.index].flags.insert(.hasLastWords)
      farewells.append(link, at: now.advanced(bySeconds: farewellLimitSeconds))
    }
    // Closing is a system call like writing, and like writing it happens after the tick.
    markDirty(link)
  }

  /// Says good-bye on the link, and reports its end: ``LinkEvent/ended(_:unsentBytes:)`` follows once
  /// everything that has been handed over is written and the peer has ended its side too.
  ///
  /// The writing takes as long as it takes, and then the peer has ``farewellLimitSeconds``; what it
  /// still says is read and dropped.
  package func leave(_ link: LinkID) {
    guard links.contains(link), !links[link.index].flags.contains(.closing) else { return }
    settleRuns(link)
    links[link.index].flags.insert([.closing, .leaving, .hasLastWords])
    links[link.index].flags.remove(.paused)
    if links[link.index].flags.contains(.webSocket) { sendClose(link) }
    watchAgain(link)
    if links[link.index].flags.contains(.hasInput) { lookAgain(link) }
    markDirty(link)
  }

  /// Nothing is left to write.
  func finishClosing(_ link: LinkID) {
    if links[link.index].flags.contains(.hasLastWords) { return sayFarewell(link) }
    links[link.index].more?.tls?.session.shutdown()
    forget(link)
  }

  /// Ends our direction once the last byte has been written.
  ///
  /// Closing a socket while bytes of the peer wait unread resets
  /// the connection, and a reset overtakes what we wrote: so we read on until the peer
  /// ends its own direction.
  func sayFarewell(_ link: LinkID) {
    if links[link.index].flags.contains(.leaving) {
      farewells.append(link, at: now.advanced(bySeconds: farewellLimitSeconds))
    }
    links[link.index].more?.tls?.session.shutdown()
    guard linux_finish_sending(links[link.index].descriptor) == 0 else {
      return end(link, .failed(SystemError.last("shutdown")))
    }
    links[link.index].flags.remove(.blocked)
    links[link.index].flags.insert([.lingering, .hasInput])
    watchAgain(link)
    lookAgain(link)
  }

  /// Whether all links are on their way out, the machines of their peers have our last bytes, and
  /// nothing of theirs lies unread, which would reset the connection when this process ends.
  package var hasSaidEverything: Bool {
    links.slots.allSatisfy { index in
      !links.isOccupied(index)
        || links[index].flags.contains(.lingering) && !links[index].flags.contains(.hasInput)
          && linux_peer_has_all(links[index].descriptor) != 0
    }
  }

  /// All complete links that are not closing.
  package func allLinks() -> [LinkID] {
    links.slots.compactMap { index in
      guard links.isOccupied(index),
        links[index].flags.isDisjoint(with: [.connecting, .handshaking, .closing])
      else { return nil }
      return links.identifier(at: index)
    }
  }

  /// Ends all links at once and stops accepting.
  package func closeAll() {
    closeListeners()
    for index in links.slots where links.isOccupied(index) {
      links.remove(index)
    }
  }
}
