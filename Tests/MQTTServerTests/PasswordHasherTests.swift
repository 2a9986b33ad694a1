// The arithmetic of stored passwords, against values that other programs made.

import AccessControl
import MQTTServer
import Testing

@Suite struct PasswordHasherTests {
  /// By mosquitto_passwd 2.0.11, and by the reference library of Argon2.
  static let entries: [(hash: String, password: String)] = [
    (
      "$6$EZrENFQBi2s9bUQP$NMTl3NhOxBJ3y+JPzMKdWh8pCf/aXdq7WRDo2WpuQU2bUJrM928lr5ms+FjotXzC3l1oX5"
        + "K1KlmvSCiTvS8BNw==", "pw6"
    ),
    (
      "$7$101$gYCKCKpsWDm12Os3$v6WsGVFz1h5zElaEUltT/wOSMRG1POfIqgTvJa/Z9X1oW69R3ByvRBp3NwMTnC/Lmn"
        + "l9YqYKV5Kik0cqME+4QA==", "pw5"
    ),
    (
      "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc",
      "password"
    ),
    (
      "$argon2id$v=19$m=64,t=2,p=4$c29tZXNhbHQ$1cp+rkzm4iaaLdA2LKOSe0ncDQ6LNEz6256dSZ/VQJ4",
      "password"
    ),
  ]

  @Test(arguments: entries) func `a password made elsewhere is recognised, and no other`(
    hash: String, password: String
  ) throws {
    let file = PasswordFile(parsing: Array("u:\(hash)\n".utf8), file: "pw")
    let stored = try #require(file.entry(of: "u")?.hash)
    let hasher = LibraryPasswordHasher()
    #expect(stored.accepts(Array(password.utf8), hasher))
    #expect(!stored.accepts(Array((password + "x").utf8), hasher))
    #expect(!stored.accepts([], hasher))
  }
}
