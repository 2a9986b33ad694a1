// Messages of simulated devices: text with places where something new stands in each message.
//
//     {"temperature": {{random 20 30 2}}, "n": {{seq}}, "at": "{{now}}"}
//
// A place is a function and its arguments, separated by blanks; an argument with blanks stands in
// quotes, and a quoted text alone is itself, so that {{"{{"}} is how two braces are written. The text
// is read once into pieces; making a message walks over them and appends bytes.
//
// Clock, chance and what is known about the client come in from outside, so that a template with the
// same seed makes the same messages.

/// A text with places to fill.
package struct Template: Equatable, Sendable {
  enum Piece: Equatable, Sendable {
    case literal([UInt8])
    case place(TemplateFunction)
  }

  /// As it was written.
  package let text: String
  let pieces: [Piece]

  /// Reads a template.
  package init(_ text: String) throws(TemplateFault) {
    self.text = text
    var reader = TemplateReader(text)
    pieces = try reader.pieces()
  }

  /// Whether a place stands in `text`, if it is read as a template.
  package static func hasPlaces(_ text: String) -> Bool { text.contains("{{") }

  /// The columns that it takes from a table.
  package var columns: [String] {
    pieces.compactMap { piece in
      if case .place(.column(let name)) = piece { name } else { nil }
    }
  }
}

/// What is wrong with a template, and where.
package struct TemplateFault: Error, Equatable, Sendable {
  /// The template.
  package var text: String
  /// The byte of it at which the trouble begins.
  package var offset: Int
  /// What was found and what was expected, in words, without a full stop.
  package var explanation: String

  /// Joins the parts.
  package init(text: String, offset: Int, explanation: String) {
    self.text = text
    self.offset = offset
    self.explanation = explanation
  }

  /// The line with a caret below the place.
  package var excerpt: String { Excerpt.text(Array(text.utf8), caretAt: offset) }
}

/// What stands in a place.
enum TemplateFunction: Equatable, Sendable {
  /// 1, 2, 3, for each client; or from `start` in steps.
  case sequence(start: Int64, step: Int64)
  case now(TemplateClock)
  /// Even distribution from `low` to `high`, both included, in units of the last decimal.
  case random(low: Int64, high: Int64, decimals: Int)
  case normal(mean: Double, deviation: Double, decimals: Int)
  /// From the middle on, each value at most `step` away from the one before it.
  case walk(low: Int64, high: Int64, step: Int64, decimals: Int)
  case sine(low: Double, high: Double, periodSeconds: Double, decimals: Int)
  case choice([String])
  case uuid
  case hexadecimal(Int)
  case letters(Int)
  case bytes(Int)
  /// The number of the client, from 1.
  case client
  case clientIdentifier
  case topic
  case column(String)
  case text(String)
}

/// How `now` is written.
enum TemplateClock: String, CaseIterable, Sendable {
  /// RFC 3339 in UTC, to the millisecond.
  case iso
  /// Seconds, milliseconds, microseconds, nanoseconds since 1970.
  case s
  case ms
  case us
  case ns
}

/// A function as it is documented and looked up.
package struct TemplateFunctionRow: Sendable {
  package let name: String
  /// Its arguments as help shows them.
  package let arguments: String
  /// One sentence without a full stop.
  package let help: String
  package let example: String

  /// All functions, in the order of the manual.
  package static let table: [TemplateFunctionRow] = [
    row("seq", "[START [STEP]]", "counts the messages of each client, from 1", "seq"),
    row(
      "now", "[iso|s|ms|us|ns]",
      "the time: RFC 3339 in UTC, or a number of these units since 1970", "now ms"),
    row(
      "random", "LOW HIGH [DECIMALS]", "a number from LOW to HIGH, each as likely",
      "random 20 30 2"),
    row(
      "normal", "MEAN DEVIATION [DECIMALS]", "a number around MEAN, normally distributed",
      "normal 21.5 0.3 2"),
    row(
      "walk", "LOW HIGH STEP [DECIMALS]",
      "a number that moves by at most STEP from message to message", "walk 0 100 2.5 1"),
    row(
      "sine", "LOW HIGH SECONDS [DECIMALS]", "a wave over the time, one period in SECONDS",
      "sine 15 25 86400 1"),
    row("choice", "WORD ...", "one of the words", "choice on off \"not known\""),
    row("uuid", "", "a random UUID", "uuid"),
    row("hex", "COUNT", "COUNT random bytes as hexadecimal digits", "hex 8"),
    row("letters", "COUNT", "COUNT random letters and digits", "letters 16"),
    row("bytes", "COUNT", "COUNT random bytes", "bytes 64"),
    row("client", "", "the number of the client, from 1 to that of --clients", "client"),
    row("client-id", "", "the client identifier", "client-id"),
    row("topic", "", "the topic of the message", "topic"),
    row("column", "NAME", "a column of --csv", "column temperature"),
  ]

  private static func row(
    _ name: String, _ arguments: String, _ help: String, _ example: String
  ) -> TemplateFunctionRow {
    TemplateFunctionRow(name: name, arguments: arguments, help: help, example: example)
  }
}
