// The reactor's own few timers: connects, TLS handshakes and farewells. Each kind lasts the same
// for every link, so entries come in the order in which they fall due and a queue is enough. An
// entry of a link that has moved on is stale and dropped when it reaches the front.

import Basis

struct DeadlineQueue {
  private var entries: [(at: Instant, link: LinkID)] = []
  private var first = 0

  mutating func append(_ link: LinkID, at instant: Instant) {
    entries.append((instant, link))
  }

  /// The earliest entry for which `isLive` holds, after dropping stale ones before it.
  mutating func earliest(where isLive: (Instant, LinkID) -> Bool) -> Instant? {
    while first < entries.count {
      if isLive(entries[first].at, entries[first].link) { return entries[first].at }
      drop()
    }
    return nil
  }

  /// Takes the earliest entry out if it is due.
  mutating func takeDue(_ now: Instant) -> (at: Instant, link: LinkID)? {
    guard first < entries.count, entries[first].at <= now else { return nil }
    defer { drop() }
    return entries[first]
  }

  private mutating func drop() {
    first += 1
    if first == entries.count {
      entries.removeAll(keepingCapacity: entries.count <= 1024)
      first = 0
    } else if first >= 4096 {
      entries.removeFirst(first)
      first = 0
    }
  }
}
