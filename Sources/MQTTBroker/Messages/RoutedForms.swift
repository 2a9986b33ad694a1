// The message that is being routed, encoded once per form that any subscriber needs: for 3.x or
// 5.0, with or without a packet identifier. Each subscriber gets a copy of the bytes, in which
// only the first byte and the identifier differ.
//
// Most messages came in one of these forms: then that one is not made, but the packet is passed on
// as it came.

import MQTTCodec

/// One message in all the forms it was needed in so far.
struct RoutedForms: ~Copyable {
  struct Form {
    /// Whether it is the packet in which the message came; otherwise it stands in `bytes`.
    var isPassed = false
    var start = 0
    /// Zero when it was not made yet.
    var count = 0
    /// Offset of the packet identifier within the form.
    var identifierOffset = 0
    var range: Range<Int> { start..<start + count }
  }

  /// A form's place: for 3.x or 5.0, with or without a packet identifier.
  struct Kind {
    fileprivate var index: Int

    @inline(__always) init(isV5: Bool, hasIdentifier: Bool) {
      index = (isV5 ? 2 : 0) + (hasIdentifier ? 1 : 0)
    }
  }

  private(set) var bytes = ByteBuffer()
  private var forms: InlineArray<4, Form> = InlineArray(repeating: Form())
  private(set) var qos = QoS.atMostOnce
  private(set) var isRetained = false
  private(set) var expirySeconds: UInt32?
  /// The session that published it, or `SubscriptionTree.nothing`.
  private(set) var publisher = SubscriptionTree.nothing
  /// The kept copy, once somebody needed one; `SubscriptionTree.nothing` before.
  var stored = SubscriptionTree.nothing
  /// The number it was recorded under when it is not kept in memory; zero otherwise.
  var record: UInt64 = 0

  /// Whether so many want it that its bytes are shared. (SharedOutput)
  var isShared = false
  /// Where it stands in the streams for 3.x and 5.0; empty when it does not.
  private var places: InlineArray<2, StreamRange> = [StreamRange(), StreamRange()]

  init() {}

  @inline(__always) func place(isV5: Bool) -> StreamRange { places[isV5 ? 1 : 0] }
  mutating func setPlace(_ place: StreamRange, isV5: Bool) { places[isV5 ? 1 : 0] = place }
  mutating func forgetPlaces() { places = [StreamRange(), StreamRange()] }

  /// Starts with another message.
  mutating func begin(qos: QoS, isRetained: Bool, expirySeconds: UInt32?, publisher: UInt32) {
    bytes.clear()
    forms = InlineArray(repeating: Form())
    self.qos = qos
    self.isRetained = isRetained
    self.expirySeconds = expirySeconds
    self.publisher = publisher
    stored = SubscriptionTree.nothing
    record = 0
    isShared = false
    forgetPlaces()
  }

  /// Says that the packet in which the message came has one of the forms.
  @inline(__always) mutating func pass(_ kind: Kind, count: Int, identifierOffset: Int) {
    forms[kind.index] = Form(isPassed: true, count: count, identifierOffset: identifierOffset)
  }

  /// The form of a kind; made when it is needed first.
  @inline(__always) mutating func form(
    _ kind: Kind, topic: Span<UInt8>, properties: Span<UInt8>, payload: Span<UInt8>
  ) -> Form {
    if forms[kind.index].count == 0 {
      make(kind.index, topic: topic, properties: properties, payload: payload)
    }
    return forms[kind.index]
  }

  private mutating func make(
    _ kind: Int, topic: Span<UInt8>, properties: Span<UInt8>, payload: Span<UInt8>
  ) {
    let start = bytes.count
    let offset = PublishForm.encode(
      into: &bytes, version: kind >= 2 ? .v5 : .v311,
      qos: kind & 1 == 1 ? .atLeastOnce : .atMostOnce,
      isRetained: false, isDuplicate: false, packetIdentifier: kind & 1 == 1 ? 1 : 0, topic: topic,
      topicAlias: 0, messageExpiryIntervalSeconds: expirySeconds, subscriptionIdentifiers: [],
      forwardedProperties: properties, payload: payload)
    forms[kind] = Form(start: start, count: bytes.count - start, identifierOffset: offset)
  }
}
