// Valid packets made by chance: every type, every field, every property where it may stand.

package import MQTTCodec

/// Makes valid packets for one version.
package struct RandomPackets {
  private var chance: Chance
  private let version: ProtocolVersion

  /// Packets that are the same for the same seed.
  package init(seed: UInt64, version: ProtocolVersion) {
    chance = Chance(seed: seed)
    self.version = version
  }

  /// The next packet that may go in `direction`.
  package mutating func next(_ direction: Direction) -> Packet {
    let isToServer = direction == .toServer
    switch chance.below(version == .v5 ? 8 : isToServer ? 7 : 6) {
    case 0: return isToServer ? connect() : connack()
    case 1: return isToServer ? publish([]) : publish([.subscriptionIdentifier])
    case 2: return acknowledgement()
    case 3: return isToServer ? subscribe() : suback()
    case 4: return isToServer ? unsubscribe() : unsuback()
    case 5: return isToServer ? .pingreq : .pingresp
    case 6: return disconnect(direction)
    default: return auth(direction)
    }
  }

  private mutating func flip() -> Bool { chance.happens(onceIn: 2) }

  private mutating func pick<Element>(_ list: [Element]) -> Element {
    list[chance.below(list.count)]
  }

  private mutating func identifier() -> PacketIdentifier {
    guard let identifier = PacketIdentifier(rawValue: UInt16(1 + chance.below(65_535))) else {
      preconditionFailure("one and more is not zero")
    }
    return identifier
  }

  private mutating func qos() -> QoS { pick(QoS.allCases) }

  private mutating func text(_ most: Int = 20) -> String {
    var text = ""
    for _ in 0..<chance.below(most + 1) { text += pick(["a", "7", " ", "ä", "€", "😀", "x", "-"]) }
    return text
  }

  private mutating func data() -> [UInt8] {
    let count = flip() ? chance.below(20) : chance.below(300)
    return (0..<count).map { _ in UInt8(truncatingIfNeeded: chance.next()) }
  }

  private mutating func topic() -> String {
    (0...chance.below(4)).map { _ in "t" + text(6) }.joined(separator: "/")
  }

  private mutating func filter() -> String {
    var levels = (0...chance.below(4)).map { _ in "f" + text(6) }
    if flip() { levels[chance.below(levels.count)] = "+" }
    if flip() { levels.append("#") }
    let filter = levels.joined(separator: "/")
    return version == .v5 && chance.happens(onceIn: 5)
      ? "$share/g" + text(3) + "/" + filter : filter
  }
}

extension RandomPackets {
  /// Some of these properties, in any order; none before 5.0.
  private mutating func properties(_ allowed: [PropertyIdentifier]) -> Properties {
    var list: [Property] = []
    if version != .v5 || chance.happens(onceIn: 3) { return Properties() }
    for identifier in allowed where chance.happens(onceIn: 2) { list.append(property(identifier)) }
    for _ in 0..<chance.below(3) { list.append(property(.userProperty)) }
    list.shuffle(using: &chance)
    return Properties(list)
  }

  private mutating func property(_ identifier: PropertyIdentifier) -> Property {
    let number = UInt32(truncatingIfNeeded: chance.next())
    let value: PropertyValue =
      switch identifier {
      case .payloadFormatIndicator, .requestProblemInformation, .requestResponseInformation,
        .maximumQoS, .retainAvailable, .wildcardSubscriptionAvailable,
        .subscriptionIdentifierAvailable, .sharedSubscriptionAvailable:
        .byte(UInt8(number & 1))
      case .serverKeepAlive, .topicAliasMaximum: .twoByteInteger(UInt16(number & 0xFFFF))
      case .receiveMaximum, .topicAlias: .twoByteInteger(UInt16(1 + number % 65_535))
      case .messageExpiryInterval, .sessionExpiryInterval, .willDelayInterval:
        .fourByteInteger(number)
      case .maximumPacketSize: .fourByteInteger(max(1, number))
      case .subscriptionIdentifier:
        .variableByteInteger(1 + number % (flip() ? 300 : 268_435_455))
      case .responseTopic: .string(topic())
      case .contentType, .assignedClientIdentifier, .authenticationMethod, .responseInformation,
        .serverReference, .reasonString:
        .string(text())
      case .correlationData, .authenticationData: .binary(data())
      case .userProperty: .stringPair(text(), text())
      }
    return Property(identifier, value)
  }

  private mutating func reasons() -> Properties { properties([.reasonString]) }

  private mutating func connect() -> Packet {
    var connect = Connect(
      version: version, clientIdentifier: text(), cleanStart: flip(),
      keepAliveSeconds: UInt16(chance.below(65_536)),
      isBridge: version != .v5 && chance.happens(onceIn: 9))
    connect.properties = properties([
      .sessionExpiryInterval, .receiveMaximum, .maximumPacketSize, .topicAliasMaximum,
      .requestResponseInformation, .requestProblemInformation,
    ])
    if version == .v5 && chance.happens(onceIn: 4) {
      connect.properties.append(.authenticationData, .binary(data()))
      connect.properties.append(.authenticationMethod, .string("SCRAM"))
    }
    if flip() {
      connect.will = Will(
        topic: topic(), payload: data(), qos: qos(), isRetained: flip(),
        properties: properties([
          .willDelayInterval, .payloadFormatIndicator, .messageExpiryInterval, .contentType,
          .responseTopic, .correlationData,
        ]))
    }
    if flip() { connect.userName = text() }
    if flip() && (version == .v5 || connect.userName != nil) { connect.password = data() }
    return .connect(connect)
  }

