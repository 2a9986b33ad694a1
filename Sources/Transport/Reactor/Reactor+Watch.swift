// What a link is watched for.
//
// A plain link is watched edge-triggered: a short read tells that the kernel has no more. For
// writing it is watched from the first time that it was blocked, once and for all: watched from the
// start, every new connection would be reported as writable, in a turn that has nothing to do. A
// protected link's reads happen inside OpenSSL, where nobody sees whether they were short, so it is
// watched level-triggered, and for writing only while it is blocked; one more system call for a
// blocked link saves one for every read of all others. Only a part of its first record, which stays
// unread, must not be reported again and again.
//
// A plain link that came with its first bytes is not watched at all as long as each turn finds more:
// many clients connect, say one thing and leave, and a tenth of what the kernel does for such a one is
// to put it into the epoll set and to take it out. It is watched from the first turn on that finds
// nothing, or when it has to wait for something else.

import Basis
import CLinux
import Glibc

extension Reactor {
  /// Puts the link's socket into the epoll set.
  func register(_ link: LinkID) -> Bool {
    let mask = wantedMask(link)
    links[link.index].more?.mask = mask
    return linux_epoll_add(epoll.number, links[link.index].descriptor, mask, link.word) == 0
  }

  /// Puts a link that was not watched so far into the epoll set.
  ///
  /// What has come meanwhile is reported at once.
  func watch(_ link: LinkID) {
    links[link.index].flags.remove(.unwatched)
    if !register(link) { end(link, .failed(SystemError.last("epoll_ctl"))) }
  }

  /// Reads the first `count` of the links that are not watched.
  func lookAtUnwatched(_ count: Int) {
    for position in 0..<count where links.contains(unwatched[position]) {
      advance(unwatched[position])
    }
    unwatched.removeFirst(count)
  }

  /// Tells the kernel when what a protected link waits for has changed.
  func watchAgain(_ link: LinkID) {
    if links[link.index].flags.contains(.unwatched) { return }
    guard let more = links[link.index].more else { return }
    let mask = wantedMask(link)
    if mask == more.mask { return }
    more.mask = mask
    _ = linux_epoll_change(epoll.number, links[link.index].descriptor, mask, link.word)
  }

  /// Tells the kernel to report when a link that is blocked takes bytes again.
  func watchForWriting(_ link: LinkID) {
    if isEdgeTriggered(link) {
      if links[link.index].flags.contains(.watchedForWriting) { return }
      links[link.index].flags.insert(.watchedForWriting)
      if links[link.index].flags.contains(.unwatched) { return watch(link) }
      if links[link.index].more == nil {
        _ = linux_epoll_change(
          epoll.number, links[link.index].descriptor, wantedMask(link), link.word)
      }
    }
    watchAgain(link)
  }

  private func isEdgeTriggered(_ link: LinkID) -> Bool {
    guard let more = links[link.index].more,
      !links[link.index].flags.contains(.connecting)
    else { return true }
    return more.awaitsRecord || more.tls == nil && more.context == nil && more.peer == nil
  }

  private func wantedMask(_ link: LinkID) -> UInt32 {
    let flags = links[link.index].flags
    if isEdgeTriggered(link) {
      let mask = linux_readable | linux_peer_finished | linux_edge_triggered
      return flags.contains(.watchedForWriting) ? mask | linux_writable : mask
    }
    var mask: UInt32 = 0
    let reads =
      flags.isDisjoint(with: [.closing, .paused])
      || !flags.isDisjoint(with: [.lingering, .leaving])
    if reads { mask |= linux_readable | linux_peer_finished }
    if !flags.isDisjoint(with: [.blocked, .wantsWrite]) { mask |= linux_writable }
    return mask
  }
}
