// What a password file keeps in the place of a password, in the three forms of mosquitto_passwd:
//
//   $6$salt$digest                        SHA-512 over password and salt, once; of mosquitto 1.6
//   $7$iterations$salt$digest             PBKDF2 with HMAC-SHA-512; of mosquitto 2.0
//   $argon2id$v=19$m=..,t=..,p=..$salt$digest   Argon2id (RFC 9106); of mosquitto 2.1
//
// Salt and digest are in base64, without padding in the third. The arithmetic itself is done by
// whoever has a library for it; here it is only said what is to be computed and compared.

import Basis

/// Computes digests.
///
/// What it computes is fixed by the hash; it keeps nothing.
package protocol PasswordHasher: Sendable {
  /// The digest that `password` gives under the rules and the salt of `hash`, as long as the one in
  /// it; nil when the rules cannot be followed, such as for want of memory.
  func digest(of password: [UInt8], like hash: PasswordHash) -> [UInt8]?
}

/// One stored password.
package struct PasswordHash: Equatable, Sendable {
  /// How the digest is computed.
  package enum Method: Equatable, Sendable {
    /// SHA-512 of password and salt.
    case sha512
    /// PBKDF2 with HMAC-SHA-512, that many times.
    case pbkdf2(iterations: Int)
    /// Argon2id, version 19.
    case argon2id(memoryKibibytes: UInt32, passes: UInt32, lanes: UInt32)
  }

  package var method: Method
  package var salt: [UInt8]
  package var digest: [UInt8]

  /// Joins the parts.
  package init(method: Method, salt: [UInt8], digest: [UInt8]) {
    self.method = method
    self.salt = salt
    self.digest = digest
  }

  /// Whether `password` is the one; takes as long for any wrong one.
  package func accepts(_ password: [UInt8], _ hasher: some PasswordHasher) -> Bool {
    guard let computed = hasher.digest(of: password, like: self) else { return false }
    return Self.areEqual(computed, digest)
  }

  /// Whether two digests are the same, in a time that depends on their length only.
  static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    if left.count != right.count || left.isEmpty { return false }
    var difference: UInt8 = 0
    for index in left.indices { difference |= left[index] ^ right[index] }
    return difference == 0
  }
}

extension PasswordHash: CustomStringConvertible {
  /// The hash as it stands in a password file.
  package var description: String {
    switch method {
    case .sha512:
      "$6$" + Base64.text(salt) + "$" + Base64.text(digest)
    case .pbkdf2(let iterations):
      "$7$\(iterations)$" + Base64.text(salt) + "$" + Base64.text(digest)
    case .argon2id(let memory, let passes, let lanes):
      "$argon2id$v=19$m=\(memory),t=\(passes),p=\(lanes)$" + Base64.text(salt, isPadded: false)
        + "$" + Base64.text(digest, isPadded: false)
    }
  }
}

/// What is wrong with a hash: where it begins in the text, and what should stand there.
struct PasswordHashFault: Error, Equatable {
  /// Bytes before it.
  var offset: Int
  var problem: String

  init(_ offset: Int, _ problem: String) {
    self.offset = offset
    self.problem = problem
  }
}

extension PasswordHash {
  /// Bytes of a SHA-512 digest.
  static let sha512Bytes = 64
  /// Most iterations and most memory that a login may cost; beyond, a file could stop the broker.
  static let iterationLimit = 10_000_000
  static let memoryLimitKibibytes: UInt32 = 1 << 20

  /// Reads the part of a line behind the user name and the colon.
  init(parsing text: ArraySlice<UInt8>) throws(PasswordHashFault) {
    let parts = text.split(separator: UInt8(ascii: "$"), omittingEmptySubsequences: false)
    guard text.first == UInt8(ascii: "$"), parts.count >= 2 else {
      throw PasswordHashFault(
        0,
        "a password that is not hashed; expected $6$, $7$ or $argon2id$: "
          + "`mosquitto_passwd -U FILE` hashes it, `mqtt broker passwd FILE USER` sets a new one")
    }
    switch String(decoding: parts[1], as: UTF8.self) {
    case "6":
      self = try Self.sha512(parts, text)
    case "7":
      self = try Self.pbkdf2(parts, text)
    case "argon2id":
      self = try Self.argon2id(parts, text)
    case let other:
      throw PasswordHashFault(
        1, "the hash \"\(other)\" is not known; expected $6$, $7$ or $argon2id$")
    }
  }

