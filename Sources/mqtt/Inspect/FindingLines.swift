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
    var remarks = watch.remarks
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
    if hiddenCount == 0 { return "" }
    let connections = Counted.text(hiddenCount, "connection") + " of TLS"
    return packetCount == 0
      ? "; nothing could be checked: what is in \(connections) stays hidden"
      : "; not checked: \(connections), hidden"
  }
}
