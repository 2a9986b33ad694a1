// `--stats`: the counts of a capture as tables to be read, or with `--json` as one object for each
// capture, in which all rows stand.

import Basis
import Capture
import Commands
import MQTTCodec
import Text

/// Writes counts.
final class StatisticsReport: PacketTeller {
  /// Rows of a table that are printed.
  private static let shownRows = 50
  /// Characters of a name in a table, at least and at most.
  private static let nameWidths = 24...48

  private let isJSON: Bool
  private var statistics = CaptureStatistics()
  private var output = InspectOutput()

  init(isJSON: Bool) { self.isJSON = isJSON }

  func tell(
    _ packet: CapturedPacket, _ bytes: Span<UInt8>, _ connection: ConnectionFacts,
    _ pairing: Pairing?
  ) {
    statistics.count(packet, bytes, connection)
  }

  func tell(_ event: ConnectionEvent, _ stamp: FrameStamp, _ connection: ConnectionFacts) {}

  func tellEnd(_ watch: ProtocolWatch) {
    if isJSON {
      write(object(watch).text)
    } else {
      writeSummary()
      writeMessages("published", statistics.published)
      writeMessages("delivered", statistics.delivered)
      writeClients()
      writeTopics()
      writeLatencies(watch)
    }
    statistics = CaptureStatistics()
  }

  func finish() { output.flush() }

  private func write(_ line: String) {
    output.buffer.append(utf8: line.onOneLine + "\n")
    output.flushIfLarge()
  }

  // MARK: Tables

  private func writeSummary() {
    let parts = [
      Counted.text(statistics.packets, "packet"), Counted.text(statistics.bytes, "byte"),
      Counted.text(statistics.clientCount, "client"),
      Counted.text(statistics.connectionCount, "connection"),
      CFormat.text("%.3f", statistics.seconds) + " s",
    ]
    write(parts.joined(separator: ", "))
    var counts = PacketType.allCases.compactMap { type in
      statistics.types[type].map { "\(type.name) \($0)" }
    }
    if statistics.malformed > 0 { counts.append("malformed \(statistics.malformed)") }
    if !counts.isEmpty { write(counts.joined(separator: ", ")) }
  }

  private func writeMessages(_ word: String, _ messages: CaptureStatistics.Messages) {
    let total = messages.total
    if total == 0 { return }
    let rate = statistics.perSecond(total).map { rate in
      ", \(CFormat.text(rate < 10 ? "%.3f" : "%.1f", rate)) a second"
    }
    let mix = messages.ofQoS.enumerated().map { level, count in
      "QoS \(level): \(count) (\(count * 100 / total) %)"
    }
    write(
      "\(word): \(Counted.text(total, "message"))\(rate ?? ""), "
        + "\(Counted.text(messages.payloadBytes, "byte")) of payload, "
        + mix.joined(separator: ", "))
  }

  private func writeClients() {
    let rows = statistics.clientRows
    if rows.isEmpty { return }
    let width = Self.width(rows.map(\.name))
    write("")
    write(
      "client".leftAligned(width) + " version".leftAligned(10) + "connections".rightAligned(11)
        + "packets".rightAligned(10) + "bytes".rightAligned(12) + "published".rightAligned(11)
        + "received".rightAligned(10))
    for (name, row) in rows.prefix(Self.shownRows) {
      write(
        name.fitted(to: width) + " " + row.version.number.leftAligned(9)
          + "\(row.connections)".rightAligned(11) + "\(row.packets)".rightAligned(10)
          + "\(row.bytes)".rightAligned(12) + "\(row.published)".rightAligned(11)
          + "\(row.received)".rightAligned(10))
    }
    writeRest(rows.count)
  }

  private func writeTopics() {
    let rows = statistics.topicRows
    if rows.isEmpty { return }
    let width = Self.width(rows.map(\.name))
    write("")
    write(
      "topic".leftAligned(width) + "published".rightAligned(11) + "delivered".rightAligned(11)
        + "smallest".rightAligned(10) + "mean".rightAligned(10) + "largest".rightAligned(10))
    for (name, row) in rows.prefix(Self.shownRows) {
      write(
        name.onOneLine.fitted(to: width) + "\(row.published)".rightAligned(11)
          + "\(row.delivered)".rightAligned(11) + "\(row.smallest)".rightAligned(10)
          + CFormat.text("%.1f", row.mean).rightAligned(10) + "\(row.largest)".rightAligned(10))
    }
    writeRest(rows.count)
  }

