// `--stats`: who speaks, about what, how much, how fast. The tables have limits, so that a capture of
// any length is counted in bounded memory; what does not fit is counted together.

import Capture
import Commands
import MQTTCodec

/// Counts packets.
final class StatisticsReport: PacketTeller {
  /// Clients and topics that are counted one by one, and how many of them are shown.
  private static let rowLimit = 100_000
  private static let shownRows = 50

  private struct Client {
    var version = ProtocolVersion.v311
    var connections = 0
    var packets = 0
    var bytes = 0
    var published = 0
    var received = 0
  }

  private struct TopicCount {
    var published = 0
    var delivered = 0
    var bytes = 0
    var smallest = Int.max
    var largest = 0
  }

  private var types: [PacketType: Int] = [:]
  private var malformed = 0
  private var qos: [Direction: [QoS: Int]] = [:]
  private var payloadBytes: [Direction: Int] = [:]
  private var clients: [String: Client] = [:]
  private var topics: [String: TopicCount] = [:]
  private var streams: Set<Int> = []
  private var packets = 0
  private var bytes = 0
  private var firstTime: Int64?
  private var lastTime: Int64 = 0
  private var output = InspectOutput()

  func tell(
    _ packet: CapturedPacket, _ bytes: Span<UInt8>, _ connection: ConnectionFacts,
    _ pairing: Pairing?
  ) {
    packets += 1
    self.bytes += bytes.count
    if let time = packet.stamp.timeNanoseconds {
      if firstTime == nil { firstTime = time }
      lastTime = max(lastTime, time)
    }
    if let type = packet.header?.type { types[type, default: 0] += 1 }
    if case .malformed = packet.content { malformed += 1 }
    var name = connection.clientName
    if clients[name] == nil, clients.count >= Self.rowLimit { name = "(others)" }
    var client = clients[name] ?? Client()
    client.version = connection.version
    client.packets += 1
    client.bytes += bytes.count
    if streams.count < Self.rowLimit, streams.insert(connection.number).inserted {
      client.connections += 1
    }
    if case .publish(let view) = packet.content {
      if packet.direction == .toServer { client.published += 1 } else { client.received += 1 }
      count(view, packet, bytes)
    }
    clients[name] = client
  }

  private func count(_ view: PublishView, _ packet: CapturedPacket, _ bytes: Span<UInt8>) {
    qos[packet.direction, default: [:]][view.qos, default: 0] += 1
    payloadBytes[packet.direction, default: 0] += view.payload.count
    var topic = packet.aliasedTopic ?? String(validated: bytes, view.topic)
    if topics[topic] == nil, topics.count >= Self.rowLimit { topic = "(others)" }
    var row = topics[topic] ?? TopicCount()
    if packet.direction == .toServer { row.published += 1 } else { row.delivered += 1 }
    row.bytes += view.payload.count
    row.smallest = min(row.smallest, view.payload.count)
    row.largest = max(row.largest, view.payload.count)
    topics[topic] = row
  }

  func tell(_ event: ConnectionEvent, _ stamp: FrameStamp, _ connection: ConnectionFacts) {}

  func tellEnd(_ watch: ProtocolWatch) {
    let seconds = Double(lastTime - (firstTime ?? lastTime)) / 1e9
    write(
      "\(packets) packets, \(bytes) bytes, \(clients.count) clients, \(streams.count) connections, "
        + "\(CFormat.text("%.3f", seconds)) s")
    let counts = PacketType.allCases.compactMap { type in
      types[type].map { "\(type.name) \($0)" }
    }
    write(counts.joined(separator: ", ") + (malformed > 0 ? ", malformed \(malformed)" : ""))
    writeMessages("published", .toServer, seconds)
    writeMessages("delivered", .toClient, seconds)
    writeClients()
    writeTopics(seconds)
    writeLatencies(watch)
    (types, qos, payloadBytes, clients, topics, streams) = ([:], [:], [:], [:], [:], [])
    (packets, bytes, malformed, firstTime, lastTime) = (0, 0, 0, nil, 0)
  }

