// CONNECT (3.1) to CONNACK (3.2): may this client in, under which name, with which session.

import Basis
import MQTTCodec
import MQTTSession

extension Broker {
  /// Takes a CONNECT that is well formed.
  mutating func connected(_ connect: Connect, on index: Slot<Connection>) throws(Violation) {
    connections[index].packetSizeLimit = connect.properties.number(.maximumPacketSize) ?? .max
    connections[index].isBridge = connect.isBridge
    if connect.properties[.authenticationMethod] != nil {
      return try beginAuthentication(connect, on: index)
    }
    try identify(connect, on: index)
  }

  /// Lets a client in whose word is enough or was proven.
  mutating func admit(
    _ connect: Connect, data: [UInt8]?, userName: String?, on index: Slot<Connection>
  ) throws(Violation) {
    try checkPromises(of: connect, on: index)
    var connack = Connack()
    let recorded = recorder.journal.appended
    guard let identifier = try identifier(for: connect, userName, on: index, &connack) else {
      return
    }
    if let wait = wait(of: index, as: identifier) {
      let admission = Admission(connect: connect, data: data, userName: userName)
      return letOthersGoFirst(wait, admission, index)
    }
    if !mayHaveSession(of: identifier, connect, userName, on: index) { return }
    if mustRefuse(connect, identifier: identifier) { return refuseConnect(index) }
    let expirySeconds = sessionExpirySeconds(connect, &connack)
    agree(connect, on: index, &connack)
    if let data { connack.properties.append(.authenticationData, .binary(data)) }
    if let method = connect.properties.string(.authenticationMethod) {
      connack.properties.append(.authenticationMethod, .string(method))
    }
    try fit(&connack, on: index)
    let session = try openSession(identifier, connect, expirySeconds, on: index, &connack)
    setSubject(session, userName: userName, on: index)
    sessions[session].connection = index
    connections[index].session = session
    settle(index)
    connections[index].stage = .connected
    status.counters.connectedClients += 1
    status.counters.clientsMaximum = max(status.counters.clientsMaximum, sessions.count)
    arm(mounted(connect.will, on: index), session)
    startKeepAlive(index)
    if notesConnections { noteAdmitted(connect, identifier, userName, connack, on: index) }
    if configuration.keepsRecords { recordConnect(session) }
    hold(index, ifAppendedSince: recorded)
    send(.connack(connack), on: index)
    pump(session)
  }

  private mutating func noteAdmitted(
    _ connect: Connect, _ identifier: String, _ userName: String?, _ connack: Connack,
    on index: Slot<Connection>
  ) {
    let line =
      "\(identifier) connected from \(connections[index].peer): "
      + "\(Self.name(of: connect.version)), \(connect.cleanStart ? "clean start" : "session kept")"
      + "\(connack.isSessionPresent ? " (resumed)" : ""), "
      + (userName.map { "user \"\($0)\", " } ?? "")
      + "keep alive \(connections[index].keepAliveSeconds) s"
      + (connect.will.map { ", will \"\($0.topic)\"" } ?? "")
    if status.faults.isEmpty || !status.faults.keepsBack(line, of: identifier) {
      note(.information, line)
    }
  }

  static func name(of version: ProtocolVersion) -> String {
    switch version {
    case .v31: "MQTT 3.1"
    case .v311: "MQTT 3.1.1"
    case .v5: "MQTT 5.0"
    }
  }

  /// Refuses what this server never would do for a client. (3.2.2.3.4, 3.2.2.3.5)
  private func checkPromises(of connect: Connect, on index: Slot<Connection>) throws(Violation) {
    if !terms(of: index).versions.contains(connect.version) {
      throw Violation(
        .unsupportedProtocolVersion,
        "\(Self.name(of: connect.version)) is not among its listener's accept_protocol_versions")
    }
    let limit = configuration.keepAliveLimitSeconds
    // A limit that is the largest number refuses nobody.
    if connect.version != .v5 && limit > 0 && limit < .max
      && (connect.keepAliveSeconds > limit || connect.keepAliveSeconds == 0)
    {
      // 5.0 has Server Keep Alive for this; before it, mosquitto refuses the identifier.
      throw Violation(
        .clientIdentifierNotValid,
        "keep alive \(connect.keepAliveSeconds) s, max-keepalive is \(limit) s")
    }
    guard let will = connect.will else { return }
    let maximumQoS = connections[index].maximumQoS
    if will.qos > maximumQoS {
      throw Violation(
        .qosNotSupported,
        "the will's QoS \(will.qos.rawValue) is above the maximum of "
          + "\(maximumQoS.rawValue) [MQTT-3.2.2-12]")
    }
    if let limit = configuration.payloadSizeLimit, will.payload.count > limit {
      // Before 5.0 this is what mosquitto answers.
      throw Violation(
        connect.version == .v5 ? .packetTooLarge : .notAuthorized,
        "its will has \(will.payload.count) bytes, message_size_limit is \(limit)")
    }
    let topic = Array(will.topic.utf8)
    if Self.levelCount(topic.span) > configuration.topicLevelLimit {
      throw Violation(
        .topicNameInvalid,
        "the will's topic has more than max-topic-levels \(configuration.topicLevelLimit) levels")
    }
    if will.isRetained && !configuration.isRetainAvailable {
      throw Violation(.retainNotSupported, "a retained will, and retain is off [MQTT-3.2.2-13]")
    }
  }

