// The sender's half of QoS 1 and QoS 2 (4.3.2, 4.3.3), for a server that delivers and for a client
// that publishes. What is sent is only a number here, a `MessageIndex`: who owns the flow knows
// which message it stands for.
//
//            QoS 1                                  QoS 2
//
//   send --> awaitingPuback                send --> awaitingPubrec
//              |  PUBACK                              |  PUBREC < 0x80      PUBREC >= 0x80
//              v                                      v                          |
//            (done)                                awaitingPubcomp -- PUBCOMP --> (done)
//
// A connection that ends leaves the states as they are; `resume` then marks every unfinished
// entry, and `nextResend` gives them out in their old order: PUBLISH with DUP for the first two,
// PUBREL for the third [MQTT-4.4.0-1]. New messages wait until all of those are out. [MQTT-4.6.0-1]
//
// Entries stand in a ring in the order of sending. Identifiers are given out in rising order, so
// the entry of an identifier is found by halving, and in-order acknowledgements are the first hit.
//
// Invariants, checked by `checkInvariants()`:
//  1. identifiers rise along the ring, modulo 65,535, and are never zero;
//  2. `unfinishedCount` entries are not done, and the first entry is never done;
//  3. `windowUsed` counts the entries that are unfinished and not waiting to be sent again.

package import MQTTCodec

/// Whatever number the owner of a flow knows its messages by.
@usableFromInline package typealias MessageIndex = UInt32

