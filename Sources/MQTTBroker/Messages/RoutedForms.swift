// The message that is being routed, encoded once per form that any subscriber needs: for 3.x or
// 5.0, with or without a packet identifier. Each subscriber gets a copy of the bytes, in which
// only the first byte and the identifier differ.

import MQTTCodec

/// One message in all the forms it was needed in so far.
struct RoutedForms: ~Copyable {
  struct Form {
    var start = 0
    /// Zero when it was not made yet.
    var count = 0
    /// Offset of the packet identifier within the form.
    var identifierOffset = 0
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

  init() {}

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
  }

  /// The form for a version, with or without packet identifier; made when it is needed first.
  @inline(__always) mutating func form(
    isV5: Bool, hasIdentifier: Bool, topic: Span<UInt8>, properties: Span<UInt8>,
    payload: Span<UInt8>
  ) -> Form {
    let kind = (isV5 ? 2 : 0) + (hasIdentifier ? 1 : 0)
    if forms[kind].count == 0 {
      make(kind, topic: topic, properties: properties, payload: payload)
    }
    return forms[kind]
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
