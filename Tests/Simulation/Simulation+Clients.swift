// What applications do with their client sessions, and what comes out of those.

import Basis
import MQTTBroker
import MQTTCodec
import MQTTSession

extension Simulation {
  /// Makes a client session as its plan says, with a will of its own.
  func begin(_ client: Client, isNew: Bool) {
    let plan = client.plan
    client.publisher = publisherCount
    publisherCount += 1
    var settings = ClientSettings()
    settings.versions = .only(plan.version)
    settings.clientIdentifier = "c\(client.index)"
    settings.cleanStart = plan.cleanStart || isNew
    if plan.version != .v5 { settings.cleanStart = plan.expirySeconds == 0 }
    settings.keepAliveSeconds = plan.keepAliveSeconds
    settings.connackTimeoutSeconds = 1_000_000
    settings.sendWindow = plan.sendWindow
    settings.topicAliasLimit = plan.topicAliases
    settings.acknowledging = plan.acknowledgesLater ? .whenTold : .onArrival
    if plan.version == .v5 {
      settings.connectProperties = Properties([
        Property(.sessionExpiryInterval, .fourByteInteger(plan.expirySeconds)),
        Property(.receiveMaximum, .twoByteInteger(plan.receiveMaximum)),
        Property(.topicAliasMaximum, .twoByteInteger(plan.topicAliases)),
      ])
    }
    if plan.hasWill {
      let topic = Places.firstWill + client.index
      let number = messages.count
      messages.append(
        MessageFacts(
          publisher: client.publisher, topic: topic, qos: plan.willQoS,
          isRetained: plan.isWillRetained, isWill: true))
      settings.will = Will(
        topic: Places.topics[topic], payload: payload(number, filler: 1), qos: plan.willQoS,
        isRetained: plan.isWillRetained,
        properties: Properties([
          Property(.willDelayInterval, .fourByteInteger(plan.willDelaySeconds))
        ]))
    }
    client.session = ClientSession(settings)
    client.forms = Array(repeating: nil, count: Places.topics.count * 6)
  }

  private func payload(_ number: Int, filler: Int) -> [UInt8] {
    [UInt8(number >> 8), UInt8(number & 0xFF)]
      + [UInt8](repeating: UInt8(ascii: "."), count: filler)
  }

  func connect(_ client: Client) throws(Verdict) {
    guard client.link == nil,
      let connection = broker.open(reactor: 0, listener: 0, peer: "peer", now: now)
    else { return }
    let link = links.count
    links.append(
      Link(
        client: client.index, version: client.session.version, connection: connection,
        keepAliveSeconds: Int(client.plan.keepAliveSeconds)))
    while linksBySlot.count <= connection.index.position { linksBySlot.append(0) }
    linksBySlot[connection.index.position] = link
    try settle()
    if !links[link].brokerHasIt { return try turnedAway(client) }
    client.link = link
    client.session.open(now: now)
    say("client \(client.index) connects")
    flush(client)
  }

  /// A connection was refused, which it is only when nobody who has a place has left it unread.
  private func turnedAway(_ client: Client) throws(Verdict) {
    links[links.count - 1].clientHasIt = false
    let taken = links.count { $0.brokerHasIt }
    say("client \(client.index) is turned away, \(taken) places are taken")
    let left = links.firstIndex { $0.brokerHasIt && $0.upEnded }
    if !scenario.isCrowded || taken < scenario.plans.count {
      throw Verdict(
        "place", "client \(client.index) was turned away, and \(taken) places are taken")
    }
    if let left {
      throw Verdict(
        "place",
        "client \(client.index) was turned away, and client \(links[left].client) has left")
    }
  }

  /// The process behind a client is replaced by another one that knows nothing.
  func replace(_ client: Client, _ word: UInt32) {
    say("client \(client.index) is replaced")
    if let link = client.link {
      links[link].clientHasIt = false
      links[link].down = []
      links[link].upEnded = word & 1 == 0
      client.link = nil
    }
    if word & 2 == 0 && client.plan.version == .v5 {
      client.plan.expirySeconds = word & 4 == 0 ? 0 : 4
      client.plan.willDelaySeconds = word >> 3 % 5
    }
    begin(client, isNew: true)
    if client.plan.version != .v5 && client.plan.expirySeconds > 0 {
      // 3.1.1 cannot begin a lasting session anew: it would take up what it knows nothing of.
      client.plan.version = .v5
      begin(client, isNew: true)
    }
  }

