// Connections as the network makes them: two streams of bytes on their way, each of which may be
// delivered in any pieces, be cut between any two bytes, and end for one side before the other.

import Basis
import MQTTBroker
import MQTTCodec
import MQTTSession

/// One network connection.
struct Link {
  let client: Int
  let version: ProtocolVersion
  let connection: ConnectionID
  let keepAliveSeconds: Int
  /// When the broker read something of it last.
  var heardAt = 0
  /// Bytes on their way to the broker, and the packets in them.
  var up: [UInt8] = []
  var packets: [UplinkPacket] = []
  /// Bytes that were ever put in and taken out, to find the packets' ends.
  var upIn = 0
  var upOut = 0
  /// Bytes on their way to the client.
  var down: [UInt8] = []
  /// Whether nothing more comes behind those bytes.
  var upEnded = false
  var downEnded = false
  /// Whether each side still has it open.
  var brokerHasIt = true
  var clientHasIt = true
  /// Whether the broker's side takes no output.
  var isStalled = false
  /// The session that CONNECT opened, for the model.
  var session: Int?
  /// The same, also when the broker has closed it already.
  var ledger: Int?
  var isSessionExpected = false
  var connectSerial = 0
  /// SUBSCRIBE and UNSUBSCRIBE by packet identifier.
  var requests: [(identifier: UInt16, serial: Int)] = []
  /// Aliases that the client has made, for the model.
  var aliases: [Int] = Array(repeating: -1, count: 8)

  /// A delivery that a planted bug holds back.
  var swapped: [UInt8]?

  init(client: Int, version: ProtocolVersion, connection: ConnectionID, keepAliveSeconds: Int) {
    self.client = client
    self.version = version
    self.connection = connection
    self.keepAliveSeconds = keepAliveSeconds
  }

  var isOver: Bool { !brokerHasIt && !clientHasIt }

  /// Whether the broker has heard nothing of a client for one and a half keep alives.
  /// [MQTT-3.1.2-22]
  func isSilent(_ seconds: Int) -> Bool {
    session != nil && keepAliveSeconds > 0 && 2 * (seconds - heardAt) >= 3 * keepAliveSeconds
  }
}

extension Simulation {
  /// Moves everything that can move, once, in both directions; whether anything did.
  func flow() throws(Verdict) -> Bool {
    let before = motion
    for link in links.indices where !links[link].isOver {
      try deliverUp(link, count: links[link].up.count)
      try deliverDown(link, count: links[link].down.count)
    }
    return motion != before
  }

  /// The client's side hands over what it has for the broker.
  func flush(_ client: Client) {
    let output = client.session.takeOutput()
    guard let link = client.link else { return }
    if output.count > 0 && !links[link].upEnded { append(output.bytes, to: link) }
    if client.session.phase == .ended {
      client.link = nil
      links[link].clientHasIt = false
      links[link].upEnded = true
      links[link].down = []
    }
  }

  private func append(_ bytes: [UInt8], to link: Int) {
    var start = 0
    while start < bytes.count {
      let packet = UplinkPacket(bytes, at: start, &links[link])
      let range = start..<start + packet.length
      start += packet.length
      var copy = packet
      let altered = plantUp(&copy, Array(bytes[range]), on: link)
      if altered.isEmpty { continue }
      links[link].upIn += altered.count
      copy.end = links[link].upIn
      links[link].up += altered
      links[link].packets.append(copy)
    }
  }

  /// Brings bytes to the broker, and the end of the stream behind them.
  func deliverUp(_ link: Int, count: Int) throws(Verdict) {
    if !links[link].brokerHasIt { return }
    if count > 0 {
      motion += 1
      let bytes = Array(links[link].up.prefix(count))
      links[link].up.removeFirst(count)
      links[link].upOut += count
      links[link].heardAt = seconds
      answers.removeAll(keepingCapacity: true)
      broker.receive(bytes.span, on: links[link].connection, now: now)
      try settle(feeding: link)
    }
    if links[link].upEnded && links[link].up.isEmpty && links[link].brokerHasIt {
      try endAtBroker(link)
    }
  }

  /// Brings bytes to the client, and the end of the stream behind them.
  func deliverDown(_ link: Int, count: Int) throws(Verdict) {
    if !links[link].clientHasIt { return }
    let client = clients[links[link].client]
    if count > 0 {
      motion += 1
      let bytes = Array(links[link].down.prefix(count))
      links[link].down.removeFirst(count)
      client.session.receive(bytes.span, now: now)
      try takeEvents(client)
    }
    if links[link].downEnded && links[link].down.isEmpty && links[link].clientHasIt {
      try endAtClient(link)
    }
  }

  /// The client hears that its connection is gone.
  func endAtClient(_ link: Int) throws(Verdict) {
    motion += 1
    links[link].clientHasIt = false
    links[link].down = []
    let client = clients[links[link].client]
    if client.link != link { return }
    client.session.connectionEnded()
    try takeEvents(client)
    client.link = nil
  }

  /// The broker hears that a connection is gone.
  func endAtBroker(_ link: Int) throws(Verdict) {
    motion += 1
    links[link].brokerHasIt = false
    links[link].up = []
    links[link].packets = []
    if plant == .skippedWill && links[link].session != nil {
      let bytes: [UInt8] = [0xE0, 0]
      broker.receive(bytes.span, on: links[link].connection, now: now)
    }
    broker.end(links[link].connection, cause: "the connection was cut", now: now)
    leave(link, isOrderly: false)
    links[link].downEnded = true
    try settle()
  }

