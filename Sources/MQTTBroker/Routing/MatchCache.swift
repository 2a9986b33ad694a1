// Remembered matches: topic name to the list of those who want it. A line is good as long as the
// subscriptions have not changed since (`epoch`), so nothing has to be invalidated.
//
// A topic is remembered only when it comes for the second time within its set, so a stream of
// topics that never repeat costs one comparison each and fills no memory.

import Basis

/// A bounded memory of matches, two lines a set.
struct MatchCache: ~Copyable {
  private static let setCount = 1024

  struct Line: ~Copyable {
    var hash: UInt64
    var epoch: UInt32
    var topic: ByteBuffer
    var match: Match
  }

  private(set) var lines = SlotTable<Line>()
  /// Two lines a set; none when there is none yet.
  private var index: [Compact<Line>] = []
  /// The last hash that missed in each set.
  private var candidates: [UInt32] = []
  /// The line that was found last: a topic often comes many times in a row.
  @Compact private var latest: Slot<Line>? = nil

  init() {}

  /// The line that was found last, if it is that of a topic.
  @inline(__always) func findAgain(_ topic: Span<UInt8>, epoch: UInt32) -> Slot<Line>? {
    guard let latest, lines[latest].epoch == epoch, areEqual(lines[latest].topic.span, topic)
    else { return nil }
    return latest
  }

  /// The line of a topic; nil when it is not remembered.
  @inline(__always) mutating func find(
    _ topic: Span<UInt8>, hash: UInt64, epoch: UInt32
  ) -> Slot<Line>? {
    if index.isEmpty { return nil }
    let set = Int(truncatingIfNeeded: hash) & (Self.setCount - 1)
    for way in 0..<2 {
      if let line = index[set * 2 + way].wrappedValue, lines[line].hash == hash,
        lines[line].epoch == epoch, areEqual(lines[line].topic.span, topic)
      {
        latest = line
        return line
      }
    }
    return nil
  }

  /// Whether a line stands in the set of its hash.
  func isIndexed(_ line: Slot<Line>) -> Bool {
    let set = (Int(truncatingIfNeeded: lines[line].hash) & (Self.setCount - 1)) * 2
    return index[set].wrappedValue == line || index[set + 1].wrappedValue == line
  }

  /// Swaps the targets of a line, so that they can be walked without being copied.
  @inline(__always) mutating func exchange(_ targets: inout [Target], of line: Slot<Line>) {
    swap(&targets, &lines[line].match.targets)
  }

  /// Whether a topic that was not found has come often enough to be remembered.
  mutating func isWorthKeeping(hash: UInt64) -> Bool {
    if index.isEmpty {
      index = [Compact<Line>](repeating: Compact(wrappedValue: nil), count: Self.setCount * 2)
      candidates = [UInt32](repeating: 0, count: Self.setCount)
    }
    let set = Int(truncatingIfNeeded: hash) & (Self.setCount - 1)
    let mark = UInt32(truncatingIfNeeded: hash >> 32)
    if candidates[set] == mark { return true }
    candidates[set] = mark
    return false
  }

  /// Remembers a match; a line of an older epoch, or else the set's older line, gives way.
  mutating func keep(_ topic: Span<UInt8>, hash: UInt64, epoch: UInt32, _ match: Match) {
    let set = (Int(truncatingIfNeeded: hash) & (Self.setCount - 1)) * 2
    // The second way is the older one: lines enter in the first.
    let old = index[set + 1].wrappedValue
    index[set + 1] = index[set]
    if let old { lines.remove(old) }
    latest = nil
    var bytes = ByteBuffer(exactCapacity: topic.count)
    bytes.append(topic)
    index[set].wrappedValue =
      lines.insert(Line(hash: hash, epoch: epoch, topic: bytes, match: match)).index
  }
}