  func finish() { output.flush() }

  // MARK: Tables

  private func write(_ line: String) {
    output.buffer.append(utf8: line + "\n")
    output.flushIfLarge()
  }

  private func writeMessages(_ word: String, _ direction: Direction, _ seconds: Double) {
    let counts = qos[direction] ?? [:]
    let total = counts.values.reduce(0, +)
    if total == 0 { return }
    let mix = QoS.allCases.map { level in
      let count = counts[level] ?? 0
      return "QoS \(level.rawValue): \(count) (\(count * 100 / total) %)"
    }
    let size = payloadBytes[direction] ?? 0
    write(
      "\(word): \(total) messages\(Self.rate(total, seconds)), \(size) bytes of payload, "
        + mix.joined(separator: ", "))
  }

  private static func rate(_ count: Int, _ seconds: Double) -> String {
    seconds > 0 ? ", \(CFormat.text("%.1f", Double(count) / seconds)) a second" : ""
  }

  private func writeClients() {
    let rows = clients.sorted { ($1.value.packets, $0.key) < ($0.value.packets, $1.key) }
    write("")
    write(
      "client".trailing(24) + "version".trailing(9) + "connections".leading(12)
        + "packets".leading(10) + "bytes".leading(12) + "published".leading(11)
        + "received".leading(10))
    for (name, row) in rows.prefix(Self.shownRows) {
      write(
        name.trailing(23) + " " + row.version.number.trailing(9)
          + "\(row.connections)".leading(12) + "\(row.packets)".leading(10)
          + "\(row.bytes)".leading(12) + "\(row.published)".leading(11)
          + "\(row.received)".leading(10))
    }
    writeRest(rows.count)
  }

  private func writeTopics(_ seconds: Double) {
    if topics.isEmpty { return }
    let rows = topics.sorted {
      let left = $0.value.published + $0.value.delivered
      let right = $1.value.published + $1.value.delivered
      return (right, $0.key) < (left, $1.key)
    }
    write("")
    write(
      "topic".trailing(32) + "published".leading(11) + "delivered".leading(11)
        + "smallest".leading(10) + "mean".leading(10) + "largest".leading(10))
    for (name, row) in rows.prefix(Self.shownRows) {
      let mean = Double(row.bytes) / Double(row.published + row.delivered)
      write(
        name.trailing(31) + " " + "\(row.published)".leading(11)
          + "\(row.delivered)".leading(11) + "\(row.smallest)".leading(10)
          + CFormat.text("%.1f", mean).leading(10) + "\(row.largest)".leading(10))
    }
    writeRest(rows.count)
  }

  private func writeRest(_ count: Int) {
    if count > Self.shownRows { write("and \(count - Self.shownRows) more") }
  }

  private func writeLatencies(_ watch: ProtocolWatch) {
    let tables = [
      ("PUBLISH to PUBACK", watch.atLeastOnce), ("PUBLISH to PUBCOMP", watch.exactlyOnce),
      ("publisher to subscriber", watch.delivery), ("CONNECT to CONNACK", watch.connect),
      ("SUBSCRIBE to SUBACK", watch.subscribe), ("PINGREQ to PINGRESP", watch.ping),
    ].filter { $0.1.count > 0 }
    if tables.isEmpty { return }
    write("")
    write(
      "latency".trailing(26) + "count".leading(9)
        + ["least", "median", "99 %", "most"].map { $0.leading(14) }.joined())
    for (name, table) in tables {
      let values = [table.minimum, table.percentile(0.5), table.percentile(0.99), table.maximum]
      write(
        name.trailing(26) + "\(table.count)".leading(9)
          + values.map { PacketText.duration($0).leading(14) }.joined())
    }
  }
}
