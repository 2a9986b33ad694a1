// What `mqtt inspect-pcap` is asked to do, and how its command line becomes that.

package import Capture
import Text

/// Everything `mqtt inspect-pcap` has to know.
package struct InspectOptions: Equatable, Sendable {
  /// What `-T fields` shows, and how.
  package struct Fields: Equatable, Sendable {
    package var names: [CaptureField] = []
    /// What stands between two fields.
    package var separator = "\t"
    /// What stands between several values of one field.
    package var aggregator = ","
    package var occurrence = FieldColumns.Occurrence.all
    /// What stands around each value.
    package var quote = ""
    /// Whether the first line names the fields.
    package var hasHeader = false
    package var hasByteOrderMark = false
  }

  /// The forms of output.
  package enum Output: Equatable, Sendable {
    /// A line for each packet.
    case lines
    /// A JSON object for each packet.
    case objects
    /// A line for each frame.
    case fields(Fields)
    /// What is wrong.
    case findings(isJSON: Bool)
    /// Clients, topics, sizes, rates and latencies.
    case statistics(isJSON: Bool)
    /// All that one client says and hears.
    case conversation(client: String)
    /// The sequence of packets between the clients and the broker.
    case ladder
    /// Nothing but what goes to files.
    case none
  }

  /// Capture files in the order given; `-` is standard input.
  package var files: [String] = []
  /// Files with secrets of TLS, in the form of SSLKEYLOGFILE.
  package var keyLogs: [String] = []
  package var output = Output.lines
  package var selection = PacketSelection()
  /// Where a page with the sequence of packets is written.
  package var pageFile: String?
  /// Where messages are written for `mqtt pub --replay`.
  package var messageFile: String?
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
  var fields = InspectOptions.Fields()
  /// The options that choose a form of output, in the order given.
  var forms: [String] = []
  var client: String?

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
    result.output = try output()
    return result
  }

  private func output() throws(UsageError) -> InspectOptions.Output {
    let example = "-T fields -e frame.number -e mqtt.topic"
    var forms = forms
    let isJSON = forms.contains("--json")
    if isJSON, forms.contains("--check") || forms.contains("--stats") {
      forms.removeAll { $0 == "--json" }
    }
    if forms.count > 1 {
      throw UsageError(forms[1], "chooses another output than \(forms[0]); give one of them")
    }
    if !fields.names.isEmpty, forms.first != "-T fields" {
      throw UsageError("-e", "needs -T fields", example: example)
    }
    switch forms.first {
    case "-T fields":
      if fields.names.isEmpty {
        throw UsageError("-T fields", "needs at least one -e", example: example)
      }
      return .fields(fields)
    case "--json": return .objects
    case "--check": return .findings(isJSON: isJSON)
    case "--stats": return .statistics(isJSON: isJSON)
    case "--follow": return .conversation(client: client ?? "")
    case "--ladder": return .ladder
    default: return options.pageFile == nil && options.messageFile == nil ? .lines : .none
    }
  }

  mutating func choose(_ form: String) {
    if !forms.contains(form) { forms.append(form) }
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
