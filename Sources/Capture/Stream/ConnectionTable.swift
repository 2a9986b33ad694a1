// The TCP connections of a capture, by their two ends. A connection's number is its place in the
// order of appearance, whether MQTT is spoken on it or not, as other analysers count streams. Ends
// that are used again make a new connection when a new SYN says so.

/// Two ends, in an order that does not depend on the direction.
struct ConnectionKey: Hashable {
  var lower: Endpoint
  var upper: Endpoint

  init(_ first: Endpoint, _ second: Endpoint) {
    let isInOrder =
      first.port != second.port
      ? first.port < second.port
      : (first.address.high, first.address.low) <= (second.address.high, second.address.low)
    lower = isInOrder ? first : second
    upper = isInOrder ? second : first
  }

  // Far fewer bits than the ends have tell connections of one capture apart.
  func hash(into hasher: inout Hasher) {
    hasher.combine(
      lower.address.low &* 0x9E37_79B9_7F4A_7C15 ^ upper.address.low ^ lower.address.high
        ^ upper.address.high &* 31)
    hasher.combine(UInt32(lower.port) << 16 | UInt32(upper.port))
  }
}

/// Finds the connection of a segment.
struct ConnectionTable {
  private var indices: [ConnectionKey: Int] = [:]
  private var last: (source: Endpoint, destination: Endpoint, index: Int)?
  private(set) var count = 0

  /// The number of the connection between two ends; a new one when there is none.
  mutating func index(_ source: Endpoint, _ destination: Endpoint) -> (index: Int, isNew: Bool) {
    if let last, last.source == source, last.destination == destination {
      return (last.index, false)
    }
    let key = ConnectionKey(source, destination)
    if let index = indices[key] {
      last = (source, destination, index)
      return (index, false)
    }
    return (add(key, source, destination), true)
  }

  /// Gives the two ends a new connection.
  mutating func replace(_ source: Endpoint, _ destination: Endpoint) -> Int {
    add(ConnectionKey(source, destination), source, destination)
  }

  private mutating func add(
    _ key: ConnectionKey, _ source: Endpoint, _ destination: Endpoint
  ) -> Int {
    indices[key] = count
    last = (source, destination, count)
    count += 1
    return count - 1
  }
}
