// IP addresses and endpoints, small enough to be keys of a table.

import Basis

/// An IPv4 or IPv6 address.
package struct IPAddress: Hashable, Sendable {
  var high: UInt64
  var low: UInt64
  var isVersion6: Bool

  init(version4 bytes: Span<UInt8>, at offset: Int) {
    high = 0
    low = UInt64(bytes.number(at: offset, .big, bytes: 4))
    isVersion6 = false
  }

  init(version6 bytes: Span<UInt8>, at offset: Int) {
    high = bytes.word(at: offset).byteSwapped
    low = bytes.word(at: offset + 8).byteSwapped
    isVersion6 = true
  }
}

extension IPAddress: CustomStringConvertible {
  /// Dotted, or the shortest form of RFC 5952.
  package var description: String {
    if !isVersion6 {
      return [24, 16, 8, 0].map { String(UInt8(truncatingIfNeeded: low >> $0)) }
        .joined(separator: ".")
    }
    let groups: [UInt16] = (0..<8).map { index in
      let half = index < 4 ? high : low
      return UInt16(truncatingIfNeeded: half >> UInt64(48 - 16 * (index & 3)))
    }
    var best = 0..<0
    var start = 0
    while start < 8 {
      var end = start
      while end < 8 && groups[end] == 0 { end += 1 }
      if end - start > max(1, best.count) { best = start..<end }
      start = end + 1
    }
    func text(_ range: Range<Int>) -> String {
      groups[range].map { String($0, radix: 16) }.joined(separator: ":")
    }
    return best.isEmpty ? text(0..<8) : text(0..<best.lowerBound) + "::" + text(best.upperBound..<8)
  }
}

/// An address and a port.
package struct CapturedEndpoint: Hashable, Sendable {
  package var address: IPAddress
  package var port: UInt16
}

extension CapturedEndpoint: CustomStringConvertible {
  package var description: String {
    address.isVersion6 ? "[\(address)]:\(port)" : "\(address):\(port)"
  }
}
