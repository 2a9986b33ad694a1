// The file of pre-shared keys for TLS (mosquitto's psk_file): `identity:key`, one a line, the key in
// hexadecimal digits; `#` in the first column begins a comment. A line that cannot be used locks out
// its identity and nobody else, as in a password file.

import Basis

/// The keys of a file.
package struct PreSharedKeyFile: Sendable {
  /// Longest key that OpenSSL takes.
  static let keyLimitBytes = 512
  /// Longest identity that OpenSSL takes.
  static let identityLimitBytes = 256

  /// Lines that were left out.
  package private(set) var faults: [PasswordFileFault] = []
  private var keys: [[UInt8]: [UInt8]] = [:]

  /// Reads the bytes of a file; `file` names it in faults.
  package init(parsing bytes: [UInt8], file: String) {
    let lines = bytes.withoutByteOrderMark.split(separator: 0x0A, omittingEmptySubsequences: false)
    for (index, line) in lines.enumerated() {
      do throws(PasswordLineFault) {
        guard let (identity, key) = try Self.entry(line) else { continue }
        if keys[identity] != nil {
          throw PasswordLineFault(
            0, "this identity stands in an earlier line already; that line counts")
        }
        keys[identity] = key
      } catch {
        faults.append(
          PasswordFileFault(
            file: file, line: index + 1, column: error.offset + 1, problem: error.problem))
      }
    }
  }

  /// How many identities have a key.
  package var count: Int { keys.count }

  /// The key of an identity, nil when it has none.
  package func key(of identity: String) -> [UInt8]? { keys[Array(identity.utf8)] }

  private static func entry(_ line: ArraySlice<UInt8>) throws(PasswordLineFault)
    -> (identity: [UInt8], key: [UInt8])?
  {
    var line = line
    while line.last?.isBlankOfC == true { line.removeLast() }
    if line.isEmpty || line.first == UInt8(ascii: "#") { return nil }
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else {
      throw PasswordLineFault(0, "expected IDENTITY:KEY, found no colon")
    }
    let identity = line[..<colon]
    if identity.isEmpty || identity.count > identityLimitBytes {
      throw PasswordLineFault(0, "expected an identity of 1 to \(identityLimitBytes) bytes")
    }
    let digits = line[(colon + 1)...]
    let keyOffset = digits.startIndex - line.startIndex
    // The key itself is a secret and stays out of the text.
    guard !digits.isEmpty, digits.count % 2 == 0, digits.count <= keyLimitBytes * 2 else {
      throw PasswordLineFault(
        keyOffset, "expected a key of 1 to \(keyLimitBytes) bytes, two hexadecimal digits for each")
    }
    guard let key = [UInt8](hexadecimal: digits) else {
      let offset = digits.prefix { $0.hexadecimalValue != nil }.count
      throw PasswordLineFault(keyOffset + offset, "expected a hexadecimal digit")
    }
    return (Array(identity), key)
  }
}
