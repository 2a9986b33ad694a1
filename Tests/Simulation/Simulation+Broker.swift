// The engine's side: what it was fed with is told to the model, packet by packet, what it sends is
// looked at, and it crashes, stops, and loses what was not committed.

import MQTTBroker
import MQTTCodec
import MQTTSession

/// What the engine answered while it was fed.
struct Answer {
  var link: Int
  var type: PacketType
  var identifier: UInt16
  var isFailure: Bool
}

/// A PUBLISH above QoS 0 that left the engine.
struct Departure {
  var link: Int
  var identifier: UInt16
  var isDuplicate: Bool
  var message: Int
}

/// Why the engine may close connections.
enum Closing {
  case unexpected
  case outageBegins
  case outageEnds
  case shutDown
}

extension Simulation {
  // MARK: What it was fed with

  /// Tells the model what the engine has processed of a connection's bytes.
  func process(_ link: Int) throws(Verdict) {
    while let packet = links[link].packets.first, packet.end <= links[link].upOut {
      links[link].packets.removeFirst()
      model.serial += 1
      if case .connect(let isClean, let expiry, let will, let delay) = packet.body {
        try connected(link, isClean: isClean, expiry, will: will, delay)
      } else if let session = links[link].session {
        process(packet.body, of: session, on: link)
      }
    }
  }

  private func connected(
    _ link: Int, isClean: Bool, _ expirySeconds: UInt32, will: Int?, _ delay: UInt32
  ) throws(Verdict) {
    if hasAnswer(.connack, 0, on: link, isFailure: true) { return }
    let client = links[link].client
    var needsStore = expirySeconds > 0
    if let existing = model.sessions[client] {
      needsStore = needsStore || existing.expirySeconds > 0
      if let old = existing.link {
        try expectNothingUnread(old)
        leave(old, isOrderly: false)
      }
    }
    if isClean && model.sessions[client] != nil { model.end(client, now: seconds, self) }
    links[link].isSessionExpected = model.sessions[client] != nil
    if model.sessions[client] == nil {
      ledgers.append(SessionLedger(client: client))
      model.sessions[client] = ModelSession(
        serial: ledgers.count - 1, client: client, expirySeconds: expirySeconds)
    }
    model.sessions[client]?.link = link
    model.sessions[client]?.expirySeconds = expirySeconds
    model.sessions[client]?.will = will
    model.sessions[client]?.willDelaySeconds = delay
    model.sessions[client]?.willDue = nil
    model.sessions[client]?.endsAt = nil
    let serial = model.sessions[client]?.serial
    links[link].session = serial
    links[link].ledger = serial
    links[link].connectSerial = model.serial
    if needsStore { requestEvents.append(model.serial) }
  }

  /// A session changes hands only when its old connection has been read to its end.
  private func expectNothingUnread(_ link: Int) throws(Verdict) {
    if links[link].up.isEmpty { return }
    throw Verdict(
      "unread", "\(links[link].up.count) bytes of client \(links[link].client) were not read")
  }

  private func process(_ body: UplinkPacket.Body, of session: Int, on link: Int) {
    let client = links[link].client
    let lasts = (model.sessions[client]?.expirySeconds ?? 0) > 0
    switch body {
    case .publish(let message, let topic, let qos, let identifier, let isRetained):
      if isRefused(qos == .atLeastOnce ? .puback : .pubrec, identifier, qos, on: link) { return }
      if qos == .exactlyOnce {
        if model.sessions[client]?.held.contains(identifier) == true { return }
        model.sessions[client]?.held.append(identifier)
      }
      if let message {
        forgetUndone(message)
        model.publish(message, by: session, now: seconds, self)
        if isRetained { retainedEvents.append((model.serial, topic, message)) }
      } else if isRetained {
        model.unretain(topic)
      }
    case .acknowledgement(.pubrel, let identifier, _):
      model.sessions[client]?.held.removeAll { $0 == identifier }
    case .acknowledgement(let type, let identifier, let isFailure):
      if type != .pubrec || isFailure {
        ledgers[session].outstanding.removeAll { $0.identifier == identifier }
      }
    case .subscribe(let identifier, let filters, let number):
      if hasAnswer(.suback, identifier, on: link, isFailure: true) { return }
      for (filter, options) in filters {
        model.subscribe(
          client, filter,
          ModelSubscription(
            qos: options.qos, noLocal: options.noLocal,
            retainAsPublished: options.retainAsPublished, identifier: number),
          options.retainHandling, now: seconds, self)
      }
      request(identifier, lasts, on: link)
    case .unsubscribe(let identifier, let filters):
      if isFailing && lasts { return }
      let isKnown = filters.contains { model.sessions[client]?.subscriptions[$0] != nil }
      for filter in filters { model.unsubscribe(client, filter) }
      request(identifier, lasts && isKnown, on: link)
    case .disconnect(let isOrderly, let expirySeconds):
      if let expirySeconds { model.sessions[client]?.expirySeconds = expirySeconds }
      leave(link, isOrderly: isOrderly)
    case .connect, .other:
      return
    }
  }

