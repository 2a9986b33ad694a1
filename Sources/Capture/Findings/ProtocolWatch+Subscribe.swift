// Subscriptions (3.8 to 3.11): what was asked for and what was granted.

import MQTTCodec

extension ProtocolWatch {
  mutating func suback(
    _ suback: Suback, _ now: Waiting, _ connection: inout WatchedConnection
  ) -> Pairing? {
    let identifier = suback.packetIdentifier.rawValue
    guard let (request, since) = connection.subscribes.removeValue(forKey: identifier) else {
      if connection.hasBeginning, !connection.lacksBytes {
        tell(
          .warning, .wrongAcknowledgement, [now.frame], now.time, connection, "MQTT-3.8.4-2",
          "SUBACK id \(identifier) answers no SUBSCRIBE")
      }
      return nil
    }
    let codes = suback.reasonCodes
    if codes.count != request.subscriptions.count {
      tell(
        .error, .wrongAcknowledgement, [since.frame, now.frame], now.time, connection,
        "MQTT-3.8.4-6",
        "SUBACK id \(identifier) has \(codes.count) reason codes for "
          + "\(request.subscriptions.count) topic filters")
    }
    for (subscription, code) in zip(request.subscriptions, codes) {
      let filter = subscription.filter
      if code.isFailure {
        tell(
          .warning, .refused, [since.frame, now.frame], now.time, connection, "3.9.3",
          "the subscription to \"\(filter)\" is refused: \(code.number) "
            + code.name(in: .suback) + Self.reasonString(suback.properties))
        continue
      }
      if sessions[connection.session].subscriptions.count >= Self.subscriptionLimit {
        remark(
          "more than \(Self.subscriptionLimit) subscriptions of a client: later ones count for none"
        )
        continue
      }
      let shared = Topic.shared(filter)
      sessions[connection.session].subscriptions[filter] = WatchedSession.Subscribed(
        options: subscription.options, granted: QoS(rawValue: code.rawValue) ?? .atMostOnce,
        group: shared.map { "\($0.group)/\($0.filter)" }, filter: shared?.filter ?? filter)
    }
    deliveries.forgetMatches()
    subscribe.add(now.time - since.time)
    return Pairing(frame: since.frame, latencyNanoseconds: now.time - since.time)
  }

  mutating func unsuback(
    _ unsuback: Unsuback, _ now: Waiting, _ connection: inout WatchedConnection
  ) -> Pairing? {
    let identifier = unsuback.packetIdentifier.rawValue
    guard let (request, since) = connection.unsubscribes.removeValue(forKey: identifier) else {
      if connection.hasBeginning, !connection.lacksBytes {
        tell(
          .warning, .wrongAcknowledgement, [now.frame], now.time, connection, "MQTT-3.10.4-5",
          "UNSUBACK id \(identifier) answers no UNSUBSCRIBE")
      }
      return nil
    }
    for filter in request.filters {
      sessions[connection.session].subscriptions[filter] = nil
    }
    deliveries.forgetMatches()
    return Pairing(frame: since.frame, latencyNanoseconds: now.time - since.time)
  }
}
