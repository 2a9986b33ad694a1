// Bugs planted at the boundaries that the simulation owns: packets and records on their way between
// the parts. Production code knows nothing of them. Each must be found.

import Basis
import MQTTBroker
import MQTTCodec

/// A planted bug.
package enum Plant: String, CaseIterable, Sendable {
  // Records that a store loses.
  case lostSession, lostRemoval, lostWill, lostSubscription, lostUnsubscription, lostMessage
  case lostDrop, lostEntry, lostAssignment, lostRelease, lostCompletion, lostReceived, lostForget
  case lostRetained, lostUnretained
  /// A page of a long queue lacks its first entry.
  case lostPageEntry
  /// Acknowledgements leave before what they promise is on disk.
  case earlyDurable
  // Packets that get lost although the connection stands.
  case droppedPubrel, droppedPubrelToSubscriber, droppedPuback, droppedPubrec, droppedPubcomp
  case droppedPubackToBroker, droppedDelivery
  /// A message is answered and never processed.
  case answeredUnprocessed
  /// A delivery comes twice: at QoS 0 as it is, above with another identifier.
  case doubledDelivery
  case swappedDeliveries
  case clearedDuplicateFlag, setDuplicateFlag
  case raisedQoS, flippedRetain, clearedRetainToBroker
  case wrongSessionPresent
  case wrongPayload
  case wrongIdentifier
  /// The connection of a client that is cut looks like one that said good-bye.
  case skippedWill
  /// A message that expires reaches the broker as one that does not.
  case endlessExpiry
  /// More messages wait for a client than may.
  case longerQueue
  /// The engine decides about a connection whose peer's bytes are still on their way.
  case unreadDecision
  /// The same, only where a keep alive is over.
  case unreadKeepAlive
  /// The same, only where all places are taken.
  case unreadPlaces
  /// A message for a shared group goes to two members.
  case sharedTwice
}

extension Simulation {
  /// Whether the store loses a record.
  func plantRecord(_ record: Record) -> Bool {
    guard let plant else { return false }
    let loss: Plant =
      switch record {
      case .saveSession: .lostSession
      case .removeSession: .lostRemoval
      case .setWill: .lostWill
      case .subscribe: .lostSubscription
      case .unsubscribe: .lostUnsubscription
      case .store: .lostMessage
      case .drop: .lostDrop
      case .enqueue: .lostEntry
      case .assign: .lostAssignment
      case .release: .lostRelease
      case .complete: .lostCompletion
      case .received: .lostReceived
      case .forget: .lostForget
      case .retain: .lostRetained
      case .unretain: .lostUnretained
      }
    if loss != plant { return false }
    say("planted: the store loses \(record)")
    return true
  }

  /// Whether the engine decides about a connection before it is read.
  func plantUnread(_ link: Int) -> Bool {
    plant == .unreadDecision || plant == .unreadKeepAlive && links[link].isSilent(seconds)
  }

  /// The bytes that take a client's packet's place.
  func plantUp(_ packet: inout UplinkPacket, _ bytes: [UInt8], on link: Int) -> [UInt8] {
    guard let plant else { return bytes }
    switch packet.body {
    case .acknowledgement(let type, _, _):
      let isDropped =
        type == .pubrel && plant == .droppedPubrel
        || type == .puback && plant == .droppedPubackToBroker
      return isDropped && planted(once: true) ? [] : bytes
    case .publish(let message, _, let qos, let identifier, let isRetained):
      if plant == .answeredUnprocessed && qos == .atLeastOnce && planted(once: true) {
        links[link].down += [0x40, 2, UInt8(identifier >> 8), UInt8(identifier & 0xFF)]
        return []
      }
      if plant == .clearedRetainToBroker && isRetained && planted(once: true) {
        return [bytes[0] & 0xFE] + bytes.dropFirst()
      }
      if plant == .endlessExpiry, let message { return withoutExpiry(message, bytes) }
      return bytes
    case .connect, .subscribe, .unsubscribe, .disconnect, .other: return bytes
    }
  }

  private func withoutExpiry(_ message: Int, _ bytes: [UInt8]) -> [UInt8] {
    guard let seconds = messages[message].expirySeconds else { return bytes }
    let property: [UInt8] = [2, 0, 0, 0, UInt8(seconds)]
    for start in 0..<max(0, bytes.count - 4) where Array(bytes[start..<start + 5]) == property {
      var altered = bytes
      altered[start + 2] = 1
      say("planted: a message that does not expire")
      return altered
    }
    return bytes
  }

