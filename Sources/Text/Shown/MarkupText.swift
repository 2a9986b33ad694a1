// Text on its way into a page: whatever a peer or a user wrote stays text there, between tags and in
// attributes.

extension String {
  /// With everything replaced that HTML, SVG or XML would take for markup or does not allow.
  package var escapedForMarkup: String {
    var result = ""
    for scalar in unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      case let control where control.isControl:
        result += "\u{FFFD}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
