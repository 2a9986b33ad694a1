// Who is watched, and when that changes. (Watch)
//
// A plain link that came with its first bytes is not watched at all as long as each turn finds more:
// many clients connect, say one thing and leave, and a tenth of what the kernel does for such a one is
// to put it into the epoll set and to take it out. It is watched from the first turn on that finds
// nothing, or when it has to wait for something else.

import CLinux

extension Reactor {
  /// Puts the link's socket into the epoll set; false if the kernel does not take it.
  func register(_ link: LinkID) -> Bool {
    let wanted = links[link].wantedWatch
    links[link].watch = wanted
    return linux_epoll_add(epoll.number, links[link].descriptor, wanted.mask, link.word) == 0
  }

  /// Puts a link that was not watched so far into the epoll set.
  ///
  /// What has come meanwhile is reported at once.
  func watch(_ link: LinkID) {
    if !register(link) { end(link, .failed(SystemError.last("epoll_ctl"))) }
  }

  /// Reads the first `count` of the links that are not watched.
  func lookAtUnwatched(_ count: Int) {
    for position in 0..<count where links.contains(unwatched[position]) {
      advance(unwatched[position])
    }
    unwatched.removeFirst(count)
  }

  /// Tells the kernel when what a watched link waits for has changed.
  func watchAgain(_ link: LinkID) {
    let wanted = links[link].wantedWatch
    if links[link].watch == wanted || links[link].watch == .nothing { return }
    links[link].watch = wanted
    _ = linux_epoll_change(epoll.number, links[link].descriptor, wanted.mask, link.word)
  }

  /// Has the kernel tell what the link waits for, whether it was watched so far or not.
  func keepWatch(_ link: LinkID) {
    if links[link].watch == .nothing { watch(link) } else { watchAgain(link) }
  }

  /// The kernel takes no more for now, and tells when it does.
  func awaitRoom(_ link: LinkID) {
    links[link].marks.insert(.blocked)
    keepWatch(link)
  }
}
