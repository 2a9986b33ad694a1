// A connection: who begins it, whose session it takes over, and its end (3.1, 3.2, 3.12, 3.14).

import Basis
import MQTTCodec
import Text

extension ProtocolWatch {
  /// CONNECT packets of one client within this time that are a storm.
  private static let stormCount = 5
  private static let stormNanoseconds: Int64 = 10_000_000_000
  /// Filters of a SUBSCRIBE that a finding names.
  private static let shownFilters = 3

  /// What is known of a connection; nil when there is no room for it.
  mutating func connection(of facts: ConnectionFacts) -> WatchedConnection? {
    let name = facts.clientIdentifier ?? "\(facts.client)"
    if var known = connections[facts.number] {
      known.name = name
      return known
    }
    if connections.count >= Self.connectionLimit { forgetEnded() }
    let session = WatchedSession(name: name, server: facts.server, stream: facts.number)
    guard connections.count < Self.connectionLimit, let place = addSession(session) else {
      remark(
        "more than \(Self.connectionLimit) connections at a time: later ones are not watched while "
          + "it is so")
      return nil
    }
    return WatchedConnection(
      stream: facts.number, session: place, name: name, version: facts.version,
      hasBeginning: facts.hasBeginning)
  }

  /// Nothing more can be said of what has ended; what is open stays.
  private mutating func forgetEnded() {
    // Each time takes a look at all of them, which is worth it for many.
    if endedCount < Self.connectionLimit / 16 { return }
    connections = connections.filter { $0.value.isOpen }
    endedCount = 0
    remark(
      "more than \(Self.connectionLimit) connections: messages for those that had ended are not "
        + "missed any more")
  }

  /// The place of a new session; nil when all are connected.
  private mutating func addSession(_ session: WatchedSession) -> Int? {
    if sessions.count < Self.sessionLimit {
      sessions.append(session)
      return sessions.count - 1
    }
    for step in 0..<sessions.count {
      let place = (sessionHand + step) % sessions.count
      if sessions[place].isConnected { continue }
      sessionHand = place + 1
      remark(
        "more than \(Self.sessionLimit) sessions: what is known of later ones is kept only while "
          + "they are connected")
      forget(place)
      sessions[place] = session
      return place
    }
    return nil
  }

  private mutating func forget(_ session: Int) {
    tellUnfinished(session, because: nil)
    unsubscribeAll(session)
    guard let client = sessions[session].clientIdentifier else { return }
    let key = SessionKey(server: sessions[session].server, client: client.exact)
    if sessionOfClient[key] == session { sessionOfClient[key] = nil }
  }

  // MARK: Order

  /// CONNECT comes first and once, and nothing comes after DISCONNECT.
  mutating func checkOrder(
    _ packet: CapturedPacket, _ now: Waiting, _ connection: inout WatchedConnection
  ) {
    guard packet.direction == .toServer, let type = packet.header?.type else { return }
    if type == .connect, let first = connection.connect {
      tell(
        .secondConnect, connection.evidence(now, after: first.frame),
        "a second CONNECT on the same connection")
    }
    if type != .connect, !connection.hasPackets, connection.hasBeginning {
      tell(
        .firstIsNotConnect, connection.evidence(now),
        "the first packet is \(type.name) and not CONNECT")
    }
    if let disconnect = connection.disconnect {
      tell(
        .afterDisconnect, connection.evidence(now, after: disconnect.frame),
        "\(type.name) after DISCONNECT")
    }
    checkTakeOver(type, now, connection)
    checkKeepAlive(now, connection)
  }

  /// A connection whose session was taken over must be closed.
  private mutating func checkTakeOver(
    _ type: PacketType, _ now: Waiting, _ connection: WatchedConnection
  ) {
    let session = sessions[connection.session]
    if type == .connect || session.stream == connection.stream || !connection.isOpen { return }
    guard let other = connections[session.stream], other.isAccepted,
      let since = other.connack, now.time - since.time > Self.patienceNanoseconds
    else { return }
    tell(
      .notTakenOver, connection.evidence(now, after: since.frame),
      "\(type.name) on a connection whose session stream \(other.stream) has taken over")
  }

