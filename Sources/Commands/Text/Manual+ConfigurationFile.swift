// mqtt.conf.5: what a configuration file for mosquitto means to `mqtt broker`, from the table that such
// files are read by. What is unlike mosquitto on purpose stands behind it.

import Settings
import Text

extension Manual {
  /// `mqtt.conf.5`.
  package static func configurationFile() -> String {
    var page = Mandoc()
    let name = "mqtt.conf"
    head(&page, name: name, section: 5, summary: "configuration file of mqtt broker")
    page.macro("Sh DESCRIPTION")
    page.prose("This is the file of mqtt broker -c, under whatever name.")
    options(&page)
    page.macro("Sh DIFFERENCES FROM MOSQUITTO")
    for (index, paragraph) in differences.enumerated() {
      if index > 0 { page.macro("Pp") }
      page.prose(paragraph)
    }
    foot(&page, besides: name)
    return page.text
  }

  private static let differences = [
    """
    A number must be one (5k is not 5), certfile needs keyfile, and TLS 1.1 is refused. \
    max_packet_size is 2,000,000 unless the file says otherwise, and max_keepalive holds for clients \
    of 3.1.1 too, as in mosquitto 2.1.
    """,
    """
    With require_certificate true, neither use_identity_as_username nor use_subject_as_username, and \
    nothing else that names users, whoever has a certificate of the authority gets in without a user \
    name. mosquitto lets nobody in then.
    """,
    """
    What the file can say, flags can say as well, by the same words with dashes: --mount-point, \
    --log-type. A flag of listeners holds for all of them, and what could have no effect is refused by \
    name.
    """,
  ]

  private static func options(_ page: inout Mandoc) {
    page.prose(
      "A file for mosquitto is read as it stands. Each line is an option, blanks, and its value up "
        + "to the end of the line. Lines that begin with # in the first column are comments. A value "
        + "that is a number or a word is the first word; what follows it is not looked at. Of "
        + "several lines with one option the last one counts, but a text may be given only once.")
    page.macro("Pp")
    page.prose(
      "Options of a listener belong to the last listener above them; above the first, to a default "
        + "listener, which is served if port or bind_address, or any listener, is there. Without "
        + "all of these only this machine is served, on port 1883. In a value, ${NAME} is the "
        + "environment variable NAME, and $${ is ${ itself. What has no effect here is warned of once, "
        + "with its place. include_dir takes its files in mosquitto's order.")
    page.macro("Pp")
    page.prose(
      "All errors are told at once, each with its file, line and column, and the broker does not "
        + "start. On SIGHUP everything is read again, the files too that the file names; a file "
        + "with errors then changes nothing. Options that change with a restart only are marked "
        + "so below, and the log names them when they differ from what the broker was started "
        + "with. What the command line says counts more than the file, for its listeners too."
    )
    page.macro("Sh OPTIONS")
    var heading = ""
    for row in Setting.table where row.word?.scope != .connection {
      guard let word = row.word else { continue }
      if row.group != heading {
        if !heading.isEmpty { page.macro("El") }
        heading = row.group
        page.macro("Ss \(heading)")
        page.macro("Bl -tag -width Ds")
      }
      item(&page, row, word)
    }
    page.macro("El")
    page.macro("Ss Bridges")
    let bridges = Setting.table.compactMap(\.word).filter { $0.scope == .connection }
    page.prose(
      "This broker makes no bridges to others: connection and the options after it are refused. "
        + "These are " + bridges.map(\.name).joined(choicesWith: "and") + ".")
  }

  private static func item(_ page: inout Mandoc, _ row: Setting, _ word: FileWord) {
    let name = word.isPrefix ? word.name + "*" : word.name
    page.macro("It Cm \(Mandoc.argument(name)) Ar \(Mandoc.argument(word.valueName))")
    page.prose(row.wordHelp.sentence)
    if let defaultText = row.wordDefault { page.prose("The default is \(defaultText).") }
    if let replacement = word.replacement { page.prose("It is old; use \(replacement).") }
  }

  static func brokerSignals(_ page: inout Mandoc) {
    page.macro("Sh SIGNALS")
    page.macro("Bl -tag -width Ds")
    for (name, meaning) in [
      ("SIGTERM , SIGINT", "Tell the clients, send what is under way, and end."),
      (
        "SIGHUP",
        "Read the configuration file and all files that it names again: listeners, certificates, "
          + "authorities, revocation lists, users, access rules, log. What has changed is logged."
      ),
      ("SIGUSR1", "Save what lasts now."),
      ("SIGUSR2", "Write sessions, subscriptions and retained topics to the log."),
      ("SIGRTMIN", "Open the log file again, after it has been moved away."),
    ] {
      page.macro("It Dv \(name)")
      page.prose(meaning)
    }
    page.macro("El")
  }
}
