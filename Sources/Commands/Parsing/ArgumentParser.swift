// From the words of a command line to a draft of options. The words are bytes, because a message
// may be anything; whatever must be text is checked to be UTF-8 here.
//
// Taken are `--long value`, `--long=value`, `-l value`, `-lvalue`, several letters of flags in one
// word (`-rd`), and `--` after which everything is a plain argument. A word that begins with a
// dash and a digit is a plain argument too, so that `mqtt pub sensor/temp -3.5` means what it says.

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
}

/// The parser of one command.
struct ArgumentParser<D: Draft> {
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
          try draft.take(plain: word)
        } catch {
          throw UsageError(
            origin + Self.shown(word), error.problem, example: error.example ?? "")
        }
      }
    }
  }

  private static func isOption(_ word: [UInt8]) -> Bool {
    word.count > 1 && word[0] == UInt8(ascii: "-")
      && !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(word[1])
      && !(word[1] == UInt8(ascii: ".") && word.count > 2)
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
        throw unknown(index == 1 ? Self.shown(word) : "-\(letter)", origin)
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
          guard let next = String(validating: word, as: UTF8.self) else { break }
          following.append(next)
        }
        position += try set(&draft, following[...]) - 1
      }
    } catch {
      throw UsageError(origin + shown, error.problem, example: error.example ?? example)
    }
  }

  private func text(_ bytes: [UInt8]) throws(ValueFault) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .expected("text in UTF-8")
    }
    return text
  }

  private func unknown(_ spelled: String, _ origin: String) -> UsageError {
    let known = options.flatMap { option in
      [option.description.long] + option.description.aliases
    }
    if spelled.hasPrefix("--") {
      if let nearest = Nearest.word(to: String(spelled.dropFirst(2)), among: known) {
        return UsageError(
          origin + spelled, "is not an option; the nearest one is --\(nearest)")
      }
    } else {
      let letter = spelled.dropFirst().first
      let other = options.first { $0.description.letter?.lowercased() == letter?.lowercased() }
      if let other, spelled.count == 2 {
        return UsageError(
          origin + spelled,
          "is not an option; the nearest one is \(other.description.spelling.compressed)")
      }
      if let nearest = Nearest.word(to: String(spelled.dropFirst()), among: known) {
        return UsageError(
          origin + spelled, "is not an option; the nearest one is --\(nearest)")
      }
    }
    return UsageError(origin + spelled, "is not an option; --help lists all of them")
  }
}

extension Option {
  fileprivate func answers(to name: String) -> Bool {
    description.long == name || description.aliases.contains(name)
  }
}

extension String {
  /// Without the blanks that stand for a missing letter.
  fileprivate var compressed: String { String(drop(while: { $0 == " " })) }
}
