// What `-d` says of a message once its handshake is over, from either end.

import Basis
import Commands
import MQTTCodec
import Testing

@Suite struct HandshakeLogTests {
  private struct Missing: Error {}

  private func identifier(_ raw: UInt16 = 7) throws -> PacketIdentifier {
    guard let identifier = PacketIdentifier(rawValue: raw) else { throw Missing() }
    return identifier
  }

  private func publish(_ qos: QoS, isDuplicate: Bool = false) throws -> Packet {
    .publish(
      Publish(
        topic: "a", payload: [], qos: qos, isDuplicate: isDuplicate,
        packetIdentifier: try identifier()))
  }

  /// The lines that `steps` bring; each is a packet, its way and the milliseconds of its moment.
  private func lines(_ steps: [(Packet, PacketCourse, Double)]) -> [String] {
    var log = HandshakeLog()
    return steps.compactMap { packet, course, milliseconds in
      log.note(packet, course, at: Instant(nanoseconds: Int64(milliseconds * 1_000_000)))
    }
  }

  @Test(arguments: [PacketCourse.sent, .received])
  func `both ends of QoS 2 see four steps and delivery exactly once`(_ way: PacketCourse) throws {
    let answer = Acknowledgement(packetIdentifier: try identifier())
    let back: PacketCourse = way == .sent ? .received : .sent
    #expect(
      lines([
        (try publish(.exactlyOnce), way, 0), (.pubrec(answer), back, 0.314),
        (.pubrel(answer), way, 0.32), (.pubcomp(answer), back, 12.32),
      ]) == [
        "id 7: PUBLISH -> PUBREC 0.31 ms -> PUBREL 0.01 ms -> PUBCOMP 12.00 ms, "
          + "delivered exactly once"
      ])
  }

  @Test func `QoS 1 has one answer and is delivered at least once`() throws {
    let answer = Acknowledgement(packetIdentifier: try identifier())
    #expect(
      lines([(try publish(.atLeastOnce), .sent, 0), (.puback(answer), .received, 1)])
        == ["id 7: PUBLISH -> PUBACK 1.00 ms, delivered at least once"])
  }

  @Test func `a message sent again is one message`() throws {
    let answer = Acknowledgement(packetIdentifier: try identifier())
    #expect(
      lines([
        (try publish(.exactlyOnce), .sent, 0),
        (try publish(.exactlyOnce, isDuplicate: true), .sent, 1000),
        (.pubrec(answer), .received, 1001), (.pubrel(answer), .sent, 1001),
        (.pubrel(answer), .sent, 2001), (.pubcomp(answer), .received, 2002),
      ]) == [
        "id 7: PUBLISH -> PUBLISH again 1000.00 ms -> PUBREC 1.00 ms -> PUBREL 0.00 ms "
          + "-> PUBREL again 1000.00 ms -> PUBCOMP 1.00 ms, delivered exactly once"
      ])
  }

  @Test func `a refusal ends the handshake and claims nothing`() throws {
    let refusal = Acknowledgement(packetIdentifier: try identifier(), reasonCode: .notAuthorized)
    #expect(
      lines([(try publish(.exactlyOnce), .sent, 0), (.pubrec(refusal), .received, 1)])
        == ["id 7: PUBLISH -> PUBREC 1.00 ms, refused: Not authorized"])
    #expect(
      lines([(try publish(.atLeastOnce), .sent, 0), (.puback(refusal), .received, 1)])
        == ["id 7: PUBLISH -> PUBACK 1.00 ms, refused: Not authorized"])
  }

  @Test func `a handshake that the other end had finished before is no refusal`() throws {
    let again = Acknowledgement(
      packetIdentifier: try identifier(), reasonCode: .packetIdentifierNotFound)
    let release = Acknowledgement(packetIdentifier: try identifier())
    #expect(
      lines([(.pubrel(release), .sent, 0), (.pubcomp(again), .received, 1)])
        == ["id 7: PUBREL -> PUBCOMP 1.00 ms, finished before; the answer to that was lost"])
  }

  @Test func `the same identifier in both directions is two messages`() throws {
    let answer = Acknowledgement(packetIdentifier: try identifier())
    #expect(
      lines([
        (try publish(.atLeastOnce), .sent, 0), (try publish(.atLeastOnce), .received, 5),
        (.puback(answer), .sent, 6), (.puback(answer), .received, 9),
      ]) == [
        "id 7: PUBLISH -> PUBACK 1.00 ms, delivered at least once",
        "id 7: PUBLISH -> PUBACK 9.00 ms, delivered at least once",
      ])
  }

  @Test func `QoS 0 has no handshake`() {
    #expect(lines([(.publish(Publish(topic: "a", payload: [])), .sent, 0)]) == [])
  }

  @Test func `a message that nobody subscribes to is taken and not delivered`() throws {
    let answer = Acknowledgement(packetIdentifier: try identifier())
    let nobody = Acknowledgement(
      packetIdentifier: try identifier(), reasonCode: .noMatchingSubscribers)
    #expect(
      lines([
        (try publish(.exactlyOnce), .sent, 0), (.pubrec(nobody), .received, 1),
        (.pubrel(answer), .sent, 1), (.pubcomp(answer), .received, 2),
      ]) == [
        "id 7: PUBLISH -> PUBREC 1.00 ms -> PUBREL 0.00 ms -> PUBCOMP 1.00 ms, "
          + "taken by the broker; nobody subscribed"
      ])
    #expect(
      lines([(try publish(.atLeastOnce), .sent, 0), (.puback(nobody), .received, 1)])
        == ["id 7: PUBLISH -> PUBACK 1.00 ms, taken by the broker; nobody subscribed"])
  }

  @Test func `that nobody subscribed is said of one message and not of the next`() throws {
    let answer = Acknowledgement(packetIdentifier: try identifier())
    let nobody = Acknowledgement(
      packetIdentifier: try identifier(), reasonCode: .noMatchingSubscribers)
    let said = lines([
      (try publish(.exactlyOnce), .sent, 0), (.pubrec(nobody), .received, 1),
      (.pubcomp(answer), .received, 2), (try publish(.exactlyOnce), .sent, 3),
      (.pubrec(answer), .received, 4), (.pubcomp(answer), .received, 5),
    ])
    #expect(said.last?.hasSuffix(", delivered exactly once") == true)
  }
}
