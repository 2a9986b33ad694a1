// Received QoS 1 and 2 messages that the owner still works on, in their order: they are answered
// only when it is done, and in that order. [MQTT-4.6.0-2] [MQTT-4.6.0-3]
//
//             arrive                    take (the owner is done)
//   (none) -----------> due -------------------------------------> answer
//                        | interrupt          ^ rearm: the resumed session sends it again
//                        v                    |
//                    interrupted -------------+
//                        | take: done while away (QoS 1: `isDoneWhileAway`)
//                        | forgetInterrupted: the session is lost
//                        v
//                     no answer
//
// When a connection breaks before the answer, the server sends the message again. The owner has it
// already, so it must not see it twice: `rearm` recognises it. The packet identifier alone does not
// tell that: a server that was started again may have given it to another message at QoS 1, and a
// message that is taken for another one is lost. So what the message says has to be the same too.

import MQTTCodec

/// The messages that wait for their owner, oldest first.
struct UnansweredMessages: Sendable {
  /// Whether an answer is still wanted.
  enum Standing: Sendable {
    case due
    case interrupted
    case forgotten
  }

  /// One message.
  struct Entry: Sendable {
    var packetIdentifier: PacketIdentifier
    var qos: QoS
    var standing: Standing
    /// What stands for topic and payload, at QoS 1.
    var fingerprint: UInt64
  }

  private var entries: [Entry] = []
  private var start = 0
  /// QoS 1 identifiers whose owner was done after the connection broke.
  private var doneWhileAway: [(packetIdentifier: PacketIdentifier, fingerprint: UInt64)] = []

  /// Messages that wait for the owner.
  var count: Int { entries.count - start }

  /// Identifiers of the QoS 2 messages behind the `count` oldest.
  func identifiers(after count: Int) -> Set<PacketIdentifier> {
    var result: Set<PacketIdentifier> = []
    for entry in entries[(start + count)...] where entry.qos == .exactlyOnce {
      result.insert(entry.packetIdentifier)
    }
    return result
  }

  /// QoS 1 messages that the server waits for.
  private(set) var dueQoS1Count = 0

  /// Puts a new message at the end.
  mutating func arrive(_ identifier: PacketIdentifier, qos: QoS, fingerprint: UInt64) {
    entries.append(
      Entry(packetIdentifier: identifier, qos: qos, standing: .due, fingerprint: fingerprint))
    if qos == .atLeastOnce { dueQoS1Count += 1 }
  }

  /// Takes the oldest message out: the owner is done with it.
  mutating func take() -> Entry {
    precondition(count > 0, "acknowledged more messages than were received")
    let entry = entries[start]
    start += 1
    if start == entries.count || start >= 1024 {
      entries.removeFirst(start)
      start = 0
    }
    if entry.qos == .atLeastOnce {
      switch entry.standing {
      case .due: dueQoS1Count -= 1
      case .interrupted: doneWhileAway.append((entry.packetIdentifier, entry.fingerprint))
      case .forgotten: break
      }
    }
    return entry
  }

  /// Whether a message with `identifier` waits for its owner on this connection.
  func isDue(_ identifier: PacketIdentifier) -> Bool {
    entries[start...].contains { $0.packetIdentifier == identifier && $0.standing == .due }
  }

  /// Notes that a message of an earlier connection came again; false when none such waits.
  mutating func rearm(_ identifier: PacketIdentifier, qos: QoS, fingerprint: UInt64) -> Bool {
    let position = entries[start...].firstIndex {
      $0.packetIdentifier == identifier && $0.qos == qos && $0.standing == .interrupted
        && $0.fingerprint == fingerprint
    }
    guard let position else { return false }
    entries[position].standing = .due
    if qos == .atLeastOnce { dueQoS1Count += 1 }
    return true
  }

  /// Whether the owner was done with this QoS 1 message while there was no connection; asked once.
  mutating func isDoneWhileAway(_ identifier: PacketIdentifier, fingerprint: UInt64) -> Bool {
    let position = doneWhileAway.firstIndex {
      $0.packetIdentifier == identifier && $0.fingerprint == fingerprint
    }
    guard let position else { return false }
    doneWhileAway.remove(at: position)
    return true
  }

  /// Notes that a new QoS 1 message has this identifier: the server waits no more for an answer to
  /// an earlier one that had it.
  mutating func supersede(_ identifier: PacketIdentifier) {
    for position in entries.indices.dropFirst(start)
    where entries[position].packetIdentifier == identifier
      && entries[position].qos == .atLeastOnce && entries[position].standing == .interrupted
    {
      entries[position].standing = .forgotten
    }
    doneWhileAway.removeAll { $0.packetIdentifier == identifier }
  }

  /// Whether nothing waits for the owner and no answer came too late.
  var isAllAnswered: Bool { count == 0 && doneWhileAway.isEmpty }

  /// Notes that the connection broke.
  mutating func interrupt() {
    for position in entries.indices where entries[position].standing == .due {
      entries[position].standing = .interrupted
    }
    dueQoS1Count = 0
  }

  /// Notes that the server has lost the session: nobody waits for these answers any more.
  mutating func forgetInterrupted() {
    for position in entries.indices where entries[position].standing == .interrupted {
      entries[position].standing = .forgotten
    }
    doneWhileAway = []
  }
}
