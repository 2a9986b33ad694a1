// Clients and a broker as a capture of the broker's network would show them: a test says who sends
// what and how much time passes.

import Basis
package import Capture
package import MQTTCodec

/// Connections of a capture, on one clock.
package struct TestNetwork {
  private var talks: [Conversation] = []
  private var versions: [ProtocolVersion] = []
  private var clock: Int64 = 1_700_000_000_000_000_000

  package init() {}

  /// Opens a connection without any packet.
  package mutating func open(_ version: ProtocolVersion = .v311, port: Int = 1883) -> Int {
    var talk = Conversation()
    talk.clientPort = 40_000 + talks.count
    talk.serverPort = port
    talk.timeNanoseconds = clock
    talk.open()
    clock = talk.timeNanoseconds
    talks.append(talk)
    versions.append(version)
    return talks.count - 1
  }

  /// Opens a connection with CONNECT and CONNACK.
  package mutating func connect(
    _ client: String, _ version: ProtocolVersion = .v311, cleanStart: Bool = true,
    keepAlive: UInt16 = 0, present: Bool = false, wishes: [Property] = [], terms: [Property] = [],
    reason: ReasonCode = .success, port: Int = 1883
  ) -> Int {
    let number = open(version, port: port)
    up(
      number,
      .connect(
        Connect(
          version: version, clientIdentifier: client, cleanStart: cleanStart,
          keepAliveSeconds: keepAlive, properties: Properties(wishes))))
    down(
      number,
      .connack(
        Connack(isSessionPresent: present, reasonCode: reason, properties: Properties(terms))))
    return number
  }

  /// The client of connection `number` sends a packet.
  package mutating func up(_ number: Int, _ packet: Packet) {
    send(number, packet, isToServer: true)
  }

  /// The broker sends it one.
  package mutating func down(_ number: Int, _ packet: Packet) {
    send(number, packet, isToServer: false)
  }

  private mutating func send(_ number: Int, _ packet: Packet, isToServer: Bool) {
    var buffer = ByteBuffer()
    packet.encode(into: &buffer, version: versions[number])
    raw(number, buffer.bytes, isToServer: isToServer)
  }

  /// One end sends bytes.
  package mutating func raw(_ number: Int, _ bytes: [UInt8], isToServer: Bool = true) {
    talks[number].timeNanoseconds = clock
    if isToServer { talks[number].toServer(bytes) } else { talks[number].toClient(bytes) }
    clock = talks[number].timeNanoseconds
  }

  /// A subscription that is granted.
  package mutating func subscribe(_ number: Int, _ filter: String, _ qos: QoS = .exactlyOnce) throws
  {
    let id = try identifier(900)
    up(
      number,
      .subscribe(
        Subscribe(
          packetIdentifier: id,
          subscriptions: [Subscription(filter: filter, options: SubscriptionOptions(qos: qos))])))
    down(
      number,
      .suback(
        Suback(packetIdentifier: id, reasonCodes: [ReasonCode(rawValue: qos.rawValue)])))
  }

  package mutating func close(_ number: Int) {
    talks[number].timeNanoseconds = clock
    talks[number].close()
    clock = talks[number].timeNanoseconds
  }

  package mutating func wait(_ seconds: Double) { clock += Int64(seconds * 1e9) }

  /// All frames in the order of their times.
  package var frames: [TestFrame] {
    talks.flatMap(\.frames).sorted { $0.timeNanoseconds < $1.timeNanoseconds }
  }

  /// What is found in the frames, or in those that `frames` leaves.
  package func findings(_ frames: [TestFrame]? = nil) -> [String] {
    watched(frames).findings.map(\.description)
  }

  package func watched(_ frames: [TestFrame]? = nil) -> ProtocolWatch {
    CaptureSupport.watched(pcap(frames ?? self.frames, .ethernet, PcapForm(isNanoseconds: true)))
  }
}

/// A capture file, watched from its beginning to its end.
package func watched(_ file: [UInt8]) -> ProtocolWatch {
  var watching = Watching()
  dissect(file, into: &watching)
  watching.watch.finish()
  return watching.watch
}

private struct Watching: PacketReceiver {
  var watch = ProtocolWatch()

  mutating func receive(
    _ packet: CapturedPacket, _ bytes: Span<UInt8>, on connection: ConnectionFacts
  ) {
    _ = watch.receive(packet, bytes, on: connection)
  }

  mutating func receive(
    _ event: ConnectionEvent, _ stamp: FrameStamp, on connection: ConnectionFacts
  ) {
    watch.receive(event, stamp, on: connection)
  }
}

package struct NoIdentifier: Error {}

/// A packet identifier.
package func identifier(_ number: UInt16) throws -> PacketIdentifier {
  guard let identifier = PacketIdentifier(rawValue: number) else { throw NoIdentifier() }
  return identifier
}

/// A message as a packet.
package func publish(
  _ topic: String, _ payload: String = "x", _ qos: QoS = .atMostOnce, id: UInt16 = 1,
  dup: Bool = false, retain: Bool = false, properties: [Property] = []
) throws -> Packet {
  .publish(
    Publish(
      topic: topic, payload: Array(payload.utf8), qos: qos, isRetained: retain, isDuplicate: dup,
      packetIdentifier: qos == .atMostOnce ? nil : try identifier(id),
      properties: Properties(properties)))
}

package func answer(_ id: UInt16, _ reason: ReasonCode = .success) throws -> Acknowledgement {
  Acknowledgement(packetIdentifier: try identifier(id), reasonCode: reason)
}

extension TestNetwork {
  /// A message with its whole handshake, from the client or to it.
  package mutating func handshake(
    _ number: Int, _ topic: String, _ qos: QoS, id: UInt16 = 1, payload: String = "x",
    fromClient: Bool
  ) throws {
    func send(_ packet: Packet, _ isForth: Bool, _ network: inout TestNetwork) {
      if isForth == fromClient { network.up(number, packet) } else { network.down(number, packet) }
    }
    send(try publish(topic, payload, qos, id: id), true, &self)
    switch qos {
    case .atMostOnce: break
    case .atLeastOnce: send(.puback(try answer(id)), false, &self)
    case .exactlyOnce:
      send(.pubrec(try answer(id)), false, &self)
      send(.pubrel(try answer(id)), true, &self)
      send(.pubcomp(try answer(id)), false, &self)
    }
  }
}
