// Hashing and comparing runs of bytes a word at a time. Topics are looked up as bytes; through a
// String and the library's hasher the same costs ten times as much.

/// A seeded hash of `bytes`; equal bytes and seeds give equal hashes within one run of a program.
@inlinable package func hash(_ bytes: Span<UInt8>, seed: UInt64) -> UInt64 {
  let count = bytes.count
  var state = seed ^ (UInt64(truncatingIfNeeded: count) &* 0x9E37_79B9_7F4A_7C15)
  unsafe bytes.withUnsafeBytes { raw in
    var offset = 0
    while offset + 8 <= count {
      state = mixed(state ^ (unsafe raw.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
      offset += 8
    }
    if offset < count {
      var tail: UInt64 = 0
      if count >= 8 {
        // The last word overlaps what was read before; that costs nothing and reads no byte twice
        // in a way that could make different topics equal, because the length is mixed in.
        tail = unsafe raw.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self)
      } else {
        while offset < count {
          tail = tail << 8 | UInt64(unsafe raw[offset])
          offset += 1
        }
      }
      state = mixed(state ^ tail)
    }
  }
  return mixed(state)
}

@inlinable @inline(__always) func mixed(_ word: UInt64) -> UInt64 {
  let product = (word ^ 0xA24B_AED4_963E_E407).multipliedFullWidth(by: 0x9FB2_1C65_1E98_DF25)
  return product.high ^ product.low
}

/// Whether two runs hold the same bytes.
@inlinable package func areEqual(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
  let count = left.count
  if count != right.count { return false }
  return unsafe left.withUnsafeBytes { left in
    unsafe right.withUnsafeBytes { right in
      var offset = 0
      while offset + 8 <= count {
        let one = unsafe left.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        let other = unsafe right.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        if one != other { return false }
        offset += 8
      }
      while offset < count {
        if (unsafe left[offset]) != (unsafe right[offset]) { return false }
        offset += 1
      }
      return true
    }
  }
}

/// A copy of `bytes` as an array.
package func array(_ bytes: Span<UInt8>) -> [UInt8] {
  [UInt8](capacity: bytes.count) { output in
    for index in bytes.indices { output.append(bytes[index]) }
  }
}
