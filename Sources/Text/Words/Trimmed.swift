// Text without what surrounds it.

extension StringProtocol {
  /// Without blanks and tabs at both ends.
  package var trimmed: String {
    func isBlank(_ character: Character) -> Bool { character == " " || character == "\t" }
    var text = String(drop(while: isBlank))
    while let last = text.last, isBlank(last) { text.removeLast() }
    return text
  }
}