  /// The width of a column in which these names fit, within bounds.
  private static func width(_ names: [String]) -> Int {
    let longest = names.prefix(shownRows).map { $0.onOneLine.count }.max() ?? 0
    return min(nameWidths.upperBound, max(nameWidths.lowerBound, longest))
  }

  private func writeRest(_ count: Int) {
    if count > Self.shownRows { write("and \(count - Self.shownRows) more; --json has all") }
  }

  private func writeLatencies(_ watch: ProtocolWatch) {
    let rows = watch.latencies
    if rows.isEmpty { return }
    write("")
    write(
      "latency".leftAligned(26) + "count".rightAligned(9)
        + ["least", "median", "99 %", "most"].map { $0.rightAligned(14) }.joined())
    for (name, table) in rows {
      let values = [table.minimum, table.percentile(0.5), table.percentile(0.99), table.maximum]
      write(
        name.leftAligned(26) + "\(table.count)".rightAligned(9)
          + values.map { PacketText.duration($0).rightAligned(14) }.joined())
    }
  }

  // MARK: JSON

  private func object(_ watch: ProtocolWatch) -> JSONValue {
    let types = PacketType.allCases.compactMap { type in
      statistics.types[type].map { JSONValue.Member(type.name, .number(Double($0))) }
    }
    return .object([
      .init("packets", .number(Double(statistics.packets))),
      .init("bytes", .number(Double(statistics.bytes))),
      .init("malformed", .number(Double(statistics.malformed))),
      .init("connections", .number(Double(statistics.connectionCount))),
      .init("seconds", .number(statistics.seconds)),
      .init("types", .object(types)),
      .init("published", object(statistics.published)),
      .init("delivered", object(statistics.delivered)),
      .init("clients", .array(statistics.clientRows.map { Self.object($0.name, $0.row) })),
      .init("topics", .array(statistics.topicRows.map { Self.object($0.name, $0.row) })),
      .init("latencies", .array(watch.latencies.map { Self.object($0.name, $0.table) })),
    ])
  }

  private func object(_ messages: CaptureStatistics.Messages) -> JSONValue {
    .object([
      .init("messages", .number(Double(messages.total))),
      .init("per_second", statistics.perSecond(messages.total).map { .number($0) } ?? .null),
      .init("payload_bytes", .number(Double(messages.payloadBytes))),
      .init("qos", .array(messages.ofQoS.map { .number(Double($0)) })),
    ])
  }

  private static func object(_ name: String, _ row: CaptureStatistics.Client) -> JSONValue {
    .object([
      .init("client", .text(name)), .init("version", .text(row.version.number)),
      .init("connections", .number(Double(row.connections))),
      .init("packets", .number(Double(row.packets))), .init("bytes", .number(Double(row.bytes))),
      .init("published", .number(Double(row.published))),
      .init("received", .number(Double(row.received))),
    ])
  }

  private static func object(_ name: String, _ row: CaptureStatistics.TopicCount) -> JSONValue {
    .object([
      .init("topic", .text(name)), .init("published", .number(Double(row.published))),
      .init("delivered", .number(Double(row.delivered))),
      .init("smallest_bytes", .number(Double(row.smallest))),
      .init("mean_bytes", .number(row.mean)),
      .init("largest_bytes", .number(Double(row.largest))),
    ])
  }

  private static func object(_ name: String, _ table: LatencyTable) -> JSONValue {
    func milliseconds(_ nanoseconds: Int64) -> JSONValue { .number(Double(nanoseconds) / 1e6) }
    return .object([
      .init("latency", .text(name)), .init("count", .number(Double(table.count))),
      .init("least_ms", milliseconds(table.minimum)),
      .init("median_ms", milliseconds(table.percentile(0.5))),
      .init("p99_ms", milliseconds(table.percentile(0.99))),
      .init("most_ms", milliseconds(table.maximum)),
    ])
  }
}