  /// The client's name as its listener's policy has it; nil when that refused the client.
  private mutating func identifier(
    for connect: Connect, _ userName: String?, on index: Slot<Connection>, _ connack: inout Connack
  ) throws(Violation) -> String? {
    let policy = policy(of: index)
    if policy.usesUserNameAsClientIdentifier && userName == nil {
      refuseLogin(connect, .notAuthorized, "no user name to identify it by", on: index)
      return nil
    }
    let identifier = try clientIdentifier(
      connect, given: policy.usesUserNameAsClientIdentifier ? userName : nil, terms(of: index),
      &connack)
    let prefixes = policy.clientIdentifierPrefixes
    if prefixes.isEmpty || prefixes.contains(where: { identifier.utf8.starts(with: $0.utf8) }) {
      return identifier
    }
    refuseLogin(connect, .notAuthorized, "client identifier prefix", on: index)
    return nil
  }

  /// The client's name, or a new one where it may leave that to us. (3.1.3.1)
  private mutating func clientIdentifier(
    _ connect: Connect, given: String?, _ terms: ListenerTerms, _ connack: inout Connack
  ) throws(Violation) -> String {
    if let given {
      if connect.version == .v5 && connect.clientIdentifier.isEmpty {
        connack.properties.append(.assignedClientIdentifier, .string(given))
      }
      return given
    }
    if !connect.clientIdentifier.isEmpty { return connect.clientIdentifier }
    let isAllowed: Bool
    switch connect.version {
    case .v31: isAllowed = false
    case .v311: isAllowed = connect.cleanStart  // [MQTT311-3.1.3-8]
    case .v5: isAllowed = true
    }
    if !isAllowed || !terms.allowsEmptyClientIdentifier {
      throw Violation(
        .clientIdentifierNotValid, "an empty client identifier is not allowed [MQTT-3.1.3-8]")
    }
    var identifier: String
    repeat {
      identifier = terms.assignedIdentifierPrefix
      for _ in 0..<2 {
        let digits = String(random.next(), radix: 16, uppercase: true)
        identifier += String(repeating: "0", count: 16 - digits.utf8.count) + digits
      }
    } while sessionsByIdentifier[identifier.exact] != nil
    if connect.version == .v5 {
      connack.properties.append(.assignedClientIdentifier, .string(identifier))  // [MQTT-3.2.2-16]
    }
    return identifier
  }

  /// Finds, ends or makes the session that CONNECT asks for. (3.1.2.4)
  private mutating func openSession(
    _ identifier: String, _ connect: Connect, _ expirySeconds: UInt32, on index: Slot<Connection>,
    _ connack: inout Connack
  ) throws(Violation) -> Slot<Session> {
    let window = min(
      configuration.inFlightLimit,
      connect.properties.number(.receiveMaximum).map { UInt16(clamping: $0) } ?? .max)
    if let existing = sessionsByIdentifier[identifier.exact] {
      takeOver(existing, by: connections[index].peer, isClean: connect.cleanStart)
    }
    if let existing = sessionsByIdentifier[identifier.exact] {
      // A session whose time is over may still be there for a moment.
      if !connect.cleanStart && sessions[existing].expiresAt > now {
        // The will of the earlier connection is not sent any more. [MQTT-3.1.3-9]
        sessions[existing].will = nil
        sessions[existing].expirySeconds = expirySeconds
        sessions[existing].sender.windowLimit = window
        connack.isSessionPresent = true  // [MQTT-3.2.2-3]
        return existing
      }
      removeSession(existing)  // [MQTT-3.1.2-4]
    }
    if sessions.count >= configuration.sessionLimit {
      status.counters.sessionsRefused += 1
      throw Violation(
        .serverUnavailable, "max-sessions \(configuration.sessionLimit) is reached")
    }
    let session = sessions.insert(
      Session(clientIdentifier: identifier, expirySeconds: expirySeconds, windowLimit: window)
    ).index
    sessionsByIdentifier[identifier.exact] = session
    return session
  }

