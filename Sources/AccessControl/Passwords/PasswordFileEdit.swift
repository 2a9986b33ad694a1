// Changing one user of a password file. Every other line, comments and broken lines included, stays
// byte for byte as it was.

import Basis

/// A change of one user.
package enum PasswordFileEdit {
  /// The file with `hash` as the password of `userName`: in the place of the user's line, or else
  /// at the end.
  package static func setting(
    _ hash: PasswordHash, for userName: String, in bytes: [UInt8]
  ) -> (bytes: [UInt8], wasThere: Bool) {
    rewritten(bytes, userName, Array("\(userName):\(hash)".utf8))
  }

  /// The file without the user; `wasThere` is false when nothing changed.
  package static func removing(_ userName: String, from bytes: [UInt8])
    -> (bytes: [UInt8], wasThere: Bool)
  {
    rewritten(bytes, userName, nil)
  }

  /// What is wrong with a name that shall stand in a password file; nil when nothing is.
  package static func problem(withUserName userName: String) -> String? {
    if userName.isEmpty { return "a user name must not be empty" }
    if userName.utf8.contains(where: { $0 == UInt8(ascii: ":") || $0 < 0x20 || $0 == 0x7F }) {
      return "a user name in a password file has no colon and no control characters"
    }
    if userName.first == "#" || userName.first == " " || userName.last == " " {
      return "a user name in a password file does not begin with # or a space, nor end with one"
    }
    if userName.utf8.count > PasswordFile.nameLimitBytes {
      return "a user name has at most \(PasswordFile.nameLimitBytes) bytes"
    }
    return nil
  }

  private static func rewritten(
    _ bytes: [UInt8], _ userName: String, _ replacement: [UInt8]?
  ) -> (bytes: [UInt8], wasThere: Bool) {
    let text = bytes.withoutByteOrderMark
    var lines = text.split(separator: 0x0A, omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    var result = Array(bytes[..<text.startIndex])
    var wasThere = false
    for line in lines {
      if !isLine(line, of: userName) {
        result += line + [0x0A]
        continue
      }
      if let replacement, !wasThere { result += replacement + [0x0A] }
      wasThere = true
    }
    if let replacement, !wasThere { result += replacement + [0x0A] }
    return (result, wasThere)
  }

  private static func isLine(_ line: ArraySlice<UInt8>, of userName: String) -> Bool {
    if line.first == UInt8(ascii: "#") { return false }
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return false }
    return PasswordFile.trimmed(line[..<colon]).elementsEqual(userName.utf8)
  }
}
