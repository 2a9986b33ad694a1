// One direction of a TCP connection: segments in any order in, bytes in order out. The sequence
// number wraps around; all comparisons are by signed distance from the next byte that is expected.
//
//   distance = 0  the next bytes: handed on at once, without a copy
//   distance < 0  sent before: only what is new of it is handed on
//   distance > 0  something before it is missing: kept until that comes, or is given up
//
// Bytes are given up as missing when the peer has acknowledged what lies behind them (so they did
// arrive, and only the capture lacks them), when too much is kept, or when the stream ends.

/// Bytes of memory that a piece takes beside its own: its stamp, and the array around it.
let keptPieceOverhead = MemoryLayout<EarlySegment>.stride + 32

/// A piece that came too early.
struct EarlySegment {
  var sequence: UInt32
  var bytes: [UInt8]
  /// Bytes behind `bytes` that were not captured.
  var missingCount: Int
  var stamp: FrameStamp

  /// Bytes of memory that it takes.
  var keptBytes: Int { bytes.count + keptPieceOverhead }

  var end: UInt32 { sequence &+ UInt32(truncatingIfNeeded: bytes.count + missingCount) }
}

/// What comes out of a direction.
enum HalfEvent {
  /// `bytes` of the segment at hand, from this offset of its payload on.
  case payload(from: Int)
  /// Bytes that were kept.
  case kept([UInt8], FrameStamp)
  /// So many bytes are not in the capture.
  case missing(Int, FrameStamp)
  /// A segment that brought nothing new.
  case repeated
}

/// The state of one direction.
struct TCPHalf {
  /// Bytes that are kept in the hope of what is missing before them.
  private static let earlyByteLimit = 4 << 20
  private static let earlyCountLimit = 4096
  /// A distance that no window explains: another connection, or nonsense.
  private static let leapLimit = 1 << 28

  /// The sequence number of the next byte; nil before anything was seen.
  private(set) var next: UInt32?
  /// Whether its SYN was captured.
  private(set) var hasBeginning = false
  private(set) var isFinished = false
  private var early: [EarlySegment] = []
  /// Bytes of memory that they take.
  private(set) var earlyBytes = 0
  private var acknowledged: UInt32?

  /// The number of the SYN, or of the byte before the first one that was seen.
  private var base: UInt32?

  /// A sequence number counted from the beginning.
  mutating func relative(_ number: UInt32, begins: Bool = false) -> UInt32 {
    if let base { return number &- base }
    let first = begins ? number : number &- 1
    base = first
    return number &- first
  }

  /// Whether a SYN with this sequence number would begin a new connection.
  func isAnother(_ sequence: UInt32) -> Bool {
    guard let next else { return false }
    return !hasBeginning || isFinished || next &- sequence > UInt32(Self.leapLimit)
      || (next != sequence &+ 1)
  }

  mutating func begin(_ sequence: UInt32) {
    if next == nil { next = sequence &+ 1 }
    hasBeginning = true
  }

  /// Whether `count` bytes at `sequence` are just the next ones; moves on if so.
  mutating func advances(_ sequence: UInt32, _ count: Int) -> Bool {
    if next != sequence || !early.isEmpty { return false }
    next = sequence &+ UInt32(truncatingIfNeeded: count)
    return true
  }

  /// Notes what was acknowledged; false when something follows from it.
  mutating func notes(_ number: UInt32?) -> Bool {
    if !early.isEmpty { return false }
    if let number { acknowledged = number }
    return true
  }

  /// What a segment that came now brings, in order.
  mutating func receive(
    _ segment: TCPSegment, _ payload: Span<UInt8>, _ stamp: FrameStamp, _ events: inout [HalfEvent]
  ) {
    if segment.begins { begin(segment.sequence) }
    let start = segment.begins ? segment.sequence &+ 1 : segment.sequence
    if payload.count + segment.missingCount > 0 {
      take(start, payload, segment.missingCount, stamp, &events)
    }
    if segment.finishes || segment.resets {
      if !early.isEmpty { giveUp(&events, all: true) }
      isFinished = true
    }
  }

