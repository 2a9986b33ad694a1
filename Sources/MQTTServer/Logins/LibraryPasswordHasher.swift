// The arithmetic of stored passwords, by OpenSSL and by the reference library of Argon2.

package import AccessControl
import CArgon2
import COpenSSL

/// Computes all hashes that a password file may hold.
package struct LibraryPasswordHasher: PasswordHasher {
  /// Needs nothing.
  package init() {}

  package func digest(of password: [UInt8], like hash: PasswordHash) -> [UInt8]? {
    switch hash.method {
    case .sha512: Self.sha512(password + hash.salt)
    case .pbkdf2(let iterations): Self.pbkdf2(password, hash, Int32(clamping: iterations))
    case .argon2id(let memory, let passes, let lanes):
      Self.argon2id(password, hash, memory: memory, passes: passes, lanes: lanes)
    }
  }

  private static func sha512(_ bytes: [UInt8]) -> [UInt8]? {
    var digest = [UInt8](repeating: 0, count: 64)
    var count: UInt32 = 0
    guard EVP_Digest(bytes, bytes.count, &digest, &count, EVP_sha512(), nil) == 1, count == 64
    else { return nil }
    return digest
  }

  private static func pbkdf2(
    _ password: [UInt8], _ hash: PasswordHash, _ iterations: Int32
  ) -> [UInt8]? {
    var digest = [UInt8](repeating: 0, count: hash.digest.count)
    let isComputed = password.withUnsafeBytes { password in
      PKCS5_PBKDF2_HMAC(
        password.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(password.count), hash.salt,
        Int32(hash.salt.count), iterations, EVP_sha512(), Int32(digest.count), &digest)
    }
    return isComputed == 1 ? digest : nil
  }

  /// All lanes on this thread: a login shall not take more than one core.
  private static func argon2id(
    _ password: [UInt8], _ hash: PasswordHash, memory: UInt32, passes: UInt32, lanes: UInt32
  ) -> [UInt8]? {
    var password = password
    var salt = hash.salt
    var digest = [UInt8](repeating: 0, count: hash.digest.count)
    let code = digest.withUnsafeMutableBufferPointer { digest in
      password.withUnsafeMutableBufferPointer { password in
        salt.withUnsafeMutableBufferPointer { salt in
          var context = argon2_context()
          context.out = digest.baseAddress
          context.outlen = UInt32(digest.count)
          context.pwd = password.baseAddress
          context.pwdlen = UInt32(password.count)
          context.salt = salt.baseAddress
          context.saltlen = UInt32(salt.count)
          context.t_cost = passes
          context.m_cost = memory
          context.lanes = lanes
          context.threads = 1
          context.version = ARGON2_VERSION_13.rawValue
          return argon2_ctx(&context, Argon2_id)
        }
      }
    }
    return code == ARGON2_OK.rawValue ? digest : nil
  }
}
