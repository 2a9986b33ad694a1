// PUBACK, PUBREC, PUBREL and PUBCOMP from a client (3.4 to 3.7).

import Basis
import MQTTCodec
import MQTTSession

extension Broker {
  /// Takes one of the four acknowledgements.
  mutating func acknowledged(
    _ type: PacketType, _ view: AcknowledgementView, on index: Slot<Connection>
  ) throws(Violation) {
    let session = session(of: index)
    let identifier = view.packetIdentifier
    if type == .pubrel {
      // [MQTT-4.3.3-11]
      let wasHeld = sessions[session].receiver.release(identifier)
      if wasHeld && sessions[session].record != 0 { recordForgotten(identifier, from: session) }
      return answer(.pubcomp, identifier, wasHeld ? .success : .packetIdentifierNotFound, on: index)
    }
    switch sessions[session].sender.receive(type, identifier, reasonCode: view.reasonCode) {
    case .completed(let number):
      // A refusal counts as delivered: nobody else gets it. [MQTT-4.8.2-6]
      if let delivery = Slot<Delivery>(inFlow: number) { dropDelivery(delivery) }
      if !sessions[session].nothingWaits || sessions[session].sender.isResending {
        pump(session)
      }
    case .release(let number):
      if let delivery = Slot<Delivery>(inFlow: number), sessions[session].record != 0 {
        recordReleased(delivery, of: session)
      }
      answer(.pubrel, identifier, .success, on: index)  // [MQTT-4.3.3-4]
    case .releaseAgain:
      answer(.pubrel, identifier, .success, on: index)  // [MQTT-4.3.3-4]
    case .unknownIdentifier:
      // A refusal is answered by nothing. [MQTT-4.3.3-4]
      if type == .pubrec && !view.reasonCode.isFailure {
        acknowledge(.pubrel, identifier, .packetIdentifierNotFound, on: index)
      }
    case .unexpectedPacket:
      throw Violation(
        .protocolError,
        "\(type.name) for packet identifier \(identifier.rawValue), whose handshake waits for "
          + "another packet [MQTT-4.3.3-1]")
    }
  }

  /// Sends PUBREL or PUBCOMP, which promise what was recorded: while the store fails they wait for it.
  private mutating func answer(
    _ type: PacketType, _ identifier: PacketIdentifier, _ reason: ReasonCode,
    on index: Slot<Connection>
  ) {
    if isFrozen(session(of: index)) { return postpone(type, identifier, on: index) }
    acknowledge(type, identifier, reason, on: index)
  }
}
