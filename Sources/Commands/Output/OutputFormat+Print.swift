// Printing a message in a format.

package import Basis
package import MQTTCodec

extension OutputFormat {
  /// Appends one message as this format says, its line end included.
  ///
  /// What cannot be printed is left out and comes back as a fault.
  package func append(
    _ message: Publish, receivedAt time: WallTime, to buffer: inout ByteBuffer
  ) -> OutputFault? {
    guard case .pieces(let pieces) = layout else {
      appendPlain(topic: message.topic.utf8.span, payload: message.payload.span, to: &buffer)
      return nil
    }
    var fault: OutputFault?
    for piece in pieces {
      if let new = append(piece, message, time, to: &buffer) { fault = fault ?? new }
    }
    if endsLines { buffer.append(UInt8(ascii: "\n")) }
    return fault
  }

  /// Whether topic and payload are all that is printed, so that ``appendPlain(topic:payload:to:)``
  /// prints a message without its being made into a ``Publish``.
  package var isPlain: Bool {
    switch layout {
    case .payload, .verbose: true
    case .pieces: false
    }
  }

  /// Appends one message in a format that ``isPlain``, its line end included.
  ///
  /// An empty payload prints nothing by default and `TOPIC (null)` with `-v`, as mosquitto_sub has
  /// it.
  package func appendPlain(
    topic: Span<UInt8>, payload: Span<UInt8>, to buffer: inout ByteBuffer
  ) {
    precondition(isPlain, "a format string wants more than the topic and the payload")
    if layout == .verbose, endsLines || !payload.isEmpty {
      buffer.append(topic)
      buffer.append(UInt8(ascii: " "))
      if payload.isEmpty { buffer.append(utf8: "(null)") }
    } else if payload.isEmpty {
      return
    }
    buffer.append(payload)
    if endsLines { buffer.append(UInt8(ascii: "\n")) }
  }

  private func append(
    _ piece: Piece, _ message: Publish, _ time: WallTime, to buffer: inout ByteBuffer
  ) -> OutputFault? {
    switch piece {
    case .literal(let bytes): buffer.append(bytes.span)
    case .clock(let format): buffer.append(utf8: time.formatted(format))
    case .nanoseconds: buffer.append(utf8: Self.digits(time.nanoseconds, 9))
    case .conversion(let conversion, let field):
      return append(conversion, field, message, time, to: &buffer)
    }
    return nil
  }

  private func append(
    _ conversion: Conversion, _ field: Field, _ message: Publish, _ time: WallTime,
    to buffer: inout ByteBuffer
  ) -> OutputFault? {
    let properties = message.properties
    switch conversion {
    case .topicAlias: field.append(number: properties.number(.topicAlias), to: &buffer)
    case .messageExpiryInterval:
      field.append(number: properties.number(.messageExpiryInterval), to: &buffer)
    case .payloadFormatIndicator:
      field.append(number: properties.number(.payloadFormatIndicator), to: &buffer)
    case .subscriptionIdentifier:
      field.append(number: properties.number(.subscriptionIdentifier), to: &buffer)
    case .contentType: field.append(text: properties.string(.contentType) ?? "", to: &buffer)
    case .responseTopic:
      if let topic = properties.string(.responseTopic) { field.append(text: topic, to: &buffer) }
    case .correlationData:
      if let bytes = properties.binary(.correlationData) { buffer.append(bytes.span) }
    case .userProperties: Self.appendUserProperties(properties, to: &buffer)
    case .date: field.append(text: time.formatted("%FT%T%z"), to: &buffer)
    case .unixTime: buffer.append(utf8: "\(time.seconds).\(Self.digits(time.nanoseconds, 9))")
    case .json: return appendJSON(message, time, payloadIsJSON: false, to: &buffer)
    case .jsonOfJSON: return appendJSON(message, time, payloadIsJSON: true, to: &buffer)
    case .payloadLength: field.append(number: message.payload.count, to: &buffer)
    case .packetIdentifier:
      field.append(number: message.packetIdentifier?.rawValue ?? 0, to: &buffer)
    case .qos: buffer.append(UInt8(ascii: "0") + message.qos.rawValue)
    case .retain: buffer.append(message.isRetained ? UInt8(ascii: "1") : UInt8(ascii: "0"))
    case .topic: field.append(text: message.topic, to: &buffer)
    case .payload: field.append(payload: message.payload, to: &buffer)
    case .lowerHexadecimal: field.append(message.payload, in: .lower, to: &buffer)
    case .upperHexadecimal: field.append(message.payload, in: .upper, to: &buffer)
    case .float: return Self.append(floatOf: message, size: 4, field, to: &buffer)
    case .double: return Self.append(floatOf: message, size: 8, field, to: &buffer)
    }
    return nil
  }

