// The listeners of a running server by their numbers. A number is given once: the engine's
// connections keep it, so a listener that goes leaves a gap, and one that comes takes a new number.

import MQTTBroker
import Settings
import Transport

/// What the first reactor, who owns the listening sockets, shall do with them.
enum ListenerChange {
  case open(OpenListener)
  case close(Int)
  /// Connections from now on have these layers.
  case change(Int, ListenerLayers)
}

/// What a listener is known by: a configuration that names the same is about the same listener.
struct ListenerIdentity: Equatable {
  let place: ListenerSetup.Place
  let family: ListenerSetup.AddressFamily?
  let interfaceName: String?
  let sendsSmallPackets: Bool

  init(_ configuration: ListenerConfiguration) {
    place = configuration.settings.place
    family = configuration.settings.family
    interfaceName = configuration.settings.interfaceName
    sendsSmallPackets = configuration.settings.sendsSmallPackets
  }
}

/// All listeners that there are or were.
struct ListenerTable {
  /// By number; nil once it has gone.
  private(set) var numbers: [ListenerConfiguration?] = []
  /// The position in the last configuration, by number.
  private var positions: [Int?] = []

  /// The configuration with the numbers that it gives its listeners, and what has changed.
  struct Arrangement {
    var table: ListenerTable
    /// Numbers of new listeners, of those that stay, and of those that go.
    var added: [Int] = []
    var kept: [Int] = []
    var removed: [Int] = []
  }

  /// Numbers `listeners`: those that are known keep theirs.
  func arranged(_ listeners: [ListenerConfiguration]) -> Arrangement {
    var result = Arrangement(table: self)
    var free = Set(numbers.indices.filter { numbers[$0] != nil })
    result.table.positions = numbers.map { _ in nil }
    for (position, listener) in listeners.enumerated() {
      let identity = ListenerIdentity(listener)
      let known = free.sorted().first { number in
        numbers[number].map { ListenerIdentity($0) == identity } ?? false
      }
      if let known {
        free.remove(known)
        result.kept.append(known)
        result.table.numbers[known] = listener
        result.table.positions[known] = position
      } else {
        result.added.append(result.table.numbers.count)
        result.table.numbers.append(listener)
        result.table.positions.append(position)
      }
    }
    result.removed = free.sorted()
    for number in result.removed { result.table.numbers[number] = nil }
    return result
  }

  /// What the engine is told: what holds for all, and for each listener under its number.
  func numbered(_ configuration: ServerConfiguration) -> BrokerConfiguration {
    var result = configuration.settings.configuration
    result.certificatesExpire = configuration.firstExpiry
    result.listenerTerms = numbers.map { listener in
      var terms = listener?.settings.terms ?? ListenerTerms()
      terms.name = listener?.name ?? ""
      return terms
    }
    result.listenerPolicies = numbers.map { $0?.policy ?? Self.gone }
    return result
  }

  private static var gone: ListenerPolicy {
    var policy = ListenerPolicy()
    policy.isClosed = true
    return policy
  }
}
