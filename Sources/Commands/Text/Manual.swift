// The manual pages that are made from tables. SYNOPSIS, DESCRIPTION and EXAMPLES come from the prose of
// each command, OPTIONS and PROPERTIES from the tables, so that a page cannot say what the program does
// not do. Pages that no table stands behind are files of their own, man/*.7, and not in the program.

import MQTTCodec
import Text

/// The manual pages of sections 1 and 5.
package enum Manual {
  private static let date = "November 29, 2026"

  /// The pages beside those of the commands, each with its section.
  ///
  /// `mqtt.conf(5)` is made from the table of a configuration file, those of section 7 are written by
  /// hand in `man/`.
  private static let topics = [
    ("mqtt.conf", 5), ("mqtt-access", 7), ("mqtt-durability", 7), ("mqtt-performance", 7),
    ("mqtt-recipes", 7),
  ]

  /// `mqtt.1`.
  package static func overview() -> String {
    var page = Mandoc()
    head(&page, name: "mqtt", summary: "MQTT broker and clients in one program")
    page.macro("Sh SYNOPSIS")
    page.macro("Nm mqtt")
    page.macro("Ar command")
    page.macro("Op Ar option ...")
    page.macro("Op Ar argument ...")
    page.macro("Sh DESCRIPTION")
    page.prose("A broker and clients for MQTT 3.1, 3.1.1 and 5.0. The commands are:")
    page.macro("Bl -tag -width Ds")
    for command in Command.allCases {
      page.macro("It Cm \(command.rawValue)")
      page.prose(command.summary.sentence)
      page.prose("See")
      page.macro("Xr mqtt-\(command.rawValue) 1 .")
    }
    page.macro("El")
    page.macro("Pp")
    page.prose(
      "An unknown command or option is an error that names the nearest known one. Results go to "
        + "the standard output stream, and everything else to the standard error stream.")
    page.macro("Sh SHELL COMPLETION")
    page.prose(
      "mqtt generate --install writes completions for bash, zsh and fish, and these manual pages, to "
        + "where they are found: below /usr/local/share for root, below ~/.local/share for anyone "
        + "else, or below a directory that is named behind it. mqtt generate --uninstall removes them "
        + "from there again. The pages of section 7 are in the folder man of the source.")
    page.macro("Sh ENVIRONMENT")
    page.macro("Bl -tag -width Ds")
    page.macro("It Ev NO_COLOR")
    page.prose("When it is set to anything, nothing is coloured.")
    page.macro("El")
    exitStatus(&page, nil)
    page.macro("Sh EXAMPLES")
    page.prose("A broker, a subscriber and a publisher, each in a terminal of its own:")
    page.macro("Bd -literal -offset indent")
    for line in ["mqtt broker", "mqtt sub -v 'sensor/#'", "mqtt pub sensor/temp 21.5 -q 2"] {
      page.literal("$ \(line)")
    }
    page.macro("Ed")
    foot(&page, besides: "mqtt")
    return page.text
  }

  /// `mqtt-COMMAND.1`.
  package static func page(_ command: Command) -> String {
    var page = Mandoc()
    let name = "mqtt-\(command.rawValue)"
    head(&page, name: name, summary: command.summary)
    synopsis(&page, command)
    page.macro("Sh DESCRIPTION")
    for (index, paragraph) in command.text.description.enumerated() {
      if index > 0 { page.macro("Pp") }
      page.prose(paragraph)
    }
    page.macro("Sh OPTIONS")
    page.prose(
      "A value follows its option after a blank, after = when the option is long, or at once when "
        + "it is a letter. Letters of flags may share a dash.")
    for (heading, options) in command.groups {
      page.macro("Ss \(Mandoc.escaped(heading))")
      page.macro("Bl -tag -width Ds")
      for option in options { item(&page, option) }
      page.macro("El")
    }
    switch command {
    case .broker:
      brokerSignals(&page)
      brokerEnvironment(&page)
    case .passwd: break
    case .pub:
      templates(&page)
      clientSections(&page, [.connect, .publish, .disconnect, .will], "mqtt_pub")
    case .inspectPcap: inspectSections(&page)
    case .sub:
      outputFormat(&page)
      conditions(&page, ExpressionField.message)
      clientSections(
        &page, [.connect, .subscribe, .unsubscribe, .disconnect, .will], "mqtt_sub")
    case .bench: benchSections(&page)
    case .aclCheck: caseFiles(&page)
    }
    exitStatus(&page, command)
    page.macro("Sh EXAMPLES")
    for (index, example) in command.text.examples.enumerated() {
      if index > 0 { page.macro("Pp") }
      page.prose(example.meaning + ":")
      page.macro("Dl " + Mandoc.argument("$ " + example.line))
    }
    foot(&page, besides: name)
    return page.text
  }

  static func head(_ page: inout Mandoc, name: String, section: Int = 1, summary: String) {
    page.macro("\\\" Made by 'mqtt generate' from the tables of options.")
    page.macro("Dd \(date)")
    page.macro("Dt \(name.uppercased()) \(section)")
    page.macro("Os")
    page.macro("Sh NAME")
    page.macro("Nm \(name)")
    page.macro("Nd \(summary)")
  }

  private static func synopsis(_ page: inout Mandoc, _ command: Command) {
    page.macro("Sh SYNOPSIS")
    page.macro("Bd -literal")
    for form in command.text.synopsis { page.literal("mqtt \(form)") }
    page.macro("Ed")
  }

  private static func item(_ page: inout Mandoc, _ option: OptionDescription) {
    let value = option.valueName.map { " Ar \(Mandoc.argument($0))" } ?? ""
    let letter = option.letter.map { "Fl \($0) , " } ?? ""
    page.macro("It \(letter)Fl -\(option.long)\(value)")
    page.prose(option.help.sentence)
    if !option.manual.isEmpty { page.prose(option.manual) }
    if let defaultText = option.defaultText { page.prose("The default is \(defaultText).") }
    if option.isRepeatable { page.prose("May be given several times.") }
    if !option.aliases.isEmpty {
      let names = option.aliases.map { "--\($0)" }.joined(choicesWith: "and")
      page.prose("\(names) is taken as well.")
    }
  }

  private static func clientSections(
    _ page: inout Mandoc, _ packets: [PropertyPacket], _ file: String
  ) {
    page.macro("Sh PROPERTIES")
    page.prose("The packets that")
    page.macro("Fl D")
    page.prose("knows, their properties, and what the values are:")
    for packet in packets {
      page.macro("Ss \(packet.rawValue)")
      page.macro("Bl -tag -width Ds")
      for row in PropertyRow.rows(of: packet) {
        page.macro("It Cm \(Mandoc.argument(row.name))")
        page.prose(row.kind.words.sentence)
      }
      page.macro("El")
    }
    page.macro("Sh ENVIRONMENT")
    page.macro("Bl -tag -width Ds")
    page.macro("It Ev SSLKEYLOGFILE")
    page.prose("Where the secrets of TLS sessions are appended when --tls-keylog says nothing.")
    page.macro("It Ev XDG_CONFIG_HOME")
    page.prose("Where options files are looked for; otherwise in ~/.config.")
    page.macro("El")
    page.macro("Sh FILES")
    page.macro("Bl -tag -width Ds")
    let other = file.dropFirst("mqtt".count)
    for (path, meaning) in [
      ("~/.config/mosquitto\(other)", "Options, as mosquitto\(other) reads them."),
      ("~/.config/mqtt", "Options for mqtt pub and mqtt sub, read after that."),
      ("~/.config/\(file)", "Options for this command, read last."),
    ] {
      page.macro("It Pa \(Mandoc.escaped(path))")
      page.prose(meaning)
    }
    page.macro("El")
    page.macro("Pp")
    page.prose(
      "Each line is an option, a blank, and its value up to the end of the line; lines that begin "
        + "with # are comments. Options on the command line come later and win.")
  }

  private static func brokerEnvironment(_ page: inout Mandoc) {
    page.macro("Sh ENVIRONMENT")
    page.macro("Bl -tag -width Ds")
    page.macro("It Ev SSLKEYLOGFILE")
    page.prose("Where the secrets of TLS sessions are appended when --tls-keylog says nothing.")
    page.macro("It Ev XDG_STATE_HOME")
    page.prose("Where the data directory is made when --data says nothing.")
    page.macro("It Ev NOTIFY_SOCKET")
    page.prose("Where a service manager wants to be told that the broker serves.")
    page.macro("El")
  }

  private static func exitStatus(_ page: inout Mandoc, _ command: Command?) {
    page.macro("Sh EXIT STATUS")
    page.macro("Bl -tag -width Ds")
    var rows: [(String, String)] = [
      ("0", "Success."),
      ("1", "Failure; the reason stands on the standard error stream."),
      ("2", "The command line cannot be run."),
    ]
    let isClient = command == .pub || command == .sub || command == nil
    if command == .aclCheck { rows = accessCheckStatus }
    if command == .inspectPcap { rows = inspectStatus }
    if command == .bench { rows = benchStatus }
    if isClient {
      rows += [
        (
          "7",
          "One connection after the other was lost before the broker had answered anything: it "
            + "seems to close on the same message, or on the subscription, each time."
        ),
        (
          "8",
          "Published, but connections were cut, and messages that nobody acknowledges may be lost: at "
            + "QoS 0 those that were on their way; at QoS 2 those whose handshake was open when the "
            + "broker lost the session, which may also have come twice. How many is said."
        ),
        ("27", "The time of -W ran out, or no reply came in time."),
        (
          "1 to 5",
          "The broker refused a connection of MQTT 3.1 or 3.1.1: its return code. They mean "
            + "protocol version, client identifier, server unavailable, bad user name or "
            + "password, and not authorized."
        ),
        (
          "128 to 162",
          "The broker refused the connection, a message or a subscription: the reason code of "
            + "MQTT 5."
        ),
      ]
    }
    if isClient || command == .bench {
      rows.append(
        (
          "a signal",
          "Interrupted before its work is done, the command says what is missing and ends by that "
            + "signal itself, which a shell shows as 128 and its number."
        ))
    }
    for (status, meaning) in rows {
      page.macro("It \(status)")
      page.prose(meaning)
    }
    page.macro("El")
  }

  /// The end of a page: all other pages, by section and name.
  static func foot(_ page: inout Mandoc, besides name: String) {
    page.macro("Sh SEE ALSO")
    let commands = Command.allCases.map { ("mqtt-\($0.rawValue)", 1) }
    let others = (([("mqtt", 1)] + commands).sorted { $0.0 < $1.0 } + topics)
      .filter { $0.0 != name }
    for (index, other) in others.enumerated() {
      page.macro("Xr \(other.0) \(other.1)" + (index < others.count - 1 ? " ," : ""))
    }
    page.macro("Sh STANDARDS")
    page.prose("MQTT Version 5.0 and MQTT Version 3.1.1, OASIS Standards; MQTT V3.1.")
  }
}

extension String {
  /// With a capital at its front and a full stop at its end.
  var sentence: String {
    let isName = split(separator: " ").first?.contains { $0 == "-" || $0 == "(" } ?? true
    let front = isName ? String(prefix(1)) : prefix(1).uppercased()
    return front + dropFirst() + (hasSuffix(".") ? "" : ".")
  }
}
