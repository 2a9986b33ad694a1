// What one receiver has got of one publisher's sequence 0, 1, 2, ...: exactly, and in a few words
// as long as nothing is wrong. `next` is one more than the highest number seen; what is missing
// below it is kept as ranges.
//
//   number == next          in order                next moves on
//   number >  next          ahead; a gap opens      [next, number) is missing
//   number <  next, missing it came late            out of order; the gap shrinks
//   number <  next, known   a duplicate
//
// The number of gaps is bounded: when there are more, the oldest are given up as lost, and whatever
// still comes of them counts as late as before but cannot be told from a duplicate.

/// The numbers of one publisher that one receiver has seen.
package struct SequenceTracker: Sendable {
  /// What a number turned out to be.
  @usableFromInline package enum Arrival: Equatable, Sendable {
    case inOrder
    /// So many before it have not come.
    case ahead(missing: UInt64)
    /// Later ones had come before it.
    case late
    case duplicate
  }

  /// Gaps kept at most.
  package static let gapLimit = 65_536

  /// One more than the highest number seen.
  @usableFromInline package var next: UInt64 = 0
  @usableFromInline var gaps: [Range<UInt64>] = []
  /// Numbers in gaps that were given up.
  package private(set) var surrendered: UInt64 = 0

  /// Nothing seen.
  package init() {}

  /// Takes a number that arrived.
  @inlinable @inline(__always) package mutating func receive(_ number: UInt64) -> Arrival {
    if number == next {
      next &+= 1
      return .inOrder
    }
    return receiveUnexpected(number)
  }

  @usableFromInline @inline(never) mutating func receiveUnexpected(_ number: UInt64) -> Arrival {
    if number > next {
      let missing = number - next
      gaps.append(next..<number)
      if gaps.count > Self.gapLimit { surrendered += UInt64(gaps.removeFirst().count) }
      next = number + 1
      return .ahead(missing: missing)
    }
    guard let place = gaps.lastIndex(where: { $0.lowerBound <= number }),
      gaps[place].contains(number)
    else { return .duplicate }
    let gap = gaps[place]
    let pieces = [gap.lowerBound..<number, (number + 1)..<gap.upperBound].filter { !$0.isEmpty }
    gaps.replaceSubrange(place...place, with: pieces)
    return .late
  }

  /// Numbers below `sent` that never came.
  package func lost(of sent: UInt64) -> UInt64 {
    let below = gaps.reduce(surrendered) { sum, gap in
      let end = min(gap.upperBound, sent)
      return gap.lowerBound < end ? sum + (end - gap.lowerBound) : sum
    }
    return below + (sent > next ? sent - next : 0)
  }
}
