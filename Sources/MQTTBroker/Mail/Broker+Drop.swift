// What a session does not get, or not any more: nothing is lost without being counted, and the first
// loss of each kind is said, with the limit that caused it.

import Basis
import MQTTCodec
import MQTTSession

extension Broker {
  /// Forgets a delivery, and its message when nobody else needs it.
  mutating func dropDelivery(_ delivery: Slot<Delivery>) {
    let gone = mail.remove(delivery)
    if gone.position != 0 { recordEnd(of: gone) }
    dropReference(gone.message)
  }

  /// One holder less; the last one takes the message with it.
  mutating func dropReference(_ message: Slot<Message>) {
    if let word = mail.release(message) { recorder.forget(word) }
  }

  mutating func countDropped(_ session: Slot<Session>) {
    status.counters.publishDropped += 1
    sessions[session].droppedCount += 1
    sessions[session].droppedInEpisode += 1
  }

  mutating func dropForFullQueue(_ session: Slot<Session>) {
    status.counters.droppedQueueFull += 1
    countDropped(session)
    if sessions[session].isQueueFull { return }
    sessions[session].isQueueFull = true
    let (count, bytes) = (configuration.queueMessageLimit, configuration.queueByteLimit)
    note(
      .warning,
      "\(sessions[session].clientIdentifier): its queue is full "
        + "(\(sessions[session].waitingCount) messages, \(sessions[session].waitingByteCount) bytes; "
        + "limits max-queued-messages \(count == .max ? "none" : "\(count)"), "
        + "max-queued-bytes \(bytes == 0 ? "none" : "\(bytes)")); messages for it are dropped")
  }

  mutating func dropForSlowness(_ session: Slot<Session>, _ connection: Slot<Connection>) {
    status.counters.droppedOutboxFull += 1
    countDropped(session)
    if !connections[connection].isDropping {
      connections[connection].isDropping = true
      note(
        .warning,
        "\(sessions[session].clientIdentifier): reads too slowly, "
          + "\(connections[connection].outputCount) bytes wait for it (limit "
          + "max-outbox-bytes \(configuration.outboxByteLimit)); QoS 0 messages for it are dropped")
    }
  }

  /// A message the client said it cannot take counts as delivered. [MQTT-3.1.2-25]
  mutating func dropTooLarge(_ session: Slot<Session>, _ connection: Slot<Connection>) {
    status.counters.droppedTooLarge += 1
    status.counters.publishDropped += 1
    sessions[session].droppedCount += 1
    if connections[connection].isTooSmall { return }
    connections[connection].isTooSmall = true
    note(
      .warning,
      "\(sessions[session].clientIdentifier): a message is longer than its Maximum Packet Size of "
        + "\(connections[connection].packetSizeLimit) bytes and was not sent to it; more of them "
        + "are only counted")
  }

  /// Says how much was lost, once neither queue nor outbox loses any more.
  mutating func endEpisode(_ session: Slot<Session>, _ connection: Slot<Connection>) {
    if sessions[session].nothingWaits { sessions[session].isQueueFull = false }
    if sessions[session].isQueueFull || connections[connection].isDropping { return }
    note(
      .warning,
      "\(sessions[session].clientIdentifier): \(sessions[session].droppedInEpisode) messages for "
        + "it were dropped; it keeps up again")
    sessions[session].droppedInEpisode = 0
  }
}
