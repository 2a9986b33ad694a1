// Reading properties (2.2.2). One scan, which allocates nothing, checks every rule of the table;
// what only needs to know that the properties are right runs the scan, and what needs their values
// copies them out of it.

/// One property as offsets into the packet.
struct PropertyView {
  var identifier: PropertyIdentifier
  /// Offset of the identifier's byte.
  var start: Int
  /// The value when it is a number, whatever its width.
  var number: UInt32
  /// The value when it is a string or binary; the name when it is a pair.
  var content: Range<Int>
  /// The second string of a pair.
  var second: Range<Int>
}

/// The identifiers met so far in one list of properties.
struct PropertySet {
  private var bits: UInt64 = 0

  /// Whether the identifier is here.
  func contains(_ identifier: PropertyIdentifier) -> Bool {
    bits & (1 << UInt64(identifier.rawValue)) != 0
  }

  /// Puts the identifier in.
  mutating func insert(_ identifier: PropertyIdentifier) {
    bits |= 1 << UInt64(identifier.rawValue)
  }
}

extension PacketReader {
  /// Reads a property length and answers where the properties end; they lie from `offset` on.
  @inline(__always) mutating func propertyEnd() throws(DecodeError) -> Int {
    let length = try variableByteInteger("property length")
    if length > remaining {
      throw fault(
        .malformedPacket, "2.2.2.1", at: offset,
        "the property length is \(length), but \(remaining) bytes are left")
    }
    return offset + length
  }

  /// Reads one property and checks it against the table.
  mutating func property(
    in place: PropertyPlace, seen: inout PropertySet
  ) throws(DecodeError) -> PropertyView {
    let start = offset
    // The identifier is a variable byte integer, but all that exist have one byte.
    let raw = try variableByteInteger("property identifier")
    guard raw < 0x80, let identifier = PropertyIdentifier(rawValue: UInt8(raw)) else {
      throw fault(
        .malformedPacket, "2.2.2.2", at: start, "\(raw) is not the identifier of a property")
    }
    let rule = identifier.rule
    if !rule.places.contains(place) {
      throw misplaced(identifier, in: place, at: start)
    }
    if seen.contains(identifier) && !rule.repeats.contains(place) {
      throw fault(
        .protocolError, place.section, at: start, "the \(rule.name) stands there twice")
    }
    seen.insert(identifier)
    var view = PropertyView(
      identifier: identifier, start: start, number: 0, content: start..<start, second: start..<start
    )
    switch rule.type {
    case .byte: view.number = UInt32(try byte(rule.name))
    case .twoByteInteger: view.number = UInt32(try twoBytes(rule.name))
    case .fourByteInteger: view.number = try fourBytes(rule.name)
    case .variableByteInteger: view.number = UInt32(try variableByteInteger(rule.name))
    case .binary: view.content = try binary(rule.name)
    case .string: view.content = try text(rule.name)
    case .stringPair:
      view.content = try text(rule.name)
      view.second = try text(rule.name)
    }
    if rule.values != .any { try checkValue(view, rule, place) }
    return view
  }

  private func checkValue(
    _ view: PropertyView, _ rule: PropertyRule, _ place: PropertyPlace
  ) throws(DecodeError) {
    switch rule.values {
    case .any:
      break
    case .zeroOrOne:
      if view.number > 1 {
        throw fault(
          .protocolError, place.section, at: view.start + 1,
          "the \(rule.name) is \(view.number), not 0 or 1")
      }
    case .notZero:
      if view.number == 0 {
        let isAlias = view.identifier == .topicAlias
        throw fault(
          isAlias ? .topicAliasInvalid : .protocolError, isAlias ? "MQTT-3.3.2-8" : place.section,
          at: view.start + 1, "the \(rule.name) is zero")
      }
    case .topicName:
      if let found = Topic.faultOfName(bytes.extracting(view.content)) {
        let isWildcard = found.statement == "MQTT-4.7.0-1"
        var exact = found
        if isWildcard { exact.statement = "MQTT-3.3.2-14" }
        throw topicFault(exact, rule.name, at: view.content.lowerBound)
      }
    }
  }

  @inline(never) private func misplaced(
    _ identifier: PropertyIdentifier, in place: PropertyPlace, at start: Int
  ) -> DecodeError {
    let name = identifier.rule.name
    if let opposite = place.opposite, identifier.rule.places.contains(opposite) {
      let (statement, receiver) =
        switch (place, identifier) {
        case (.publishToServer, _): ("MQTT-3.3.4-6", "server")
        case (.disconnectToClient, _): ("MQTT-3.14.2-2", "client")
        case (_, _): (place.section, "server")
        }
      return fault(
        .protocolError, statement, at: start, "the \(name) must not be sent to a \(receiver)")
    }
    let whose = place == .will ? "a will" : type.name
    return fault(
      .malformedPacket, "2.2.2.2", at: start, "the \(name) is not a property of \(whose)")
  }

  /// Reads a property length and checks all properties without copying them.
  mutating func checkProperties(in place: PropertyPlace) throws(DecodeError) {
    let outer = end
    end = try propertyEnd()
    var seen = PropertySet()
    while remaining > 0 { _ = try property(in: place, seen: &seen) }
    end = outer
  }

  /// Reads a property length and the properties.
  mutating func properties(in place: PropertyPlace) throws(DecodeError) -> Properties {
    let outer = end
    let start = offset
    end = try propertyEnd()
    var result = Properties()
    var seen = PropertySet()
    while remaining > 0 {
      let view = try property(in: place, seen: &seen)
      result.append(view.identifier, value(of: view))
    }
    end = outer
    if seen.contains(.authenticationData) && !seen.contains(.authenticationMethod) {
      throw fault(
        .protocolError, place.section, at: start,
        "there is Authentication Data but no Authentication Method")
    }
    return result
  }

  /// Copies the value of a property.
  func value(of view: PropertyView) -> PropertyValue {
    switch view.identifier.rule.type {
    case .byte: .byte(UInt8(view.number))
    case .twoByteInteger: .twoByteInteger(UInt16(view.number))
    case .fourByteInteger: .fourByteInteger(view.number)
    case .variableByteInteger: .variableByteInteger(view.number)
    case .string: .string(String(validated: bytes, view.content))
    case .binary: .binary(copy(view.content))
    case .stringPair:
      .stringPair(String(validated: bytes, view.content), String(validated: bytes, view.second))
    }
  }
}
