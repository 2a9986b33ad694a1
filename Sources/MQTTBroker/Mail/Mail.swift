// Mail: the messages that outlive the turn they came in, and their ways to sessions. A message is
// kept once however many wait for it; a delivery is its way to one session, under that session's
// terms. In which queue or flight a delivery stands is the session's to know, and where a message is
// retained is that of the retained messages.
//
// What it promises: a delivery names a message that is there, and is counted in its `references`;
// whoever drops the last reference is told what is to be recorded of it.

import Basis
import MQTTCodec

/// Messages and deliveries.
struct Mail: ~Copyable {
  private let anchor = Anchor()
  private(set) var messages = SlotTable<Message>()
  var deliveries = SlotTable<Delivery>()

  /// Keeps a message, which nobody holds yet.
  mutating func insert(_ message: consuming Message) -> SlotIdentifier<Message> {
    messages.insert(message)
  }

  /// Adds a delivery, which holds its message.
  mutating func insert(_ delivery: Delivery) -> Slot<Delivery> {
    messages[delivery.message].references += 1
    return deliveries.insert(delivery).index
  }

  /// Holds a message for somebody else than a delivery.
  mutating func hold(_ message: Slot<Message>) { messages[message].references += 1 }

  /// Takes a delivery out, which still holds its message.
  mutating func remove(_ delivery: Slot<Delivery>) -> Delivery { deliveries.remove(delivery) }

  /// One holder less; the message itself when that was the last one.
  mutating func release(_ message: Slot<Message>) -> LastWord? {
    messages[message].references -= 1
    return messages[message].references == 0 ? removeUnheld(message) : nil
  }

  /// Takes a message out that nobody holds.
  mutating func removeUnheld(_ message: Slot<Message>) -> LastWord {
    let word = LastWord(record: messages[message].record, isInTail: messages[message].isInTail)
    messages.remove(message)
    return word
  }

  /// What is left to do for a message that is gone from memory.
  struct LastWord {
    /// Its number in the store; zero when it is not there.
    var record: UInt64
    /// Whether a tail still needs it there.
    var isInTail: Bool
  }

  /// The number that a message is recorded under.
  mutating func setRecord(_ message: Slot<Message>, _ number: UInt64) {
    messages[message].record = number
  }

  /// Says whether a tail needs a message too.
  mutating func setInTail(_ message: Slot<Message>, _ isInTail: Bool) {
    messages[message].isInTail = isInTail
  }

  /// Says who had a message retained.
  mutating func setSource(_ message: Slot<Message>, _ source: ClientAccess) {
    messages[message].source = source
  }

  // MARK: What is kept

  /// A copy of a message's topic.
  func topic(of message: Slot<Message>) -> [UInt8] {
    array(messages[message].bytes.span.extracting(messages[message].topic))
  }

  /// A copy of the topic of a delivery's message.
  func topic(of delivery: Slot<Delivery>) -> [UInt8] { topic(of: deliveries[delivery].message) }

  /// Bytes that a delivery's message takes.
  func byteCount(of delivery: Slot<Delivery>) -> Int {
    messages[deliveries[delivery].message].bytes.count
  }

  /// Whether the time of a delivery's message is over. [MQTT-3.3.2-5]
  func isExpired(_ delivery: Slot<Delivery>, now: Instant) -> Bool {
    messages[deliveries[delivery].message].isExpired(now: now)
  }

  /// Bytes of the PUBLISH that an attempt without an alias takes.
  func size(of delivery: Slot<Delivery>, _ attempt: PublishAttempt) -> Int {
    messages[deliveries[delivery].message]
      .publishForm(deliveries[delivery].terms, attempt).encodedSize
  }

  /// Appends the PUBLISH of a delivery to an outbox.
  func append(
    _ delivery: Slot<Delivery>, _ attempt: PublishAttempt, to outbox: inout ByteBuffer
  ) {
    messages[deliveries[delivery].message]
      .publishForm(deliveries[delivery].terms, attempt).encode(into: &outbox)
  }

  // MARK: Invariants

  /// Traps when something that this part promises does not hold.
  package func checkInvariants() {
    var held = [Int32](repeating: 0, count: messages.upperBound)
    for delivery in deliveries.slots where deliveries.isOccupied(delivery) {
      let message = deliveries[delivery].message
      precondition(messages.isOccupied(message), "a delivery of a message that is gone")
      held[message.position] += 1
      precondition(
        deliveries[delivery].position == 0 || deliveries[delivery].owner != nil,
        "a place in the store's queue without its session")
    }
    for message in messages.slots where messages.isOccupied(message) {
      precondition(
        messages[message].references >= max(1, held[message.position]),
        "a message that is held more often than it knows")
    }
  }
}