  private static func appendUserProperties(
    _ properties: Properties, to buffer: inout ByteBuffer
  ) {
    var isFirst = true
    for case .stringPair(let name, let value) in properties.list.map(\.value) {
      if !isFirst { buffer.append(UInt8(ascii: " ")) }
      buffer.append(utf8: name)
      buffer.append(UInt8(ascii: ":"))
      buffer.append(utf8: value)
      isFirst = false
    }
  }

  /// The payload as a number of IEEE 754 in the byte order of this machine.
  private static func append(
    floatOf message: Publish, size: Int, _ field: Field, to buffer: inout ByteBuffer
  ) -> OutputFault? {
    guard message.payload.count == size else {
      let name = size == 4 ? "float (%f)" : "double (%d)"
      return OutputFault(
        description:
          "the payload on topic \(message.topic) is not a \(name): it has "
          + "\(message.payload.count) bytes and not \(size)")
    }
    let bits = message.payload.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    let number =
      size == 4
      ? Double(Float(bitPattern: UInt32(truncatingIfNeeded: bits))) : Double(bitPattern: bits)
    let text = CFormat.text("%.\(min(field.precision ?? 6, 300))f", number)
    field.append(digits: text, to: &buffer)
    return nil
  }

  /// `number` in at least `count` digits.
  static func digits(_ number: Int, _ count: Int) -> String {
    let text = String(number)
    return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
  }
}

extension OutputFormat.Field {
  private func blanks(_ count: Int, _ pad: UInt8, to buffer: inout ByteBuffer) {
    for _ in 0..<max(0, count) { buffer.append(pad) }
  }

  /// A number, or as many pads as the field is wide when there is none.
  func append(number: (some FixedWidthInteger)?, to buffer: inout ByteBuffer) {
    guard let number else { return blanks(width, pad, to: &buffer) }
    append(digits: String(number), to: &buffer)
  }

  /// Digits, padded; zeros go between a sign and the first digit.
  func append(digits: String, to buffer: inout ByteBuffer) {
    var digits = digits.utf8[...]
    let missing = width - digits.count
    if isLeftAligned {
      buffer.append(utf8: String(Substring(digits)))
      return blanks(missing, UInt8(ascii: " "), to: &buffer)
    }
    if pad == UInt8(ascii: "0"), digits.first == UInt8(ascii: "-") {
      buffer.append(digits.removeFirst())
    }
    blanks(missing, pad, to: &buffer)
    buffer.append(utf8: String(Substring(digits)))
  }

  /// A text, cut to the precision and padded with blanks.
  func append(text: String, to buffer: inout ByteBuffer) {
    let bytes = Array(text.utf8.prefix(precision ?? .max))
    if !isLeftAligned { blanks(width - bytes.count, UInt8(ascii: " "), to: &buffer) }
    buffer.append(bytes.span)
    if isLeftAligned { blanks(width - bytes.count, UInt8(ascii: " "), to: &buffer) }
  }

  /// A payload, cut to the width and padded to it.
  func append(payload: [UInt8], to buffer: inout ByteBuffer) {
    let shown = width > 0 ? min(width, payload.count) : payload.count
    if !isLeftAligned { blanks(width - shown, pad, to: &buffer) }
    buffer.append(payload.span.extracting(first: shown))
    if isLeftAligned { blanks(width - shown, UInt8(ascii: " "), to: &buffer) }
  }

  /// A payload in hexadecimal digits, cut to whole bytes within the width and padded to it; with a
  /// precision, in groups of so many digits.
  func append(
    _ payload: [UInt8], in digits: HexadecimalDigits, to buffer: inout ByteBuffer
  ) {
    let shown = width > 0 ? min(width / 2, payload.count) : payload.count
    let missing = max(0, width - shown * 2)
    let group = precision ?? 0
    let leading = isLeftAligned ? 0 : missing
    blanks(leading, pad, to: &buffer)
    for index in 0..<shown {
      for (half, digit) in [digits.high(payload[index]), digits.low(payload[index])].enumerated() {
        let position = index * 2 + half
        if group > 0, position > 0, position % group == 0 { buffer.append(separator) }
        buffer.append(digit)
      }
    }
    if isLeftAligned { blanks(missing, UInt8(ascii: " "), to: &buffer) }
  }
}

/// The sixteen digits in one of their two forms.
enum HexadecimalDigits {
  case lower
  case upper

  private func digit(_ value: UInt8) -> UInt8 {
    if value < 10 { return UInt8(ascii: "0") + value }
    return (self == .lower ? UInt8(ascii: "a") : UInt8(ascii: "A")) + value - 10
  }

  func high(_ byte: UInt8) -> UInt8 { digit(byte >> 4) }

  func low(_ byte: UInt8) -> UInt8 { digit(byte & 15) }

  /// Appends the two digits of `byte`.
  func append(_ byte: UInt8, to buffer: inout ByteBuffer) {
    buffer.append(high(byte))
    buffer.append(low(byte))
  }
}