  func work(_ client: Client, _ word: UInt32, _ extra: UInt32) throws(Verdict) {
    if client.link == nil {
      if word & 3 == 0 { try connect(client) }
      return
    }
    if client.session.phase != .connected || client.index == 0 { return }
    switch word % 16 {
    case 0, 1: try subscribe(client, Int(extra))
    case 2: try unsubscribe(client, Int(extra))
    case 3...5:
      for step in 0..<3 { try publish(client, word >> 4, extra &+ UInt32(step) &* 0x9E37_79B9) }
    case _: try publish(client, word >> 4, extra)
    }
    flush(client)
  }

  private func publish(_ client: Client, _ word: UInt32, _ extra: UInt32) throws(Verdict) {
    let topic = Int(extra % 7)
    let qos = [QoS.atMostOnce, .atLeastOnce, .atLeastOnce, .exactlyOnce, .exactlyOnce][
      Int(extra >> 8 % 5)]
    if qos != .atMostOnce && !client.session.canPublish { return }
    let isRetained = topic >= Places.firstRetained && topic < Places.firstShared && word & 1 == 0
    let isRemoval = isRetained && word & 6 == 0
    var expiry: UInt32?
    if client.session.version == .v5 && word & 0x38 == 0 && !isRemoval {
      expiry = 1 + word >> 6 % 8
    }
    let number = messages.count
    messages.append(
      MessageFacts(
        publisher: client.publisher, topic: topic, qos: qos, isRetained: isRetained,
        expirySeconds: expiry))
    let place = topic * 6 + Int(qos.rawValue) * 2 + (isRetained ? 1 : 0)
    do throws(RequestFault) {
      let form: MessageForm
      if let known = client.forms[place], expiry == nil {
        form = known
      } else {
        var properties = Properties()
        if let expiry { properties.append(.messageExpiryInterval, .fourByteInteger(expiry)) }
        form = try client.session.form(
          topic: Places.topics[topic], qos: qos, isRetained: isRetained, properties: properties)
        if expiry == nil { client.forms[place] = form }
      }
      let payload = isRemoval ? [] : payload(number, filler: Int(word >> 9 & 31))
      try client.session.publish(payload.span, as: form, token: UInt64(number), now: now)
    } catch {
      throw Verdict("refused", "client \(client.index) may not publish: \(error)")
    }
    say(
      "client \(client.index) publishes \(describe(number))\(isRemoval ? ", which removes" : "")")
  }

  private func subscribe(_ client: Client, _ word: Int) throws(Verdict) {
    var subscriptions: [Subscription] = []
    for step in 0..<(1 + word & 1) {
      let filter = 1 + (word >> 1 + step) % (Places.filters.count - 1)
      let isShared = filter >= Places.firstSharedFilter
      var options = SubscriptionOptions(
        qos: isShared ? scenario.sharedQoS : QoS(rawValue: UInt8(word >> 5 % 3)) ?? .atMostOnce)
      if client.session.version == .v5 {
        options.noLocal = !isShared && word >> 8 & 7 == 0
        options.retainAsPublished = word >> 11 & 3 == 0
        options.retainHandling = RetainHandling(rawValue: UInt8(word >> 13 % 3)) ?? .always
      }
      client.filters.append(Places.filters[filter])
      subscriptions.append(Subscription(filter: Places.filters[filter], options: options))
    }
    try subscribe(
      client, subscriptions, number: word >> 16 & 1 == 0 ? 0 : UInt32(1 + word >> 17 & 3))
  }

  private func subscribe(_ client: Client, _ subscriptions: [Subscription], number: UInt32)
    throws(Verdict)
  {
    var properties = Properties()
    if number > 0 && client.session.version == .v5 {
      properties.append(.subscriptionIdentifier, .variableByteInteger(number))
    }
    do throws(RequestFault) {
      _ = try client.session.subscribe(subscriptions, properties: properties, now: now)
    } catch {
      throw Verdict("refused", "client \(client.index) may not subscribe: \(error)")
    }
  }

  private func unsubscribe(_ client: Client, _ word: Int) throws(Verdict) {
    var filter = Places.filters[1 + word % (Places.filters.count - 1)]
    if word >> 8 & 3 != 0, !client.filters.isEmpty {
      filter = client.filters.remove(at: word >> 10 % client.filters.count)
    }
    do throws(RequestFault) {
      _ = try client.session.unsubscribe([filter], now: now)
    } catch {
      throw Verdict("refused", "client \(client.index) may not unsubscribe: \(error)")
    }
  }

