// The end of a connection as the protocol knows it, from either side, and AUTH, which a server
// may send before and after CONNACK.

package import Basis
package import MQTTCodec

extension ClientSession {
  /// Says good-bye; nothing is sent after it. [MQTT-3.14.4-1]
  ///
  /// Before CONNACK there is nobody to say it to, and the connection just ends.
  package mutating func disconnect(
    _ reasonCode: ReasonCode = .normalDisconnection, properties: Properties = Properties(),
    now: Instant
  ) {
    switch phase {
    case .idle, .ended:
      return
    case .awaitingConnack:
      break
    case .connected:
      send(
        .disconnect(fitting(Disconnect(reasonCode: reasonCode, properties: properties))), now: now)
    }
    end(.disconnectedHere)
  }

  /// Without its words where they would make it too large. [MQTT-3.14.2-3] [MQTT-3.14.2-4]
  private func fitting(_ disconnect: Disconnect) -> Disconnect {
    guard let limit = limits.maximumPacketSize,
      Packet.disconnect(disconnect).encodedSize(version: version) > limit
    else { return disconnect }
    var shorter = disconnect
    shorter.properties.list.removeAll {
      $0.identifier == .userProperty || $0.identifier == .reasonString
    }
    return shorter
  }

  mutating func receiveDisconnect(_ header: FixedHeader) throws(SessionFault) -> ClientEvent? {
    if version != .v5 {
      throw SessionFault(
        .protocolError, "MQTT311-3.14", "DISCONNECT from a server exists only in 5.0")
    }
    guard case .disconnect(let disconnect) = try decode(header) else { return nil }
    end(.disconnectedByServer(disconnect))
    return nil
  }

  mutating func receiveAuth(_ header: FixedHeader) throws(SessionFault) -> ClientEvent? {
    if version != .v5 {
      throw SessionFault(.protocolError, "2.1.2", "AUTH exists only in 5.0")
    }
    guard settings.connectProperties.string(.authenticationMethod) != nil else {
      throw SessionFault(
        .protocolError, "MQTT-4.12.0-6", "AUTH although CONNECT named no authentication method")
    }
    guard case .auth(let auth) = try decode(header) else { return nil }
    return .authentication(auth)
  }
}