  /// The packets that take a packet's place on its way to a client.
  func plantDown(_ packet: [UInt8], on link: Int) -> [[UInt8]] {
    guard let plant, let type = PacketType(rawValue: packet[0] >> 4) else { return [packet] }
    let isDropped =
      switch plant {
      case .droppedPubrelToSubscriber: type == .pubrel
      case .droppedPuback: type == .puback
      case .droppedPubrec: type == .pubrec
      case .droppedPubcomp: type == .pubcomp
      case .droppedDelivery: type == .publish
      case _: false
      }
    if isDropped { return planted(once: true) ? [] : [packet] }
    if type == .publish { return plantDelivery(packet, on: link, plant) }
    if type == .connack && plant == .wrongSessionPresent && packet[3] == 0 && planted(once: true) {
      return [[packet[0], packet[1], packet[2] ^ 1] + packet.dropFirst(3)]
    }
    return [packet]
  }

  private func plantDelivery(_ packet: [UInt8], on link: Int, _ plant: Plant) -> [[UInt8]] {
    let qos = packet[0] >> 1 & 3
    let identifierOffset = 4 + Int(packet[3])
    var altered = packet
    switch plant {
    case .doubledDelivery:
      if qos == 1 || links[link].version == .v5 || !planted(once: true) { return [packet] }
      if qos > 0 { altered[identifierOffset] = 0xEE }
      return [packet, altered]
    case .swappedDeliveries:
      // Held back until the next message of this connection.
      if links[link].version == .v5 { return [packet] }
      if let before = links[link].swapped {
        links[link].swapped = nil
        return [packet, before]
      }
      if !planted(once: true) { return [packet] }
      links[link].swapped = packet
      return []
    case .clearedDuplicateFlag:
      if packet[0] & 8 == 0 || !planted(once: true) { return [packet] }
      altered[0] &= 0xF7
    case .setDuplicateFlag:
      if qos == 0 || !planted(once: true) { return [packet] }
      altered[0] |= 8
    case .raisedQoS:
      if qos != 1 || !planted(once: true) { return [packet] }
      altered[0] = altered[0] & 0xF9 | 4
    case .flippedRetain:
      if !planted(once: true) { return [packet] }
      altered[0] ^= 1
    case .wrongPayload:
      let payload = identifierOffset + (qos > 0 ? 2 : 0)
      if links[link].version == .v5 || packet.count < payload + 2 || !planted(once: true) {
        return [packet]
      }
      altered[payload + 1] ^= 1
    case .wrongIdentifier:
      if qos == 0 || !planted(once: true) { return [packet] }
      altered[identifierOffset] ^= 0x40
    case .sharedTwice:
      return plantSharedTwice(packet, on: link)
    case _: return [packet]
    }
    return [altered]
  }

  /// Sends what a group's member gets to another one too.
  private func plantSharedTwice(_ packet: [UInt8], on link: Int) -> [[UInt8]] {
    if packet[0] & 6 != 4 || links[link].client == 0 { return [packet] }
    guard let number = deliveredNumber(packet, on: link), number < messages.count else {
      return [packet]
    }
    let topic = messages[number].topic
    for other in links.indices
    where links[other].client != links[link].client && links[other].clientHasIt
      && links[other].session != nil
    {
      let subscriptions = model.sessions[links[other].client]?.subscriptions ?? []
      let isMember = (Places.firstSharedFilter..<Places.filters.count).contains {
        Places.matches[$0][topic] && $0 < subscriptions.count && subscriptions[$0] != nil
      }
      if !isMember || !planted(once: true) { continue }
      var copy = ByteBuffer()
      Packet.publish(
        Publish(
          topic: Places.topics[topic], payload: [UInt8(number >> 8), UInt8(number & 0xFF)],
          qos: .exactlyOnce, packetIdentifier: PacketIdentifier(rawValue: 0xEE00))
      ).encode(into: &copy, version: links[other].version)
      links[other].down += copy.bytes
      return [packet]
    }
    return [packet]
  }

  /// The number of the message in a PUBLISH to a client.
  func deliveredNumber(_ packet: [UInt8], on link: Int) -> Int? {
    let span = packet.span
    do throws(DecodeError) {
      guard let header = try FixedHeader.read(span, at: 0, packetSizeLimit: .max) else {
        return nil
      }
      let view = try PublishView.decode(
        span, header, version: links[link].version, direction: .toClient)
      return UplinkPacket.number(span.extracting(view.payload))
    } catch {
      preconditionFailure("the engine sent something malformed: \(error)")
    }
  }

  func planted(once: Bool) -> Bool {
    if once && hasPlanted { return false }
    hasPlanted = true
    say("planted")
    return true
  }
}
