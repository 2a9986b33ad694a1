// Bytes in hexadecimal digits, two for each, and back: keys, secrets, what cannot be shown as text.

extension UInt8 {
  /// Its two digits, in small letters.
  package var hexadecimal: String { (self < 16 ? "0" : "") + String(self, radix: 16) }

  /// What this character of ASCII is worth as a digit, 0...15; nil when it is none.
  package var hexadecimalValue: UInt8? {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
    case _: nil
    }
  }
}

extension [UInt8] {
  /// The bytes that pairs of digits stand for; nil when `digits` are no such pairs.
  package init?(hexadecimal digits: some Collection<UInt8>) {
    self = []
    reserveCapacity(digits.count / 2)
    var high: UInt8?
    for digit in digits {
      guard let value = digit.hexadecimalValue else { return nil }
      if let first = high {
        append(first << 4 | value)
        high = nil
      } else {
        high = value
      }
    }
    if high != nil { return nil }
  }

  /// All digits, in small letters.
  package var hexadecimal: String { map(\.hexadecimal).joined() }
}