  private mutating func take(
    _ sequence: UInt32, _ payload: Span<UInt8>, _ missingCount: Int, _ stamp: FrameStamp,
    _ events: inout [HalfEvent]
  ) {
    let expected = next ?? sequence
    let length = payload.count + missingCount
    var distance = Int(Int32(bitPattern: sequence &- expected))
    if abs(distance) > Self.leapLimit {
      giveUp(&events, all: true)
      distance = 0
      next = sequence
    }
    if distance > 0 {
      keep(sequence, payload, missingCount, stamp)
      if earlyBytes > Self.earlyByteLimit || early.count > Self.earlyCountLimit {
        giveUp(&events, all: false)
      } else {
        giveUpAcknowledged(&events)
      }
      return
    }
    if -distance >= length {
      return events.append(.repeated)
    }
    if -distance < payload.count { events.append(.payload(from: -distance)) }
    if missingCount > 0 {
      events.append(.missing(min(missingCount, length + distance), stamp))
    }
    next = sequence &+ UInt32(truncatingIfNeeded: length)
    if !early.isEmpty { drain(stamp, &events) }
  }

  private mutating func keep(
    _ sequence: UInt32, _ payload: Span<UInt8>, _ missingCount: Int, _ stamp: FrameStamp
  ) {
    let segment = EarlySegment(
      sequence: sequence, bytes: payload.array, missingCount: missingCount, stamp: stamp)
    // What comes early comes in order as a rule: at the end.
    let before = early.lastIndex { Int32(bitPattern: $0.sequence &- sequence) <= 0 }
    early.insert(segment, at: before.map { $0 + 1 } ?? 0)
    earlyBytes += segment.keptBytes
  }

  /// Hands on what follows without a gap, as if it had come with the frame that filled the gap.
  private mutating func drain(_ stamp: FrameStamp?, _ events: inout [HalfEvent]) {
    var count = 0
    while count < early.count, var expected = next {
      let segment = early[count]
      let distance = Int(Int32(bitPattern: segment.sequence &- expected))
      if distance > 0 { break }
      count += 1
      let length = segment.bytes.count + segment.missingCount
      if -distance >= length { continue }
      let shown = stamp ?? segment.stamp
      if -distance < segment.bytes.count {
        let bytes = distance == 0 ? segment.bytes : Array(segment.bytes[(-distance)...])
        events.append(.kept(bytes, shown))
      }
      if segment.missingCount > 0 {
        events.append(.missing(min(segment.missingCount, length + distance), shown))
      }
      expected = segment.end
      next = expected
    }
    for segment in early[..<count] { earlyBytes -= segment.keptBytes }
    early.removeFirst(count)
  }

  /// The peer has acknowledged everything in front of `number`.
  mutating func acknowledge(_ number: UInt32, _ events: inout [HalfEvent]) {
    acknowledged = number
    if !early.isEmpty { giveUpAcknowledged(&events) }
  }

  private mutating func giveUpAcknowledged(_ events: inout [HalfEvent]) {
    while let first = early.first, let acknowledged,
      Int32(bitPattern: acknowledged &- first.end) >= 0
    {
      giveUp(&events, all: false)
    }
  }

  /// Says that the bytes in front of what was kept are missing, and hands that on.
  private mutating func giveUp(_ events: inout [HalfEvent], all: Bool) {
    repeat {
      guard let first = early.first, let expected = next else { return }
      let distance = Int(Int32(bitPattern: first.sequence &- expected))
      if distance > 0 { events.append(.missing(distance, first.stamp)) }
      next = first.sequence
      drain(nil, &events)
    } while all && !early.isEmpty
  }

  /// The capture ends: what was kept is all that will ever come.
  mutating func finish(_ events: inout [HalfEvent]) { giveUp(&events, all: true) }
}

extension Span where Element == UInt8 {
  /// A copy.
  var array: [UInt8] {
    [UInt8](capacity: count) { output in
      for index in indices { output.append(self[index]) }
    }
  }
}
