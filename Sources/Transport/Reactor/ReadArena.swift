// The memory that a reactor reads into: one stretch for all its links, used from the front in each
// tick. Reserved addresses cost nothing until they are touched, so an idle reactor has none, and a
// busy one with small messages stays within a few pages that its cache knows.

import CLinux
import Glibc

struct ReadArena: ~Copyable {
  /// Most bytes that one link may bring in one tick; the owner of the reactor chooses.
  ///
  /// With more, one tick answers more packets with one write for each link. With less, what is made
  /// of them stays in the cache when each packet is copied to many links.
  var readLimitBytes = smallReadBytes
  static let smallReadBytes = 64 << 10
  static let largeReadBytes = 256 << 10
  static let sizeBytes = 1 << 20

  let start: UnsafeMutableRawPointer
  private(set) var used = 0

  init() throws(SystemError) {
    guard let start = linux_reserve(Self.sizeBytes) else { throw SystemError.last("mmap") }
    self.start = start
  }

  deinit { munmap(start, Self.sizeBytes) }

  /// Whether another link can read.
  var hasRoom: Bool { Self.sizeBytes - used >= readLimitBytes }

  /// Where the next link reads to.
  var room: UnsafeMutableRawPointer { start + used }

  /// Keeps `count` bytes that have been read and says where they are.
  mutating func keep(_ count: Int) -> Range<Int> {
    let range = used..<(used + count)
    // The next stretch starts on its own cache line.
    used = min(Self.sizeBytes, (used + count + 63) & ~63)
    return range
  }

  /// Forgets everything that has been read.
  mutating func clear() { used = 0 }
}
