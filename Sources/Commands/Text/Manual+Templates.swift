// The sections of mqtt-pub(1) on what messages are made from.

extension Manual {
  /// TEMPLATES.
  static func templates(_ page: inout Mandoc) {
    page.macro("Sh TEMPLATES")
    page.prose(
      "With --template each message is the text with new values in the places of {{...}}. A place "
        + "holds a function and its arguments with blanks between them; an argument that has "
        + "blanks stands in quotes. A text in quotes alone is itself: {{\"{{\"}} are two braces. "
        + "A mistake is shown with a caret below it.")
    page.macro("Bl -tag -width Ds")
    for row in TemplateFunctionRow.table {
      let words = [row.name, row.arguments].filter { !$0.isEmpty }.joined(separator: " ")
      page.macro("It Cm " + Mandoc.escaped(words))
      page.prose(row.help.sentence)
    }
    page.macro("El")
    page.macro("Pp")
    page.prose(
      "DECIMALS is the number of digits behind the point, 0 unless it is given. In the example of a "
        + "sensor, temperature has two:")
    page.macro("Bd -literal -offset indent")
    page.literal(
      "{\"temperature\": {{random 20 30 2}}, \"n\": {{seq}}, \"at\": \"{{now}}\"}")
    page.macro("Ed")
  }
}
