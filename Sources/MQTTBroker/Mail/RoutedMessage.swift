// A message on its way to those who want it: one value that is lent down the way from PUBLISH to the
// outboxes, and that knows all there is to know of the message. It lives as long as the bytes that
// it came in and owns no heap memory.
//
// It is encoded once per form that any subscriber needs: for 3.x or 5.0, with or without a packet
// identifier. Each subscriber gets a copy of the bytes, in which only the first byte and the
// identifier differ. Most messages came in one of these forms: then that one is not made, but the
// packet is passed on as it came.

import Basis
import MQTTCodec

/// What was said when a message was published, beside its bytes.
struct PublicationTerms {
  var qos: QoS
  var isRetained: Bool
  /// Message Expiry Interval, counted from now; nil is never.
  var expirySeconds: UInt32?
  /// The session that publishes it; nil for the server itself.
  var publisher: Slot<Session>?
}

/// How one session gets a message.
struct DeliveryTerms {
  var qos: QoS
  /// The RETAIN flag it goes out with. [MQTT-3.3.1-12] [MQTT-3.3.1-13]
  var isRetained: Bool
  var subscriptionIdentifiers: [UInt32] = []
  /// The shared group that it was taken from, so that another member can have it.
  var group: SlotIdentifier<SharedGroup>?
}

/// One message while it is routed, in all the forms it was needed in so far.
struct RoutedMessage: ~Copyable, ~Escapable {
  struct Form {
    /// Whether it is the packet in which the message came; otherwise it stands in `bytes`.
    var isPassed = false
    var start: Int32 = 0
    /// Zero when it was not made yet.
    var count: Int32 = 0
    /// Offset of the packet identifier within the form.
    var identifierOffset: Int32 = 0
    var range: Range<Int> { Int(start)..<Int(start + count) }
  }

  /// A form's place: for 3.x or 5.0, with or without a packet identifier.
  struct Kind {
    fileprivate var index: Int

    @inline(__always) init(isV5: Bool, hasIdentifier: Bool) {
      index = (isV5 ? 2 : 0) + (hasIdentifier ? 1 : 0)
    }
  }

  let terms: PublicationTerms
  let topic: Span<UInt8>
  /// The 5.0 properties that go on unaltered, as they are encoded.
  let properties: Span<UInt8>
  let payload: Span<UInt8>
  /// The packet it came in, where that is one of the forms; empty otherwise.
  private(set) var packet: Span<UInt8>
  /// The forms that were made.
  var bytes = ByteBuffer()
  private var forms: InlineArray<4, Form> = InlineArray(repeating: Form())
  /// The kept copy, once somebody needed one.
  var stored: SlotIdentifier<Message>?
  /// The number it was recorded under when it is not kept in memory; zero otherwise.
  var record: UInt64 = 0
  /// Whether so many want it that its bytes are shared. (SharedOutput)
  var isShared = false
  /// Where it stands in the streams for 3.x and 5.0; empty when it does not.
  private var places: InlineArray<2, StreamRange> = [StreamRange(), StreamRange()]

  /// A message that goes on in no form yet.
  @_lifetime(copy topic, copy properties, copy payload)
  @inline(__always) init(
    _ terms: PublicationTerms, topic: Span<UInt8>, properties: Span<UInt8>, payload: Span<UInt8>
  ) {
    self.terms = terms
    self.topic = topic
    self.properties = properties
    self.payload = payload
    packet = payload.extracting(0..<0)
  }

  /// Bytes that a kept copy takes.
  var byteCount: Int { topic.count + properties.count + payload.count }

  @inline(__always) func place(isV5: Bool) -> StreamRange { places[isV5 ? 1 : 0] }
  mutating func setPlace(_ place: StreamRange, isV5: Bool) { places[isV5 ? 1 : 0] = place }
  mutating func forgetPlaces() { places = [StreamRange(), StreamRange()] }

  /// Says that the packet in which the message came has one of the forms.
  @_lifetime(self: copy self, copy packet)
  @inline(__always) mutating func pass(
    _ packet: Span<UInt8>, as kind: Kind, identifierOffset: Int
  ) {
    self.packet = packet
    forms[kind.index] = Form(
      isPassed: true, count: Int32(packet.count), identifierOffset: Int32(identifierOffset))
  }

  /// The form of a kind; made when it is needed first, in memory that is taken from `spares`.
  @inline(__always) mutating func form(_ kind: Kind, _ spares: inout SpareBuffers) -> Form {
    if forms[kind.index].count == 0 { make(kind, &spares) }
    return forms[kind.index]
  }

  private mutating func make(_ kind: Kind, _ spares: inout SpareBuffers) {
    if bytes.capacity == 0 { bytes = spares.take() }
    let start = bytes.count
    var form = publishForm(
      kind.index >= 2 ? .v5 : .v311, kind.index & 1 == 1 ? .atLeastOnce : .atMostOnce)
    form.packetIdentifier = 1
    let offset = form.encode(into: &bytes)
    forms[kind.index] = Form(
      start: Int32(start), count: Int32(bytes.count - start), identifierOffset: Int32(offset))
  }

  /// The PUBLISH that it goes out as, without flags.
  @_lifetime(copy self)
  func publishForm(_ version: ProtocolVersion, _ qos: QoS) -> PublishForm {
    var form = PublishForm(
      version, qos, topic: topic, forwardedProperties: properties, payload: payload)
    form.messageExpiryIntervalSeconds = terms.expirySeconds
    return form
  }
}
