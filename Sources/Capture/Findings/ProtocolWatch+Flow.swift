// QoS 1 and 2 (4.3, 4.4): a flow for each packet identifier and direction of a session. It outlives
// the connection, as the session does.

import Basis
import MQTTCodec
import Text

extension ProtocolWatch {
  /// Bytes of a topic that findings show.
  private static let excerptLength = 200

  mutating func publish(
    _ view: PublishView, _ packet: CapturedPacket, _ bytes: Span<UInt8>, _ now: Waiting,
    _ connection: inout WatchedConnection
  ) -> Pairing? {
    if let alias = packet.aliasedTopic {
      return publish(view, alias.utf8.span, packet.direction, bytes, now, &connection)
    }
    let name = bytes.extracting(view.topic)
    return publish(view, name, packet.direction, bytes, now, &connection)
  }

  private mutating func publish(
    _ view: PublishView, _ topic: Span<UInt8>, _ direction: Direction, _ bytes: Span<UInt8>,
    _ now: Waiting, _ connection: inout WatchedConnection
  ) -> Pairing? {
    let topicSignature = topic.signature()
    let signature = bytes.extracting(view.payload).signature(topicSignature)
    var isRepeated = false
    if view.qos != .atMostOnce {
      isRepeated = open(view, topic, signature, direction, now, &connection)
    }
    if direction == .toServer {
      if !isRepeated {
        enter(topic, topicSignature, signature, view, now, connection)
      }
      return nil
    }
    return deliver(signature, view, isRepeated, now, connection)
  }

  /// The beginning of a topic: findings need no more, and it is kept for each message under way.
  static func excerpt(_ topic: Span<UInt8>) -> String {
    if topic.count <= excerptLength { return String(validated: topic, topic.indices) }
    var end = excerptLength
    while end > 0, topic[end] & 0xC0 == 0x80 { end -= 1 }
    return String(validated: topic, 0..<end) + "..."
  }

  /// Begins a flow; true when the message was sent before.
  private mutating func open(
    _ view: PublishView, _ topic: Span<UInt8>, _ signature: UInt64, _ direction: Direction,
    _ now: Waiting, _ connection: inout WatchedConnection
  ) -> Bool {
    let identifier = view.packetIdentifier
    let text = Self.excerpt(topic)
    var isRepeated = false
    if let known = sessions[connection.session][direction, identifier] {
      isRepeated = known.signature == signature
      checkRepetition(known, view, isRepeated, direction, now, connection)
    } else {
      flowCount += 1
      if view.isDuplicate {
        isRepeated = checkLateRepetition(view, text, signature, direction, now, connection)
      }
    }
    if flowCount > Self.flowLimit {
      flowCount -= 1
      remark(
        "more than \(Self.flowLimit) QoS 1 and 2 messages under way at a time: later ones are not "
          + "followed")
      return isRepeated
    }
    var flow = WatchedFlow(
      qos: view.qos, publish: now, last: now, signature: signature, topic: text,
      stream: connection.stream)
    if isRepeated, let known = sessions[connection.session][direction, identifier] {
      flow.phase = known.phase
      flow.publish = known.publish
      flow.origin = known.origin
    }
    sessions[connection.session][direction, identifier] = flow
    checkReceiveMaximum(direction, now, connection)
    return isRepeated
  }

  /// A PUBLISH under an identifier that is in use.
  private mutating func checkRepetition(
    _ known: WatchedFlow, _ view: PublishView, _ isSame: Bool, _ direction: Direction,
    _ now: Waiting, _ connection: WatchedConnection
  ) {
    let evidence = connection.evidence(now, after: known.publish.frame)
    let name = "PUBLISH id \(view.packetIdentifier)"
    if !isSame {
      // Whatever a gap in the capture hides may have freed the identifier.
      if connection.lacksBytes { return }
      return tell(
        direction == .toServer ? .identifierInUseByClient : .identifierInUseByServer, evidence,
        "\(name) uses a packet identifier that is still in use")
    }
    if !view.isDuplicate {
      tell(
        .duplicateFlagLacks, evidence, "\(name) is sent again without the DUP flag")
    }
    if known.phase == .released {
      tell(
        .sentAgainAfterPubrel, evidence, "\(name) is sent again after its PUBREL")
    } else if known.stream == connection.stream, connection.version == .v5 {
      tell(
        .sentAgainOnConnection, evidence, "\(name) is sent again on the same connection")
    }
  }

