// From the configuration's places to listening sockets, all of them or none: a server that cannot
// serve one of the places it was told says so and does not start.

import MQTTBroker
import Transport

/// A listening socket that waits to be given to a reactor, in a box because arrays cannot hold
/// unique values.
private final class OpenListener {
  var socket: ListenSocket?
  let address: SocketAddress
  /// The position in the configuration.
  let index: Int
  let tls: TLSContext?

  init(_ socket: consuming ListenSocket, index: Int, tls: TLSContext?) {
    address = socket.address
    self.socket = consume socket
    self.index = index
    self.tls = tls
  }
}

/// The listening sockets of a server.
struct OpenListeners {
  private var open: [OpenListener] = []
  /// What to say about them.
  private(set) var announcement: [String] = []

  /// Opens all that is configured; with nothing configured the loopback addresses.
  init(_ configurations: [ListenerConfiguration]) throws(ServerError) {
    if configurations.isEmpty { try openLoopback() }
    for (index, configuration) in configurations.enumerated() {
      try openListener(configuration, index)
    }
    for listener in open where !configurations.isEmpty {
      announcement.append(
        "listening on \(listener.address)" + (listener.tls == nil ? "" : " with TLS"))
    }
  }

  /// Where they listen.
  var addresses: [SocketAddress] { open.map(\.address) }

  /// Hands the sockets over.
  func attach(to reactor: Reactor) throws(SystemError) {
    for listener in open {
      guard let socket = listener.socket.take() else { continue }
      try reactor.listen(socket, index: listener.index, tls: listener.tls)
    }
  }

  /// Nobody said where to listen: this machine only, which needs no passwords.
  private mutating func openLoopback() throws(ServerError) {
    try openListener(ListenerConfiguration(.loopback(port: ServerConfiguration.plainPort)), 0)
    announcement.append(
      "listening on \(open.map(\.address.description).joined(separator: " and ")), for this"
        + " machine only and without passwords; to serve others name a listener, such as --listen 1883"
    )
  }

  private mutating func openListener(
    _ configuration: ListenerConfiguration, _ index: Int
  ) throws(ServerError) {
    switch configuration.place {
    case .path(let path, let mode):
      let tls = try Self.context(configuration, path)
      try openSocket(.unix(path: path), mode, index, tls)
    case .loopback(let port):
      let tls = try Self.context(configuration, "localhost:\(port)")
      try openAny([.loopback4(port: port), .loopback6(port: port)], index, tls)
    case .network(let host, let port):
      let tls = try Self.context(configuration, "\(host):\(port)")
      let addresses: [SocketAddress]
      do throws(AddressLookupError) {
        addresses = try AddressLookup.addresses(of: host, port: port)
      } catch {
        throw .listenerUnknown(error)
      }
      try openAny(addresses, index, tls)
    }
  }

  /// Listens on those of the addresses that this machine has, and at least on one: a machine
  /// without IPv6 is none the worse for it, but a port that is taken is a failure.
  private mutating func openAny(
    _ addresses: [SocketAddress], _ index: Int, _ tls: TLSContext?
  ) throws(ServerError) {
    var refusal: ServerError?
    let before = open.count
    for address in addresses {
      do throws(ServerError) { try openSocket(address, nil, index, tls) } catch {
        guard case .listenerUnavailable(_, let cause, _) = error, cause.isAddressUnavailable
        else { throw error }
        refusal = error
      }
    }
    if open.count == before, let refusal { throw refusal }
  }

  private mutating func openSocket(
    _ address: SocketAddress, _ mode: UInt32?, _ index: Int, _ tls: TLSContext?
  ) throws(ServerError) {
    var settings = ListenerSettings(address: address)
    settings.pathMode = mode
    do throws(SystemError) {
      open.append(OpenListener(try ListenSocket(settings), index: index, tls: tls))
    } catch {
      let occupant = error.isAddressInUse ? address.port.flatMap(AddressOccupant.name) : nil
      throw .listenerUnavailable(place: address.description, error, occupant: occupant)
    }
  }

  private static func context(
    _ configuration: ListenerConfiguration, _ place: String
  ) throws(ServerError) -> TLSContext? {
    guard let settings = configuration.tls else { return nil }
    do throws(TLSFailure) { return try TLSContext.server(settings) } catch {
      throw .listenerTLS(place: place, error)
    }
  }
}
