// Where each session's entries are in the queue, which is keyed by a position over all sessions.
//
// An index on disk would make a commit that reaches many sessions several times dearer, and a page
// without one would have to pass over what waits for everybody else. So the positions are kept in
// memory, the distance to the one before in one byte mostly: a million waiting messages take one
// to three megabytes. They are found by the scan that loads the queue, and followed from then on.

/// The positions of every session's queue that were not read or completed yet.
struct QueuePositions {
  private var lists: [UInt64: PositionList] = [:]

  /// An entry was appended; one that is known already is left out.
  @inline(__always) mutating func append(_ position: UInt64, of session: UInt64) {
    lists[session, default: PositionList()].append(position)
  }

  /// An entry is over, and with it all before it.
  @inline(__always) mutating func remove(upTo position: UInt64, of session: UInt64) {
    guard let isEmpty = lists[session]?.remove(upTo: position), isEmpty else { return }
    lists[session] = nil
  }

  /// The first so many positions behind another one; all up to that one are forgotten.
  mutating func positions(
    of session: UInt64, after position: UInt64, atMost count: Int
  ) -> [UInt64] {
    remove(upTo: position, of: session)
    return lists[session]?.prefix(count) ?? []
  }
}

/// Rising numbers, each as its distance to the one before.
private struct PositionList {
  /// Distances, seven bits a byte, the lowest first; all but the last byte of one have bit 7.
  private var distances: [UInt8] = []
  /// Where the distance to `first` ends.
  private var start = 0
  private var first: UInt64 = 0
  private var last: UInt64 = 0

  mutating func append(_ position: UInt64) {
    if position <= last { return }
    if last == 0 {
      first = position
    } else {
      var distance = position - last
      while distance > 0x7F {
        distances.append(UInt8(truncatingIfNeeded: distance) | 0x80)
        distance >>= 7
      }
      distances.append(UInt8(distance))
    }
    last = position
  }

  /// Whether nothing is left.
  mutating func remove(upTo position: UInt64) -> Bool {
    if position >= last { return true }
    while first <= position { first += distance(&start) }
    if start > 4096 && start > distances.count / 2 {
      distances.removeFirst(start)
      start = 0
    }
    return false
  }

  func prefix(_ count: Int) -> [UInt64] {
    var positions = [first]
    var place = start
    while positions.count < count && place < distances.count {
      positions.append((positions.last ?? 0) + distance(&place))
    }
    return positions
  }

  private func distance(_ place: inout Int) -> UInt64 {
    var distance: UInt64 = 0
    var shift: UInt64 = 0
    while true {
      let byte = distances[place]
      place += 1
      distance |= UInt64(byte & 0x7F) << shift
      if byte & 0x80 == 0 { return distance }
      shift += 7
    }
  }
}
