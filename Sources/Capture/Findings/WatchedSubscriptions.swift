// Who is subscribed to a topic: a tree with a node for each level of the filters, compared byte for
// byte. It is walked level by level and not by recursion, for a filter may have thousands of levels;
// its nodes and the width of the walk have bounds, for a capture may be made to be slow.

import Basis
import MQTTCodec

/// The subscriptions of all sessions.
struct WatchedSubscriptions {
  /// Most nodes; each takes far more memory than the bytes of a filter that ask for it.
  private static let nodeLimit = 1 << 20
  /// Most nodes of one level that a topic leads to; what lies beyond is not found.
  private static let widthLimit = 1 << 12

  private static let slash = UInt8(ascii: "/")
  private static let plus = [UInt8(ascii: "+")]
  private static let hash = [UInt8(ascii: "#")]

  private struct Node {
    var children: [[UInt8]: Int] = [:]
    /// Names of the filters that end here, by session.
    var names: [Int: [String]] = [:]
  }

  private var nodes = [Node()]

  /// Adds `filter`, which `session` knows by `name`; false when there is no room for it.
  mutating func add(_ filter: String, of session: Int, as name: String) -> Bool {
    let levels = Self.levels(filter.utf8)
    if nodes.count + levels.count > Self.nodeLimit { return false }
    var node = 0
    for level in levels {
      if let known = nodes[node].children[Array(level)] {
        node = known
      } else {
        nodes[node].children[Array(level)] = nodes.count
        node = nodes.count
        nodes.append(Node())
      }
    }
    if nodes[node].names[session]?.contains(where: { $0.exact == name.exact }) != true {
      nodes[node].names[session, default: []].append(name)
    }
    return true
  }

  /// Takes a filter away; its nodes stay for the next one.
  mutating func remove(_ filter: String, of session: Int, as name: String) {
    var node = 0
    for level in Self.levels(filter.utf8) {
      guard let known = nodes[node].children[Array(level)] else { return }
      node = known
    }
    nodes[node].names[session]?.removeAll { $0.exact == name.exact }
    if nodes[node].names[session]?.isEmpty == true { nodes[node].names[session] = nil }
  }

  /// The names of all filters that match `topic`, by session, the lowest first.
  func matches(_ topic: Span<UInt8>) -> [(session: Int, names: [String])] {
    if topic.isEmpty { return [] }
    // A wildcard at the front leaves topics out that begin with $. [MQTT-4.7.2-1]
    let isReserved = topic[0] == UInt8(ascii: "$")
    var found: [Int: [String]] = [:]
    var places = [0]
    for (index, level) in Self.levels(topic.array).enumerated() {
      var next: [Int] = []
      for place in places {
        if let child = nodes[place].children[Array(level)] { next.append(child) }
        if index == 0, isReserved { continue }
        if let child = nodes[place].children[Self.plus] { next.append(child) }
        if let child = nodes[place].children[Self.hash] { add(child, to: &found) }
      }
      places = next.count > Self.widthLimit ? Array(next[..<Self.widthLimit]) : next
      if places.isEmpty { break }
    }
    for place in places {
      add(place, to: &found)
      // `a/#` is for `a` as well. (4.7.1.2)
      if let child = nodes[place].children[Self.hash] { add(child, to: &found) }
    }
    return found.sorted { $0.key < $1.key }.map { (session: $0.key, names: $0.value.sorted()) }
  }

  private func add(_ place: Int, to found: inout [Int: [String]]) {
    for (session, names) in nodes[place].names { found[session, default: []] += names }
  }

  private static func levels<Bytes: Collection<UInt8>>(_ bytes: Bytes) -> [Bytes.SubSequence] {
    bytes.split(separator: slash, omittingEmptySubsequences: false)
  }
}
