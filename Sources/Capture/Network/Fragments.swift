// Pieces of IP packets until they are whole. What never becomes whole is given up when something
// newer needs its place: the table has a bound, and so has each packet.

/// Packets of which pieces are missing.
struct Fragments {
  private static let packetLimit = 256
  private static let lengthLimit = 65_535 + 60

  private struct Key: Hashable {
    var source: IPAddress
    var destination: IPAddress
    var identification: UInt32
    var protocolNumber: UInt8
  }

  fileprivate struct Partial {
    var bytes: [UInt8] = []
    /// Parts that are there, in order and apart from each other.
    var parts: [Range<Int>] = []
    var length: Int?
  }

  private var partials: [Key: Partial] = [:]
  /// Keys in the order in which they came.
  private var order: [Key] = []

  /// Adds a piece; the whole content when it was the last one that was missing.
  mutating func add(_ packet: IPPacket, _ fragment: IPPacket.Fragment, _ bytes: Span<UInt8>)
    -> [UInt8]?
  {
    let key = Key(
      source: packet.source, destination: packet.destination,
      identification: fragment.identification, protocolNumber: packet.protocolNumber)
    let end = fragment.offset + packet.content.count
    if packet.missingCount > 0 || end > Self.lengthLimit || packet.content.isEmpty { return nil }
    if partials[key] == nil {
      if order.count == Self.packetLimit { partials[order.removeFirst()] = nil }
      order.append(key)
    }
    var partial = partials.removeValue(forKey: key) ?? Partial()
    if partial.bytes.count < end {
      partial.bytes.append(contentsOf: repeatElement(0, count: end - partial.bytes.count))
    }
    for index in 0..<packet.content.count {
      partial.bytes[fragment.offset + index] = bytes[packet.content.lowerBound + index]
    }
    if fragment.isLast { partial.length = end }
    partial.join(fragment.offset..<end)
    if let length = partial.length, partial.parts.first == 0..<length {
      order.removeAll { $0 == key }
      return partial.bytes.count == length ? partial.bytes : Array(partial.bytes[..<length])
    }
    partials[key] = partial
    return nil
  }
}

extension Fragments.Partial {
  /// Adds a range to the parts and melts what touches.
  fileprivate mutating func join(_ added: Range<Int>) {
    var result: [Range<Int>] = []
    var merged = added
    for part in parts {
      if part.upperBound < merged.lowerBound {
        result.append(part)
      } else if part.lowerBound <= merged.upperBound {
        merged =
          min(part.lowerBound, merged.lowerBound)..<max(part.upperBound, merged.upperBound)
      }
    }
    result.append(merged)
    for part in parts
    where part.lowerBound > added.upperBound && part.lowerBound > merged.upperBound {
      result.append(part)
    }
    parts = result
  }
}