  /// A PUBLISH with DUP although nothing is under way; true when it was sent before all the same.
  private mutating func checkLateRepetition(
    _ view: PublishView, _ topic: String, _ signature: UInt64, _ direction: Direction,
    _ now: Waiting, _ connection: WatchedConnection
  ) -> Bool {
    let session = sessions[connection.session]
    let name = "PUBLISH id \(view.packetIdentifier) \(topic.quoted)"
    if session[done: direction, view.packetIdentifier] == signature {
      tell(
        view.qos == .exactlyOnce ? .sentAgainExactlyOnce : .sentAgainAtLeastOnce,
        connection.evidence(now),
        "\(name) is sent again after it was acknowledged: a duplicate by meaning")
      return true
    }
    if session.isWhole, !connection.lacksBytes {
      tell(
        .duplicateFlagOnNew, connection.evidence(now),
        "\(name) has the DUP flag, but was not sent before")
    }
    return false
  }

  private mutating func checkReceiveMaximum(
    _ direction: Direction, _ now: Waiting, _ connection: WatchedConnection
  ) {
    let limits = direction == .toServer ? connection.toServer : connection.toClient
    guard let most = limits.receiveMaximum else { return }
    let session = sessions[connection.session]
    let current = session.underWay(direction)
    // One more is told once, when it comes.
    if session.stream != connection.stream || current != most + 1 { return }
    tell(
      direction == .toServer ? .beyondReceiveMaximumOfServer : .beyondReceiveMaximumOfClient,
      connection.evidence(now),
      "\(current) messages are unacknowledged, the receive maximum is \(most)")
  }

  // MARK: Acknowledgements

  mutating func acknowledge(
    _ type: PacketType, _ body: Acknowledgement, _ direction: Direction, _ now: Waiting,
    _ connection: inout WatchedConnection
  ) -> Pairing? {
    let identifier = body.packetIdentifier.rawValue
    let sender = type == .pubrel ? direction : direction.opposite
    if body.reasonCode.isFailure, type == .puback || type == .pubrec {
      tell(
        type == .puback ? .publishRefused : .publishOfQoS2Refused, connection.evidence(now),
        "\(type.name) id \(identifier) refuses the message: \(body.reasonCode.hexadecimal) "
          + body.reasonCode.name + Self.reasonString(body.properties))
    }
    guard var flow = sessions[connection.session][sender, identifier] else {
      checkUnknown(type, identifier, now, connection)
      return nil
    }
    let previous = flow.last
    let isDone = advance(&flow, type, body, now, connection)
    flow.last = now
    if isDone {
      sessions[connection.session][sender, identifier] = nil
      sessions[connection.session][done: sender, identifier] = flow.signature
      flowCount -= 1
      let latency = now.time - flow.publish.time
      if flow.qos == .atLeastOnce { atLeastOnce.add(latency) } else { exactlyOnce.add(latency) }
      if body.reasonCode.isFailure, sender == .toServer {
        deliveries.refuse(flow.signature, flow.publish.frame)
      }
    } else {
      sessions[connection.session][sender, identifier] = flow
    }
    return now.answer(to: previous)
  }

