// What `--stats` counts: who speaks, about what, how much, how fast. The tables have limits, so that a
// capture of any length is counted in bounded memory; what does not fit is counted together.

import Basis
import Capture
import MQTTCodec

/// Counts of the packets of a capture.
struct CaptureStatistics {
  /// Clients, topics and connections that are counted one by one.
  private static let rowLimit = 100_000
  /// The row of what is beyond the limit.
  private static let others = "(others)"

  struct Client {
    var version = ProtocolVersion.v311
    var connections = 0
    var packets = 0
    var bytes = 0
    var published = 0
    var received = 0

    /// Adds what another row has counted of the same client.
    mutating func add(_ other: Client) {
      version = other.version
      connections += other.connections
      packets += other.packets
      bytes += other.bytes
      published += other.published
      received += other.received
    }
  }

  struct TopicCount {
    var published = 0
    var delivered = 0
    /// Bytes of payload.
    var bytes = 0
    var smallest = Int.max
    var largest = 0

    var messages: Int { published + delivered }
    var mean: Double { Double(bytes) / Double(messages) }
  }

  /// The messages of one direction.
  struct Messages {
    /// By the level of QoS.
    var ofQoS = [0, 0, 0]
    var payloadBytes = 0

    var total: Int { ofQoS.reduce(0, +) }
  }

  private(set) var types: [PacketType: Int] = [:]
  private(set) var malformed = 0
  private(set) var published = Messages()
  private(set) var delivered = Messages()
  private(set) var packets = 0
  private(set) var bytes = 0
  private var clients: [ExactText: Client] = [:]
  /// Clients whose identifier is not known, or not yet, by the number of their connection.
  private var unnamed: [Int: (name: String, row: Client)] = [:]
  private var topics: [ExactText: TopicCount] = [:]
  private var streams: Set<Int> = []
  private var firstTime: Int64?
  private var lastTime: Int64 = 0

  var clientCount: Int { allClients.count }

  /// All clients by their names, which may be addresses.
  private var allClients: [ExactText: Client] {
    unnamed.values.reduce(into: clients) { $0[$1.name.exact, default: Client()].add($1.row) }
  }
  var connectionCount: Int { streams.count }

  /// From the first packet to the last.
  var seconds: Double { Double(lastTime - (firstTime ?? lastTime)) / 1e9 }

  /// A rate; nil where no time has passed.
  func perSecond(_ count: Int) -> Double? { seconds > 0 ? Double(count) / seconds : nil }

  /// All clients, those with most packets first.
  var clientRows: [(name: String, row: Client)] {
    allClients.sorted { ($1.value.packets, $0.key) < ($0.value.packets, $1.key) }
      .map { (name: $0.key.text, row: $0.value) }
  }

  /// All topics, those with most messages first.
  var topicRows: [(name: String, row: TopicCount)] {
    topics.sorted { ($1.value.messages, $0.key) < ($0.value.messages, $1.key) }
      .map { (name: $0.key.text, row: $0.value) }
  }

  /// Counts a packet.
  mutating func count(
    _ packet: CapturedPacket, _ bytes: Span<UInt8>, _ connection: ConnectionFacts
  ) {
    packets += 1
    self.bytes += bytes.count
    if let time = packet.stamp.timeNanoseconds {
      firstTime = min(firstTime ?? time, time)
      lastTime = max(lastTime, time)
    }
    if let type = packet.header?.type { types[type, default: 0] += 1 }
    if case .malformed = packet.content { malformed += 1 }
    var row = Client()
    row.version = connection.version
    row.packets = 1
    row.bytes = bytes.count
    if streams.count < Self.rowLimit, streams.insert(connection.number).inserted {
      row.connections = 1
    }
    if case .publish(let view) = packet.content {
      if packet.direction == .toServer { row.published = 1 } else { row.received = 1 }
      count(view, packet, bytes)
    }
    add(row, of: connection)
  }

  /// Adds to what is counted of the client of a connection.
  private mutating func add(_ row: Client, of connection: ConnectionFacts) {
    var row = row
    if connection.clientIdentifier == nil, hasRoom || unnamed[connection.number] != nil {
      unnamed[connection.number, default: (connection.clientName, Client())].row.add(row)
      return
    }
    // A broker may give the name only in its answer: what came before belongs to it.
    if var earlier = unnamed.removeValue(forKey: connection.number)?.row {
      earlier.add(row)
      row = earlier
    }
    let name = connection.clientName.exact
    clients[hasRoom || clients[name] != nil ? name : Self.others.exact, default: Client()].add(row)
  }

  private var hasRoom: Bool { clients.count + unnamed.count < Self.rowLimit }

  private mutating func count(_ view: PublishView, _ packet: CapturedPacket, _ bytes: Span<UInt8>) {
    var topic = (packet.aliasedTopic ?? String(validated: bytes, view.topic)).exact
    if topics[topic] == nil, topics.count >= Self.rowLimit { topic = Self.others.exact }
    var row = topics[topic] ?? TopicCount()
    if packet.direction == .toServer {
      published.ofQoS[Int(view.qos.rawValue)] += 1
      published.payloadBytes += view.payload.count
      row.published += 1
    } else {
      delivered.ofQoS[Int(view.qos.rawValue)] += 1
      delivered.payloadBytes += view.payload.count
      row.delivered += 1
    }
    row.bytes += view.payload.count
    row.smallest = min(row.smallest, view.payload.count)
    row.largest = max(row.largest, view.payload.count)
    topics[topic] = row
  }
}

extension ProtocolWatch {
  /// How long what took, for the kinds of steps that were seen.
  var latencies: [(name: String, table: LatencyTable)] {
    [
      ("PUBLISH to PUBACK", atLeastOnce), ("PUBLISH to PUBCOMP", exactlyOnce),
      ("publisher to subscriber", delivery), ("CONNECT to CONNACK", connect),
      ("SUBSCRIBE to SUBACK", subscribe), ("PINGREQ to PINGRESP", ping),
    ].filter { $0.1.count > 0 }
  }
}
