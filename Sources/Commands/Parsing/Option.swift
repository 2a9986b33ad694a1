// A row of a table of options: how it is described, and what its value does to the draft of the
// options that are being gathered.

import Text

/// An option of a command whose options gather in a `Draft`.
package struct Option<Draft>: Sendable {
  /// What happens when the option is met.
  enum Action: Sendable {
    case flag(@Sendable (inout Draft) throws(ValueFault) -> Void)
    case text(@Sendable (inout Draft, String) throws(ValueFault) -> Void)
    case bytes(@Sendable (inout Draft, [UInt8]) throws(ValueFault) -> Void)
    /// Takes as many of the following words as it needs and says how many.
    case words(@Sendable (inout Draft, ArraySlice<String>) throws(ValueFault) -> Int)
  }

  /// The row as `--help`, completions and manual pages see it.
  package var description: OptionDescription
  var action: Action
}

/// A draft of which the connection is a part.
protocol ConnectingDraft: Draft {
  var connection: ConnectionDraft { get set }
}

extension Option<ConnectionDraft> {
  /// The same option for a draft that holds a connection's.
  func lifted<Whole: ConnectingDraft>() -> Option<Whole> {
    let lifted: Option<Whole>.Action =
      switch action {
      case .flag(let set):
        .flag { (whole) throws(ValueFault) in try set(&whole.connection) }
      case .text(let set):
        .text { (whole, text) throws(ValueFault) in try set(&whole.connection, text) }
      case .bytes(let set):
        .bytes { (whole, bytes) throws(ValueFault) in try set(&whole.connection, bytes) }
      case .words(let set):
        .words { (whole, words) throws(ValueFault) in try set(&whole.connection, words) }
      }
    return Option<Whole>(description: description, action: lifted)
  }
}

extension Option {
  /// An option without a value.
  static func flag(
    _ long: String, letter: Character? = nil, aliases: [String] = [], _ help: String,
    manual: String = "", _ set: @escaping @Sendable (inout Draft) throws(ValueFault) -> Void
  ) -> Option {
    Option(
      description: OptionDescription(
        long: long, letter: letter, aliases: aliases, valueName: nil, values: .free, example: "",
        defaultText: nil, isRepeatable: false, help: help, manual: manual, group: ""),
      action: .flag(set))
  }

  /// An option with one value.
  static func value(
    _ long: String, letter: Character? = nil, aliases: [String] = [], _ valueName: String,
    _ values: ValueHint = .free, example: String, default defaultText: String? = nil,
    repeatable: Bool = false, _ help: String, manual: String = "",
    _ set: @escaping @Sendable (inout Draft, String) throws(ValueFault) -> Void
  ) -> Option {
    Option(
      description: OptionDescription(
        long: long, letter: letter, aliases: aliases, valueName: valueName, values: values,
        example: example, defaultText: defaultText, isRepeatable: repeatable, help: help,
        manual: manual, group: ""),
      action: .text(set))
  }

  /// An option whose value is taken byte for byte, whatever its encoding.
  static func bytes(
    _ long: String, letter: Character? = nil, _ valueName: String, example: String,
    _ help: String, manual: String = "",
    _ set: @escaping @Sendable (inout Draft, [UInt8]) throws(ValueFault) -> Void
  ) -> Option {
    Option(
      description: OptionDescription(
        long: long, letter: letter, aliases: [], valueName: valueName, values: .free,
        example: example, defaultText: nil, isRepeatable: false, help: help, manual: manual,
        group: ""),
      action: .bytes(set))
  }
}

extension Array {
  /// Puts all rows under one heading.
  func grouped<Draft>(_ heading: String) -> [Option<Draft>] where Element == Option<Draft> {
    map { option in
      var option = option
      option.description.group = heading
      return option
    }
  }

  /// Lifts all rows; see ``Option/lifted()``.
  func lifted<Whole: ConnectingDraft>() -> [Option<Whole>]
  where Element == Option<ConnectionDraft> {
    map { $0.lifted() }
  }
}
