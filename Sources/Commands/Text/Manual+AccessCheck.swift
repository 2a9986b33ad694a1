// Sections of mqtt-acl-check.1 that no other page has.

extension Manual {
  /// The form of the files of `ask` and `test`.
  static func caseFiles(_ page: inout Mandoc) {
    page.macro("Sh QUESTIONS AND EXPECTATIONS")
    page.prose(
      "Each line of the files of ask and test names a user, an action, a topic, and for test the "
        + "expected answer; a line that begins with # is a comment:")
    page.macro("Bd -literal -offset indent")
    for line in [
      "# user [client=ID] action topic [answer]", "alice publish home/door deny",
      "\"eve mallory\" client=c1 receive \"two words\" allow", "- subscribe news/# fully",
    ] {
      page.literal(line)
    }
    page.macro("Ed")
    page.macro("Pp")
    page.prose(
      "A dash is a client without a user name. Actions are publish (or write), receive (or read)"
        + ", subscribe and unsubscribe; answers are allow and deny, and for subscribe also fully, partly and "
        + "never. A word that holds blanks stands in double quotes, where a backslash takes the "
        + "next character as it is.")
  }

  /// What the exit status of `mqtt acl-check` says.
  static let accessCheckStatus: [(String, String)] = [
    (
      "0",
      "Allowed, all of it when there are several questions or a capture; everything as expected, "
        + "nobody gains or loses anything, somebody may, nothing is doubtful."
    ),
    (
      "1",
      "Denied, or never delivered; an expectation failed, something changes, nobody may, something "
        + "is doubtful."
    ),
    ("2", "The command line or a file cannot be read."),
  ]
}