  private mutating func connack() -> Packet {
    if version != .v5 {
      let reasonCode = ReasonCode(connackReturnCode: UInt8(chance.below(6))) ?? .success
      return .connack(
        Connack(
          isSessionPresent: version == .v311 && reasonCode == .success && flip(),
          reasonCode: reasonCode))
    }
    let reasonCode: ReasonCode = pick([.success, .success, .notAuthorized, .quotaExceeded])
    return .connack(
      Connack(
        isSessionPresent: reasonCode == .success && flip(), reasonCode: reasonCode,
        properties: properties([
          .sessionExpiryInterval, .receiveMaximum, .maximumQoS, .retainAvailable,
          .maximumPacketSize, .assignedClientIdentifier, .topicAliasMaximum, .reasonString,
          .wildcardSubscriptionAvailable, .subscriptionIdentifierAvailable,
          .sharedSubscriptionAvailable, .serverKeepAlive, .responseInformation, .serverReference,
          .authenticationMethod,
        ])))
  }

  private mutating func publish(_ more: [PropertyIdentifier]) -> Packet {
    let qos = qos()
    var publish = Publish(topic: topic(), payload: data(), qos: qos, isRetained: flip())
    if qos != .atMostOnce {
      publish.isDuplicate = flip()
      publish.packetIdentifier = identifier()
    }
    publish.properties = properties(
      [
        .payloadFormatIndicator, .messageExpiryInterval, .contentType, .responseTopic,
        .correlationData, .topicAlias,
      ] + more)
    if publish.properties[.topicAlias] != nil && flip() { publish.topic = "" }
    return .publish(publish)
  }

  private mutating func acknowledgement() -> Packet {
    let received = version == .v5 && flip()
    var body = Acknowledgement(packetIdentifier: identifier(), properties: reasons())
    switch chance.below(4) {
    case 0:
      if received { body.reasonCode = pick([.noMatchingSubscribers, .notAuthorized]) }
      return .puback(body)
    case 1:
      if received { body.reasonCode = pick([.packetIdentifierInUse, .quotaExceeded]) }
      return .pubrec(body)
    case 2:
      if received { body.reasonCode = .packetIdentifierNotFound }
      return .pubrel(body)
    default:
      if received { body.reasonCode = .packetIdentifierNotFound }
      return .pubcomp(body)
    }
  }

  private mutating func subscribe() -> Packet {
    let subscriptions = (0...chance.below(4)).map { _ in
      var options = SubscriptionOptions(qos: qos())
      let filter = filter()
      if version == .v5 {
        options.noLocal = flip() && !filter.hasPrefix("$share/")
        options.retainAsPublished = flip()
        options.retainHandling = pick(RetainHandling.allCases)
      }
      return Subscription(filter: filter, options: options)
    }
    return .subscribe(
      Subscribe(
        packetIdentifier: identifier(), subscriptions: subscriptions,
        properties: properties([.subscriptionIdentifier])))
  }

  private mutating func suback() -> Packet {
    var codes: [ReasonCode] = [.grantedQoS0, .grantedQoS1, .grantedQoS2, .unspecifiedError]
    if version == .v5 { codes += [.notAuthorized, .topicFilterInvalid, .quotaExceeded] }
    return .suback(
      Suback(
        packetIdentifier: identifier(), reasonCodes: (0...chance.below(4)).map { _ in pick(codes) },
        properties: reasons()))
  }

  private mutating func unsubscribe() -> Packet {
    .unsubscribe(
      Unsubscribe(
        packetIdentifier: identifier(), filters: (0...chance.below(4)).map { _ in filter() },
        properties: properties([])))
  }

  private mutating func unsuback() -> Packet {
    var unsuback = Unsuback(packetIdentifier: identifier(), properties: reasons())
    if version == .v5 {
      unsuback.reasonCodes = (0...chance.below(4)).map { _ in
        pick([.success, .noSubscriptionExisted, .notAuthorized])
      }
    }
    return .unsuback(unsuback)
  }

  private mutating func disconnect(_ direction: Direction) -> Packet {
    if version != .v5 { return .disconnect(Disconnect()) }
    let codes: [ReasonCode] =
      direction == .toServer
      ? [.normalDisconnection, .disconnectWithWillMessage, .protocolError]
      : [.normalDisconnection, .serverShuttingDown, .sessionTakenOver, .malformedPacket]
    return .disconnect(
      Disconnect(
        reasonCode: pick(codes),
        properties: properties(
          direction == .toServer
            ? [.sessionExpiryInterval, .reasonString] : [.serverReference, .reasonString])))
  }

  private mutating func auth(_ direction: Direction) -> Packet {
    var auth = Auth(
      reasonCode: direction == .toServer && flip() ? .reauthenticate : .continueAuthentication)
    auth.properties = properties([.authenticationData, .reasonString])
    auth.properties.append(.authenticationMethod, .string(text()))
    return .auth(auth)
  }
}