  /// Breaks a connection: both hear it, or one of them first, or one of them only much later.
  func cut(_ link: Int, way: UInt32, at place: Int) throws(Verdict) {
    say("the connection of client \(links[link].client) is cut, way \(way)")
    let keptUp = place % (links[link].up.count + 1)
    let keptDown = place / 7 % (links[link].down.count + 1)
    switch way {
    case 0:
      if links[link].brokerHasIt { try endAtBroker(link) }
      if links[link].clientHasIt { try endAtClient(link) }
    case 1:
      dropUp(link, keeping: keptUp)
      if links[link].clientHasIt { try endAtClient(link) }
    case 2:
      links[link].down.removeLast(links[link].down.count - keptDown)
      if links[link].brokerHasIt { try endAtBroker(link) }
    case 3:
      dropUp(link, keeping: keptUp)
      links[link].down.removeLast(links[link].down.count - keptDown)
      links[link].downEnded = true
    case _:
      // Half open: the broker does not hear of it until somebody takes the session over.
      dropUp(link, keeping: 0)
      links[link].upEnded = false
      if links[link].clientHasIt { try endAtClient(link) }
    }
  }

  /// Loses what is on its way to the broker, but for some bytes.
  private func dropUp(_ link: Int, keeping count: Int) {
    links[link].up.removeLast(links[link].up.count - count)
    links[link].upIn = links[link].upOut + count
    let end = links[link].upIn
    links[link].packets.removeAll { $0.end > end }
    links[link].upEnded = true
  }

  // MARK: The broker's side

  /// Fetches what the engine wants to send and to close, and tells the model what it was fed with.
  func settle(feeding link: Int? = nil, closing: Closing = .unexpected) throws(Verdict) {
    try readFirst()
    departures.removeAll(keepingCapacity: true)
    fetchOutput()
    if let link { try process(link) }
    try fetchCloses(closing)
    fetchOutput()
    for entry in broker.takeLog() { say("broker: \(entry.description)") }
    try checkDepartures()
  }

  /// Brings the engine what it wants to have read before it decides.
  private func readFirst() throws(Verdict) {
    if isReadingOut { return }
    try readOut()
    while broker.takesLookWish(reactor: 0) {
      if plant != .unreadPlaces {
        for link in links.indices { try deliverUp(link, count: links[link].up.count) }
      }
      broker.looked(reactor: 0, now: now)
      broker.advance(to: now)
      try readOut()
    }
  }

  /// Reads connections out, one after another: what each had sent is processed before the next one.
  private func readOut() throws(Verdict) {
    isReadingOut = true
    defer { isReadingOut = false }
    while let connection = broker.nextReadOut(reactor: 0) {
      let link = linksBySlot[connection.index.position]
      if links[link].connection == connection && !plantUnread(link) {
        try deliverUp(link, count: links[link].up.count)
      }
      broker.wasReadOut(connection, now: now)
      // Whoever has sent nothing is gone; what lies unread would have counted.
      if links[link].connection == connection && links[link].brokerHasIt
        && links[link].up.isEmpty && links[link].isSilent(seconds)
      {
        say("client \(links[link].client) was silent for too long")
        leave(link, isOrderly: false)
      }
      broker.advance(to: now)
    }
  }

  /// Checks that the engine had every client read out whose keep alive is over.
  func expectNobodySilent() throws(Verdict) {
    for link in links where link.brokerHasIt && link.isSilent(seconds) {
      throw Verdict(
        "keep alive", "client \(link.client) is served after \(seconds - link.heardAt) s of silence"
      )
    }
  }

  private func fetchOutput() {
    while let connection = broker.nextOutput(reactor: 0) {
      let link = linksBySlot[connection.index.position]
      if takesOutput(link) { send(broker.takeOutput(of: connection), to: link) }
    }
    for link in links.indices
    where links[link].brokerHasIt && takesOutput(link)
      && broker.hasOutput(links[link].connection)
    {
      send(broker.takeOutput(of: links[link].connection), to: link)
    }
    broker.settleOutput()
  }

  /// In an outage all are read, for only answers show what was refused.
  private func takesOutput(_ link: Int) -> Bool { !links[link].isStalled || isFailing }

  private func fetchCloses(_ reason: Closing) throws(Verdict) {
    var ended: [Int] = []
    while var closing = broker.nextClose(reactor: 0) {
      let connection = closing.connection
      let link = linksBySlot[connection.index.position]
      send(closing.output.take().bytes, to: link)
      guard links[link].connection == connection, links[link].brokerHasIt else { continue }
      motion += 1
      links[link].brokerHasIt = false
      links[link].downEnded = true
      ended.append(link)
    }
    // The last one is given out first.
    for link in ended.reversed() {
      try closed(link, reason)
      links[link].up = []
      links[link].packets = []
    }
  }

  private func send(_ output: consuming ConnectionOutput, to link: Int) {
    send(output.bytes, to: link)
    broker.recycle(output.own.take())
  }

  private func send(_ bytes: [UInt8], to link: Int) {
    if bytes.isEmpty { return }
    motion += 1
    var start = 0
    var kept: [UInt8] = []
    while start < bytes.count {
      let length = packetLength(bytes, at: start)
      let packet = Array(bytes[start..<start + length])
      start += length
      for packet in plantDown(packet, on: link) {
        note(packet, from: link)
        kept += packet
      }
    }
    if links[link].clientHasIt && !links[link].downEnded { links[link].down += kept }
  }
}

/// Bytes of the packet at `start`.
func packetLength(_ bytes: [UInt8], at start: Int) -> Int {
  var length = 0
  var shift = 0
  var offset = start + 1
  while true {
    length |= Int(bytes[offset] & 0x7F) << shift
    offset += 1
    if bytes[offset - 1] & 0x80 == 0 { break }
    shift += 7
  }
  return offset + length - start
}
