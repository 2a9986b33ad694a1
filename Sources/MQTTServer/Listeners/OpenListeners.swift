// From the configuration's places to listening sockets, all of them or none: a server that cannot
// serve one of the places it was told says so and does not start.

import MQTTBroker
import Settings
import Transport

/// A listening socket that waits to be given to a reactor, in a box because arrays cannot hold
/// unique values.
///
/// Sendable although it changes: it is made on one thread, and only the reactor that it is handed to
/// looks at it again.
final class OpenListener: @unchecked Sendable {
  private var socket: ListenSocket?
  let address: SocketAddress
  /// Its number.
  let index: Int
  let layers: ListenerLayers

  init(_ socket: consuming ListenSocket, index: Int, layers: ListenerLayers) {
    address = socket.address
    self.socket = consume socket
    self.index = index
    self.layers = layers
  }

  /// Hands the socket over.
  func attach(to reactor: Reactor) throws(SystemError) {
    guard let socket = socket.take() else { return }
    try reactor.listen(socket, index: index, layers: layers)
  }
}

/// The listening sockets of a server.
struct OpenListeners {
  private(set) var open: [OpenListener] = []

  /// Opens the listeners of these numbers.
  init(_ table: ListenerTable, _ numbers: [Int]) throws(ServerError) {
    for number in numbers {
      guard let configuration = table.numbers[number] else { continue }
      try openListener(configuration, number)
    }
  }

  /// What to say about them.
  var announcement: [String] {
    open.map { "listening on \($0.address)\($0.layers.announcement)" }
  }

  /// Where they listen.
  var addresses: [SocketAddress] { open.map(\.address) }

  private mutating func openListener(
    _ configuration: ListenerConfiguration, _ index: Int
  ) throws(ServerError) {
    let layers = try Self.layers(configuration)
    if case .unix(let path) = configuration.settings.place {
      return try openSocket(.init(address: .unix(path: path)), index, layers)
    }
    try openAny(try configuration.addresses(), configuration, index, layers)
  }

  /// Listens on those of the addresses that this machine has, and at least on one: a machine
  /// without IPv6 is none the worse for it, but a port that is taken is a failure.
  private mutating func openAny(
    _ addresses: [SocketAddress], _ configuration: ListenerConfiguration, _ index: Int,
    _ layers: ListenerLayers
  ) throws(ServerError) {
    var refusal: ServerError?
    let before = open.count
    for address in addresses {
      var settings = ListenerSettings(address: address)
      settings.delaysSmallPackets = !configuration.settings.sendsSmallPackets
      do throws(ServerError) { try openSocket(settings, index, layers) } catch {
        guard case .listenerUnavailable(_, let cause, _) = error, cause.isAddressUnavailable
        else { throw error }
        refusal = error
      }
    }
    if open.count == before {
      throw refusal ?? .listenerHasNoAddress(place: configuration.name)
    }
  }

  private mutating func openSocket(
    _ settings: ListenerSettings, _ index: Int, _ layers: ListenerLayers
  ) throws(ServerError) {
    do throws(SystemError) {
      open.append(OpenListener(try ListenSocket(settings), index: index, layers: layers))
    } catch {
      let occupant =
        error.isAddressInUse ? settings.address.port.flatMap(AddressOccupant.name) : nil
      throw .listenerUnavailable(
        place: settings.address.description, error, occupant: occupant)
    }
  }

  /// The layers of a listener, made ready.
  static func layers(
    _ configuration: ListenerConfiguration
  ) throws(ServerError) -> ListenerLayers {
    var layers = ListenerLayers(
      proxyProtocol: configuration.proxyProtocol, speaks: configuration.speaks)
    guard let settings = configuration.tls else { return layers }
    do throws(TLSFailure) { layers.tls = try TLSContext.server(settings) } catch {
      throw .listenerTLS(configuration, error)
    }
    return layers
  }
}

extension ListenerLayers {
  /// What follows the address in the line that announces it.
  fileprivate var announcement: String {
    var names: [String] = []
    if proxyProtocol != nil { names.append("PROXY headers") }
    if tls != nil { names.append("TLS") }
    switch speaks {
    case .mqtt: break
    case .webSocket: names.append("WebSocket")
    case .mqttOrWebSocket: names.append("MQTT as well as WebSocket")
    }
    return names.isEmpty ? "" : " with \(names.joined(separator: " and "))"
  }
}

extension ListenerConfiguration {
  /// Where it is, as people say it.
  package var name: String {
    switch settings.place {
    case .unix(let path): path
    case .loopback(let port): "localhost:\(port)"
    case .everywhere(let port): ":\(port)"
    case .address(let host, let port):
      host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
  }

  /// The addresses that it wants; a machine may have only some of them.
  func addresses() throws(ServerError) -> [SocketAddress] {
    let all: [SocketAddress]
    switch settings.place {
    case .unix(let path): return [.unix(path: path)]
    case .loopback(let port): all = [.loopback4(port: port), .loopback6(port: port)]
    case .everywhere(let port): all = try addresses(of: "", port)
    case .address(let host, let port): all = try addresses(of: host, port)
    }
    return all.filter(takes)
  }

  private func addresses(
    of host: String, _ port: UInt16
  ) throws(ServerError) -> [SocketAddress] {
    if let name = settings.interfaceName {
      return LocalHost.addresses(ofInterface: name, port: port)
    }
    do throws(AddressLookupError) {
      return try AddressLookup.addresses(of: host, port: port)
    } catch {
      throw .listenerUnknown(error)
    }
  }

  /// Whether it listens on an address of this kind.
  fileprivate func takes(_ address: SocketAddress) -> Bool {
    switch (settings.family, address) {
    case (.ipv4, .ipv6), (.ipv6, .ipv4): false
    case (nil, _), (.ipv4, _), (.ipv6, _): true
    }
  }
}
