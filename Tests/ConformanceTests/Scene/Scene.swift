// A case: several named clients, what each sends and what each must receive. The steps are calls,
// so that a failure points at the line of the step that failed.

import LiveSupport
import MQTTBroker
import MQTTCodec
import Testing

/// A broker and the clients of one case.
final class Scene {
  private let stage: any Stage
  private var peers: [Peer] = []

  /// A broker with its defaults.
  init(_ world: World) throws {
    switch world {
    case .memory: stage = EngineStage(BrokerConfiguration())
    case .socket: stage = try SocketStage([])
    }
  }

  /// The engine in memory, with other limits than the defaults.
  init(configure: (inout BrokerConfiguration) -> Void) {
    var configuration = BrokerConfiguration()
    configure(&configuration)
    stage = EngineStage(configuration)
  }

  /// A connection on which nothing has been sent.
  func open(_ name: String, _ version: ProtocolVersion = .v5) throws -> Peer {
    let peer = Peer(name, version, try stage.open())
    peers.append(peer)
    return peer
  }

  /// A client that has been let in.
  func connect(
    _ name: String, _ version: ProtocolVersion = .v5, cleanStart: Bool = true,
    keepAliveSeconds: UInt16 = 0, will: Will? = nil, _ properties: Property...,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Peer {
    try connect(
      Connect(
        version: version, clientIdentifier: name, cleanStart: cleanStart,
        keepAliveSeconds: keepAliveSeconds, will: will, properties: Properties(properties)),
      sourceLocation: sourceLocation)
  }

  /// A client that has been let in, with every field of its CONNECT.
  func connect(
    _ packet: Connect, sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Peer {
    let peer = try open(packet.clientIdentifier, packet.version)
    peer.send(.connect(packet))
    let answer = try peer.next(sourceLocation: sourceLocation)
    guard case .connack(let connack) = answer, connack.reasonCode == .success else {
      throw CaseError("\(peer.name) was not let in: \(answer)")
    }
    peer.connack = connack
    return peer
  }

  /// Lets time pass.
  func advance(seconds: Int) { stage.advance(seconds: seconds) }

  /// Waits until everything that any client has sent is processed.
  func settle(sourceLocation: SourceLocation = #_sourceLocation) throws {
    for peer in peers where peer.isAnswering {
      try peer.settle(sourceLocation: sourceLocation)
    }
  }

  /// Expects that none of what was sent so far brings `peer` anything more.
  func expectNothing(
    for peer: Peer, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    try settle(sourceLocation: sourceLocation)
    try peer.settle(sourceLocation: sourceLocation)
    #expect(peer.waiting.isEmpty, "\(peer.name) got something", sourceLocation: sourceLocation)
  }
}

/// A step that did not go as the case says.
struct CaseError: Error, CustomStringConvertible {
  var description: String

  init(_ description: String) { self.description = description }
}
