// The section on conditions, for the commands that take one.

import MQTTCodec

extension Manual {
  /// CONDITIONS, on subjects that have `fields`.
  static func conditions(_ page: inout Mandoc, _ fields: [ExpressionField]) {
    page.macro("Sh CONDITIONS")
    page.prose(
      "A condition compares fields of a message with values, as in: qos == 2 && topic ~ "
        + "\"sensor/#\" && $.temperature > 30. The comparisons are == != < <= > >=, ~ for a topic "
        + "that matches a filter, and contains. They are joined by && and ||, turned round by !, and "
        + "grouped by parentheses; and, or and not may be written as words. A field alone is true "
        + "when it is there and neither 0, false nor empty, and a comparison with something that "
        + "is not there is false. A mistake is shown with a caret below it.")
    page.macro("Bl -tag -width Ds")
    for field in fields {
      page.macro("It Cm " + Mandoc.escaped(field.name))
      page.prose(field.meaning.sentence)
    }
    page.macro("It Cm " + Mandoc.escaped("$.name[0]"))
    page.prose("A place in a payload that is JSON.")
    page.macro("El")
  }
}
