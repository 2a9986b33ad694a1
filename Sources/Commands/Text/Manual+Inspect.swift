// Sections of mqtt-inspect-pcap.1 that no other page has.

import Capture
import MQTTCodec

extension Manual {
  /// CONDITIONS and FINDINGS.
  static func inspectSections(_ page: inout Mandoc) {
    conditions(&page)
    findings(&page)
  }

  private static func conditions(_ page: inout Mandoc) {
    page.macro("Sh CONDITIONS")
    page.prose(
      "A condition compares fields with ==, !=, <, <=, > and >=, or eq, ne, lt, le, gt and ge; "
        + "a ~ \"filter\" is true when the topic filter matches, and a contains \"text\" when the "
        + "text stands anywhere in it. A field alone is true when it is there and not 0, false or "
        + "empty. && or and, || or or, ! or not, and parentheses join them. A comparison with "
        + "something that the packet lacks is false, != included. Where a packet has several "
        + "values, as the filters of a SUBSCRIBE, one that fits is enough.")
    page.macro("Pp")
    page.prose(
      "Text stands in quotes, in which \\n, \\t, \\x41 and the like mean what they mean in C; words "
        + "of letters and digits need none. Numbers are decimal or begin with 0x. A path such as "
        + "$.sensor[0].value looks into a payload that is JSON. The fields, besides all names of -e:"
    )
    page.macro("Bl -tag -width Ds")
    let wireshark = Set(CaptureField.allCases.map(\.name))
    let properties = Set(PropertyIdentifier.allCases.map(\.dashedName))
    for field in ExpressionField.packet
    where !wireshark.contains(field.name) && !properties.contains(field.name) {
      page.macro("It Cm \(Mandoc.argument(field.name))")
      page.prose(field.meaning.sentence)
    }
    page.macro("It Ar property")
    page.prose("A property of MQTT 5 by its name with dashes, as in content-type.")
    page.macro("El")
  }

  private static func findings(_ page: inout Mandoc) {
    page.macro("Sh FINDINGS")
    page.prose("What --check finds, by the names that --json gives:")
    page.macro("Bl -tag -width Ds")
    for kind in FindingKind.allCases {
      page.macro("It Cm \(Mandoc.argument(kind.rawValue))")
      page.prose(kind.meaning)
    }
    page.macro("El")
    page.prose(
      "An error is a breach of the standard, or a promise of it that was not kept although there "
        + "were five seconds for it. A warning is something that was refused, lost or risked "
        + "within the standard, and a note what the capture leaves open.")
  }

  /// What the exit status of `mqtt inspect-pcap` says.
  static let inspectStatus: [(String, String)] = [
    ("0", "Success; with --check, no finding is an error."),
    ("1", "A file cannot be read to its end; with --check, a finding is an error."),
    ("2", "The command line cannot be run."),
  ]
}

extension FindingKind {
  /// What the finding says, for the manual page.
  fileprivate var meaning: String {
    switch self {
    case .malformed: "A packet that the standard does not allow."
    case .utf8: "Text that is not UTF-8 as the standard wants it."
    case .noConnect: "A connection that begins with another packet than CONNECT."
    case .secondConnect: "A second CONNECT on a connection."
    case .afterDisconnect: "A packet of a client after its DISCONNECT."
    case .refused: "A connection, message or subscription that was refused, with the reason."
    case .takenOver: "A second connection of a client whose first one is open."
    case .notTakenOver: "A connection that lives on although its session was taken over."
    case .reconnectStorm: "Five or more connections of a client within ten seconds."
    case .unacknowledged: "A QoS 1 or 2 message whose handshake was never completed."
    case .duplicate: "A message that came again after it was acknowledged, or too often."
    case .identifierInUse: "A packet identifier that is used again too early."
    case .wrongDuplicateFlag: "DUP on a new message, or a message sent again without it."
    case .resent: "A message sent again where the standard forbids it."
    case .wrongAcknowledgement: "An acknowledgement of nothing, or of the wrong kind."
    case .pubrelWithoutPubrec: "A PUBREL without a PUBREC before it."
    case .receiveMaximum: "More messages under way than the receiver allows."
    case .topicAlias: "A topic alias beyond the maximum, or without a topic."
    case .packetSize: "A packet larger than the receiver allows."
    case .unsupported: "A QoS or RETAIN that the server has ruled out."
    case .keepAlive: "A client that was silent for longer than its keep alive."
    case .pingresp: "A PINGRESP that is late or never comes."
    case .noSuback: "A subscription that never got its SUBACK."
    case .noUnsuback: "An UNSUBSCRIBE that never got its UNSUBACK."
    case .undelivered: "A message that a subscriber should have got and never did."
    case .notDecrypted: "TLS with MQTT in it, to all appearances, that stays hidden."
    }
  }
}
