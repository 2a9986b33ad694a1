// The mark that some programs put in front of text (U+FEFF, in UTF-8 EF BB BF). It says nothing in
// UTF-8 (RFC 3629, 6), and no line of any file means it: whoever reads a text file reads over it.

extension [UInt8] {
  /// The text of a file, without a byte-order mark in front of it.
  package var withoutByteOrderMark: ArraySlice<UInt8> {
    starts(with: [0xEF, 0xBB, 0xBF]) ? self[3...] : self[...]
  }
}
