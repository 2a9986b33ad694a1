// What tests look at from outside: `$SYS`, the log, and single acknowledgements.

import Basis
import MQTTBroker
import MQTTCodec
import MQTTSession

extension World {
  /// What `$SYS/broker/` says under `name`, asked by a client that comes and goes for it.
  func status(_ name: String) -> String? {
    let observer = Peer(self, "observer", .v5)
    observer.subscribe("$SYS/broker/\(name)", .atMostOnce)
    let values = observer.pending.compactMap(publication).map { text($0) }
    observer.send(.disconnect(Disconnect()))
    return values.last
  }

  /// How many lines of the log hold `text`.
  func logCount(_ text: String) -> Int { log.filter { $0.description.contains(text) }.count }
}

extension Peer {
  /// The messages that came, none of them acknowledged.
  func unacknowledged() -> [Publish] { read().compactMap(publication) }

  /// Answers one packet identifier.
  func answer(_ type: PacketType, _ identifier: UInt16, _ reasonCode: ReasonCode = .success) {
    let acknowledgement = Acknowledgement(
      packetIdentifier: id(identifier), reasonCode: reasonCode)
    switch type {
    case .puback: send(.puback(acknowledgement))
    case .pubrec: send(.pubrec(acknowledgement))
    case .pubrel: send(.pubrel(acknowledgement))
    case .pubcomp: send(.pubcomp(acknowledgement))
    case .connect, .connack, .publish, .subscribe, .suback, .unsubscribe, .unsuback, .pingreq,
      .pingresp, .disconnect, .auth:
      preconditionFailure("\(type.name) is no acknowledgement")
    }
  }

  func unsubscribe(_ filters: String...) {
    send(.unsubscribe(Unsubscribe(packetIdentifier: id(1), filters: filters)))
    pending += read().dropFirst()
  }

  /// Whether the engine still answers this client.
  var isServed: Bool {
    send(.pingreq)
    return read().contains(.pingresp)
  }
}

/// A client of 5.0 or before whose session outlives its connection.
func lastingPeer(
  _ world: World, _ identifier: String, _ version: ProtocolVersion = .v5,
  _ properties: [Property] = []
) -> Peer {
  let expiry = [Property(.sessionExpiryInterval, .fourByteInteger(1000))]
  return Peer(
    world, identifier, version, cleanStart: false, version == .v5 ? expiry + properties : [])
}

/// The reason with which the engine said good-bye.
func farewell(_ packets: [Packet]) -> ReasonCode? {
  if case .disconnect(let disconnect) = packets.last { disconnect.reasonCode } else { nil }
}

/// The message within a PUBLISH.
func publication(_ packet: Packet) -> Publish? {
  if case .publish(let publish) = packet { publish } else { nil }
}

/// The packet identifiers of messages.
func identifiers(_ messages: [Publish]) -> [UInt16] {
  messages.compactMap { $0.packetIdentifier?.rawValue }
}

/// The bytes of a PUBLISH of MQTT 5.0.
func encodedPublish(_ topic: String, _ payload: String, _ qos: QoS = .atLeastOnce) -> [UInt8] {
  encoded(
    .publish(
      Publish(
        topic: topic, payload: Array(payload.utf8), qos: qos,
        packetIdentifier: qos == .atMostOnce ? nil : id(1))))
}

/// The bytes of a packet.
func encoded(_ packet: Packet, _ version: ProtocolVersion = .v5) -> [UInt8] {
  var buffer = ByteBuffer()
  packet.encode(into: &buffer, version: version)
  return buffer.bytes
}
