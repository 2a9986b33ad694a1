// From the words of a command line to a draft of options. The words are bytes, because a message
// may be anything; whatever must be text is checked to be UTF-8 here.
//
// Taken are `--long value`, `--long=value`, `-l value`, `-lvalue`, several letters of flags in one
// word (`-rd`), and `--` after which everything is a plain argument. Before it a word that begins
// with a dash is an option or a mistake, but for the number of `mqtt pub sensor/temp -3.5`.

import Text

/// Something that a user wants to be told instead of the command being run.
package enum InformationRequest: Equatable, Sendable {
  case help
  case version
}

/// What the options of a command gather in.
protocol Draft: Sendable {
  /// Set by `--help` and `--version`; the parser stops there.
  var request: InformationRequest? { get set }
  /// Takes an argument that is no option.
  mutating func take(plain argument: [UInt8]) throws(ValueFault)
  /// Takes a negative number that stands where options may stand.
  mutating func take(number: [UInt8]) throws(ValueFault)
}

extension Draft {
  /// Most commands have no use for one.
  mutating func take(number: [UInt8]) throws(ValueFault) { throw .notAnOption }
}

extension ValueFault {
  /// A word that looks like an option and is none.
  static var notAnOption: ValueFault {
    ValueFault("is not an option; behind -- it is a plain argument")
  }
}

/// The parser of one command.
struct ArgumentParser<D: Draft> {
  let command: Command
  let options: [Option<D>]
  /// Words that one option may take beyond its first.
  private static var wordLimit: Int { 3 }

  /// Takes all `words` into `draft`, up to a request for help or for the version.
  ///
  /// `origin` precedes each argument in errors, as in `/home/a/.config/mqtt_pub:3: `.
  func parse(_ words: [[UInt8]], into draft: inout D, origin: String = "") throws(UsageError) {
    var position = 0
    var takesOptions = true
    while position < words.count, draft.request == nil {
      let word = words[position]
      position += 1
      if takesOptions, word == Array("--".utf8) {
        takesOptions = false
      } else if takesOptions, Self.isOption(word) {
        try takeOption(word, words, &position, &draft, origin)
      } else {
        do {
          try take(word, isPlain: !takesOptions, &draft)
        } catch {
          throw UsageError(
            origin + Self.shown(word), error.problem, example: error.example ?? "")
        }
      }
    }
  }

  private static func isOption(_ word: [UInt8]) -> Bool {
    word.count > 1 && word[0] == UInt8(ascii: "-") && !beginsNumber(word)
  }

  /// Whether a dash and a digit, or a dash and a full stop, begin the word.
  private static func beginsNumber(_ word: [UInt8]) -> Bool {
    word.count > 1 && word[0] == UInt8(ascii: "-")
      && (0x30...0x39 ~= word[1] || word[1] == UInt8(ascii: "."))
  }

  private func take(_ word: [UInt8], isPlain: Bool, _ draft: inout D) throws(ValueFault) {
    if isPlain || !Self.beginsNumber(word) { return try draft.take(plain: word) }
    guard Double(String(decoding: word, as: UTF8.self)) != nil else { throw .notAnOption }
    try draft.take(number: word)
  }

  /// A word for an error text, on one line and not too long.
  static func shown(_ word: [UInt8]) -> String {
    let text = String(decoding: word, as: UTF8.self)
    let line = String(text.map { $0.isNewline ? " " : $0 })
    return line.count > 60 ? line.prefix(57) + "..." : (line.isEmpty ? "\"\"" : line)
  }

  private func takeOption(
    _ word: [UInt8], _ words: [[UInt8]], _ position: inout Int, _ draft: inout D,
    _ origin: String
  ) throws(UsageError) {
    if word[1] != UInt8(ascii: "-") {
      return try takeLetters(word, words, &position, &draft, origin)
    }
    let equals = word.firstIndex(of: UInt8(ascii: "="))
    let name = String(decoding: word[2..<(equals ?? word.count)], as: UTF8.self)
    guard let option = options.first(where: { $0.answers(to: name) }) else {
      throw unknown("--\(name)", origin)
    }
    let attached = equals.map { Array(word[($0 + 1)...]) }
    try apply(option, "--\(name)", attached, words, &position, &draft, origin)
  }

