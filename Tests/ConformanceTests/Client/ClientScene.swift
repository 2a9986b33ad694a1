// The other side: the built `mqtt pub` or `mqtt sub` against a server that the case plays itself,
// so that it can be asked for what no real broker would ask.

import LiveSupport
import MQTTCodec
import Testing

/// A client command and the server that it talks to.
final class ClientScene {
  let program: RunningProgram
  private let listener: TCPListener
  private let version: ProtocolVersion

  /// Starts `mqtt` with these arguments against a server that does not answer yet.
  convenience init(_ version: ProtocolVersion, _ arguments: String...) throws {
    try self.init(version, arguments)
  }

  /// Starts `mqtt` with these arguments against a server that does not answer yet.
  init(_ version: ProtocolVersion, _ arguments: [String]) throws {
    self.version = version
    listener = try TCPListener()
    let versionArgument =
      switch version {
      case .v31: "31"
      case .v311: "311"
      case .v5: "5"
      }
    let place = ["-h", "127.0.0.1", "-p", "\(listener.port)", "-V", versionArgument]
    program = try RunningProgram(
      [mqttPath, arguments[0]] + place + arguments.dropFirst(), environment: ["HOME": "/nowhere"])
  }

  /// The next connection of the client, on which nothing has been read.
  func accept() throws -> Peer {
    Peer("client", version, SocketWire(try listener.accept()), direction: .toServer)
  }

  /// Takes the client's CONNECT and lets it in.
  func admit(
    isSessionPresent: Bool = false, _ properties: Property...,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> (peer: Peer, connect: Connect) {
    let peer = try accept()
    let first = try peer.next(sourceLocation: sourceLocation)
    guard case .connect(let connect) = first else { throw CaseError("\(first) before CONNECT") }
    peer.send(
      .connack(
        Connack(isSessionPresent: isSessionPresent, properties: Properties(properties))))
    return (peer, connect)
  }

  /// Lets a subscriber in and grants what it asks for.
  func admitSubscriber(
    isSessionPresent: Bool = false, _ properties: Property...,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Peer {
    let peer = try accept()
    guard case .connect = try peer.next(sourceLocation: sourceLocation) else {
      throw CaseError("no CONNECT")
    }
    peer.send(
      .connack(
        Connack(isSessionPresent: isSessionPresent, properties: Properties(properties))))
    try grant(peer, sourceLocation: sourceLocation)
    return peer
  }

  /// Grants the SUBSCRIBE that comes next.
  func grant(_ peer: Peer, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let packet = try peer.next(sourceLocation: sourceLocation)
    guard case .subscribe(let subscribe) = packet else {
      throw CaseError("\(packet) instead of SUBSCRIBE")
    }
    let codes = subscribe.subscriptions.map { ReasonCode(rawValue: $0.options.qos.rawValue) }
    peer.send(
      .suback(Suback(packetIdentifier: subscribe.packetIdentifier, reasonCodes: codes)))
  }
}
