// `--check`: what is wrong or worth knowing, a line or a JSON object for each finding.

import Basis
import Capture
import Commands
import Glibc
import Text

/// Writes findings.
final class FindingLines: PacketTeller {
  private let selection: PacketSelection
  private let isJSON: Bool
  private var output = InspectOutput()
  private var counts: [FindingSeverity: Int] = [:]
  private var packetCount = 0
  private var hiddenCount = 0
  private var cutCount = 0
  private var cutByteCount = 0

  init(_ options: InspectOptions, isJSON: Bool) {
    selection = options.selection
    self.isJSON = isJSON
  }

  func tell(
    _ packet: CapturedPacket, _ bytes: Span<UInt8>, _ connection: ConnectionFacts,
    _ pairing: Pairing?
  ) {}

  func tell(_ event: ConnectionEvent, _ stamp: FrameStamp, _ connection: ConnectionFacts) {}

  func tellEnd(_ watch: ProtocolWatch) {
    for finding in watch.findings where selection.selects(finding) {
      counts[finding.severity, default: 0] += 1
      if isJSON {
        output.buffer.append(utf8: JSONValue.object(Self.members(finding)).text)
      } else {
        output.buffer.append(utf8: finding.description)
      }
      output.buffer.append(UInt8(ascii: "\n"))
      output.flushIfLarge()
    }
    packetCount += watch.packetCount
    hiddenCount += watch.hiddenConnectionCount
    cutCount += watch.cutCount
    cutByteCount += watch.cutByteCount
    var remarks = watch.remarks
    if isJSON, watch.cutCount > 0 {
      remarks.append("\(Self.cut(watch.cutCount)) could not be checked")
    }
    if watch.omittedCount > 0 {
      remarks.append(
        "\(watch.omittedCount) more findings are not shown: \(ProtocolWatch.findingLimit) are kept")
    }
    for remark in remarks { Terminal.write("mqtt inspect-pcap: \(remark)\n", to: STDERR_FILENO) }
  }

  private static func members(_ finding: Finding) -> [JSONValue.Member] {
    [
      .init("severity", .text(finding.severity.name)),
      .init("finding", .text(finding.kind.row.name)),
      .init("frames", .array(finding.frames.map { .number(Double($0)) })),
      .init("time", .text(finding.timeNanoseconds.map { TimeText.text($0, decimals: 9) })),
      .init("client", .text(finding.client)),
      .init("stream", .number(Double(finding.stream))),
      .init("clause", .text(finding.clause)),
      .init("text", .text(finding.text)),
    ]
  }

  func finish() {
    if !isJSON {
      let parts = FindingSeverity.allCases.reversed().map { severity in
        Counted.text(counts[severity] ?? 0, severity.name)
      }
      output.buffer.append(utf8: parts.joined(separator: ", ") + hidden + "\n")
    }
    output.flush()
  }

  /// What the counts say nothing about.
  private var hidden: String {
    let connections = Counted.text(hiddenCount, "connection") + " of TLS"
    if packetCount == cutCount {
      let reason =
        hiddenCount > 0
        ? "what is in \(connections) stays hidden"
        : cutCount > 0 ? "there is only \(Self.cut(cutCount))" : "no packet of MQTT was found"
      return "; nothing could be checked: \(reason)"
    }
    var parts: [String] = []
    if cutCount > 0 { parts.append(Self.cut(cutCount)) }
    if cutByteCount > 0 { parts.append("\(Counted.text(cutByteCount, "byte")) that are cut") }
    if hiddenCount > 0 { parts.append("\(connections), hidden") }
    return parts.isEmpty ? "" : "; not checked: " + parts.joined(separator: "; ")
  }

  /// Packets of which the capture has the beginning.
  private static func cut(_ count: Int) -> String {
    Counted.text(count, "packet") + (count == 1 ? " that is cut" : " that are cut")
  }
}
