// The options of `mqtt inspect-pcap`. What tshark has is spelled as tshark spells it.

import Basis
import Capture
import MQTTCodec
import Text

extension InspectDraft {
  /// All options, in the order of `--help`.
  static let table: [Option<InspectDraft>] =
    input.grouped("Input") + output.grouped("Output") + fieldOutput.grouped("Fields")
    + selection.grouped("Selection") + Option.information(helpLetter: "h").grouped("General")

  private static let input: [Option<InspectDraft>] = [
    .value(
      "read", letter: "r", "FILE", .file, example: "capture.pcapng", repeatable: true,
      "a capture, which may also stand as a plain argument"
    ) { (draft, text) throws(ValueFault) in
      draft.options.files.append(try Values.name(text, "the path of a capture file"))
    },
    .value(
      "keylog", "FILE", .file, example: "keys.log", repeatable: true,
      "secrets of TLS, as SSLKEYLOGFILE and --tls-keylog write them",
      manual: "TLS 1.2 and 1.3 are decrypted with them. A pcapng file may bring its own secrets."
    ) { (draft, text) throws(ValueFault) in
      draft.options.keyLogs.append(try Values.name(text, "a file"))
    },
  ]

  private static let output: [Option<InspectDraft>] = [
    .flag(
      "json", letter: "j", "a JSON object for each packet, with every field and property",
      manual: """
        With --check a JSON object for each finding, with --stats one for each capture, in which \
        all clients and topics stand.
        """
    ) { $0.choose("--json") },
    .flag(
      "check", "only what is wrong or worth knowing",
      manual: """
        Each finding has a severity (note, warning, error), the numbers of the frames that show it, \
        the client, and the clause of the standard. The exit status is 1 when there is an error, \
        and when everything is in TLS that stays hidden. What the capture lacks proves nothing: a gap makes notes of errors.
        """
    ) { $0.choose("--check") },
    .flag(
      "stats", "clients, topics, sizes, rates, QoS and latencies",
      manual: "The tables show the first fifty clients and topics; --json has all of them."
    ) { $0.choose("--stats") },
    .value(
      "follow", "CLIENT", example: "sensor-1", "all that one client says and hears, with payloads"
    ) { (draft, text) throws(ValueFault) in
      draft.client = try Values.ofTwoLengthBytes(text)
      draft.choose("--follow")
    },
    .flag(
      "ladder", "the sequence of packets between the clients and the broker, drawn",
      manual:
        "On a terminal it is as wide as that, and elsewhere 40 columns from one end to the next."
    ) { $0.choose("--ladder") },
    .value(
      "html", "FILE", .file, example: "ladder.html", "write the sequence as a page that zooms",
      manual:
        "It opens at full size, and the names of the ends stay in view. The page needs nothing "
        + "else. Lines are printed only with another option for them."
    ) { (draft, text) throws(ValueFault) in
      draft.options.pageFile = try Values.name(text, "the path of a file")
    },
    .value(
      "export-messages", "FILE", .file, example: "messages.jsonl",
      "write the messages of publishers for mqtt pub --replay",
      manual: """
        Each message that a client published, with its time, topic, payload, QoS, RETAIN and \
        properties; a message that was sent again is written once.
        """
    ) { (draft, text) throws(ValueFault) in
      draft.options.messageFile = try Values.name(text, "the path of a file")
    },
    .flag("no-payload", "do not show payloads") { $0.options.showsPayload = false },
    .flag("show-secrets", "show passwords") { $0.options.showsSecrets = true },
  ]

  private static let fieldOutput: [Option<InspectDraft>] = [
    .value(
      "form", letter: "T", "FORM", .choices(["fields"]), example: "fields",
      "a line for each frame, with the fields named by -e",
      manual: """
        As tshark -Y mqtt has it, so that scripts move over unchanged: a line for each frame in \
        which a packet is completed, tabs between the fields, commas between several values.
        """
    ) { (draft, text) throws(ValueFault) in
      _ = try Values.choice(text, ["fields": "fields"])
      draft.choose("-T fields")
    },
    .value(
      "field", letter: "e", "NAME", .choices(CaptureField.allCases.map(\.name)),
      example: "mqtt.topic", repeatable: true, "a field of -T fields, by Wireshark's name",
      manual: "All names that begin with mqtt are known, and the usual ones of frame, IP and TCP."
    ) { (draft, text) throws(ValueFault) in
      guard let field = CaptureField.named(text) else {
        let nearest = Nearest.word(to: text, among: CaptureField.allCases.map(\.name))
        throw ValueFault(
          "is no field" + (nearest.map { "; the nearest is \($0)" } ?? " of MQTT or below it"))
      }
      draft.fields.names.append(field)
    },
    .value(
      "field-option", letter: "E", "NAME=VALUE", example: "separator=,", repeatable: true,
      "how -T fields writes",
      manual: """
        separator=, and aggregator=; take a character, /t is a tab and /s a blank. header=y names \
        the fields in the first line. occurrence=f shows the first value only, occurrence=l the \
        last. quote=d puts values into double quotes, quote=s into single ones. bom=y begins with \
        a byte order mark.
        """
    ) { (draft, text) throws(ValueFault) in try draft.take(fieldOption: text) },
    .flag("no-names", letter: "n", "taken for tshark's sake: names are never looked up") { _ in },
  ]

