// A link is read out: as far as its peer had sent, over as many turns as that takes, before its owner
// decides what becomes of it. Whoever sends on and on is read out after a bound.

import Basis
import CLinux

extension Reactor {
  /// Bytes after which a link counts as read out: more than the kernels of both ends hold.
  static let readOutLimitBytes = 16 << 20

  /// Reads what the peer has sent so far, in the next turns and whether the link is paused or not.
  ///
  /// ``LinkEvent/readOut`` follows behind its bytes, or ``LinkEvent/ended(_:)``.
  package func readOut(_ link: LinkID) {
    guard links.contains(link), !links[link].stage.isEnding else { return }
    if links[link].watch == .nothing {
      watch(link)
      guard links.contains(link) else { return }
    }
    links[link].marks.insert(.hasInput)
    links[link].marks.remove(.paused)
    watchAgain(link)
    readOuts.append((link, Self.readOutLimitBytes))
  }

  /// Reads each of them once more, until that finds nothing: what the kernel of the peer still held
  /// comes when there is room for it here.
  func continueReadOuts() {
    if readOuts.isEmpty { return }
    let current = readOuts
    readOuts.removeAll(keepingCapacity: true)
    for (link, bytesLeft) in current {
      guard links.contains(link), !links[link].stage.isEnding else { continue }
      let before = arena.used
      links[link].marks.insert(.hasInput)
      advance(link)
      guard links.contains(link), !links[link].stage.isEnding else { continue }
      let count = arena.used - before
      let left = bytesLeft - count
      if count > 0 || links[link].marks.contains(.hasInput), left > 0 {
        readOuts.append((link, left))
      } else {
        report(link, links[link].owner, .readOut)
      }
    }
  }
}
