// The bytes that mean something in topics and ACL files, as constants of this module: read from
// another one, each would be a call in the innermost loops.

extension UInt8 {
  @inline(__always) static var slash: UInt8 { 0x2F }
  @inline(__always) static var dollar: UInt8 { 0x24 }
  @inline(__always) static var hash: UInt8 { 0x23 }
  @inline(__always) static var plus: UInt8 { 0x2B }
  @inline(__always) static var percent: UInt8 { 0x25 }
  @inline(__always) static var blank: UInt8 { 0x20 }

  /// Whether C's `isspace` takes it: blank, tab, line feed, vertical tab, form feed, return.
  var isBlankOfC: Bool { self == .blank || (0x09...0x0D).contains(self) }
}
