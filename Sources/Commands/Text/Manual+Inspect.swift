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
    var told: Set<String> = []
    let rows = FindingKind.allCases.map(\.row)
    for name in rows.map(\.name) where told.insert(name).inserted {
      page.macro("It Cm \(Mandoc.argument(name))")
      for (place, row) in rows.filter({ $0.name == name }).enumerated() {
        if place > 0 { page.macro("Pp") }
        page.prose("\(row.meaning) (\(row.severity.name), \(row.clause)) \(row.advice)")
      }
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
