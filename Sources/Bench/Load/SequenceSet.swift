// The numbers of a sequence that have been seen, as bits: for messages that come in no order, where
// gaps would be as many as messages.

/// A set of sequence numbers.
package struct SequenceSet: Sendable {
  /// Numbers from here on are not kept but taken for duplicates: 128 MiB of bits.
  package static let limit: UInt64 = 1 << 30

  private var words: [UInt64] = []
  /// Numbers in the set.
  package private(set) var count: UInt64 = 0

  /// Nothing seen.
  package init() {}

  /// Takes a number; false when it was there before.
  package mutating func insert(_ number: UInt64) -> Bool {
    if number >= Self.limit { return false }
    let place = Int(number >> 6)
    while words.count <= place {
      words.append(contentsOf: repeatElement(0, count: max(1, words.count)))
    }
    let bit: UInt64 = 1 << (number & 63)
    if words[place] & bit != 0 { return false }
    words[place] |= bit
    count += 1
    return true
  }

  /// Numbers below `sent` that never came.
  package func lost(of sent: UInt64) -> UInt64 { sent > count ? sent - count : 0 }
}
