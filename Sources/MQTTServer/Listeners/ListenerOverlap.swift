// Listeners of one configuration that want the same address. The kernel would say that the address
// is in use, and who looks for the program that has it finds this one.

import Settings
import Transport

extension ServerConfiguration {
  /// Leaves out what `-p` asks for and the file serves already, with a warning each.
  package mutating func leaveOutServed() {
    let ofFile = listeners.filter { $0.place != nil }.map { ($0, (try? $0.addresses()) ?? []) }
    listeners.removeAll { listener in
      guard listener.place == nil, case .loopback(let port) = listener.settings.place,
        listener.isPlain
      else { return false }
      let addresses = (try? listener.addresses()) ?? []
      for (other, taken) in ofFile {
        guard let address = taken.first(where: { addresses.contains(where: $0.overlaps) })
        else { continue }
        warnings.append(
          "-p \(port) is left out: the listener at \(other.place ?? "") serves \(address)")
        return true
      }
      return false
    }
  }

  /// The first fault of each listener that cannot be served beside those before it.
  var overlaps: [ServerError] {
    var taken: [(address: SocketAddress, name: ListenerConfiguration.Name)] = []
    var faults: [ServerError] = []
    for listener in listeners {
      var name = ListenerConfiguration.Name(place: listener.name, origin: listener.place)
      if case .everywhere(let port) = listener.settings.place {
        name.place = "every address, port \(port)"
      }
      // A name without an address is a fault of its own.
      let addresses = (try? listener.addresses()) ?? []
      var isOverlapping = false
      for address in addresses where !isOverlapping {
        guard let other = taken.first(where: { $0.address.overlaps(address) }) else { continue }
        isOverlapping = true
        faults.append(.listenersOverlap(address: other.address.description, other.name, name))
      }
      if !isOverlapping { taken += addresses.map { ($0, name) } }
    }
    return faults
  }
}

extension ListenerConfiguration {
  /// Whether it speaks MQTT and nothing below it.
  fileprivate var isPlain: Bool { tls == nil && settings.speech == .mqtt }
}

extension SocketAddress {
  /// Whether only one of two listening sockets can have it: it is the same, or one of the two is
  /// every address of its kind.
  fileprivate func overlaps(_ other: SocketAddress) -> Bool {
    switch (self, other) {
    case (.ipv4(let host, let port), .ipv4(let otherHost, let otherPort)):
      port == otherPort && port != 0 && (host == otherHost || host == 0 || otherHost == 0)
    case (.ipv6(let high, let low, let port, _), .ipv6(let high2, let low2, let port2, _)):
      port == port2 && port != 0
        && ((high, low) == (high2, low2) || (high, low) == (0, 0) || (high2, low2) == (0, 0))
    case (.unix(let path), .unix(let otherPath)): path == otherPath
    case (.ipv4, _), (.ipv6, _), (.unix, _): false
    }
  }
}
