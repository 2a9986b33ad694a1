// The command line of `mqtt broker`. Its options are the rows of the table of settings that have one;
// what their words mean is the business of those rows.

package import Settings
import Text

struct BrokerDraft: Draft {
  var request: InformationRequest?
  var layer = CommandLineLayer()

  mutating func take(plain argument: [UInt8]) throws(ValueFault) {
    throw ValueFault("is not an option, and mqtt broker takes nothing else", example: "-p 1883")
  }

  /// All options, in the order of `--help`.
  static let table: [Option<BrokerDraft>] =
    Setting.table.compactMap(Option.init)
    + Option.information(helpLetter: "h").grouped("General")
}

extension Option<BrokerDraft> {
  /// The option of a setting; nil for one that only a file can say.
  fileprivate init?(_ row: Setting) {
    guard let word = row.option else { return nil }
    let values: ValueHint =
      switch word.completion {
      case .free: .free
      case .choices(let words): .choices(words)
      case .file: .file
      case .directory: .directory
      }
    self.init(
      description: OptionDescription(
        long: word.long, letter: word.letter, aliases: word.aliases, valueName: word.valueName,
        values: values, example: row.optionExample, defaultText: row.optionDefault,
        isRepeatable: word.isRepeatable, help: row.help, manual: row.manual, group: row.group),
      action: word.valueName == nil
        ? .flag { (draft) throws(ValueFault) in try draft.layer.take(row) }
        : .text { (draft, text) throws(ValueFault) in try draft.layer.take(row, text) })
  }
}

extension CommandLineLayer {
  /// Understands the words after `mqtt broker`; a configuration file is not read yet.
  package static func parse(
    _ words: [[UInt8]]
  ) throws(UsageError) -> Invocation<CommandLineLayer> {
    var draft = BrokerDraft()
    try ArgumentParser(command: .broker, options: BrokerDraft.table).parse(words, into: &draft)
    if let request = draft.request { return .information(request) }
    do throws(SettingConflict) {
      try draft.layer.check()
      // With a file, what holds is known once it has been read.
      if draft.layer.configurationFile == nil { _ = try draft.layer.settings() }
    } catch {
      throw UsageError(error.option, error.problem, example: error.example)
    }
    return .run(draft.layer, warnings: [])
  }
}
