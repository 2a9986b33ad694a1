// The end of a run: no more faults. Everybody comes back and acknowledges everything; whatever can
// happen without a fault has happened when nothing moves any more.

import Basis
import MQTTBroker
import MQTTCodec
import MQTTSession

extension Simulation {
  private static let roundLimit = 300

  /// Lets everything come to rest.
  func drain() throws(Verdict) {
    say("the faults are over")
    try recover()
    // As long as it takes until a page that could not be read is asked for again.
    try wait(2)
    for link in links.indices { links[link].isStalled = false }
    for link in links.indices where links[link].brokerHasIt && !links[link].clientHasIt {
      links[link].upEnded = true
    }
    try settle()
    for _ in 0..<Self.roundLimit {
      let before = motion
      for client in clients where client.link == nil {
        try takeEvents(client)
        try connect(client)
        motion += 1
      }
      _ = try flow()
      for client in clients { try acknowledge(client, all: true) }
      try commitAll()
      if motion == before { return }
    }
    throw Verdict("restless", "it does not come to rest in \(Self.roundLimit) rounds")
  }

  /// Checks what is retained, and that a broker that starts from the store finds just that.
  func checkStore() throws(Verdict) {
    try checkRetained()
    if !scenario.keepsRecords { return }
    try commitAll()
    broker = Self.broker(scenario, plant, isTracing, start: 0, seconds: seconds)
    let loaded = broker.load(store.committed, now: now)
    let lasting = model.sessions.compactMap { $0 }.filter { $0.expirySeconds > 0 }
    if loaded.queued > 0 || loaded.orphans > 0 || loaded.sessions != lasting.count {
      throw Verdict(
        "store",
        "after everything is done the store has \(loaded.sessions) sessions, \(loaded.queued) "
          + "messages on their way and \(loaded.orphans) orphans; \(lasting.count) sessions last")
    }
    try checkRetained()
    for session in lasting { try checkHeld(session) }
  }

  /// Checks which QoS 2 messages of a publisher the broker still waits for.
  private func checkHeld(_ session: ModelSession) throws(Verdict) {
    var packets = [
      Packet.connect(
        Connect(
          version: .v5, clientIdentifier: "c\(session.client)", cleanStart: false,
          keepAliveSeconds: 0,
          properties: Properties([Property(.sessionExpiryInterval, .fourByteInteger(.max))])))
    ]
    for raw in UInt16(1)...64 {
      guard let identifier = PacketIdentifier(rawValue: raw) else { continue }
      packets.append(.pubrel(Acknowledgement(packetIdentifier: identifier)))
    }
    var held: [UInt16] = []
    for packet in exchange(packets) where packet[0] >> 4 == PacketType.pubcomp.rawValue {
      if packet.count == 4 { held.append(UInt16(packet[2]) << 8 | UInt16(packet[3])) }
    }
    if held != session.held.sorted() {
      throw Verdict(
        "store",
        "the identifiers \(held) are held of client \(session.client), not \(session.held)")
    }
  }

  private func checkRetained() throws(Verdict) {
    // There must be a place for the reader.
    var configuration = broker.configuration
    configuration.connectionLimit += 1
    broker.reconfigure(configuration, now: now)
    var found = readRetained().sorted()
    var wanted = model.retained.compactMap { $0?.message }.sorted()
    // Time stands still, but a message that has less than this left is on its way out.
    let expiring = model.retained.compactMap { $0 }.filter { $0.expiresAt ?? .max <= seconds }
      .map(\.message)
    found.removeAll { expiring.contains($0) }
    wanted.removeAll { expiring.contains($0) }
    if found != wanted {
      throw Verdict(
        "retained",
        "\(found.map(describe)) is what is retained, not \(wanted.map(describe))")
    }
  }

  /// What a new subscriber gets.
  private func readRetained() -> [Int] {
    guard let identifier = PacketIdentifier(rawValue: 1) else { return [] }
    let packets = exchange([
      .connect(Connect(version: .v5, clientIdentifier: "reader", keepAliveSeconds: 0)),
      .subscribe(
        Subscribe(packetIdentifier: identifier, subscriptions: [Subscription(filter: "#")])),
    ])
    var numbers: [Int] = []
    for packet in packets where packet[0] >> 4 == PacketType.publish.rawValue {
      let span = packet.span
      do throws(DecodeError) {
        guard let header = try FixedHeader.read(span, at: 0, packetSizeLimit: .max) else {
          continue
        }
        let view = try PublishView.decode(span, header, version: .v5, direction: .toClient)
        if let number = UplinkPacket.number(span.extracting(view.payload)) {
          numbers.append(number)
        }
      } catch {
        preconditionFailure("the engine sent something malformed: \(error)")
      }
    }
    return numbers
  }

  /// What the engine answers to packets on a connection of its own, all at once.
  private func exchange(_ packets: [Packet]) -> [[UInt8]] {
    guard let connection = broker.open(reactor: 0, listener: 0, peer: "reader", now: now)
    else { return [] }
    var input = ByteBuffer()
    for packet in packets { packet.encode(into: &input, version: .v5) }
    broker.receive(input.span, on: connection, now: now)
    if let batch = broker.takeRecords() { broker.durable(batch.number, now: now) }
    var output: [UInt8] = []
    while broker.hasOutput(connection) { output += broker.takeOutput(of: connection).bytes }
    broker.end(connection, cause: "it has read", now: now)
    while broker.nextOutput(reactor: 0) != nil {}
    var answers: [[UInt8]] = []
    var start = 0
    while start < output.count {
      let length = packetLength(output, at: start)
      answers.append(Array(output[start..<start + length]))
      start += length
    }
    return answers
  }
}