  private typealias Parts = [ArraySlice<UInt8>]

  private static func sha512(_ parts: Parts, _ text: ArraySlice<UInt8>) throws(PasswordHashFault)
    -> PasswordHash
  {
    try expect(parts, 4, text, "$6$SALT$DIGEST")
    return PasswordHash(
      method: .sha512, salt: try bytes(parts[2], text, "a salt"),
      digest: try digest(parts[3], text))
  }

  private static func pbkdf2(_ parts: Parts, _ text: ArraySlice<UInt8>) throws(PasswordHashFault)
    -> PasswordHash
  {
    try expect(parts, 5, text, "$7$ITERATIONS$SALT$DIGEST")
    guard let iterations = Int(String(decoding: parts[2], as: UTF8.self)),
      (1...iterationLimit).contains(iterations)
    else {
      throw PasswordHashFault(
        parts[2].startIndex - text.startIndex,
        "expected a number of iterations, 1 to \(iterationLimit)")
    }
    return PasswordHash(
      method: .pbkdf2(iterations: iterations), salt: try bytes(parts[3], text, "a salt"),
      digest: try digest(parts[4], text))
  }

  private static func argon2id(_ parts: Parts, _ text: ArraySlice<UInt8>)
    throws(PasswordHashFault) -> PasswordHash
  {
    try expect(parts, 6, text, "$argon2id$v=19$m=MEMORY,t=PASSES,p=LANES$SALT$DIGEST")
    if String(decoding: parts[2], as: UTF8.self) != "v=19" {
      throw PasswordHashFault(
        parts[2].startIndex - text.startIndex, "expected v=19, the version of Argon2 in RFC 9106")
    }
    let numbers = parts[3].split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
    guard numbers.count == 3, let memory = number(numbers[0], "m="),
      let passes = number(numbers[1], "t="), let lanes = number(numbers[2], "p="),
      (1...255).contains(lanes), passes >= 1, passes <= 1000,
      (8 * lanes...memoryLimitKibibytes).contains(memory)
    else {
      throw PasswordHashFault(
        parts[3].startIndex - text.startIndex,
        "expected m=KIBIBYTES,t=PASSES,p=LANES, such as m=47104,t=1,p=1, with at least 8 "
          + "kibibytes a lane and at most \(memoryLimitKibibytes)")
    }
    let salt = try bytes(parts[4], text, "a salt of at least 8 bytes")
    let digest = try bytes(parts[5], text, "a digest of at least 4 bytes")
    if salt.count < 8 || digest.count < 4 {
      throw PasswordHashFault(
        parts[4].startIndex - text.startIndex,
        "expected a salt of at least 8 and a digest of at least 4 bytes")
    }
    return PasswordHash(
      method: .argon2id(memoryKibibytes: memory, passes: passes, lanes: lanes), salt: salt,
      digest: digest)
  }

  private static func number(_ text: ArraySlice<UInt8>, _ name: String) -> UInt32? {
    let text = String(decoding: text, as: UTF8.self)
    guard text.hasPrefix(name), text.utf8.dropFirst(2).first != UInt8(ascii: "+") else {
      return nil
    }
    return UInt32(text.dropFirst(2))
  }

  private static func expect(
    _ parts: Parts, _ count: Int, _ text: ArraySlice<UInt8>, _ form: String
  ) throws(PasswordHashFault) {
    if parts.count == count { return }
    throw PasswordHashFault(0, "expected \(form), found \(parts.count - 1) parts")
  }

  private static func bytes(
    _ part: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>, _ what: String
  ) throws(PasswordHashFault) -> [UInt8] {
    guard let bytes = Base64.bytes(part), !bytes.isEmpty else {
      throw PasswordHashFault(
        part.startIndex - text.startIndex, "expected \(what) in base64")
    }
    return bytes
  }

  private static func digest(_ part: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>)
    throws(PasswordHashFault) -> [UInt8]
  {
    let found = try bytes(part, text, "a digest of \(sha512Bytes) bytes")
    if found.count == sha512Bytes { return found }
    throw PasswordHashFault(
      part.startIndex - text.startIndex,
      "expected a digest of \(sha512Bytes) bytes, found \(found.count)")
  }
}
