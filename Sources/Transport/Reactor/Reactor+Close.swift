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
    let stage = links[link].stage
    if flushing && stage.isEnding { return }
    guard flushing, stage.isOpen else { return forget(link) }
    settleRuns(link)
    sendClose(link, stage.layers)
    links[link].marks.remove(.paused)
    if links[link].outbox.isEmpty {
      links[link].stage = .closing(stage.layers, .brief)
    } else {
      links[link].stage = .closing(stage.layers, .full)
      farewells.append(link, at: now.advanced(bySeconds: farewellLimitSeconds))
    }
    watchAgain(link)
    // Closing is a system call like writing, and like writing it happens after the tick.
    markDirty(link)
  }

  /// Says good-bye on the link, and reports its end: ``LinkEvent/ended(_:unsentBytes:)`` follows once
  /// everything that has been handed over is written and the peer has ended its side too.
  ///
  /// The writing takes as long as it takes, and then the peer has ``farewellLimitSeconds``; what it
  /// still says is read and dropped. A link that is not open yet ends at once.
  package func leave(_ link: LinkID) {
    guard links.contains(link) else { return }
    settleRuns(link)
    links[link].marks.remove(.paused)
    switch links[link].stage {
    case .connecting, .climbing: return end(link, .closedHere)
    case .unwritable(let breakage): breakage.isLeft = true
    case .silent(let layers), .open(let layers):
      sendClose(link, layers)
      links[link].stage = .closing(layers, .heard)
      watchAgain(link)
      if links[link].marks.contains(.hasInput) { lookAgain(link) }
      markDirty(link)
    case .closing, .lingering: break
    }
  }

  /// Nothing is left to write.
  func finishClosing(_ link: LinkID) {
    guard case .closing(let layers, .brief) = links[link].stage else { return sayFarewell(link) }
    layers?.tls?.shutdown()
    forget(link)
  }

  /// Ends our direction once the last byte has been written.
  ///
  /// Closing a socket while bytes of the peer wait unread resets the connection, and a reset
  /// overtakes what we wrote: so we read on until the peer ends its own direction.
  func sayFarewell(_ link: LinkID) {
    guard case .closing(let layers, let goodbye) = links[link].stage else { return }
    if goodbye == .heard {
      farewells.append(link, at: now.advanced(bySeconds: farewellLimitSeconds))
    }
    layers?.tls?.shutdown()
    guard linux_finish_sending(links[link].descriptor) == 0 else {
      return end(link, .failed(SystemError.last("shutdown")))
    }
    links[link].stage = .lingering(isHeard: goodbye == .heard)
    links[link].marks.remove(.blocked)
    links[link].marks.insert(.hasInput)
    watchAgain(link)
    lookAgain(link)
  }

  /// Whether all links are on their way out, the machines of their peers have our last bytes, and
  /// nothing of theirs lies unread, which would reset the connection when this process ends.
  package var hasSaidEverything: Bool {
    links.names.allSatisfy { link in
      guard case .lingering = links[link].stage else { return false }
      return !links[link].marks.contains(.hasInput)
        && linux_peer_has_all(links[link].descriptor) != 0
    }
  }

  /// All links that are open.
  package func openLinks() -> [LinkID] { links.names.filter { links[$0].stage.isOpen } }

  /// Ends all links at once and stops accepting.
  package func closeAll() {
    closeListeners()
    for link in links.names { links.remove(link) }
  }
}
