// Entries that go to the store without staying in memory, and what becomes of the messages that
// they name. A message lives as long as anything holds it: queues, flights and retained places in
// memory count in the message itself, tails in ``MessageReferences``. Where both do, `Paging.bodies`
// knows its slot. The record `drop` is written when the last holder of either kind is gone.

import Basis
import MQTTCodec
import MQTTSession

extension Broker {
  /// Whether what waits for a session, or goes to it, is recorded: QoS 0 promises nothing.
  @inline(__always) func isRecorded(_ session: Slot<Session>, _ qos: QoS) -> Bool {
    sessions[session].record != 0 && qos != .atMostOnce
  }

  /// Whether what is queued for a session now is recorded and does not stay in memory.
  func goesToTail(_ session: Slot<Session>, _ qos: QoS) -> Bool {
    if !isRecorded(session, qos) { return false }
    return sessions[session].tail != nil
      || !configuration.queueWindow.hasRoom(
        count: sessions[session].queue.count, byteCount: sessions[session].queue.byteCount)
  }

  /// Queues a message at the end of a session's tail.
  mutating func appendToTail(
    of session: Slot<Session>, _ message: inout RoutedMessage, _ terms: DeliveryTerms
  ) {
    let kept = message.stored.flatMap { mail.messages.contains($0) ? $0.index : nil }
    if let kept {
      message.record = recordMessage(kept)
    } else if message.record == 0 {
      message.record = recordRouted(message)
    }
    let position = recordEntry(
      of: session, message: message.record, byteCount: message.byteCount, terms)
    extendTail(
      of: session, to: position, message: message.record, byteCount: message.byteCount,
      hasGroup: terms.group != nil)
    if let kept { joinTails(kept) }
    if let expiresAt = expiry(of: message) { sweep(session, at: expiresAt) }
  }

  /// The same for a delivery that was made already.
  mutating func moveToTail(_ delivery: Slot<Delivery>, of session: Slot<Session>) {
    let kept = mail.deliveries[delivery]
    let number = recordMessage(kept.message)
    let byteCount = mail.messages[kept.message].bytes.count
    let position = recordEntry(
      of: session, message: number, byteCount: byteCount, kept.terms)
    extendTail(
      of: session, to: position, message: number, byteCount: byteCount,
      hasGroup: kept.terms.group != nil)
    joinTails(kept.message)
    sessions[session].tail?.replayedCount += kept.isReplay ? 1 : 0
    sweep(session, at: mail.messages[kept.message].expiresAt)
    _ = mail.remove(delivery)
    dropReference(kept.message)
  }

  private mutating func extendTail(
    of session: Slot<Session>, to position: UInt64, message: UInt64, byteCount: Int, hasGroup: Bool
  ) {
    recorder.paging.messages.add(message, byteCount: byteCount)
    let tail: QueueTail
    if let existing = sessions[session].tail {
      tail = existing
    } else {
      tail = QueueTail(session: sessions[session].record, after: position - 1)
      attach(tail, to: session)
    }
    tail.count += 1
    tail.byteCount += byteCount
    tail.last = position
    if hasGroup {
      tail.mayHaveGroups = true
      tail.sweptGroups = true
    }
  }

  /// Gives a session its tail.
  mutating func attach(_ tail: QueueTail, to session: Slot<Session>) {
    sessions[session].tail = tail
    recorder.paging.owners[tail.session] = sessions.identifier(at: session)
  }

  /// A message in memory is named by a tail too.
  mutating func joinTails(_ message: Slot<Message>) {
    if mail.messages[message].isInTail { return }
    mail.setInTail(message, true)
    recorder.paging.bodies[mail.messages[message].record] = message
  }

  /// An entry of a session's tail is not there any more: it came into memory, or was ended.
  mutating func shorten(_ tail: QueueTail, by entry: QueueRecord) {
    if let message = recorder.shorten(tail, by: entry) { mail.setInTail(message, false) }
  }

  /// Ends an entry of a tail.
  mutating func end(_ entry: QueueRecord, of tail: QueueTail) {
    recorder.journal.append(.complete(entry.session, position: entry.position, identifier: 0))
    shorten(tail, by: entry)
  }

  /// A session's tail is used up, or is not the session's any more.
  mutating func detachTail(of session: Slot<Session>) {
    guard let tail = sessions[session].tail else { return }
    sessions[session].tail = nil
    recorder.paging.owners[tail.session] = nil
  }

  /// Brings an entry of a page into memory; nil when the store has lost its message.
  ///
  /// It is still counted in the tail.
  mutating func restore(_ paged: PagedEntry) -> Slot<Delivery>? {
    let entry = paged.entry
    let message: Slot<Message>
    if let known = recorder.paging.bodies[entry.message] {
      message = known
    } else if let record = paged.message {
      message = insert(record)
      joinTails(message)
    } else {
      return nil
    }
    return mail.insert(Delivery(message: message, terms: terms(of: entry)))
  }

  /// How an entry of the store is delivered.
  func terms(of entry: QueueRecord) -> DeliveryTerms {
    DeliveryTerms(
      qos: entry.qos, isRetained: entry.isRetained,
      subscriptionIdentifiers: entry.subscriptionIdentifiers,
      group: entry.group.flatMap { routing.subscriptions.group(named: $0) })
  }

  /// Puts a message from the store into memory.
  mutating func insert(_ record: MessageRecord) -> Slot<Message> {
    var bytes = ByteBuffer(exactCapacity: record.bytes.count)
    bytes.append(record.bytes.span)
    var message = Message(
      bytes: bytes, topicLength: Int32(record.topicLength),
      propertiesLength: Int32(record.propertiesLength), qos: record.qos,
      isRetained: record.isRetained,
      expiresAt: record.expiresAtUnixSeconds.map { clock.instant(atUnixSeconds: $0) }
        ?? Message.never)
    message.record = record.number
    return mail.insert(message).index
  }
}
