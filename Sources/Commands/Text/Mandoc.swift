// Prose as the source of a manual page in the mdoc language: characters that roff would take for
// its own are escaped, each sentence begins a line, and no line is longer than 80 bytes.

/// Writes mdoc.
struct Mandoc {
  private(set) var text = ""

  /// A macro line as it stands.
  mutating func macro(_ line: String) { text += ".\(line)\n" }

  /// A paragraph of prose.
  mutating func prose(_ prose: String) {
    for sentence in Self.sentences(prose) {
      var line = ""
      for word in sentence.split(separator: " ") {
        let word = Self.escaped(String(word))
        if !line.isEmpty, line.utf8.count + 1 + word.utf8.count > 78 {
          append(line)
          line = ""
        }
        line += line.isEmpty ? word : " \(word)"
      }
      append(line)
    }
  }

  /// A line that is shown as it is.
  mutating func literal(_ line: String) { append(Self.escaped(line)) }

  private mutating func append(_ line: String) {
    text += (line.first == "." || line.first == "'" ? "\\&" : "") + line + "\n"
  }

  /// Without anything that roff would take for its own.
  static func escaped(_ text: String) -> String {
    var result = ""
    for character in text {
      switch character {
      case "\\": result += "\\e"
      case "∞": result += "\\(if"
      case "→": result += "\\(->"
      case "←": result += "\\(<-"
      case "~": result += "\\(ti"
      case "^": result += "\\(ha"
      case "`": result += "\\(ga"
      case "'": result += "\\(aq"
      case "-": result += "\\-"
      default: result.append(character)
      }
    }
    return result
  }

  /// An argument of a macro: quoted, so that no word of it is taken for a macro.
  static func argument(_ text: String) -> String {
    "\"" + escaped(text).map { $0 == "\"" ? "\\(dq" : String($0) }.joined() + "\""
  }

  private static func sentences(_ prose: String) -> [String] {
    var sentences: [String] = []
    var current: [Substring] = []
    for word in prose.split(separator: " ") {
      current.append(word)
      if word.hasSuffix(".") || word.hasSuffix(".)") {
        sentences.append(current.joined(separator: " "))
        current = []
      }
    }
    if !current.isEmpty { sentences.append(current.joined(separator: " ")) }
    return sentences
  }
}