  // MARK: CONNECT and CONNACK

  mutating func connect(
    _ connect: Connect, _ now: Waiting, _ facts: ConnectionFacts,
    _ connection: inout WatchedConnection
  ) {
    connection.connect = now
    connection.version = connect.version
    connection.keepAliveSeconds = Int(connect.keepAliveSeconds)
    if connect.version == .v5 {
      connection.toClient.receiveMaximum =
        connect.properties.number(.receiveMaximum).map(Int.init) ?? 65_535
      connection.toClient.topicAliasMaximum =
        connect.properties.number(.topicAliasMaximum).map(Int.init) ?? 0
      connection.toClient.maximumPacketSize =
        connect.properties.number(.maximumPacketSize).map(Int.init)
    }
    // An empty name gets one with CONNACK; until then the session is nobody's.
    if connect.clientIdentifier.isEmpty {
      sessions[connection.session].isWhole = true
      return
    }
    let key = SessionKey(server: facts.server, client: connect.clientIdentifier.exact)
    guard let known = sessionOfClient[key] else {
      sessionOfClient[key] = connection.session
      sessions[connection.session].name = connect.clientIdentifier
      sessions[connection.session].clientIdentifier = connect.clientIdentifier
      sessions[connection.session].isWhole = connect.cleanStart
      sessions[connection.session].connects = [now]
      return
    }
    let old = sessions[known].stream
    if old != connection.stream, let other = connections[old], other.isOpen {
      tell(
        .takenOver, connection.evidence(now, after: other.connect?.frame),
        "stream \(connection.stream) takes over the session of stream \(old), which is open")
    }
    if connection.session != known { sessions[connection.session].isConnected = false }
    connection.session = known
    sessions[known].stream = connection.stream
    sessions[known].isConnected = true
    countConnect(known, now, connection)
    if connect.cleanStart { discard(known, because: "a clean start ended the session") }
  }

  private mutating func countConnect(
    _ session: Int, _ now: Waiting, _ connection: WatchedConnection
  ) {
    sessions[session].connects.append(now)
    sessions[session].connects.removeAll { now.time - $0.time > Self.stormNanoseconds }
    let recent = sessions[session].connects
    if recent.count < Self.stormCount {
      sessions[session].isStorm = false
    } else if !sessions[session].isStorm {
      sessions[session].isStorm = true
      var evidence = connection.evidence(now)
      evidence.frames = recent.map(\.frame)
      tell(
        .reconnectStorm, evidence,
        "\(recent.count) CONNECT packets within \(Self.stormNanoseconds / 1_000_000_000) s")
    }
    if recent.count > 32 { sessions[session].connects.removeFirst(recent.count - 32) }
  }

  /// The session begins anew; what was sent on the connection `kept` belongs to the new one.
  private mutating func discard(
    _ session: Int, because reason: String, exceptOf kept: Int? = nil
  ) {
    tellUnfinished(session, because: reason, exceptOf: kept)
    unsubscribeAll(session)
    sessions[session].doneToServer = [:]
    sessions[session].doneToClient = [:]
    sessions[session].isWhole = true
  }

