// The sender's automaton, pair by pair, and what must hold over long runs: order, windows,
// identifiers that wrap around, handshakes that a broken connection interrupts.

import Basis
import MQTTCodec
import MQTTSession
import Testing

@Suite struct SenderFlowTests {
  /// A flow with one handshake in `stage`, and its identifier.
  static func flow(in stage: SenderFlow.Stage) throws -> (SenderFlow, PacketIdentifier) {
    var flow = SenderFlow(windowLimit: 10)
    // An older handshake keeps the entry in the ring when it is done.
    _ = flow.send(1, qos: .atLeastOnce)
    let identifier: PacketIdentifier
    switch stage {
    case .awaitingPuback:
      identifier = flow.send(7, qos: .atLeastOnce)
    case .awaitingPubrec:
      identifier = flow.send(7, qos: .exactlyOnce)
    case .awaitingPubcomp:
      identifier = flow.send(7, qos: .exactlyOnce)
      _ = flow.receive(.pubrec, identifier, reasonCode: .success)
    case .done:
      identifier = flow.send(7, qos: .atLeastOnce)
      _ = flow.receive(.puback, identifier, reasonCode: .success)
    }
    return (flow, identifier)
  }

  struct Pair: Sendable, CustomTestStringConvertible {
    var stage: SenderFlow.Stage
    var packet: PacketType
    var reasonCode: ReasonCode
    var outcome: SenderFlow.Outcome
    init(
      _ stage: SenderFlow.Stage, _ packet: PacketType, _ reasonCode: ReasonCode,
      _ outcome: SenderFlow.Outcome
    ) {
      (self.stage, self.packet, self.reasonCode) = (stage, packet, reasonCode)
      self.outcome = outcome
    }
    var testDescription: String { "\(stage) + \(packet.name) \(reasonCode.rawValue)" }
  }

  static let pairs: [Pair] = [
    Pair(.awaitingPuback, .puback, .success, .completed(7)),
    Pair(.awaitingPuback, .puback, .noMatchingSubscribers, .completed(7)),
    Pair(.awaitingPuback, .puback, .notAuthorized, .completed(7)),
    Pair(.awaitingPuback, .pubrec, .success, .unexpectedPacket),
    Pair(.awaitingPuback, .pubrec, .notAuthorized, .unexpectedPacket),
    Pair(.awaitingPuback, .pubcomp, .success, .unexpectedPacket),
    Pair(.awaitingPubrec, .puback, .success, .unexpectedPacket),
    Pair(.awaitingPubrec, .pubrec, .success, .release(7)),
    Pair(.awaitingPubrec, .pubrec, .noMatchingSubscribers, .release(7)),
    Pair(.awaitingPubrec, .pubrec, .quotaExceeded, .completed(7)),
    Pair(.awaitingPubrec, .pubcomp, .success, .unexpectedPacket),
    Pair(.awaitingPubcomp, .puback, .success, .unexpectedPacket),
    Pair(.awaitingPubcomp, .pubrec, .success, .releaseAgain),
    Pair(.awaitingPubcomp, .pubrec, .quotaExceeded, .completed(7)),
    Pair(.awaitingPubcomp, .pubcomp, .success, .completed(7)),
    Pair(.awaitingPubcomp, .pubcomp, .packetIdentifierNotFound, .completed(7)),
    Pair(.done, .puback, .success, .unknownIdentifier),
    Pair(.done, .pubrec, .success, .unknownIdentifier),
    Pair(.done, .pubcomp, .success, .unknownIdentifier),
  ]

  @Test(arguments: pairs)
  func `each stage answers each packet as its diagram says [MQTT-4.3.2-3] [MQTT-4.3.3-3]`(
    _ pair: Pair
  ) throws {
    var (flow, identifier) = try Self.flow(in: pair.stage)
    let outcome = flow.receive(pair.packet, identifier, reasonCode: pair.reasonCode)
    #expect(outcome == pair.outcome)
    flow.checkInvariants()
  }

  @Test(arguments: [PacketType.puback, .pubrec, .pubcomp])
  func `an identifier that was never given out is unknown`(_ packet: PacketType) throws {
    var flow = SenderFlow(windowLimit: 5)
    let stranger = try #require(PacketIdentifier(rawValue: 4711))
    #expect(flow.receive(packet, stranger, reasonCode: .success) == .unknownIdentifier)
    _ = flow.send(1, qos: .atLeastOnce)
    #expect(flow.receive(packet, stranger, reasonCode: .success) == .unknownIdentifier)
  }

  @Test func `the window closes at its limit and opens with an acknowledgement [MQTT-4.9.0-2]`() {
    var flow = SenderFlow(windowLimit: 3)
    let identifiers = (0..<3).map { flow.send($0, qos: .atLeastOnce) }
    #expect(!flow.canSend)
    _ = flow.receive(.puback, identifiers[1], reasonCode: .success)
    #expect(flow.canSend)
    _ = flow.send(9, qos: .exactlyOnce)
    #expect(!flow.canSend)
    flow.checkInvariants()
  }

