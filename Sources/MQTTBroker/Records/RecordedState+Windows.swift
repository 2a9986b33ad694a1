// Long queues are not loaded: only their first window is, and of what stays in the store the
// engine has to know no more than counts, sizes and who still needs which message. A store that
// walks its queue in the order of positions asks `place` for each entry; what is not wanted in
// memory costs neither a record nor a look at its message.
//
// A window reaches at least to the last entry that has a packet identifier: what is in flight is
// in memory, and a page never meets it.

/// How much of a queue is kept in memory when there is a store for the rest.
package struct QueueWindow: Equatable, Sendable {
  /// At least 1.
  package var messages: Int
  /// At least 1; one message more is taken, however long it is.
  package var bytes: Int

  /// Joins its parts.
  package init(messages: Int, bytes: Int) {
    self.messages = messages
    self.bytes = bytes
  }

  /// Whether a queue of that size can take another message in memory.
  func hasRoom(count: Int, byteCount: Int) -> Bool { count < messages && byteCount < bytes }
}

extension RecordedState {
  /// What a queue has in memory so far.
  struct PlacedWindow {
    var count = 0
    var byteCount = 0
    var last: UInt64 = 0
  }

  /// The part of a queue that stays in the store.
  struct RecordedTail {
    var count = 0
    var byteCount = 0
    /// It begins behind this position.
    var after: UInt64
    var last: UInt64 = 0
  }

  /// An entry has a packet identifier, so that its queue is loaded at least up to it.
  ///
  /// For all of them, before the first ``place(_:position:message:byteCount:)``.
  package mutating func assigned(_ session: UInt64, position: UInt64) {
    lastAssigned[session] = max(lastAssigned[session] ?? 0, position)
  }

  /// Counts an entry of a queue, and says whether it is wanted in memory.
  ///
  /// After the sessions, once for every entry, in the order of positions. What is wanted is applied
  /// as `enqueue`, with its message as `store` and how far it came as `assign` and `release`.
  package mutating func place(
    _ session: UInt64, position: UInt64, message: UInt64, byteCount: Int
  ) -> Bool {
    var placed = windows[session] ?? PlacedWindow()
    if tails[session] == nil && sessions[session] != nil
      && (position <= lastAssigned[session] ?? 0
        || window?.hasRoom(count: placed.count, byteCount: placed.byteCount) ?? true)
    {
      placed.count += 1
      placed.byteCount += byteCount
      placed.last = position
      windows[session] = placed
      return true
    }
    var tail = tails[session] ?? RecordedTail(after: placed.last)
    tail.count += 1
    tail.byteCount += byteCount
    tail.last = position
    tails[session] = tail
    tailMessages.add(message, byteCount: byteCount)
    lastTailMessage = max(lastTailMessage, message)
    return false
  }

  /// Whether anything that was given so far needs this message; for a store that looks for what is
  /// left of an earlier damage.
  package func needs(_ message: UInt64) -> Bool {
    messages[message] != nil || tailMessages.contains(message)
  }

  /// The answer to a request, from a state that holds whole queues: what a store is to give.
  package func page(_ request: PageRequest) -> QueuePage {
    var page = QueuePage(request, entries: [])
    var bytes = 0
    for position in queue.keys.sorted() where position > request.after {
      guard let entry = queue[position]?.record, entry.session == request.session else { continue }
      bytes += entry.byteCount
      if page.entries.count == request.messages || bytes > request.bytes && !page.entries.isEmpty {
        break
      }
      let message = messages[entry.message]
      page.entries.append(
        PagedEntry(
          entry: entry, expiresAtUnixSeconds: message?.expiresAtUnixSeconds,
          message: request.wantsBodies ? message : nil))
    }
    return page
  }

  /// Leaves in the store what does not belong in memory, of a state that was put together whole.
  mutating func keepWindows(_ window: QueueWindow) {
    self.window = window
    let positions = queue.keys.sorted()
    for position in positions {
      guard let entry = queue[position], entry.identifier != 0 else { continue }
      assigned(entry.record.session, position: position)
    }
    for position in positions {
      guard let record = queue[position]?.record else { continue }
      if !place(
        record.session, position: position, message: record.message, byteCount: record.byteCount)
      {
        queue[position] = nil
      }
    }
  }
}
