// SUBSCRIBE and UNSUBSCRIBE and their answers. A request lives as long as its connection: an owner
// whose answer never came asks again after the next CONNACK.

package import Basis
package import MQTTCodec

extension ClientSession {
  /// A SUBSCRIBE or UNSUBSCRIBE without an answer yet.
  struct Request: Sendable {
    var packetIdentifier: PacketIdentifier
    /// ``PacketType/suback`` or ``PacketType/unsuback``.
    var answer: PacketType
    /// Filters, and so reason codes in the answer.
    var filterCount: Int
  }

  /// Sends SUBSCRIBE; the answer is ``ClientEvent/subscribed(_:)`` with the identifier returned.
  ///
  /// - Throws: what this server does not offer, or what the standard forbids to ask.
  package mutating func subscribe(
    _ subscriptions: [Subscription], properties: Properties = Properties(), now: Instant
  ) throws(RequestFault) -> PacketIdentifier {
    precondition(phase == .connected, "SUBSCRIBE without a connection")
    precondition(!subscriptions.isEmpty, "SUBSCRIBE without a filter")  // [MQTT-3.8.3-2]
    for subscription in subscriptions { try check(subscription) }
    if properties.number(.subscriptionIdentifier) != nil
      && !limits.areSubscriptionIdentifiersAvailable
    {
      throw RequestFault(
        .subscriptionIdentifiersNotSupported, "3.2.2.3.12",
        "the broker does not offer subscription identifiers")
    }
    let identifier = try takeIdentifier(answer: .suback, filterCount: subscriptions.count)
    send(
      .subscribe(
        Subscribe(
          packetIdentifier: identifier, subscriptions: subscriptions, properties: properties)),
      now: now)
    return identifier
  }

  /// Sends UNSUBSCRIBE; the answer is ``ClientEvent/unsubscribed(_:)`` with that identifier.
  package mutating func unsubscribe(
    _ filters: [String], properties: Properties = Properties(), now: Instant
  ) throws(RequestFault) -> PacketIdentifier {
    precondition(phase == .connected, "UNSUBSCRIBE without a connection")
    precondition(!filters.isEmpty, "UNSUBSCRIBE without a filter")  // [MQTT-3.10.3-2]
    for filter in filters { try checkFilter(filter) }
    let identifier = try takeIdentifier(answer: .unsuback, filterCount: filters.count)
    send(
      .unsubscribe(
        Unsubscribe(packetIdentifier: identifier, filters: filters, properties: properties)),
      now: now)
    return identifier
  }

  mutating func receiveRequestAnswer(_ header: FixedHeader) throws(SessionFault) -> ClientEvent? {
    switch try decode(header) {
    case .suback(let suback):
      let request = try takeRequest(suback.packetIdentifier, answer: .suback)
      if suback.reasonCodes.count != request.filterCount {
        throw SessionFault(
          .protocolError, "MQTT-3.8.4-6",
          "SUBACK with \(suback.reasonCodes.count) reason codes for \(request.filterCount) filters")
      }
      return .subscribed(suback)
    case .unsuback(let unsuback):
      let request = try takeRequest(unsuback.packetIdentifier, answer: .unsuback)
      if version == .v5 && unsuback.reasonCodes.count != request.filterCount {
        throw SessionFault(
          .protocolError, "MQTT-3.11.3-1",
          "UNSUBACK with \(unsuback.reasonCodes.count) reason codes "
            + "for \(request.filterCount) filters")
      }
      return .unsubscribed(unsuback)
    case .connect, .connack, .publish, .puback, .pubrec, .pubrel, .pubcomp, .subscribe,
      .unsubscribe, .pingreq, .pingresp, .disconnect, .auth:
      preconditionFailure("decoded as another type than its header says")
    }
  }

  private mutating func takeRequest(_ identifier: PacketIdentifier, answer: PacketType)
    throws(SessionFault) -> Request
  {
    let position = requests.firstIndex {
      $0.packetIdentifier == identifier && $0.answer == answer
    }
    guard let position else {
      throw SessionFault(
        .protocolError, answer == .suback ? "MQTT-3.8.4-2" : "MQTT-3.10.4-4",
        "\(answer.name) with packet identifier \(identifier.rawValue), which no request has")
    }
    return requests.remove(at: position)
  }

  private mutating func takeIdentifier(answer: PacketType, filterCount: Int)
    throws(RequestFault) -> PacketIdentifier
  {
    guard requests.count < 64, let identifier = sender.takeIdentifier() else {
      throw RequestFault(
        .quotaExceeded, "MQTT-2.2.1-3", "too many requests are waiting for an answer")
    }
    requests.append(
      Request(packetIdentifier: identifier, answer: answer, filterCount: filterCount))
    return identifier
  }

  private func checkFilter(_ filter: String) throws(RequestFault) {
    if let fault = Topic.faultOfFilter(filter.utf8.span) {
      throw RequestFault(
        .topicFilterInvalid, fault.statement,
        "\"\(filter)\" is not a topic filter: \(fault.explanation)")
    }
    if filter.utf8.count > UInt16.max {
      throw RequestFault(
        .topicFilterInvalid, "MQTT-4.7.3-3",
        "a filter of \(filter.utf8.count) bytes is longer than the 65535 of the protocol")
    }
  }

  private func check(_ subscription: Subscription) throws(RequestFault) {
    let filter = subscription.filter
    try checkFilter(filter)
    let isShared = version == .v5 && Topic.shared(filter) != nil
    if isShared && subscription.options.noLocal {
      throw RequestFault(
        .protocolError, "MQTT-3.8.3-4", "no local is not allowed on a shared subscription")
    }
    if isShared && !limits.areSharedSubscriptionsAvailable {
      throw RequestFault(
        .sharedSubscriptionsNotSupported, "3.2.2.3.13",
        "the broker does not offer shared subscriptions")
    }
    let hasWildcard = filter.utf8.contains { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "#") }
    if hasWildcard && !limits.areWildcardsAvailable {
      throw RequestFault(
        .wildcardSubscriptionsNotSupported, "3.2.2.3.11",
        "the broker does not offer subscriptions with wildcards")
    }
  }
}