  /// A message that came again after a crash is judged by what it meets now.
  private func forgetUndone(_ message: Int) {
    undone.removeAll {
      switch $0.matter {
      case .delivery(_, let undone), .share(let undone), .retained(_, let undone, _):
        undone == message
      case .request: false
      }
    }
  }

  private func request(_ identifier: UInt16, _ lasts: Bool, on link: Int) {
    links[link].requests.append((identifier, model.serial))
    if lasts { requestEvents.append(model.serial) }
  }

  private func isRefused(
    _ type: PacketType, _ identifier: UInt16, _ qos: QoS, on link: Int
  ) -> Bool {
    if qos == .atMostOnce { return false }
    if hasAnswer(type, identifier, on: link, isFailure: true) { return true }
    // In an outage what is taken is answered at once.
    return isFailing && !hasAnswer(type, identifier, on: link, isFailure: false)
  }

  private func hasAnswer(
    _ type: PacketType, _ identifier: UInt16, on link: Int, isFailure: Bool
  ) -> Bool {
    answers.contains {
      $0.link == link && $0.type == type && $0.identifier == identifier
        && $0.isFailure == isFailure
    }
  }

  /// The engine knows that a connection is over.
  func leave(_ link: Int, isOrderly: Bool) {
    guard let session = links[link].session else { return }
    links[link].session = nil
    model.serial += 1
    ledgers[session].wasInterrupted = true
    // What a group's member did not acknowledge may have gone to another one.
    ledgers[session].outstanding.removeAll { entry in
      let facts = messages[entry.message]
      return facts.topic >= Places.firstShared && facts.topic < Places.firstWill
    }
    model.leave(links[link].client, isOrderly: isOrderly, now: seconds, self)
  }

  /// The engine closed a connection.
  func closed(_ link: Int, _ reason: Closing) throws(Verdict) {
    if links[link].session == nil { return }
    switch reason {
    case .outageBegins:
      leave(link, isOrderly: hasAnswer(.connack, 0, on: link, isFailure: true))
    case .outageEnds where links[link].version != .v5: leave(link, isOrderly: false)
    case .shutDown: leaveForShutdown(link)
    case .outageEnds, .unexpected:
      throw Verdict("closed", "the connection of client \(links[link].client), for no reason")
    }
  }

  // MARK: What it sends

  /// Looks at a packet that left the engine.
  func note(_ packet: [UInt8], from link: Int) {
    guard let type = PacketType(rawValue: packet[0] >> 4) else { return }
    let isV5 = links[link].version == .v5
    let identifier = packet.count >= 4 ? UInt16(packet[2]) << 8 | UInt16(packet[3]) : 0
    switch type {
    case .connack:
      answers.append(
        Answer(link: link, type: type, identifier: 0, isFailure: packet[3] != 0))
    case .puback, .pubrec:
      answers.append(
        Answer(
          link: link, type: type, identifier: identifier,
          isFailure: packet.count > 4 && packet[4] >= 0x80))
    case .suback, .unsuback:
      let isFailure = (type == .suback || isV5) && packet[packet.count - 1] >= 0x80
      answers.append(
        Answer(link: link, type: type, identifier: identifier, isFailure: isFailure))
    case .publish: noteDeparture(packet, from: link)
    case .connect, .pubrel, .pubcomp, .subscribe, .unsubscribe, .pingreq, .pingresp, .disconnect,
      .auth:
      return
    }
  }

  private func noteDeparture(_ packet: [UInt8], from link: Int) {
    let span = packet.span
    do throws(DecodeError) {
      guard let header = try FixedHeader.read(span, at: 0, packetSizeLimit: .max) else { return }
      let view = try PublishView.decode(
        span, header, version: links[link].version, direction: .toClient)
      guard view.qos != .atMostOnce,
        let message = UplinkPacket.number(span.extracting(view.payload))
      else { return }
      departures.append(
        Departure(
          link: link, identifier: view.packetIdentifier, isDuplicate: view.isDuplicate,
          message: message))
    } catch {
      preconditionFailure("the engine sent something malformed: \(error)")
    }
  }

  /// Checks identifiers and DUP of what left the engine. [MQTT-2.2.1-4] [MQTT-3.3.1-1]
  func checkDepartures() throws(Verdict) {
    for departure in departures {
      guard let session = links[departure.link].session else { continue }
      let known = ledgers[session].outstanding.first { $0.identifier == departure.identifier }
      if let known, known.message != departure.message {
        throw Verdict(
          "identifier",
          "\(describe(departure.message)) went out as \(departure.identifier), which "
            + "\(describe(known.message)) has")
      }
      if known != nil && !departure.isDuplicate
        || departure.isDuplicate && !ledgers[session].wasInterrupted
      {
        throw Verdict(
          "DUP", "\(describe(departure.message)) went out with DUP \(departure.isDuplicate)")
      }
      if known == nil {
        ledgers[session].outstanding.append((departure.identifier, departure.message))
      }
    }
    departures.removeAll(keepingCapacity: true)
  }

