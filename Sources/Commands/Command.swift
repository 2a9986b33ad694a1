// The commands that there are: the one list behind dispatch, `mqtt --help`, completions and the
// manual pages.

import MQTTCodec

/// A subcommand of `mqtt`.
package enum Command: String, CaseIterable, Sendable {
  case broker
  case pub
  case sub

  /// One sentence for the list of commands, without a full stop.
  package var summary: String {
    switch self {
    case .broker: "serve MQTT clients"
    case .pub: "publish messages"
    case .sub: "subscribe to topics and print what arrives"
    }
  }

  /// The rows of its options, in the order of `--help`.
  package var options: [OptionDescription] {
    switch self {
    case .broker: BrokerDraft.table.map(\.description)
    case .pub: PublishDraft.table.map(\.description)
    case .sub: SubscribeDraft.table.map(\.description)
    }
  }

  /// The command of this name, or the error that names the nearest one.
  package static func named(_ name: String) throws(UsageError) -> Command {
    if let command = Command(rawValue: name) { return command }
    let known = allCases.map(\.rawValue)
    if let nearest = Nearest.word(to: name, among: known) {
      throw UsageError(name, "is not a command; the nearest one is \(nearest)")
    }
    throw UsageError(name, "is not a command; they are \(known.joined(choicesWith: "and"))")
  }
}
