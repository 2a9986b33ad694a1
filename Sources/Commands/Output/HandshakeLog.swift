// For `-d`: what became of each message, in one line, once its handshake is over. Sender and receiver
// see the same four packets, one from each end:
//
//     id 7: PUBLISH -> PUBREC 0.31 ms -> PUBREL 0.02 ms -> PUBCOMP 0.28 ms, delivered exactly once
//
// A step's time is the time since the step before it, as this end saw them. A step that had to be
// made again, after a lost connection, is shown again. "Exactly once" is said only when PUBCOMP has
// ended a handshake whose message was not refused: then neither end will ever send or take it again
// [MQTT-4.3.3-4], whatever happened in between. Where the broker says that nobody subscribes to the
// topic (0x10), it was taken, and delivered to nobody.

package import Basis
package import MQTTCodec

/// The open handshakes of one client, both ways.
package struct HandshakeLog {
  /// Handshakes that are kept in mind at most; of more, the oldest are not told of.
  private static let limit = 100_000

  private struct Key: Hashable {
    var isSent: Bool
    var identifier: PacketIdentifier
  }

  private struct Course {
    var text: String
    var lastStep: Instant
    var lastName: String
    /// Whether the broker has said that nobody subscribes to the topic.
    var hasNoSubscriber = false
  }

  private var courses: [Key: Course] = [:]

  /// A client of which nothing has been seen.
  package init() {}

  /// Notes a packet that went `course`; a line when it ends the handshake of a message.
  package mutating func note(
    _ packet: Packet, _ course: PacketCourse, at now: Instant
  ) -> String? {
    switch packet {
    case .publish(let publish):
      guard let identifier = publish.packetIdentifier else { return nil }
      let key = Key(isSent: course == .sent, identifier: identifier)
      // Without DUP it is a new message, whatever the identifier stood for before.
      if !publish.isDuplicate { courses[key] = nil }
      return note("PUBLISH", key, at: now)
    case .puback(let body):
      let key = Key(isSent: course == .received, identifier: body.packetIdentifier)
      return note("PUBACK", key, at: now, ends: "delivered at least once", body)
    case .pubrec(let body):
      let key = Key(isSent: course == .received, identifier: body.packetIdentifier)
      if body.reasonCode.isFailure { return note("PUBREC", key, at: now, ends: "", body) }
      _ = note("PUBREC", key, at: now)
      courses[key]?.hasNoSubscriber = body.reasonCode == .noMatchingSubscribers
      return nil
    case .pubrel(let body):
      return note(
        "PUBREL", Key(isSent: course == .sent, identifier: body.packetIdentifier), at: now)
    case .pubcomp(let body):
      let key = Key(isSent: course == .received, identifier: body.packetIdentifier)
      return note("PUBCOMP", key, at: now, ends: "delivered exactly once", body)
    case .connect, .connack, .subscribe, .suback, .unsubscribe, .unsuback, .pingreq, .pingresp,
      .disconnect, .auth:
      return nil
    }
  }

  /// A step on the way.
  private mutating func note(_ step: String, _ key: Key, at now: Instant) -> String? {
    if courses.count >= Self.limit { courses = [:] }
    courses[key] = adding(step, to: key, at: now)
    return nil
  }

  /// The last step of a handshake, and the claim that holds if `answer` refuses nothing.
  private mutating func note(
    _ step: String, _ key: Key, at now: Instant, ends claim: String, _ answer: Acknowledgement
  ) -> String {
    let course = adding(step, to: key, at: now)
    courses[key] = nil
    let code = answer.reasonCode
    let outcome =
      switch code {
      case .noMatchingSubscribers: Self.taken
      case .packetIdentifierNotFound: "finished before; the answer to that was lost"
      case _ where code.isFailure: "refused: \(code.name)"
      case _: course.hasNoSubscriber ? Self.taken : claim
      }
    return "id \(key.identifier.rawValue): \(course.text), \(outcome)"
  }

  private static let taken = "taken by the broker; nobody subscribed"

  private func adding(_ step: String, to key: Key, at now: Instant) -> Course {
    guard var course = courses[key] else {
      return Course(text: step, lastStep: now, lastName: step)
    }
    let name = step == course.lastName ? "\(step) again" : step
    course.text += " -> \(name) \(Self.milliseconds(now.nanoseconds(since: course.lastStep))) ms"
    course.lastStep = now
    course.lastName = step
    return course
  }

  /// With two decimals.
  private static func milliseconds(_ nanoseconds: Int64) -> String {
    let hundredths = (max(0, nanoseconds) + 5_000) / 10_000
    let decimals = hundredths % 100
    return "\(hundredths / 100).\(decimals < 10 ? "0" : "")\(decimals)"
  }
}