  private func takeLetters(
    _ word: [UInt8], _ words: [[UInt8]], _ position: inout Int, _ draft: inout D,
    _ origin: String
  ) throws(UsageError) {
    var index = 1
    while index < word.count {
      let letter = Character(Unicode.Scalar(word[index]))
      guard let option = options.first(where: { $0.description.letter == letter }) else {
        // `-version` is a long option that lacks a dash; `-C3` is an unknown letter.
        let whole = Self.shown(word)
        let isWord = index == 1 && word.count > 2 && nearest(to: whole) != nil
        throw unknown(isWord ? whole : "-\(letter)", origin)
      }
      index += 1
      if option.description.isFlag {
        try apply(option, "-\(letter)", nil, words, &position, &draft, origin)
      } else {
        let attached = index < word.count ? Array(word[index...]) : nil
        return try apply(option, "-\(letter)", attached, words, &position, &draft, origin)
      }
    }
  }

  private func apply(
    _ option: Option<D>, _ spelled: String, _ attached: [UInt8]?, _ words: [[UInt8]],
    _ position: inout Int, _ draft: inout D, _ origin: String
  ) throws(UsageError) {
    let example = "\(spelled) \(option.description.example)"
    var value = attached
    if !option.description.isFlag, value == nil {
      guard position < words.count else {
        let name = option.description.valueName ?? "VALUE"
        throw UsageError(origin + spelled, "expected \(name) after it", example: example)
      }
      value = words[position]
      position += 1
    }
    let shown = value.map { "\(spelled) \(Self.shown($0))" } ?? spelled
    do throws(ValueFault) {
      switch option.action {
      case .flag(let set):
        if value != nil { throw ValueFault("is a flag and takes no value", example: spelled) }
        try set(&draft)
      case .text(let set):
        try set(&draft, text(value ?? []))
      case .bytes(let set):
        try set(&draft, value ?? [])
      case .words(let set):
        var following = [try text(value ?? [])]
        for word in words[position...].prefix(Self.wordLimit) {
          guard let next = try? text(word) else { break }
          following.append(next)
        }
        position += try set(&draft, following[...]) - 1
      }
    } catch {
      if !error.excerpt.isEmpty {
        throw UsageError(origin + spelled, error.problem, excerpt: error.excerpt)
      }
      throw UsageError(origin + shown, error.problem, example: error.example ?? example)
    }
  }

  /// What MQTT takes as text (1.5.4); the system takes no other names and paths either.
  private func text(_ bytes: [UInt8]) throws(ValueFault) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .expected("text in UTF-8")
    }
    if bytes.contains(0) { throw .expected("text without a NUL byte") }
    return text
  }

  /// The error for an option that the command does not have: it belongs to another command, or
  /// it is one of mosquitto's that there is not, or it is a slip of the fingers.
  private func unknown(_ spelled: String, _ origin: String) -> UsageError {
    let problem: String
    if let other = Command.allCases.first(where: { $0 != command && $0.knows(spelled) }) {
      problem = "is an option of mqtt \(other.words) and not of mqtt \(command.words)"
    } else if Self.optionsOfMosquittoOnly.contains(spelled) {
      problem = "is an option of mosquitto's clients that mqtt does not have"
    } else if let nearest = nearest(to: spelled) {
      problem = "is not an option; the nearest one is \(nearest)"
    } else {
      problem = "is not an option; --help lists all of them"
    }
    return UsageError(origin + spelled, problem)
  }

  private static var optionsOfMosquittoOnly: [String] {
    ["-S", "--tls-engine", "--tls-engine-kpass-sha1"]
  }

  /// A letter is near the same letter in its other case only; a word is near words, whether it has
  /// two dashes or, by mistake, one.
  private func nearest(to spelled: String) -> String? {
    let name = String(spelled.drop { $0 == "-" })
    if name.count == 1 {
      let other = options.first {
        $0.description.letter?.lowercased() == name.lowercased()
      }
      return other.map { String($0.description.spelling.drop { $0 == " " }) }
    }
    let known = options.flatMap { [$0.description.long] + $0.description.aliases }
    return Nearest.word(to: name, among: known).map { "--\($0)" }
  }
}

extension Command {
  /// Whether `spelled`, with its dashes, is one of its options.
  fileprivate func knows(_ spelled: String) -> Bool {
    options.contains { option in
      ([option.long] + option.aliases).contains { "--\($0)" == spelled }
        || option.letter.map { "-\($0)" } == spelled
    }
  }
}

extension Option {
  fileprivate func answers(to name: String) -> Bool {
    description.long == name || description.aliases.contains(name)
  }
}
