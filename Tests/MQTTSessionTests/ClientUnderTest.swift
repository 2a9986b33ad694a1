// A client session between a test that plays the server and a clock that the test turns: packets
// in as bytes, packets out read back from bytes.

import Basis
import MQTTCodec
import MQTTSession
import Testing

final class ClientUnderTest {
  var session: ClientSession
  var now = Instant.start

  init(_ settings: ClientSettings = ClientSettings()) { session = ClientSession(settings) }

  /// A session of `version` that is connected, its CONNECT and CONNACK already taken.
  static func connected(
    _ version: ProtocolVersion = .v5, connack: Connack = Connack(),
    _ change: (inout ClientSettings) -> Void = { _ in }
  ) throws -> ClientUnderTest {
    var settings = ClientSettings()
    settings.versions = .only(version)
    settings.clientIdentifier = "tester"
    change(&settings)
    let client = ClientUnderTest(settings)
    try client.reconnect(connack)
    return client
  }

  /// Opens a connection on which the server answers `connack`; returns the CONNECT.
  @discardableResult func reconnect(_ connack: Connack = Connack()) throws -> Connect {
    session.open(now: now)
    let sent = try takeSent()
    guard case .connect(let connect) = try #require(sent.first) else {
      throw Surprise("the first packet is not CONNECT but \(sent)")
    }
    feed(.connack(connack))
    let events = self.events()
    #expect(events.contains(.connected(connack)))
    return connect
  }

  /// The connection breaks.
  func lose() {
    session.connectionEnded()
    #expect(events() == [.ended(.connectionLost)])
  }

  /// The server sends `packet`.
  func feed(_ packet: Packet) {
    var buffer = ByteBuffer()
    packet.encode(into: &buffer, version: session.version)
    session.receive(buffer.span, now: now)
  }

  /// The server sends `bytes`.
  func feed(bytes: [UInt8]) { session.receive(bytes.span, now: now) }

  /// The server sends a message.
  func feedMessage(
    _ topic: String, _ payload: String = "", _ qos: QoS = .atMostOnce, id: UInt16 = 0,
    isDuplicate: Bool = false, properties: Properties = Properties()
  ) {
    feed(
      .publish(
        Publish(
          topic: topic, payload: Array(payload.utf8), qos: qos, isDuplicate: isDuplicate,
          packetIdentifier: PacketIdentifier(rawValue: id), properties: properties)))
  }

  /// Everything that has happened.
  func events() -> [ClientEvent] {
    var events: [ClientEvent] = []
    while let event = session.nextEvent(now: now) { events.append(event) }
    return events
  }

  /// The messages that have come, as values; other events are an error.
  func messages() throws -> [Publish] {
    var messages: [Publish] = []
    while let event = session.nextEvent(now: now) {
      guard case .message(let view) = event else { throw Surprise("not a message: \(event)") }
      messages.append(session.publish(view))
    }
    return messages
  }

  /// The packets in the output, read back.
  func takeSent() throws -> [Packet] {
    let output = session.takeOutput()
    var packets: [Packet] = []
    var offset = 0
    while offset < output.count {
      let rest = output.span.extracting(offset..<output.count)
      let header = try #require(try FixedHeader.read(rest, at: 0, packetSizeLimit: .max))
      packets.append(
        try Packet.decode(
          rest.extracting(0..<header.packetLength), header, version: session.version,
          direction: .toServer))
      offset += header.packetLength
    }
    return packets
  }

  /// Publishes a text under `token`.
  func publish(
    _ topic: String, _ payload: String, _ qos: QoS, token: UInt64 = 0, isRetained: Bool = false,
    properties: Properties = Properties()
  ) throws {
    let form = try session.form(
      topic: topic, qos: qos, isRetained: isRetained, properties: properties)
    try session.publish(payload.utf8.span, as: form, token: token, now: now)
  }

  /// Whether a QoS 1 or 2 message may be published now.
  var canPublish: Bool { session.canPublish }

  /// Lets `seconds` pass.
  func pass(seconds: Int) {
    now = now.advanced(bySeconds: seconds)
    session.advance(to: now)
  }
}

struct Surprise: Error, CustomStringConvertible {
  var description: String
  init(_ description: String) { self.description = description }
}

func identifier(_ value: UInt16) throws -> PacketIdentifier {
  try #require(PacketIdentifier(rawValue: value))
}

func acknowledgement(_ value: UInt16, _ reasonCode: ReasonCode = .success) throws
  -> Acknowledgement
{
  Acknowledgement(packetIdentifier: try identifier(value), reasonCode: reasonCode)
}

extension ClientEvent {
  /// The fault that ended the connection.
  var fault: SessionFault? {
    if case .ended(.fault(let fault)) = self { fault } else { nil }
  }
}
