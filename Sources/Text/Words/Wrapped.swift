// Lines for a terminal that has so many columns: broken between words.

extension String {
  /// The text broken between words, so that no line is wider than `width` columns unless a single
  /// word is; each line but the first begins with `indent` blanks, and the first is told to begin
  /// behind as many.
  package func wrapped(width: Int, indent: Int = 0) -> String {
    var result = ""
    var column = indent
    for word in split(separator: " ") {
      let length = word.count
      if column > indent, column + 1 + length > width {
        result += "\n" + String(repeating: " ", count: indent)
        column = indent
      }
      if column > indent {
        result += " "
        column += 1
      }
      result += word
      column += length
    }
    return result
  }
}
