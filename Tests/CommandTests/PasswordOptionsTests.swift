// The command line of `mqtt broker passwd`.

import Commands
import Testing

@Suite struct PasswordOptionsTests {
  private func passwd(_ line: String) throws -> PasswordOptions {
    guard case .run(let options, _) = try PasswordOptions.parse(words(line)) else { throw NotRun() }
    return options
  }

  @Test func `a file and a user are enough`() throws {
    let options = try passwd("passwords ann")
    #expect(options.file == "passwords")
    #expect(options.userName == "ann")
    #expect(options.password == nil)
    #expect(options.hash == .pbkdf2)
    #expect(!options.creates && !options.deletes)
  }

  @Test(arguments: [
    "-b passwords ann secret", "passwords -b ann secret", "passwords ann secret -b",
  ])
  func `with -b the password stands behind them`(line: String) throws {
    #expect(try passwd(line).password == Array("secret".utf8))
  }

  @Test func `letters are those of mosquitto_passwd`() throws {
    #expect(try passwd("-c -H argon2id passwords ann").hash == .argon2id)
    #expect(try passwd("-c passwords ann").creates)
    #expect(try passwd("-D passwords ann").deletes)
    #expect(try passwd("-H sha512-pbkdf2 -I 5000 passwords ann").iterations == 5000)
  }

  static let faults = [
    ("", "expected a file and a user"), ("passwords", "expected a user"),
    ("passwords ann secret", "a password on the command line needs -b"),
    ("-b passwords ann", "expected the password behind FILE and USER"),
    ("-H md5 passwords ann", "expected sha512, sha512-pbkdf2 or argon2id"),
    ("-H sha512 -I 5 passwords ann", "only sha512-pbkdf2 has iterations"),
  ]

  @Test(arguments: faults) func `what is wrong is said`(line: String, problem: String) {
    #expect(errorText(.passwd, line).contains(problem))
  }
}