  func acknowledge(_ client: Client, all: Bool) throws(Verdict) {
    let count = client.session.unacknowledgedCount
    if !client.plan.acknowledgesLater || count == 0 { return }
    client.session.acknowledge(all ? count : 1, now: now)
    motion += 1
    flush(client)
  }

  func disconnect(_ client: Client, _ word: UInt32) throws(Verdict) {
    if client.link == nil || client.session.phase != .connected { return }
    var properties = Properties()
    if client.session.version == .v5 && word & 0xC == 0 && client.plan.expirySeconds > 0
      && client.index > 0
    {
      properties.append(.sessionExpiryInterval, .fourByteInteger(word >> 8 % 3))
    }
    say("client \(client.index) disconnects")
    client.session.disconnect(
      word & 3 == 0 && client.session.version == .v5
        ? .disconnectWithWillMessage : .normalDisconnection, properties: properties, now: now)
    try takeEvents(client)
  }

  /// Takes what has happened at a client, and sends what it answers.
  func takeEvents(_ client: Client) throws(Verdict) {
    while let event = client.session.nextEvent(now: now) {
      switch event {
      case .connected(let connack): try connected(client, connack)
      case .message(let view): try arrived(client, view)
      case .published(let token, let answer):
        say("client \(client.index): message \(token) is \(answer.reasonCode.name)")
        messages[Int(token)].isAcknowledged = !answer.reasonCode.isFailure
      case .subscribed(let suback):
        if !suback.reasonCodes.contains(where: { $0.isFailure }) {
          granted(client, suback.packetIdentifier.rawValue, "SUBSCRIBE")
        }
      case .unsubscribed(let unsuback):
        if !unsuback.reasonCodes.contains(where: { $0.isFailure }) {
          granted(client, unsuback.packetIdentifier.rawValue, "UNSUBSCRIBE")
        }
      case .ended(.fault(let fault)):
        throw Verdict("fault", "client \(client.index) found a fault of the broker: \(fault)")
      case .ended(let ending): say("client \(client.index): its connection ended, \(ending)")
      case .authentication, .pingAnswered: continue
      }
    }
    flush(client)
  }

  private func connected(_ client: Client, _ connack: Connack) throws(Verdict) {
    guard let link = client.link else { return }
    say("client \(client.index) is connected\(connack.isSessionPresent ? ", session present" : "")")
    if connack.isSessionPresent != links[link].isSessionExpected {
      throw Verdict(
        "session present",
        "client \(client.index) was told \(connack.isSessionPresent), "
          + "not \(links[link].isSessionExpected)")
    }
    acknowledgedRequests[links[link].connectSerial] = "CONNECT of client \(client.index)"
    if connack.isSessionPresent { return }
    if client.index == 0 {
      let options = SubscriptionOptions(qos: .exactlyOnce)
      try subscribe(client, [Subscription(filter: "#", options: options)], number: 0)
    } else if scenario.isShared {
      let filter = Places.filters[Places.firstSharedFilter]
      client.filters.append(filter)
      let options = SubscriptionOptions(qos: scenario.sharedQoS)
      try subscribe(client, [Subscription(filter: filter, options: options)], number: 0)
    } else if client.publisher % 4 != 3 {
      try subscribe(client, Int(scenario.seed >> 7) &* client.index & 0x3FFFF)
    }
  }

  private func granted(_ client: Client, _ identifier: UInt16, _ name: String) {
    guard let link = client.link,
      let request = links[link].requests.first(where: { $0.identifier == identifier })
    else { return }
    acknowledgedRequests[request.serial] = "\(name) of client \(client.index)"
  }

  private func arrived(_ client: Client, _ view: PublishView) throws(Verdict) {
    let number = UplinkPacket.number(client.session.payload(of: view))
    guard let number, let link = client.link, let session = links[link].ledger else { return }
    if number >= messages.count { throw Verdict("unexpected", "message \(number) never was") }
    let message = client.session.publish(view)
    if message.topic != Places.topics[messages[number].topic] {
      throw Verdict("topic", "\(describe(number)) came with the topic \"\(message.topic)\"")
    }
    var identifiers: [UInt32] = []
    for property in message.properties.list where property.identifier == .subscriptionIdentifier {
      if case .variableByteInteger(let value) = property.value { identifiers.append(value) }
    }
    say("client \(client.index) has got \(describe(number)) at QoS \(view.qos.rawValue)")
    try observe(
      number, view.qos, isRetained: view.isRetained, identifiers.sorted(), in: session)
  }
}