  func sessionExpirySeconds(_ connect: Connect, _ connack: inout Connack) -> UInt32 {
    if connect.version != .v5 {
      if connect.cleanStart { return 0 }
      return configuration.sessionExpiryLimitSeconds ?? .max
    }
    let wanted = connect.properties.number(.sessionExpiryInterval) ?? 0
    guard let limit = configuration.sessionExpiryLimitSeconds, wanted > limit else { return wanted }
    connack.properties.append(.sessionExpiryInterval, .fourByteInteger(limit))  // [MQTT-3.2.2-21]
    return limit
  }

  /// Closes the connection that has this session now. [MQTT-3.1.4-3]
  private mutating func takeOver(_ session: Slot<Session>, by peer: String, isClean: Bool) {
    guard let old = sessions[session].connection else { return }
    if connections[old].version == .v5 {
      send(.disconnect(Disconnect(reasonCode: .sessionTakenOver)), on: old)
    }
    leave(old, cause: "its session was taken over from \(peer)", isOrderly: false)
    close(old)
  }

  /// Writes down what both sides promise, and tells the client what differs from the default.
  private mutating func agree(
    _ connect: Connect, on index: Slot<Connection>, _ connack: inout Connack
  ) {
    let limit = configuration.keepAliveLimitSeconds
    connections[index].keepAliveSeconds = connect.keepAliveSeconds
    guard connect.version == .v5 else { return }
    if limit > 0 && (connect.keepAliveSeconds > limit || connect.keepAliveSeconds == 0) {
      connections[index].keepAliveSeconds = limit
      connack.properties.append(.serverKeepAlive, .twoByteInteger(limit))  // [MQTT-3.1.2-21]
    }
    let terms = terms(of: index)
    let outbound = min(
      connect.properties.number(.topicAliasMaximum).map { UInt16(clamping: $0) } ?? 0,
      terms.outgoingTopicAliasMaximum)
    if outbound > 0 {
      makeExtras(for: index).outboundAliases = OutboundTopicAliases(maximum: outbound)
    }
    if configuration.receiveMaximum != .max {
      connack.properties.append(
        .receiveMaximum, .twoByteInteger(configuration.receiveMaximum))
    }
    if terms.maximumQoS != .exactlyOnce {
      connack.properties.append(.maximumQoS, .byte(terms.maximumQoS.rawValue))
    }
    if !configuration.isRetainAvailable { connack.properties.append(.retainAvailable, .byte(0)) }
    connack.properties.append(
      .maximumPacketSize, .fourByteInteger(UInt32(clamping: configuration.packetSizeLimit)))
    if terms.topicAliasMaximum > 0 {
      connack.properties.append(.topicAliasMaximum, .twoByteInteger(terms.topicAliasMaximum))
    }
  }

  /// Leaves out what a client can do without, until CONNACK fits into its Maximum Packet Size.
  ///
  /// These are limits of ours: topic aliases are then not made, and who sends too long a packet is
  /// told by a DISCONNECT. A Receive Maximum that a client was not told is not held against it.
  private mutating func fit(_ connack: inout Connack, on index: Slot<Connection>) throws(Violation)
  {
    let limit = connections[index].packetSizeLimit
    if limit == .max { return }
    let dispensable: [PropertyIdentifier] = [
      .topicAliasMaximum, .maximumPacketSize, .receiveMaximum,
    ]
    for identifier in dispensable {
      if Packet.connack(connack).encodedSize(version: .v5) <= Int(limit) { return }
      if identifier == .receiveMaximum && connack.properties[identifier] != nil {
        makeExtras(for: index).knowsNoReceiveMaximum = true
      }
      connack.properties.list.removeAll { $0.identifier == identifier }
    }
    if Packet.connack(connack).encodedSize(version: .v5) <= Int(limit) { return }
    throw Violation(
      .packetTooLarge,
      "its Maximum Packet Size of \(limit) bytes has no room for CONNACK [MQTT-3.1.2-24]")
  }

  private mutating func startKeepAlive(_ index: Slot<Connection>) {
    let seconds = connections[index].keepAliveSeconds
    if seconds == 0 { return }
    // One and a half times the keep alive. [MQTT-3.1.2-22]
    deadlines.insert(
      .keepAlive(connections.identifier(at: index)),
      at: now.advanced(byNanoseconds: Int64(seconds) * 1_500_000_000))
  }
}