  mutating func connack(
    _ connack: Connack, _ now: Waiting, _ facts: ConnectionFacts,
    _ connection: inout WatchedConnection
  ) -> Pairing? {
    connection.connack = now
    connection.isAccepted = !connack.reasonCode.isFailure
    if connack.reasonCode.isFailure {
      tell(
        .connectionRefused, connection.evidence(now, after: connection.connect?.frame),
        "the connection is refused: \(connack.reasonCode.hexadecimal) \(connack.reasonCode.name)"
          + Self.reasonString(connack.properties))
    }
    let properties = connack.properties
    if let seconds = properties.number(.serverKeepAlive) {
      connection.keepAliveSeconds = Int(seconds)
    }
    if connection.version == .v5 {
      connection.toServer = WatchedLimits(
        receiveMaximum: properties.number(.receiveMaximum).map(Int.init) ?? 65_535,
        topicAliasMaximum: properties.number(.topicAliasMaximum).map(Int.init) ?? 0,
        maximumPacketSize: properties.number(.maximumPacketSize).map(Int.init),
        maximumQoS: properties.number(.maximumQoS).flatMap { QoS(rawValue: UInt8($0)) },
        isRetainAvailable: properties.number(.retainAvailable) != 0)
    }
    if connection.isAccepted {
      // Session present does not exist in MQTT 3.1.
      if !connack.isSessionPresent, connection.version != .v31 {
        // A client may send before it has heard that there is no session (3.1.4).
        discard(
          connection.session, because: "the server has no session any more",
          exceptOf: connection.stream)
      }
      if let name = properties.string(.assignedClientIdentifier) {
        sessions[connection.session].name = name
        sessions[connection.session].clientIdentifier = name
        sessionOfClient[SessionKey(server: facts.server, client: name.exact)] = connection.session
      }
    }
    guard let request = connection.connect else { return nil }
    connect.add(now.time - request.time)
    return now.answer(to: request)
  }

  static func reasonString(_ properties: Properties) -> String {
    properties.string(.reasonString).map { ", " + $0.quoted } ?? ""
  }

  // MARK: Ends

  mutating func disconnect(
    _ disconnect: Disconnect, _ direction: Direction, _ now: Waiting,
    _ connection: inout WatchedConnection
  ) {
    if direction == .toServer { connection.disconnect = now }
    if !disconnect.reasonCode.isFailure { return }
    let who = direction == .toServer ? "client" : "server"
    tell(
      .disconnectedWithFailure, connection.evidence(now),
      "the \(who) disconnects: \(disconnect.reasonCode.hexadecimal) \(disconnect.reasonCode.name)"
        + Self.reasonString(disconnect.properties))
  }

  mutating func close(_ connection: inout WatchedConnection, _ now: Waiting) {
    endOfWaiting(connection, now.time)
    connection.isOpen = false
    endedCount += 1
    connection.lastTime = now.time
    if sessions[connection.session].stream == connection.stream {
      sessions[connection.session].isConnected = false
      deliveries.forgetTargets()
    }
    for awaited in connection.subscribes.values { requestedFilterCount -= awaited.filterCount }
    for awaited in connection.unsubscribes.values { requestedFilterCount -= awaited.filterCount }
    connection.subscribes = [:]
    connection.unsubscribes = [:]
  }

  /// What a connection still waits for when it ends, or the capture does.
  mutating func endOfWaiting(_ connection: WatchedConnection, _ end: Int64) {
    if connection.lacksBytes { return }
    if let request = connection.ping, end - request.time > Self.patienceNanoseconds {
      tell(
        .pingrespMissing, connection.evidence(request),
        "PINGREQ was not answered within \(Self.seconds(end - request.time))")
    }
    for (_, waiting) in connection.subscribes.sorted(by: {
      $0.value.since.frame < $1.value.since.frame
    }) {
      let filters = waiting.request.subscriptions.map(\.filter)
      let rest = filters.count - Self.shownFilters
      let shown =
        filters.prefix(Self.shownFilters).map { Self.excerpt($0.utf8.span).quoted }
        .joined(separator: ", ") + (rest > 0 ? " and \(rest) more" : "")
      tell(
        .subackMissing, connection.evidence(waiting.since),
        "the subscription to \(shown) never got its SUBACK", as: severity(of: waiting.since, end))
    }
    for (_, waiting) in connection.unsubscribes.sorted(by: {
      $0.value.since.frame < $1.value.since.frame
    }) {
      tell(
        .unsubackMissing, connection.evidence(waiting.since),
        "UNSUBSCRIBE never got its UNSUBACK", as: severity(of: waiting.since, end))
    }
  }

  /// How grave it is that nothing came between `since` and `end`.
  func severity(of since: Waiting, _ end: Int64) -> FindingSeverity {
    end - since.time >= Self.patienceNanoseconds ? .error : .note
  }
}
