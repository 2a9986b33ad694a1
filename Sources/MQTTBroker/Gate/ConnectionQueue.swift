// Connections in the order in which something happened to them. Nobody is taken out of the middle:
// an entry whose connection is gone or has moved on is passed over when it comes up.

/// A first-in first-out queue of connections.
struct ConnectionQueue {
  private var entries: [ConnectionID] = []
  private var head = 0

  var count: Int { entries.count - head }

  mutating func append(_ connection: ConnectionID) { entries.append(connection) }

  mutating func popFirst() -> ConnectionID? {
    if head == entries.count { return nil }
    let first = entries[head]
    head += 1
    if head == entries.count {
      entries.removeAll(keepingCapacity: entries.count <= 1024)
      head = 0
    } else if head > 1024 && head * 2 > entries.count {
      entries.removeFirst(head)
      head = 0
    }
    return first
  }
}