  private static let selection: [Option<InspectDraft>] = [
    .value(
      "topic", letter: "t", "FILTER", example: "'sensor/+/#'", repeatable: true,
      "only messages whose topics match, and what subscribes to them"
    ) { (draft, text) throws(ValueFault) in
      draft.options.selection.topics.append(try Values.filter(text))
    },
    .value(
      "client", letter: "i", "ID", example: "sensor_1", repeatable: true,
      "only packets from or to this client"
    ) { (draft, text) throws(ValueFault) in
      draft.options.selection.clients.append(try Values.ofTwoLengthBytes(text))
    },
    .value(
      "type", "TYPE", .choices(PacketType.allCases.map { $0.name.lowercased() }),
      example: "publish", repeatable: true, "only packets of this type"
    ) { (draft, text) throws(ValueFault) in
      let types = PacketType.allCases
      guard let type = types.first(where: { $0.name.lowercased() == text.lowercased() }) else {
        throw .expected(types.map { $0.name.lowercased() }.joined(choicesWith: "or"))
      }
      draft.options.selection.types.append(type)
    },
    .value(
      "since", "TIME", example: "2026-11-21T09:00:00Z", "only packets from this time on",
      manual: "A time as in RFC 3339, or seconds since the first frame."
    ) { (draft, text) throws(ValueFault) in
      draft.options.selection.since = try Self.time(text)
    },
    .value(
      "until", "TIME", example: "12.5", "only packets before this time",
      manual: "A time as in RFC 3339, or seconds since the first frame."
    ) { (draft, text) throws(ValueFault) in
      draft.options.selection.until = try Self.time(text)
    },
    .value("stream", "NUMBER", example: "0", "only this TCP connection, as tshark counts them") {
      (draft, text) throws(ValueFault) in
      draft.options.selection.stream = try Values.number(text, 0...Int(Int32.max))
    },
    .value(
      "where", letter: "Y", "CONDITION", example: "'type == publish && qos == 2'",
      "only packets of which this is true",
      manual: """
        Compares fields with ==, !=, <, <=, >, >=, ~ (a topic filter matches) and contains, and \
        joins comparisons with &&, || and !, or and, or, not. Wireshark's names are fields, too. \
        $.a.b[0] looks into a payload that is JSON.
        """
    ) { (draft, text) throws(ValueFault) in
      draft.options.selection.condition = try Values.condition(text, ExpressionField.packet)
    },
  ]

  private static func time(_ text: String) throws(ValueFault) -> CaptureTime {
    if let time = TimeText.nanoseconds(Array(text.utf8)) { return .unix(time) }
    if let seconds = Values.decimal(text), seconds < 1e9 {
      return .elapsed(Int64((seconds * 1e9).rounded()))
    }
    throw .expected("a time such as 2026-11-21T09:00:00Z, or seconds since the first frame")
  }

  private mutating func take(fieldOption text: String) throws(ValueFault) {
    guard let equals = text.firstIndex(of: "=") else { throw .expected("NAME=VALUE") }
    let value = String(text[text.index(after: equals)...])
    switch text[..<equals] {
    case "separator": fields.separator = Self.character(value)
    case "aggregator": fields.aggregator = Self.character(value)
    case "header": fields.hasHeader = try Values.choice(value, ["y": true, "n": false])
    case "bom": fields.hasByteOrderMark = try Values.choice(value, ["y": true, "n": false])
    case "occurrence":
      fields.occurrence = try Values.choice(value, ["f": .first, "l": .last, "a": .all])
    case "quote": fields.quote = try Values.choice(value, ["d": "\"", "s": "'", "n": ""])
    default:
      throw .expected("separator=, aggregator=, header=, occurrence=, quote= or bom=")
    }
  }

  /// `/t` is a tabulator, `/s` a space, as tshark writes them.
  private static func character(_ text: String) -> String {
    switch text {
    case "/t", "\\t": "\t"
    case "/s", "\\s": " "
    default: text
    }
  }
}
