// A live connection goes to another reactor: socket, TLS session and unsent bytes. What the kernel
// still holds for it is reported anew by the other epoll set, so nothing is lost or reordered as
// long as the one who moves it has handled what has been read. A connection that was only accepted
// goes the same way, and begins where it arrives.

import Basis
import CLinux
import Glibc
import Synchronization

/// A connection between two reactors; closes itself if nobody adopts it.
package final class DetachedLink: @unchecked Sendable {
  fileprivate var link: Link?

  init(_ link: consuming Link) { self.link = consume link }
}

/// Connections that wait for their new reactor.
final class Mailbox: Sendable {
  private let hasMail = Atomic<Bool>(false)
  private let waiting = Mutex<[DetachedLink]>([])

  func put(_ link: DetachedLink) {
    waiting.withLock { $0.append(link) }
    hasMail.store(true, ordering: .releasing)
  }

  func takeAll() -> [DetachedLink] {
    guard hasMail.load(ordering: .acquiring) else { return [] }
    return waiting.withLock { waiting in
      hasMail.store(false, ordering: .relaxed)
      let all = waiting
      waiting = []
      return all
    }
  }
}

extension Reactor {
  /// Takes a connection out, after its events of this tick have been handled; nil when it is not
  /// open.
  package func detach(_ link: LinkID) -> DetachedLink? {
    guard links.contains(link), links[link].stage.isOpen else { return nil }
    settleRuns(link)
    if links[link].watch != .nothing {
      _ = linux_epoll_remove(epoll.number, links[link].descriptor)
      links[link].watch = .nothing
    }
    return DetachedLink(links.remove(link))
  }

  /// Takes a connection in; from any thread.
  ///
  /// ``LinkEvent/adopted`` tells its new name.
  package func adopt(_ link: DetachedLink) {
    mailbox.put(link)
    alarm.ring()
  }

  func collectMail() {
    for parcel in mailbox.takeAll() {
      guard var moved = parcel.link.take() else { continue }
      if case .climbing = moved.stage {
        newcomers.append(links.insert(moved))
        continue
      }
      let wasBlocked = moved.marks.contains(.blocked)
      moved.marks.remove([.dirty, .queued])
      moved.marks.insert(.hasInput)
      let owner = moved.owner
      let link = links.insert(moved)
      report(link, owner, .adopted)
      guard register(link) else {
        end(link, .failed(SystemError.last("epoll_ctl")))
        continue
      }
      if !wasBlocked, !links[link].outbox.isEmpty { markDirty(link) }
      lookAgain(link)
    }
  }
  /// Lets those in that other reactors have accepted for this one.
  func welcomeNewcomers() {
    if newcomers.isEmpty { return }
    for link in newcomers where links.contains(link) { welcome(link) }
    newcomers.removeAll(keepingCapacity: true)
  }
}
