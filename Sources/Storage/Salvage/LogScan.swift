// Whether the write-ahead log has lost something that was on disk. SQLite ends its reading at the
// first frame whose checksum is wrong, which is right after a power cut: that frame was not synced,
// and nobody was promised what is in it. But when commits follow behind such a frame it was there
// once, and something has changed it. Only commits that follow from each other count: what several
// power cuts left of commits that never came about does not. (sqlite.org/fileformat2.html, 4)

import MQTTBroker

/// What a look at a log has found.
struct LogScan: Equatable {
  /// Commits that can be read.
  var readable = 0
  /// Commits behind the first frame that cannot be read.
  var lost = 0
  /// Whether the log's own head cannot be read, so that nothing behind it counts.
  var hasDamagedHead = false

  private static let headBytes = 32
  private static let frameHeadBytes = 24

  /// Whether more is lost than a power cut can explain: that takes the last commit at most, if each
  /// is synced.
  func isDamaged(_ mode: SynchronizationMode) -> Bool {
    if hasDamagedHead { return true }
    return mode == .full && lost > 1
  }

  /// Reads a log; nil when there is none.
  init?(_ file: String, pageBytes: Int = Schema.pageBytes) {
    let size = StoreFile.size(file)
    if size <= Self.headBytes + Self.frameHeadBytes { return nil }
    let head = StoreFile.read(file, at: 0, count: Self.headBytes)
    if head.count < Self.headBytes || head.allSatisfy({ $0 == 0 }) { return nil }
    let magic = head.word(0)
    var sum = Checksum(isBigEndian: magic & 1 == 1)
    sum.add(head[..<24])
    guard magic & ~1 == 0x377F_0682, sum.first == head.word(24), sum.second == head.word(28),
      head.word(8) == UInt32(pageBytes)
    else {
      hasDamagedHead = true
      return
    }
    let frameBytes = Self.frameHeadBytes + pageBytes
    let framesAtOnce = 64
    var isReadable = true
    var commitsInARow = 0
    var offset = Self.headBytes
    while offset + frameBytes <= size {
      let bytes = StoreFile.read(file, at: offset, count: frameBytes * framesAtOnce)
      if bytes.count < frameBytes { return }
      for start in stride(from: 0, through: bytes.count - frameBytes, by: frameBytes) {
        let frame = bytes[start..<start + frameBytes]
        let isOfThisLog = frame[start + 8..<start + 16] == head[16..<24]
        sum.add(frame[start..<start + 8])
        sum.add(frame[(start + Self.frameHeadBytes)...])
        let first = bytes.word(start + 16)
        let second = bytes.word(start + 20)
        let follows = isOfThisLog && sum.first == first && sum.second == second
        isReadable = isReadable && follows
        if !follows { commitsInARow = 0 }
        // What follows is held against what this frame says of itself.
        sum.first = first
        sum.second = second
        if !isOfThisLog || bytes.word(start + 4) == 0 { continue }
        commitsInARow += 1
        if isReadable { readable += 1 } else { lost = max(lost, commitsInARow) }
      }
      offset += bytes.count / frameBytes * frameBytes
    }
  }
}

/// The running checksum of a log.
private struct Checksum {
  let isBigEndian: Bool
  var first: UInt32 = 0
  var second: UInt32 = 0

  init(isBigEndian: Bool) { self.isBigEndian = isBigEndian }

  mutating func add(_ bytes: ArraySlice<UInt8>) {
    var place = bytes.startIndex
    bytes.withUnsafeBytes { bytes in
      var offset = 0
      while offset + 8 <= bytes.count {
        let one = bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)
        let two = bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
        first &+= (isBigEndian ? one.bigEndian : one.littleEndian) &+ second
        second &+= (isBigEndian ? two.bigEndian : two.littleEndian) &+ first
        offset += 8
      }
      place += offset
    }
  }
}

extension Array where Element == UInt8 {
  /// Four bytes, the highest first.
  fileprivate func word(_ place: Int) -> UInt32 {
    self[place..<place + 4].reduce(0) { $0 << 8 | UInt32($1) }
  }
}