  /// Takes a step of a flow; true when that was its last.
  private mutating func advance(
    _ flow: inout WatchedFlow, _ type: PacketType, _ body: Acknowledgement, _ now: Waiting,
    _ connection: WatchedConnection
  ) -> Bool {
    let evidence = connection.evidence(now, after: flow.publish.frame)
    let name = "\(type.name) id \(body.packetIdentifier.rawValue)"
    switch (type, flow.qos, flow.phase) {
    case (.puback, .atLeastOnce, _): return true
    case (.pubrec, .exactlyOnce, .published):
      flow.phase = .received
      return body.reasonCode.isFailure
    case (.pubrec, .exactlyOnce, .received), (.pubrec, .exactlyOnce, .released): return false
    case (.pubrel, .exactlyOnce, .received), (.pubrel, .exactlyOnce, .released):
      flow.phase = .released
      return false
    case (.pubrel, _, .published):
      if !connection.lacksBytes {
        tell(
          .pubrelWithoutPubrec, evidence,
          "\(name) is sent without a PUBREC before it")
      }
      flow.phase = .released
      return false
    case (.pubcomp, .exactlyOnce, .released): return true
    case _:
      if !connection.lacksBytes {
        let (answer, _) = Self.missingAnswer(flow)
        tell(
          flow.qos == .atLeastOnce ? .wrongAnswerAtLeastOnce : .wrongAnswerExactlyOnce, evidence,
          "\(name) answers a PUBLISH of QoS \(flow.qos.rawValue), which waits for \(answer)")
      }
      return false
    }
  }

  /// An acknowledgement of nothing that is under way.
  private mutating func checkUnknown(
    _ type: PacketType, _ identifier: UInt16, _ now: Waiting, _ connection: WatchedConnection
  ) {
    if !sessions[connection.session].isWhole || connection.lacksBytes
      || flowCount >= Self.flowLimit
    {
      return
    }
    if type == .pubrel {
      return tell(
        .pubrelWithoutPubrec, connection.evidence(now),
        "PUBREL id \(identifier) is sent without a PUBREC before it")
    }
    tell(
      .acknowledgesNothing, connection.evidence(now),
      "\(type.name) id \(identifier) acknowledges nothing that is under way")
  }

  // MARK: Ends

  /// Tells of the flows that will never be completed, and forgets them.
  ///
  /// What was last seen on the connection `kept` goes on.
  mutating func tellUnfinished(
    _ session: Int, because reason: String?, exceptOf kept: Int? = nil
  ) {
    for direction in [Direction.toServer, .toClient] {
      let flows = sessions[session].flows(direction).filter { $0.value.stream != kept }
      for (identifier, flow) in flows.sorted(by: { $0.value.publish.frame < $1.value.publish.frame }
      ) {
        tellUnfinished(identifier, flow, session, direction, reason)
      }
      flowCount -= flows.count
    }
    sessions[session].removeFlows(exceptOf: kept)
  }

  private mutating func tellUnfinished(
    _ identifier: UInt16, _ flow: WatchedFlow, _ session: Int, _ direction: Direction,
    _ reason: String?
  ) {
    let connection = connections[flow.stream]
    let end = connection.map { $0.isOpen ? lastTime : $0.lastTime } ?? lastTime
    let waited = end - flow.last.time
    var severity = FindingSeverity.error
    var remark = "although the connection lasted \(Self.seconds(waited)) more"
    if connection?.lacksBytes == true {
      (severity, remark) = (.note, "but bytes of the connection are missing from the capture")
    } else if waited < Self.patienceNanoseconds {
      let isOpen = connection?.isOpen ?? false
      severity = isOpen ? .note : .warning
      remark =
        (isOpen ? "when the capture ended " : "when the connection ended ")
        + "\(Self.seconds(waited)) later"
    }
    if let reason { remark += "; \(reason)" }
    let (missing, kind) = Self.missingAnswer(flow)
    let way = direction == .toServer ? "" : " to the client"
    let evidence = Evidence(
      frames: [flow.publish.frame, flow.last.frame], timeNanoseconds: flow.publish.time,
      client: sessions[session].name, stream: flow.stream)
    tell(
      kind, evidence,
      "PUBLISH id \(identifier) QoS \(flow.qos.rawValue) \(flow.topic.quoted)\(way) was never completed: "
        + "no \(missing), \(remark)", as: severity)
  }

  private static func missingAnswer(_ flow: WatchedFlow) -> (String, FindingKind) {
    switch (flow.qos, flow.phase) {
    case (.atMostOnce, _), (.atLeastOnce, _): ("PUBACK", .pubackMissing)
    case (.exactlyOnce, .published): ("PUBREC", .pubrecMissing)
    case (.exactlyOnce, .received): ("PUBREL", .pubrelMissing)
    case (.exactlyOnce, .released): ("PUBCOMP", .pubcompMissing)
    }
  }
}
