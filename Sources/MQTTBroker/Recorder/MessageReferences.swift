// Who still needs a message that is only on disk: how many entries of paged-out queues name it. The
// numbers of messages rise, so that neighbours share a chunk of counts; a message costs about two
// bytes here, however long it is. Built anew by one scan of the queues at start.

/// How many entries on disk name each message.
package struct MessageReferences: Sendable {
  fileprivate struct Chunk {
    static let size: UInt64 = 64
    var counts: InlineArray<64, UInt8> = InlineArray(repeating: 0)
    /// Counts above zero.
    var used: UInt8 = 0
  }

  private var chunks: [UInt64: Chunk] = [:]
  /// What is beyond 255 references, for the few messages that have so many.
  private var more: [UInt64: Int] = [:]
  /// Messages with a reference.
  package private(set) var messageCount = 0
  /// Bytes of these messages, each counted once.
  package private(set) var byteCount = 0

  /// None.
  package init() {}

  /// One entry more names `message`, which has `byteCount` bytes.
  package mutating func add(_ message: UInt64, byteCount: Int) {
    let place = Int(message % Chunk.size)
    let count = chunks[message / Chunk.size, default: Chunk()].add(place)
    if count == 0 {
      more[message, default: 0] += 1
    } else if count == 1 {
      messageCount += 1
      self.byteCount += byteCount
    }
  }

  /// One entry less names it; true when that was the last one.
  package mutating func remove(_ message: UInt64, byteCount: Int) -> Bool {
    if let extra = more[message] {
      more[message] = extra == 1 ? nil : extra - 1
      return false
    }
    let number = message / Chunk.size
    let place = Int(message % Chunk.size)
    guard let before = chunks[number]?.counts[place], before > 0 else { return false }
    chunks[number]?.counts[place] = before - 1
    if before > 1 { return false }
    chunks[number]?.used -= 1
    if chunks[number]?.used == 0 { chunks[number] = nil }
    messageCount -= 1
    self.byteCount -= byteCount
    return true
  }

  /// Whether any entry names it.
  package func contains(_ message: UInt64) -> Bool {
    if let chunk = chunks[message / Chunk.size] {
      return chunk.counts[Int(message % Chunk.size)] > 0
    }
    return false
  }
}

extension MessageReferences.Chunk {
  /// The count after one more; zero when it does not fit here.
  fileprivate mutating func add(_ place: Int) -> UInt8 {
    if counts[place] == .max { return 0 }
    if counts[place] == 0 { used += 1 }
    counts[place] += 1
    return counts[place]
  }
}
