// The commands that there are: the one list behind dispatch, `mqtt --help`, completions and the
// manual pages.

import Bench
import Text

/// A subcommand of `mqtt`.
package enum Command: String, CaseIterable, Sendable {
  case broker
  case passwd = "broker-passwd"
  case pub
  case sub
  case bench
  case aclCheck = "acl-check"
  case inspectPcap = "inspect-pcap"

  /// How it is typed behind `mqtt`; one is a part of another.
  package var words: String { self == .passwd ? "broker passwd" : rawValue }

  /// One sentence for the list of commands, without a full stop.
  package var summary: String {
    switch self {
    case .broker: "serve MQTT clients"
    case .passwd: "set and remove users of a password file"
    case .pub: "publish messages"
    case .sub: "subscribe to topics and print what arrives"
    case .bench: "measure a broker, and tell the truth about it"
    case .aclCheck: "say what a file of access rules means"
    case .inspectPcap: "explain the MQTT in captured network traffic"
    }
  }

  /// What the first plain argument is, where it is one of a few words.
  var verbs: [String] {
    switch self {
    case .broker: ["passwd"]
    case .bench: Scenario.names + ["compare", "crash", "probe"]
    case .aclCheck: AccessCheckDraft.verbs
    case .passwd, .pub, .sub, .inspectPcap: []
    }
  }

  /// Whether plain arguments, behind one of ``verbsOfFiles`` where there are verbs, may be files.
  var takesFiles: Bool {
    switch self {
    case .passwd, .aclCheck, .inspectPcap, .bench: true
    case .broker, .pub, .sub: false
    }
  }

  /// The verbs behind which files stand.
  var verbsOfFiles: [String] { self == .bench ? ["compare"] : verbs }

  /// Those that stand alone behind `mqtt`.
  static var typed: [Command] { allCases.filter { $0.words == $0.rawValue } }

  /// The rows of its options, in the order of `--help`.
  package var options: [OptionDescription] {
    switch self {
    case .broker: BrokerDraft.table.map(\.description)
    case .passwd: PasswordDraft.table.map(\.description)
    case .pub: PublishDraft.table.map(\.description)
    case .sub: SubscribeDraft.table.map(\.description)
    case .bench: BenchDraft.table.map(\.description)
    case .aclCheck: AccessCheckDraft.table.map(\.description)
    case .inspectPcap: InspectDraft.table.map(\.description)
    }
  }

  /// The command of this name, or the error that names the nearest one.
  package static func named(_ name: String) throws(UsageError) -> Command {
    if let command = Command(rawValue: name) { return command }
    // What stands behind another command is found there.
    let known = typed.map(\.rawValue) + ["generate"]
    let beginnings = known.filter { name.utf8.count >= 3 && $0.hasPrefix(name) }
    let nearest = Nearest.word(to: name, among: known + ["help", "--help", "--version"])
    if let nearest = beginnings.count == 1 ? beginnings[0] : nearest {
      throw UsageError(name, "is not a command; the nearest one is \(nearest)")
    }
    throw UsageError(name, "is not a command; they are \(known.joined(choicesWith: "and"))")
  }
}
