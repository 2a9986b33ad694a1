// Long random runs of a client session against a small honest server that may lose the connection
// at any moment and, in some runs, the session: QoS 2 arrives exactly once, QoS 1 at least once,
// all of it in order of first arrival, and every handshake ends.

import Basis
import MQTTCodec
import MQTTSession
import Testing

@Suite struct ClientRandomTests {
  /// A server that keeps one session and answers as the standard says.
  struct Server {
    /// QoS 2 identifiers received and not released.
    var held: Set<UInt16> = []
    /// Payloads in order of their first delivery.
    var delivered: [String] = []

    mutating func answer(_ packet: Packet) throws -> Packet? {
      switch packet {
      case .publish(let publish):
        let payload = String(decoding: publish.payload, as: UTF8.self)
        guard let identifier = publish.packetIdentifier else {
          delivered.append(payload)
          return nil
        }
        if publish.qos == .atLeastOnce {
          delivered.append(payload)
          return .puback(Acknowledgement(packetIdentifier: identifier))
        }
        if held.insert(identifier.rawValue).inserted { delivered.append(payload) }
        return .pubrec(Acknowledgement(packetIdentifier: identifier))
      case .pubrel(let release):
        held.remove(release.packetIdentifier.rawValue)
        return .pubcomp(Acknowledgement(packetIdentifier: release.packetIdentifier))
      case _:
        return nil
      }
    }
  }

  @Test(arguments: UInt64(1)...30)
  func `published messages arrive as their QoS promises over broken connections`(_ seed: UInt64)
    throws
  {
    var random = RandomNumbers(seed: seed)
    let window = UInt16.random(in: 1...20, using: &random)
    var server = Server()
    let client = try ClientUnderTest.connected(.v5) {
      $0.cleanStart = false
      $0.sendWindow = window
      $0.connectProperties.append(.sessionExpiryInterval, .fourByteInteger(9))
    }
    /// Answers on their way to the client.
    var answers: [Packet] = []
    var sent: [String] = []
    var finished: [UInt64] = []
    func take() throws {
      for packet in try client.takeSent() {
        if let answer = try server.answer(packet) { answers.append(answer) }
      }
    }
    func note() {
      for event in client.events() {
        if case .published(let token, _) = event { finished.append(token) }
      }
    }
    for step in 0..<2_000 {
      switch UInt8.random(in: 0..<20, using: &random) {
      case 0 where step < 1_900:
        // Packets in both directions may be lost with the connection.
        if Bool.random(using: &random) { try take() }
        answers = []
        _ = client.session.takeOutput()
        client.lose()
        try client.reconnect(Connack(isSessionPresent: true))
      case 1...8 where client.canPublish && step < 1_900:
        let qos: QoS = seed % 2 == 0 ? .exactlyOnce : .atLeastOnce
        try client.publish("t", "\(sent.count)", qos, token: UInt64(sent.count))
        sent.append("\(sent.count)")
      case 9...12:
        try take()
      case _:
        if !answers.isEmpty { client.feed(answers.removeFirst()) }
        note()
      }
    }
    for _ in 0..<200 {
      try take()
      while !answers.isEmpty { client.feed(answers.removeFirst()) }
      note()
    }
    #expect(client.session.unpublishedCount == 0)
    #expect(finished == finished.sorted())
    #expect(finished.count == sent.count)
    if seed % 2 == 0 {
      #expect(server.delivered == sent)
    } else {
      var seen: Set<String> = []
      #expect(server.delivered.filter { seen.insert($0).inserted } == sent)
    }
  }

  @Test(arguments: UInt64(1)...30)
  func `received QoS 2 messages are shown once however often connections break`(_ seed: UInt64)
    throws
  {
    var random = RandomNumbers(seed: seed)
    let client = try ClientUnderTest.connected(.v5) {
      $0.cleanStart = false
      $0.acknowledging = .whenTold
      $0.connectProperties.append(.sessionExpiryInterval, .fourByteInteger(9))
    }
    var flow = SenderFlow(windowLimit: 8)
    var shown: [String] = []
    var next: MessageIndex = 0
    func deliver(_ entry: SenderFlow.Entry, isDuplicate: Bool) throws {
      if entry.stage == .awaitingPubcomp {
        client.feed(.pubrel(Acknowledgement(packetIdentifier: entry.packetIdentifier)))
      } else {
        client.feedMessage(
          "t", "\(entry.message)", .exactlyOnce, id: entry.packetIdentifier.rawValue,
          isDuplicate: isDuplicate)
      }
    }
    func takeAnswers() throws {
      for packet in try client.takeSent() {
        switch packet {
        case .pubrec(let answer):
          switch flow.receive(.pubrec, answer.packetIdentifier, reasonCode: .success) {
          case .release, .releaseAgain:
            client.feed(.pubrel(Acknowledgement(packetIdentifier: answer.packetIdentifier)))
          case .completed, .unknownIdentifier, .unexpectedPacket:
            Issue.record("PUBREC for no open message")
          }
        case .pubcomp(let answer):
          _ = flow.receive(.pubcomp, answer.packetIdentifier, reasonCode: .success)
        case _: Issue.record("unexpected \(packet)")
        }
      }
    }
    for step in 0..<3_000 {
      switch UInt8.random(in: 0..<20, using: &random) {
      case 0 where step < 2_500:
        client.lose()
        if Bool.random(using: &random) && client.session.unacknowledgedCount > 0 {
          client.session.acknowledge(1, now: client.now)
        }
        flow.interrupt()
        try client.reconnect(Connack(isSessionPresent: true))
        while let entry = flow.nextResend() { try deliver(entry, isDuplicate: true) }
      case 1...7 where flow.canSend && step < 2_500:
        let identifier = flow.send(next, qos: .exactlyOnce)
        client.feedMessage("t", "\(next)", .exactlyOnce, id: identifier.rawValue)
        next += 1
      case 8...12:
        if client.session.unacknowledgedCount > 0 {
          client.session.acknowledge(1, now: client.now)
        }
      case 13...15:
        try takeAnswers()
      case _:
        shown += try client.messages().map { String(decoding: $0.payload, as: UTF8.self) }
      }
    }
    #expect(shown == (0..<next).map { "\($0)" })
    #expect(flow.isEmpty)
  }

  @Test(arguments: UInt64(1)...200)
  func `garbage after CONNACK ends the connection or waits for more, and never traps`(
    _ seed: UInt64
  ) throws {
    var random = RandomNumbers(seed: seed)
    let client = try ClientUnderTest.connected(seed % 2 == 0 ? .v5 : .v311)
    for _ in 0..<20 {
      let count = Int.random(in: 1...40, using: &random)
      client.feed(bytes: (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) })
      _ = client.events()
    }
    #expect(client.session.phase == .connected || client.session.phase == .ended)
  }
}