  // MARK: Ends and beginnings

  /// The broker's process is gone, and what was not committed with it.
  func crash(afterSeconds pause: Int) throws(Verdict) {
    say("the broker crashes")
    loseConnections()
    listUndone()
    let serial = model.serial
    model = store.committedModel
    model.serial = serial + 1
    store.pending = []
    try restart(pause)
  }

  /// The broker stops and is started again.
  func stop(afterSeconds pause: Int) throws(Verdict) {
    say("the broker stops")
    try recover()
    answers.removeAll(keepingCapacity: true)
    broker.shutDown(now: now)
    for link in links.indices where links[link].session != nil { leaveForShutdown(link) }
    try commitAll(closing: .shutDown)
    loseConnections()
    let serial = model.serial
    if scenario.keepsRecords {
      store.committedModel = model
    } else {
      lostShares += model.groups.map(\.message)
      model = store.committedModel
    }
    model.serial = serial + 1
    try restart(pause)
  }

  /// Sessions stay as they are, without their wills.
  private func leaveForShutdown(_ link: Int) {
    guard let session = links[link].session else { return }
    let client = links[link].client
    links[link].session = nil
    ledgers[session].wasInterrupted = true
    guard let left = model.sessions[client] else { return }
    if left.expirySeconds == 0 {
      model.sessions[client]?.will = nil
      model.end(client, now: seconds, self)
      return
    }
    let serial = model.serial
    model.sessions[client]?.link = nil
    model.sessions[client]?.leftSerial = serial
    model.sessions[client]?.endsAt =
      left.expirySeconds == .max ? nil : seconds + Int(left.expirySeconds)
    if left.will != nil { model.sessions[client]?.willDue = seconds + Int(left.willDelaySeconds) }
  }

  private func loseConnections() {
    for link in links.indices where links[link].brokerHasIt {
      links[link].brokerHasIt = false
      links[link].session = nil
      links[link].up = []
      links[link].packets = []
      links[link].downEnded = true
    }
    for session in ledgers.indices {
      ledgers[session].wasInterrupted = true
      ledgers[session].outstanding = []
    }
  }

  private func restart(_ pause: Int) throws(Verdict) {
    isFailing = false
    store.pages = []
    store.lastTaken = 0
    seconds += pause
    broker = Self.broker(scenario, plant, isTracing, start: startCount, seconds: seconds)
    startCount += 1
    if scenario.keepsRecords { try load() }
    model.restart(now: seconds, self)
    broker.advance(to: now)
    model.advance(to: seconds, self)
    try settle()
  }

  /// Loads what was committed, and compares it with what the model knows was.
  func load() throws(Verdict) {
    let loaded = broker.load(store.committed, now: now)
    let lasting = model.sessions.compactMap { $0 }.filter { $0.expirySeconds > 0 }
    let filters = lasting.reduce(0) { $0 + $1.subscriptions.count { $0 != nil } }
    let retained = model.retained.count { $0 != nil }
    if loaded.sessions != lasting.count || loaded.subscriptions != filters
      || loaded.retained != retained
    {
      throw Verdict(
        "store",
        "\(loaded.sessions) sessions, \(loaded.subscriptions) subscriptions and \(loaded.retained) "
          + "retained messages were loaded; \(lasting.count), \(filters) and \(retained) were "
          + "committed")
    }
    if model.sessions.allSatisfy({ $0 == nil }) && loaded.queued > 0 {
      throw Verdict("store", "\(loaded.queued) messages are queued for nobody")
    }
  }

  /// Notes what is taken back, so that it can be seen in the end whether it was promised.
  private func listUndone() {
    let committed = store.committedModel.serial
    for group in model.groups where group.serial > committed {
      if !group.lasts {
        lostShares.append(group.message)
      } else if group.mustCome && scenario.keepsRecords {
        undone.append(Undone(matter: .share(message: group.message)))
      }
    }
    if !scenario.keepsRecords {
      lostShares += model.groups.map(\.message)
      return
    }
    for session in model.sessions {
      guard let session, session.expirySeconds > 0 else { continue }
      for copy in session.expectations
      where copy.serial > committed && copy.qos != .atMostOnce && copy.mustCome
        && !copy.isReplay
      {
        undone.append(
          Undone(matter: .delivery(session: session.serial, message: copy.message)))
      }
    }
    for event in retainedEvents where event.serial > committed {
      undone.append(
        Undone(
          matter: .retained(topic: event.topic, message: event.message, serial: event.serial)))
    }
    retainedEvents.removeAll { $0.serial > committed }
    for serial in requestEvents where serial > committed {
      undone.append(Undone(matter: .request(serial: serial)))
    }
    requestEvents.removeAll { $0 > committed }
  }
}
