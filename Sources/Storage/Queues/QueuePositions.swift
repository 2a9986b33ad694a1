// Where each session's entries are in the queue, which is keyed by a position over all sessions.
//
// An index on disk would make a commit that reaches many sessions several times dearer, and a page
// without one would have to pass over what waits for everybody else. So the positions are kept in
// memory: a bit for each in words of 64 neighbours, of which a session has those that are not zero.
// A message costs two bits where one session has all that waits, and 16 bytes at worst, where
// hundreds take turns. They are found by the scan that loads the queue, and followed from then on.

/// The positions of what waits in the store, by session.
struct QueuePositions {
  private var lists: [UInt64: PositionList] = [:]

  /// An entry was appended; again, perhaps.
  @inline(__always) mutating func append(_ position: UInt64, of session: UInt64) {
    lists[session, default: PositionList()].insert(position)
  }

  /// An entry is over, or was lost.
  @inline(__always) mutating func remove(_ position: UInt64, of session: UInt64) {
    if lists[session]?.remove(position) ?? false { lists[session] = nil }
  }

  /// The first position behind another one.
  func first(of session: UInt64, after position: UInt64) -> UInt64? {
    lists[session]?.first(after: position)
  }
}

/// A set of numbers that mostly rise when they come and when they go.
private struct PositionList {
  private struct Word {
    /// Of the numbers divided by 64.
    var number: UInt64
    var bits: UInt64
  }

  /// In the order of their numbers; from `start` on, and some of them are zero.
  private var words: [Word] = []
  private var start = 0
  private var count = 0

  mutating func insert(_ position: UInt64) {
    let word = position >> 6
    var place = words.count - 1
    if place < start || words[place].number < word {
      place = words.count
      words.append(Word(number: word, bits: 0))
    } else if words[place].number > word {
      place = firstPlace(atOrAfter: word)
      if words[place].number > word { words.insert(Word(number: word, bits: 0), at: place) }
    }
    if words[place].bits & (1 << (position & 63)) == 0 { count += 1 }
    words[place].bits |= 1 << (position & 63)
  }

  /// Whether nothing is left.
  mutating func remove(_ position: UInt64) -> Bool {
    let place = firstPlace(atOrAfter: position >> 6)
    if place == words.count || words[place].number != position >> 6 { return count == 0 }
    if words[place].bits & (1 << (position & 63)) == 0 { return count == 0 }
    words[place].bits &= ~(1 << (position & 63))
    count -= 1
    while start < words.count && words[start].bits == 0 { start += 1 }
    if words.count - start > 64 && words.count - start > 2 * count || start > 64 + words.count / 2 {
      // Half of the words are gone, or zero.
      words = words[start...].filter { $0.bits != 0 }
      start = 0
    }
    return count == 0
  }

  func first(after position: UInt64) -> UInt64? {
    var place = firstPlace(atOrAfter: position >> 6)
    while place < words.count {
      var bits = words[place].bits
      if words[place].number == position >> 6 { bits &= ~1 << (position & 63) }
      if bits != 0 { return words[place].number << 6 + UInt64(bits.trailingZeroBitCount) }
      place += 1
    }
    return nil
  }

  /// The place of the first word that does not come before `number`.
  private func firstPlace(atOrAfter number: UInt64) -> Int {
    // What goes is mostly what came first.
    if start < words.count && words[start].number >= number { return start }
    var low = start
    var high = words.count
    while low < high {
      let middle = (low + high) / 2
      if words[middle].number < number { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