  @Test func `PUBREC alone does not open the window, PUBCOMP does`() {
    var flow = SenderFlow(windowLimit: 1)
    let identifier = flow.send(0, qos: .exactlyOnce)
    _ = flow.receive(.pubrec, identifier, reasonCode: .success)
    #expect(!flow.canSend)
    _ = flow.receive(.pubcomp, identifier, reasonCode: .success)
    #expect(flow.canSend)
  }

  @Test func `a PUBREC of failure opens the window [MQTT-4.9.0-2]`() {
    var flow = SenderFlow(windowLimit: 1)
    let identifier = flow.send(0, qos: .exactlyOnce)
    _ = flow.receive(.pubrec, identifier, reasonCode: .quotaExceeded)
    #expect(flow.canSend)
    #expect(flow.isEmpty)
  }

  @Test func `open handshakes are sent again in their old order [MQTT-4.4.0-1] [MQTT-4.6.0-1]`() {
    var flow = SenderFlow(windowLimit: 10)
    let first = flow.send(10, qos: .exactlyOnce)
    let second = flow.send(11, qos: .atLeastOnce)
    let third = flow.send(12, qos: .exactlyOnce)
    let fourth = flow.send(13, qos: .atLeastOnce)
    _ = flow.receive(.pubrec, third, reasonCode: .success)
    _ = flow.receive(.puback, second, reasonCode: .success)
    flow.interrupt()
    #expect(!flow.canSend)
    var again: [(MessageIndex, PacketIdentifier, SenderFlow.Stage)] = []
    while let entry = flow.nextResend() {
      again.append((entry.message, entry.packetIdentifier, entry.stage))
      flow.checkInvariants()
    }
    #expect(again.map(\.0) == [10, 12, 13])
    #expect(again.map(\.1) == [first, third, fourth])
    #expect(again.map(\.2) == [.awaitingPubrec, .awaitingPubcomp, .awaitingPuback])
    #expect(flow.canSend)
  }

  @Test func `resending obeys a smaller window and goes on as it opens [MQTT-4.9.0-2]`() {
    var flow = SenderFlow(windowLimit: 4)
    let identifiers = (0..<4).map { flow.send($0, qos: .atLeastOnce) }
    flow.interrupt()
    flow.windowLimit = 2
    #expect(flow.nextResend()?.message == 0)
    #expect(flow.nextResend()?.message == 1)
    #expect(flow.nextResend() == nil)
    #expect(flow.isResending)
    _ = flow.receive(.puback, identifiers[0], reasonCode: .success)
    #expect(flow.nextResend()?.message == 2)
    #expect(flow.nextResend() == nil)
    _ = flow.receive(.puback, identifiers[1], reasonCode: .success)
    #expect(flow.nextResend()?.message == 3)
    #expect(!flow.isResending)
    flow.checkInvariants()
  }

  @Test func `PUBREL is sent again although the window is full [MQTT-4.9.0-3]`() {
    var flow = SenderFlow(windowLimit: 2)
    _ = flow.send(0, qos: .atLeastOnce)
    let released = flow.send(1, qos: .exactlyOnce)
    _ = flow.receive(.pubrec, released, reasonCode: .success)
    flow.interrupt()
    flow.windowLimit = 1
    #expect(flow.nextResend()?.message == 0)
    #expect(flow.nextResend()?.message == 1)
    flow.checkInvariants()
  }

  @Test func `an acknowledgement before its resend ends the handshake`() {
    var flow = SenderFlow(windowLimit: 3)
    let identifiers = (0..<3).map { flow.send($0, qos: .atLeastOnce) }
    flow.interrupt()
    #expect(flow.receive(.puback, identifiers[0], reasonCode: .success) == .completed(0))
    #expect(flow.receive(.puback, identifiers[2], reasonCode: .success) == .completed(2))
    #expect(flow.nextResend()?.message == 1)
    #expect(flow.nextResend() == nil)
    #expect(!flow.isResending)
    flow.checkInvariants()
  }

  @Test func `a second interruption during resending starts over from the oldest`() {
    var flow = SenderFlow(windowLimit: 3)
    for index in 0..<3 { _ = flow.send(MessageIndex(index), qos: .exactlyOnce) }
    flow.interrupt()
    #expect(flow.nextResend()?.message == 0)
    flow.interrupt()
    flow.checkInvariants()
    #expect(flow.nextResend()?.message == 0)
    #expect(flow.nextResend()?.message == 1)
    #expect(flow.nextResend()?.message == 2)
    #expect(flow.nextResend() == nil)
  }

