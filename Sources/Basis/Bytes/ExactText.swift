// Text as MQTT compares it. Two Strings of Swift are equal where people see the same, such as é as one
// scalar and as e with an accent behind it; for the protocol, for files and for databases these are
// two client identifiers, topics or users. Whatever decides by a name compares it in this form.

/// Text that is equal only to the same bytes.
package struct ExactText: Hashable, Comparable, Sendable {
  package let text: String

  /// The form of `text` that is compared.
  package init(_ text: String) { self.text = text }

  package static func == (left: ExactText, right: ExactText) -> Bool {
    areEqual(left.text.utf8.span, right.text.utf8.span)
  }

  package static func < (left: ExactText, right: ExactText) -> Bool {
    left.text.utf8.lexicographicallyPrecedes(right.text.utf8)
  }

  package func hash(into hasher: inout Hasher) {
    let bytes = text.utf8.span
    unsafe bytes.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    hasher.combine(bytes.count)
  }
}

extension String {
  /// The text as names are compared.
  package var exact: ExactText { ExactText(self) }
}
