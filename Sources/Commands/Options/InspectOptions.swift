// What `mqtt inspect-pcap` is asked to do, and how its command line becomes that.

package import MQTTCodec

/// Everything `mqtt inspect-pcap` has to know.
package struct InspectOptions: Equatable, Sendable {
  /// The forms of output.
  package enum Output: Equatable, Sendable {
    /// A line for each packet.
    case lines
    /// A line for each frame with the fields of these names.
    case fields([String])
  }

  /// Capture files in the order given; `-` is standard input.
  package var files: [String] = []
  /// Files with secrets of TLS, in the form of SSLKEYLOGFILE.
  package var keyLogs: [String] = []
  package var output = Output.lines
  /// What stands between two fields.
  package var separator = "\t"
  /// What stands between several values of one field.
  package var aggregator = ","
  /// Whether the first line names the fields.
  package var hasHeader = false
  /// Only packets of these clients; empty is all.
  package var clients: [String] = []
  /// Only messages whose topics match one of these filters, and subscriptions to topics that do.
  package var topics: [String] = []
  /// Only packets of these types; empty is all.
  package var types: [PacketType] = []
  /// Only this connection, counted from 0.
  package var stream: Int?
  /// Whether passwords are shown.
  package var showsSecrets = false
  /// Whether payloads are shown.
  package var showsPayload = true

  /// The defaults.
  package init() {}
}

struct InspectDraft: Draft {
  var request: InformationRequest?
  var options = InspectOptions()
  var form: String?
  var fields: [String] = []

  mutating func take(plain argument: [UInt8]) throws(ValueFault) {
    guard let path = String(validating: argument, as: UTF8.self), !path.isEmpty else {
      throw .expected("the path of a capture file")
    }
    options.files.append(path)
  }

  func finished() throws(UsageError) -> InspectOptions {
    var result = options
    if result.files.isEmpty {
      throw UsageError(
        "mqtt inspect-pcap", "expected a capture file, or - for standard input",
        example: "mqtt inspect-pcap capture.pcapng")
    }
    if !fields.isEmpty, form == nil {
      throw UsageError("-e", "needs -T fields", example: "-T fields -e frame.number -e mqtt.topic")
    }
    if form != nil {
      if fields.isEmpty {
        throw UsageError(
          "-T fields", "needs at least one -e", example: "-T fields -e frame.number -e mqtt.topic")
      }
      result.output = .fields(fields)
    }
    return result
  }
}

extension InspectDraft {
  /// All options, in the order of `--help`.
  static let table: [Option<InspectDraft>] =
    input.grouped("Input") + output.grouped("Output") + selection.grouped("Selection")
    + Option.information(helpLetter: "h").grouped("General")

  private static let input: [Option<InspectDraft>] = [
    .value(
      "keylog", "FILE", .file, example: "keys.log", repeatable: true,
      "secrets of TLS, as SSLKEYLOGFILE and --tls-keylog write them",
      manual: "TLS 1.2 and 1.3 are decrypted with them. A pcapng file may bring its own secrets."
    ) { (draft, text) throws(ValueFault) in draft.options.keyLogs.append(text) }
  ]

  private static let output: [Option<InspectDraft>] = [
    .value(
      "form", letter: "T", "FORM", .choices(["fields"]), example: "fields",
      "a line for each frame, with the fields named by -e",
      manual: "As tshark has it, so that scripts move over unchanged."
    ) { (draft, text) throws(ValueFault) in
      draft.form = try Values.choice(text, ["fields": "fields"])
    },
    .value(
      "field", letter: "e", "NAME", example: "mqtt.topic", repeatable: true,
      "a field of -T fields, by Wireshark's name"
    ) { (draft, text) throws(ValueFault) in draft.fields.append(text) },
    .value(
      "field-option", letter: "E", "NAME=VALUE", example: "separator=,", repeatable: true,
      "how -T fields writes: separator, aggregator, header=y"
    ) { (draft, text) throws(ValueFault) in try draft.take(fieldOption: text) },
    .flag("no-payload", "do not show payloads") { $0.options.showsPayload = false },
    .flag("show-secrets", "show passwords") { $0.options.showsSecrets = true },
  ]

  private static let selection: [Option<InspectDraft>] = [
    .value(
      "topic", letter: "t", "FILTER", example: "'sensor/+/#'", repeatable: true,
      "only messages whose topics match, and what subscribes to them"
    ) { (draft, text) throws(ValueFault) in draft.options.topics.append(try Values.filter(text)) },
    .value(
      "client", letter: "i", "ID", example: "sensor_1", repeatable: true,
      "only packets from or to this client"
    ) { (draft, text) throws(ValueFault) in draft.options.clients.append(text) },
    .value(
      "type", "TYPE", .choices(PacketType.allCases.map { $0.name.lowercased() }),
      example: "publish", repeatable: true, "only packets of this type"
    ) { (draft, text) throws(ValueFault) in
      let types = PacketType.allCases
      guard let type = types.first(where: { $0.name.lowercased() == text.lowercased() }) else {
        throw .expected(types.map { $0.name.lowercased() }.joined(choicesWith: "or"))
      }
      draft.options.types.append(type)
    },
    .value("stream", "NUMBER", example: "0", "only this TCP connection, as tshark counts them") {
      (draft, text) throws(ValueFault) in
      draft.options.stream = try Values.number(text, 0...Int(Int32.max))
    },
  ]

  private mutating func take(fieldOption text: String) throws(ValueFault) {
    guard let equals = text.firstIndex(of: "=") else { throw .expected("NAME=VALUE") }
    let value = String(text[text.index(after: equals)...])
    switch text[..<equals] {
    case "separator": options.separator = Self.character(value)
    case "aggregator": options.aggregator = Self.character(value)
    case "header": options.hasHeader = try Values.choice(value, ["y": true, "n": false])
    case "occurrence", "quote", "bom":
      if value != "a" && value != "n" { throw .expected("occurrence=a, quote=n or bom=n") }
    default: throw .expected("separator=, aggregator= or header=")
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

extension InspectOptions {
  /// Understands the words after `mqtt inspect-pcap`.
  package static func parse(
    _ words: [[UInt8]]
  ) throws(UsageError) -> Invocation<InspectOptions> {
    var draft = InspectDraft()
    try ArgumentParser(command: .inspectPcap, options: InspectDraft.table).parse(
      words, into: &draft)
    if let request = draft.request { return .information(request) }
    return .run(try draft.finished(), warnings: [])
  }
}
