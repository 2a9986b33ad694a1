// What `mqtt broker passwd` is asked to do, and how its command line becomes that. The letters are
// those of mosquitto_passwd.

import Text

/// Everything `mqtt broker passwd` has to know.
package struct PasswordOptions: Equatable, Sendable {
  /// What a password is stored as.
  package enum Hash: Equatable, Sendable {
    case sha512
    case pbkdf2
    case argon2id
  }

  package var file = ""
  package var userName = ""
  /// On the command line; nil is asked for, or read from the standard input.
  package var password: [UInt8]?
  /// Whether a file that is not there is made.
  package var creates = false
  /// Whether the user goes.
  package var deletes = false
  package var hash = Hash.pbkdf2
  /// Of PBKDF2.
  package var iterations = 1000

  /// The defaults.
  package init() {}
}

struct PasswordDraft: Draft {
  var request: InformationRequest?
  var options = PasswordOptions()
  var isBatch = false
  var iterationOption: String?
  var plain: [[UInt8]] = []

  mutating func take(plain argument: [UInt8]) throws(ValueFault) {
    if plain.count == (isBatch ? 3 : 2) {
      throw ValueFault(
        isBatch
          ? "is one argument too many; quote what holds blanks"
          : "is one argument too many; a password on the command line needs -b",
        example: "mqtt broker passwd -b passwords ann secret")
    }
    plain.append(argument)
  }

  static let table: [Option<PasswordDraft>] =
    [
      .flag(
        "create", letter: "c", "make FILE if it is not there",
        manual: "A file that is there keeps its users, other than with mosquitto_passwd."
      ) { $0.options.creates = true },
      .flag("delete", letter: "D", "remove USER") { $0.options.deletes = true },
      .flag(
        "batch", letter: "b", "take the password from the command line",
        manual: "Other users of this machine can see it there."
      ) { $0.isBatch = true },
      .value(
        "hash", letter: "H", "HASH", .choices(["sha512", "sha512-pbkdf2", "argon2id"]),
        example: "argon2id", default: "sha512-pbkdf2", "how the password is stored",
        manual: """
          sha512 is read by every mosquitto, sha512-pbkdf2 by mosquitto 2.0 and later, argon2id by \
          2.1 and later.
          """
      ) { (draft, text) throws(ValueFault) in
        draft.options.hash = try Values.choice(
          text, ["sha512": .sha512, "sha512-pbkdf2": .pbkdf2, "argon2id": .argon2id])
      },
      .value(
        "iterations", letter: "I", "COUNT", example: "10000", default: "1000",
        "rounds of sha512-pbkdf2; each login costs them"
      ) { (draft, text) throws(ValueFault) in
        draft.options.iterations = try Values.number(text, 1...10_000_000)
        draft.iterationOption = "-I"
      },
    ].grouped("Options") + Option.information(helpLetter: "h").grouped("General")

  /// Joins plain arguments and flags.
  func finished() throws(UsageError) -> PasswordOptions {
    var result = options
    let example = "mqtt broker passwd passwords ann"
    guard plain.count >= 2 else {
      throw UsageError(
        "mqtt broker passwd", plain.isEmpty ? "expected a file and a user" : "expected a user",
        example: example)
    }
    guard let file = String(validating: plain[0], as: UTF8.self), !file.isEmpty,
      let userName = String(validating: plain[1], as: UTF8.self)
    else {
      throw UsageError("mqtt broker passwd", "expected names in UTF-8", example: example)
    }
    result.file = file
    result.userName = userName
    if isBatch, !result.deletes {
      guard plain.count == 3 else {
        throw UsageError(
          "-b", "expected the password behind FILE and USER",
          example: "mqtt broker passwd -b passwords ann secret")
      }
      result.password = plain[2]
    }
    if iterationOption != nil, result.hash != .pbkdf2 {
      throw UsageError(
        "-I", "only sha512-pbkdf2 has iterations", example: "-H sha512-pbkdf2 -I 10000")
    }
    return result
  }
}

extension PasswordOptions {
  /// Understands the words after `mqtt broker passwd`.
  package static func parse(_ words: [[UInt8]]) throws(UsageError) -> Invocation<PasswordOptions> {
    var draft = PasswordDraft()
    // -b changes how many plain arguments there are, wherever it stands.
    draft.isBatch = words.contains(Array("-b".utf8)) || words.contains(Array("--batch".utf8))
    try ArgumentParser(command: .passwd, options: PasswordDraft.table).parse(words, into: &draft)
    if let request = draft.request { return .information(request) }
    return .run(try draft.finished(), warnings: [])
  }
}