/// The in-flight messages of one sender, in order.
@usableFromInline package struct SenderFlow: Sendable {
  /// Where a handshake stands.
  @usableFromInline package enum Stage: UInt8, Sendable {
    /// QoS 1 PUBLISH sent.
    case awaitingPuback
    /// QoS 2 PUBLISH sent.
    case awaitingPubrec
    /// PUBREL sent.
    case awaitingPubcomp
    /// Finished; kept only until the entries before it are finished too.
    case done
  }

  /// One message in flight.
  @usableFromInline package struct Entry: Sendable {
    @usableFromInline package var message: MessageIndex
    package var packetIdentifier: PacketIdentifier
    @usableFromInline package var stage: Stage
    /// Whether the connection broke since it was last sent.
    @usableFromInline package var needsResend: Bool

    init(message: MessageIndex, packetIdentifier: PacketIdentifier, stage: Stage) {
      self.message = message
      self.packetIdentifier = packetIdentifier
      self.stage = stage
      self.needsResend = false
    }
  }

  /// What an acknowledgement means.
  package enum Outcome: Equatable, Sendable {
    /// The handshake is over; the message is the owner's to forget.
    case completed(MessageIndex)
    /// PUBREC taken: send PUBREL. The message itself is never sent again and may be forgotten.
    case release(MessageIndex)
    /// PUBREC repeated: send PUBREL again.
    case releaseAgain
    /// No handshake has that identifier: a late answer, or an error of the peer.
    case unknownIdentifier
    /// A handshake has that identifier, but waits for another packet.
    case unexpectedPacket
  }

  @usableFromInline var ring: [Entry] = []
  @usableFromInline var head = 0
  /// Entries in the ring, done ones included.
  @usableFromInline var used = 0
  @usableFromInline var lastIdentifier: UInt16 = 0
  /// Entries whose handshake is not over.
  @usableFromInline package var unfinishedCount = 0
  /// Entries that count against the window.
  @usableFromInline package var windowUsed = 0
  /// The peer's Receive Maximum, or our own limit for it where that is smaller.
  @usableFromInline package var windowLimit: UInt16
  /// Entries that still have to be sent again, all at or after `resendPosition`.
  @usableFromInline var resendCount = 0
  private var resendPosition = 0

  /// A flow without messages; `windowLimit` is at least 1.
  package init(windowLimit: UInt16) {
    precondition(windowLimit > 0, "a window of zero would never send")
    self.windowLimit = windowLimit
  }

  /// Whether a new message may be sent now. [MQTT-4.9.0-2]
  @inlinable package var canSend: Bool {
    windowUsed < Int(windowLimit) && !isResending && hasFreeIdentifier
  }

  /// Whether entries of an earlier connection have not all been sent again.
  @inlinable package var isResending: Bool { resendCount > 0 }

  /// Whether no handshake is open.
  @inlinable package var isEmpty: Bool { unfinishedCount == 0 }

  @usableFromInline var hasFreeIdentifier: Bool {
    used == 0 || distance(from: ring[head].packetIdentifier.rawValue, to: lastIdentifier) < 65_534
  }

  /// Steps from one identifier to another, forward along 1...65,535.
  private func distance(from: UInt16, to: UInt16) -> Int {
    let steps = Int(to) - Int(from)
    return steps >= 0 ? steps : steps + 65_535
  }

  /// Starts a handshake and gives it an identifier that is not in use. [MQTT-2.2.1-4]
  ///
  /// Only when ``canSend``; `qos` is above 0.
  package mutating func send(_ message: MessageIndex, qos: QoS) -> PacketIdentifier {
    precondition(canSend, "sent beyond the window")
    precondition(qos != .atMostOnce, "QoS 0 has no handshake")
    lastIdentifier = lastIdentifier == 65_535 ? 1 : lastIdentifier + 1
    guard let identifier = PacketIdentifier(rawValue: lastIdentifier) else {
      preconditionFailure("identifiers rise from 1")
    }
    if used == ring.count { growRing() }
    ring[(head + used) & (ring.count - 1)] = Entry(
      message: message, packetIdentifier: identifier,
      stage: qos == .atLeastOnce ? .awaitingPuback : .awaitingPubrec)
    used += 1
    unfinishedCount += 1
    windowUsed += 1
    return identifier
  }

  /// The identifier that ``send(_:qos:)`` or ``takeIdentifier()`` gives out next.
  package var nextIdentifier: PacketIdentifier? {
    PacketIdentifier(rawValue: lastIdentifier == 65_535 ? 1 : lastIdentifier + 1)
  }

  /// Gives out an identifier for a SUBSCRIBE or UNSUBSCRIBE: they share one set of identifiers
  /// with PUBLISH. [MQTT-2.2.1-3]
  ///
  /// - Returns: nil when all are in use by open handshakes.
  package mutating func takeIdentifier() -> PacketIdentifier? {
    guard hasFreeIdentifier, let identifier = nextIdentifier else { return nil }
    lastIdentifier = identifier.rawValue
    return identifier
  }

  /// Takes PUBACK, PUBREC or PUBCOMP.
  package mutating func receive(
    _ type: PacketType, _ identifier: PacketIdentifier, reasonCode: ReasonCode
  ) -> Outcome {
    guard let position = position(of: identifier) else { return .unknownIdentifier }
    let stage = ring[position].stage
    switch (stage, type) {
    case (.awaitingPuback, .puback), (.awaitingPubcomp, .pubcomp):
      return .completed(finish(position))
    case (.awaitingPubrec, .pubrec):
      if reasonCode.isFailure { return .completed(finish(position)) }
      ring[position].stage = .awaitingPubcomp
      return .release(ring[position].message)
    case (.awaitingPubcomp, .pubrec):
      // Whoever refuses a message knows nothing of its release. [MQTT-4.3.3-4]
      return reasonCode.isFailure ? .completed(finish(position)) : .releaseAgain
    case (.done, _):
      return .unknownIdentifier
    case (.awaitingPuback, _), (.awaitingPubrec, _), (.awaitingPubcomp, _):
      return .unexpectedPacket
    }
  }

  /// Marks every open handshake as interrupted: the connection they were on is gone.
  package mutating func interrupt() {
    resendCount = 0
    resendPosition = 0
    windowUsed = 0
    for offset in 0..<used {
      let position = (head + offset) & (ring.count - 1)
      if ring[position].stage == .done { continue }
      ring[position].needsResend = true
      resendCount += 1
    }
  }

  /// The next entry to send again on a new connection; nil when there is none for now.
  ///
  /// None is left, or the window is full. The caller sends PUBLISH with DUP, or PUBREL when the
  /// stage is `awaitingPubcomp`.
  package mutating func nextResend() -> Entry? {
    if resendCount == 0 { return nil }
    while resendPosition < used {
      let position = (head + resendPosition) & (ring.count - 1)
      if ring[position].needsResend && ring[position].stage != .done {
        // A PUBREL is not bound by the window, only PUBLISH is. [MQTT-4.9.0-3]
        if ring[position].stage != .awaitingPubcomp && windowUsed >= Int(windowLimit) { return nil }
        ring[position].needsResend = false
        resendCount -= 1
        resendPosition += 1
        windowUsed += 1
        return ring[position]
      }
      resendPosition += 1
    }
    return nil
  }

  /// Puts a handshake back that a store remembers; in the order in which they were started.
  package mutating func restore(
    _ message: MessageIndex, _ identifier: PacketIdentifier, stage: Stage
  ) {
    precondition(stage != .done, "a finished handshake is not kept")
    if used == ring.count { growRing() }
    ring[(head + used) & (ring.count - 1)] = Entry(
      message: message, packetIdentifier: identifier, stage: stage)
    ring[(head + used) & (ring.count - 1)].needsResend = true
    used += 1
    unfinishedCount += 1
    resendCount += 1
    lastIdentifier = identifier.rawValue
  }

  /// The messages of all open handshakes, oldest first.
  package var unfinished: [Entry] {
    (0..<used).map { ring[(head + $0) & (ring.count - 1)] }.filter { $0.stage != .done }
  }

  /// Forgets everything, as a session that ends does.
  package mutating func removeAll() {
    self = SenderFlow(windowLimit: windowLimit)
  }

  private mutating func finish(_ position: Int) -> MessageIndex {
    let message = ring[position].message
    if ring[position].needsResend { resendCount -= 1 } else { windowUsed -= 1 }
    ring[position].stage = .done
    unfinishedCount -= 1
    while used > 0 && ring[head].stage == .done {
      head = (head + 1) & (ring.count - 1)
      used -= 1
      if resendPosition > 0 { resendPosition -= 1 }
    }
    return message
  }

  private func position(of identifier: PacketIdentifier) -> Int? {
    if used == 0 { return nil }
    let first = ring[head].packetIdentifier.rawValue
    if first == identifier.rawValue { return head }
    let wanted = distance(from: first, to: identifier.rawValue)
    var low = 0
    var high = used
    while low < high {
      let middle = (low + high) / 2
      let position = (head + middle) & (ring.count - 1)
      let found = distance(from: first, to: ring[position].packetIdentifier.rawValue)
      if found == wanted { return position }
      if found < wanted { low = middle + 1 } else { high = middle }
    }
    return nil
  }

  private mutating func growRing() {
    guard let filler = PacketIdentifier(rawValue: 1) else { return }
    var larger = [Entry](
      repeating: Entry(message: 0, packetIdentifier: filler, stage: .done),
      count: Swift.max(4, ring.count * 2))
    for offset in 0..<used { larger[offset] = ring[(head + offset) & (ring.count - 1)] }
    ring = larger
    head = 0
  }

  /// Traps when an invariant of the file's head does not hold; for tests.
  package func checkInvariants() {
    let entries = (0..<used).map { ring[(head + $0) & (ring.count - 1)] }
    precondition(entries.first?.stage != .done, "the first entry is done")
    precondition(entries.filter { $0.stage != .done }.count == unfinishedCount, "unfinishedCount")
    precondition(
      entries.filter { $0.stage != .done && !$0.needsResend }.count == windowUsed, "windowUsed")
    precondition(
      entries.filter { $0.stage != .done && $0.needsResend }.count == resendCount, "resendCount")
    for (left, right) in zip(entries, entries.dropFirst()) {
      let first = entries[0].packetIdentifier.rawValue
      precondition(
        distance(from: first, to: left.packetIdentifier.rawValue)
          < distance(from: first, to: right.packetIdentifier.rawValue), "identifiers rise")
    }
  }
}
