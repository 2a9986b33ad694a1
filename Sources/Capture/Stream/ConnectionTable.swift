// The TCP connections of a capture, by their two ends. A connection's number is its place in the
// order of appearance, whether MQTT is spoken on it or not, as other analysers count streams. Ends
// that are used again make a new connection when a new SYN says so.

/// Two ends, in an order that does not depend on the direction.
struct ConnectionKey: Hashable {
  var lower: CapturedEndpoint
  var upper: CapturedEndpoint

  init(_ first: CapturedEndpoint, _ second: CapturedEndpoint) {
    let isInOrder =
      first.port != second.port
      ? first.port < second.port
      : (first.address.high, first.address.low) <= (second.address.high, second.address.low)
    lower = isInOrder ? first : second
    upper = isInOrder ? second : first
  }

  // All bits that differ go through the hasher's secret, a few steps less than field by field: a
  // capture cannot choose ends that share a place.
  func hash(into hasher: inout Hasher) {
    if lower.address.isVersion6 || upper.address.isVersion6 {
      hasher.combine(lower.address.high)
      hasher.combine(upper.address.high)
      hasher.combine(lower.address.low)
      hasher.combine(upper.address.low)
    } else {
      hasher.combine(lower.address.low << 32 | upper.address.low)
    }
    hasher.combine(UInt32(lower.port) << 16 | UInt32(upper.port))
  }
}

/// Finds the connection of a segment.
struct ConnectionTable {
  /// Connections among which the one that makes room is looked for.
  private static let victimSearch = 64

  private var places: [ConnectionKey: Int] = [:]
  private var last: (source: CapturedEndpoint, destination: CapturedEndpoint, place: Int)?
  /// Connections so far.
  private(set) var count = 0
  private var hand = 0

  /// The place of the connection between two ends; nil when there is none.
  mutating func find(_ source: CapturedEndpoint, _ destination: CapturedEndpoint) -> Int? {
    if let last, last.source == source, last.destination == destination { return last.place }
    guard let place = places[ConnectionKey(source, destination)] else { return nil }
    last = (source, destination, place)
    return place
  }

  /// Gives two ends a new connection.
  mutating func add(_ key: ConnectionKey, at place: Int) {
    places[key] = place
    last = nil
    count += 1
  }

  mutating func forget(_ key: ConnectionKey) {
    places[key] = nil
    last = nil
  }

  /// The place of `placeCount` that is used again: of some that stand next, one that is closed, or
  /// else silent for longest.
  mutating func victim(of placeCount: Int, _ state: (Int) -> (isClosed: Bool, lastFrame: Int))
    -> Int
  {
    var best = hand
    for step in 0..<Self.victimSearch {
      let place = (hand + step) % placeCount
      let (candidate, champion) = (state(place), state(best))
      if candidate.isClosed != champion.isClosed
        ? candidate.isClosed : candidate.lastFrame < champion.lastFrame
      {
        best = place
      }
    }
    hand = (hand + Self.victimSearch) % placeCount
    return best
  }
}
