// Who said what a setting is. Every effective value keeps this, so that a fault in what it names can
// be told with the line that names it, and so that somebody can ask.

/// Who says what a setting is; the later one counts more.
package enum SettingOrigin: Equatable, Sendable, CustomStringConvertible {
  /// Nobody: it is as it is without a word about it.
  case standard
  /// A line of a configuration file, by this word.
  case file(FilePlace, word: String)
  /// An option of the command line, as in `--max-qos`.
  case option(String)

  /// Where in a file it stands; nil when it does not.
  package var place: FilePlace? {
    if case .file(let place, _) = self { return place }
    return nil
  }

  /// `default`, `FILE:LINE`, or the option.
  package var description: String {
    switch self {
    case .standard: "default"
    case .file(let place, _): "\(place.file):\(place.line)"
    case .option(let spelling): spelling
    }
  }
}

/// The origins of the settings of one broker or listener; what is not here is a default.
package struct SettingOrigins: Equatable, Sendable {
  /// By the position of the setting's row.
  private var said: [Int: SettingOrigin] = [:]

  /// All are defaults.
  package init() {}

  subscript(position: Int) -> SettingOrigin {
    get { said[position] ?? .standard }
    set { said[position] = newValue }
  }
}