  @Test func `restored handshakes are sent again before new ones get later identifiers`() throws {
    var flow = SenderFlow(windowLimit: 5)
    let old = try #require(PacketIdentifier(rawValue: 65_534))
    let released = try #require(PacketIdentifier(rawValue: 65_535))
    flow.restore(1, old, stage: .awaitingPubrec)
    flow.restore(2, released, stage: .awaitingPubcomp)
    #expect(!flow.canSend)
    #expect(flow.nextResend()?.packetIdentifier == old)
    #expect(flow.nextResend()?.packetIdentifier == released)
    #expect(flow.send(3, qos: .atLeastOnce).rawValue == 1)
    flow.checkInvariants()
  }

  @Test func `identifiers wrap around after 65535 without zero [MQTT-2.2.1-3]`() {
    var flow = SenderFlow(windowLimit: 2)
    var last: UInt16 = 0
    for step in 0..<70_000 {
      let identifier = flow.send(MessageIndex(step), qos: .atLeastOnce)
      #expect(identifier.rawValue == (last == 65_535 ? 1 : last + 1))
      last = identifier.rawValue
      let outcome = flow.receive(.puback, identifier, reasonCode: .success)
      if outcome != .completed(MessageIndex(step)) { Issue.record("step \(step): \(outcome)") }
    }
  }

  @Test func `an identifier in use is not given out after the wrap [MQTT-2.2.1-4]`() {
    var flow = SenderFlow(windowLimit: 65_535)
    let stuck = flow.send(0, qos: .atLeastOnce)
    var given = 1
    while flow.canSend && given < 70_000 {
      let identifier = flow.send(1, qos: .atLeastOnce)
      if identifier == stuck { Issue.record("identifier in use given out again") }
      _ = flow.receive(.puback, identifier, reasonCode: .success)
      given += 1
    }
    #expect(given < 70_000)
    #expect(!flow.canSend)
    #expect(flow.receive(.puback, stuck, reasonCode: .success) == .completed(0))
    #expect(flow.canSend)
    flow.checkInvariants()
  }

  @Test func `requests share the identifiers with messages [MQTT-2.2.1-3]`() {
    var flow = SenderFlow(windowLimit: 2)
    #expect(flow.takeIdentifier()?.rawValue == 1)
    #expect(flow.nextIdentifier?.rawValue == 2)
    #expect(flow.send(0, qos: .atLeastOnce).rawValue == 2)
    #expect(flow.takeIdentifier()?.rawValue == 3)
    #expect(flow.send(1, qos: .exactlyOnce).rawValue == 4)
    flow.checkInvariants()
  }

  @Test func `removing all forgets handshakes and keeps the window limit`() {
    var flow = SenderFlow(windowLimit: 1)
    _ = flow.send(0, qos: .exactlyOnce)
    flow.removeAll()
    #expect(flow.isEmpty)
    #expect(flow.canSend)
    #expect(flow.windowLimit == 1)
    flow.checkInvariants()
  }

  @Test func `sending beyond the window is our own fault and traps`() async {
    await #expect(processExitsWith: .failure) {
      var flow = SenderFlow(windowLimit: 1)
      _ = flow.send(0, qos: .atLeastOnce)
      _ = flow.send(1, qos: .atLeastOnce)
    }
  }

  @Test(arguments: 1...40)
  func `a random run keeps every invariant and finishes each message once`(_ seed: UInt64) {
    var random = RandomNumbers(seed: seed)
    var flow = SenderFlow(windowLimit: UInt16.random(in: 1...12, using: &random))
    var model: [(identifier: PacketIdentifier, message: MessageIndex, released: Bool, qos: QoS)] =
      []
    var finished: Set<MessageIndex> = []
    var next: MessageIndex = 0
    var isConnected = true
    for _ in 0..<3_000 {
      switch UInt8.random(in: 0..<20, using: &random) {
      case 0:
        flow.interrupt()
        isConnected = false
      case 1...8 where isConnected && flow.canSend:
        let qos: QoS = Bool.random(using: &random) ? .atLeastOnce : .exactlyOnce
        let identifier = flow.send(next, qos: qos)
        model.append((identifier, next, false, qos))
        next += 1
      case 9...16 where isConnected && !flow.isResending && !model.isEmpty:
        let position = Int.random(in: 0..<model.count, using: &random)
        let entry = model[position]
        if entry.qos == .exactlyOnce && !entry.released {
          let outcome = flow.receive(.pubrec, entry.identifier, reasonCode: .success)
          #expect(outcome == .release(entry.message))
          model[position].released = true
        } else {
          let type = entry.qos == .exactlyOnce ? PacketType.pubcomp : .puback
          let outcome = flow.receive(type, entry.identifier, reasonCode: .success)
          #expect(outcome == .completed(entry.message))
          #expect(finished.insert(entry.message).inserted)
          model.remove(at: position)
        }
      case 17...19 where !isConnected:
        var order: [MessageIndex] = []
        while let entry = flow.nextResend() { order.append(entry.message) }
        #expect(order == model.map(\.message))
        isConnected = true
      default:
        break
      }
      flow.checkInvariants()
      #expect(flow.unfinishedCount == model.count)
      #expect(flow.windowUsed <= Int(flow.windowLimit))
    }
  }
}
