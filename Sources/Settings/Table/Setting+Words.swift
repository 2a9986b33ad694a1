// How the rows of the table are put together: each begins with what a setting means and where it goes,
// and gets an option, a word of a file, or both. A row is handed on and not copied: there are some two
// hundred, all made when a broker starts.

import Text

extension Setting {
  /// Gives it an option with a value.
  consuming func option(
    _ long: String, _ valueName: String, _ completion: OptionWord.Completion = .free,
    example: String = "", letter: Character? = nil, aliases: [String] = []
  ) -> Setting {
    var row = self
    row.option = OptionWord(
      long: long, letter: letter, aliases: aliases, valueName: valueName, completion: completion,
      example: example)
    if case .choice(let words) = row.kind { row.option?.completion = .choices(words) }
    if case .truth = row.kind { row.option?.completion = .choices(["true", "false"]) }
    return row
  }

  /// Gives it an option without a value, which means `meaning`.
  consuming func flag(
    _ long: String, letter: Character? = nil, aliases: [String] = [], _ isTrue: Bool = true
  ) -> Setting {
    var row = self
    row.option = OptionWord(
      long: long, letter: letter, aliases: aliases, meaning: .truth(isTrue))
    return row
  }

  /// Its option may be given several times.
  var repeatable: Setting {
    consuming get {
      var row = self
      row.option?.isRepeatable = true
      return row
    }
  }

  /// Its option makes something else true.
  consuming func with(_ target: Target) -> Setting {
    var row = self
    row.option?.also = target
    return row
  }

  /// What `--help` calls its default.
  consuming func by(default text: String) -> Setting {
    var row = self
    row.defaultText = text
    return row
  }

  /// Gives it a word in files.
  consuming func word(
    _ name: String, _ scope: FileWord.Scope = .process, _ reading: FileWord.Reading = .usual,
    value: String? = nil, default defaultText: String? = nil, help: String? = nil
  ) -> Setting {
    var row = self
    row.word = FileWord(
      name: name, scope: scope, reading: reading, valueName: value ?? row.fileValueName(reading),
      defaultText: defaultText, help: help)
    return row
  }

  /// What holds where a file for mosquitto is read that does not speak of it.
  consuming func withFile(_ value: SettingValue) -> Setting {
    var row = self
    row.valueWithFile = value
    return row
  }

  /// The same value in a file goes to `target`, too.
  consuming func inFileWith(_ target: Target) -> Setting {
    var row = self
    row.word?.also = target
    return row
  }

  /// A change in a file is heeded when the broker starts, and only then.
  var atStart: Setting {
    consuming get {
      var row = self
      row.word?.needsRestart = true
      return row
    }
  }

  /// The word of a file is old.
  consuming func replaced(by other: String) -> Setting {
    var row = self
    row.word?.replacement = other
    return row
  }

  /// The word of a file says something that has no effect where this says why.
  consuming func noting(_ note: @escaping @Sendable (String) -> String?) -> Setting {
    var row = self
    row.word?.note = note
    return row
  }

  /// A word of files that is read and has no effect.
  static func ignored(
    _ name: String, _ scope: FileWord.Scope = .process, value: String,
    _ reading: FileWord.Reading = .anything, because reason: String
  ) -> Setting {
    var row = Setting("has no effect: \(reason)", .text(""), .nothing).word(
      name, scope, reading, value: value)
    row.word?.standing = .ignored(reason)
    return row
  }

  /// A word of files about the lines around it.
  static func line(
    _ name: String, _ scope: FileWord.Scope = .process, value: String,
    _ reading: FileWord.Reading, _ help: String,
    _ act: @escaping @Sendable (inout FileLayer, SettingValue) throws(ValueFault) -> Void
  ) -> Setting {
    Setting(help, .text(""), .line(act)).word(name, scope, reading, value: value)
  }

  /// A word of a bridge, of which there are none here.
  static func bridge(_ name: String, _ valueName: String, _ help: String) -> Setting {
    var row = Setting(help, .text(""), .nothing).word(
      name, .connection, .anything, value: valueName)
    row.word?.standing = .refused("this broker makes no bridges")
    return row
  }

  /// The value as the manual of files shows it.
  private func fileValueName(_ reading: FileWord.Reading) -> String {
    switch (reading, kind) {
    case (.number(let range, _), _), (.usual, .number(let range)):
      range.upperBound >= FileWord.largest
        ? "N" : "\(max(0, range.lowerBound))-\(range.upperBound)"
    case (_, .truth): "true | false"
    case (_, .choice(let words)): words.joined(separator: " | ")
    case (_, _): option?.valueName ?? "VALUE"
    }
  }
}

extension FileWord {
  /// The largest number that mosquitto can hold in most of its options.
  static let largest = Int(Int32.max)
}

extension FileWord.Reading {
  /// A limit of mosquitto for which zero and less is none, which here is `none`.
  static func limit(none: SettingValue) -> FileWord.Reading {
    .number(-FileWord.largest...FileWord.largest) { $0 > 0 ? .number($0) : none }
  }

  /// A limit of mosquitto for which less than zero is none, which here is `none`.
  static func cap(none: SettingValue) -> FileWord.Reading {
    .number(-FileWord.largest...FileWord.largest) { $0 >= 0 ? .number($0) : none }
  }

  /// A whole number of a range.
  static func number(_ range: ClosedRange<Int>) -> FileWord.Reading {
    .number(range) { .number($0) }
  }

  /// The rest of the line as it stands.
  static var line: FileWord.Reading { .text { .text($0) } }
}
