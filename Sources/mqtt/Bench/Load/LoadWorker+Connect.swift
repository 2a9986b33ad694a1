// How the clients of a worker come and go: so many at once, at a rate if one is given, each step of
// connecting with its time.

import Basis
import Bench
import MQTTClient
import MQTTCodec
import Synchronization
import Transport

extension LoadWorker {
  /// Begins as many connections as are allowed now.
  func connectSome(_ clock: Int64) {
    while let place = toConnect.last, connecting < settings.connectingAtOnce {
      if let rate = settings.connectRate,
        Double(connectBegun) >= Double(clock - connectStart) / 1e9 * rate
      {
        return
      }
      toConnect.removeLast()
      connectBegun += 1
      connect(clients[place])
    }
  }

  private func connect(_ client: LoadClient) {
    let target = settings.targets[client.index % settings.targets.count]
    let sources = settings.sourceAddresses
    client.state = .connecting
    connecting += 1
    openClients += 1
    client.stepStart = MonotonicClock.now.nanoseconds
    var route = target.endpoint.route(to: target.addresses)
    if !sources.isEmpty { route.localAddress = sources[client.index % sources.count] }
    client.link = reactor.connect(route, owner: UInt64(place(of: client)) + 1)
  }

  /// The connection stands, and has since `stoodAt` if layers had to be set up on it.
  func connected(_ client: LoadClient, stoodAt: Instant?) {
    let now = MonotonicClock.now.nanoseconds
    if client.endsSession {
      // Comes after all that is measured.
    } else if let stood = stoodAt?.nanoseconds {
      tcp.record(stood - client.stepStart)
      tls.record(now - stood)
    } else {
      tcp.record(now - client.stepStart)
    }
    client.state = .awaitingConnack
    client.stepStart = now
    sendConnect(client)
  }

  private func sendConnect(_ client: LoadClient) {
    let values = settings.values(client.index)
    var connect = Connect(
      version: settings.version, clientIdentifier: values.clientIdentifier,
      cleanStart: client.endsSession || !client.resumesSession && settings.cleanStart,
      keepAliveSeconds: settings.keepAliveSeconds)
    connect.will = settings.will
    connect.userName = settings.userName?.text(values)
    connect.password = settings.password.map { Array($0.text(values).utf8) }
    let keepsSession = settings.isOffline && client.subscriber != nil && !client.endsSession
    if settings.version == .v5 {
      connect.properties = settings.connectProperties
      let expiry = keepsSession ? UInt32(3600) : settings.sessionExpirySeconds
      if let expiry, !client.endsSession {
        connect.properties.append(.sessionExpiryInterval, .fourByteInteger(expiry))
      }
    } else if keepsSession {
      connect.cleanStart = false
    }
    touch(client)
    Packet.connect(connect).encode(into: &client.outbox, version: settings.version)
  }

  func receiveConnack(_ packet: Span<UInt8>, _ header: FixedHeader, _ client: LoadClient)
    throws(DecodeError)
  {
    // A broker that does not know 5.0 refuses it with the CONNACK of its own version: two bytes.
    let isOldRefusal =
      header.type == .connack && settings.version == .v5 && header.remainingLength == 2
      && packet[3] != 0
    let answer = try Packet.decode(
      packet, header, version: isOldRefusal ? .v311 : settings.version, direction: .toClient)
    guard case .connack(let connack) = answer, client.state == .awaitingConnack else {
      throw DecodeError(
        .protocolError, "MQTT-3.2.0-1", header.type, at: 0, "not what comes before or after CONNACK"
      )
    }
    if client.endsSession {
      client.state = .ready
      return part(client)
    }
    let now = MonotonicClock.now.nanoseconds
    self.connack.record(now - client.stepStart)
    client.stepStart = now
    if connack.reasonCode != .success {
      tally.connectFailures += 1
      fail("CONNACK: \(connack.reasonCode.name(in: .connack)) (\(connack.reasonCode.hexadecimal))")
      settle(client, isReady: false)
      return abandon(client)
    }
    tally.connected += 1
    second?.connected += 1
    progress.connections.add(1, ordering: .relaxed)
    if client.resumesSession {
      if connack.isSessionPresent {
        return settle(client, isReady: true)
      }
      tally.sessionsLost += 1
    }
    if let subscriber = client.subscriber {
      client.state = .awaitingSuback
      sendSubscribe(subscriber, client)
      if subscriber.isLate { subscriber.wantedAt = now }
    } else {
      settle(client, isReady: true)
    }
  }

  private func sendSubscribe(_ subscriber: SubscriberPart, _ client: LoadClient) {
    guard let identifier = PacketIdentifier(rawValue: 1) else { return }
    let options = SubscriptionOptions(qos: settings.subscribeQoS)
    let subscription = Subscription(filter: subscriber.filter, options: options)
    touch(client)
    Packet.subscribe(Subscribe(packetIdentifier: identifier, subscriptions: [subscription]))
      .encode(into: &client.outbox, version: settings.version)
  }

  func receiveSuback(_ packet: Span<UInt8>, _ header: FixedHeader, _ client: LoadClient)
    throws(DecodeError)
  {
    let answer = try Packet.decode(
      packet, header, version: settings.version, direction: .toClient)
    guard case .suback(let suback) = answer, client.state == .awaitingSuback else {
      throw DecodeError(
        .protocolError, "MQTT-3.8.4-1", .suback, at: 0, "nothing was subscribed to")
    }
    self.suback.record(MonotonicClock.now.nanoseconds - client.stepStart)
    if let code = suback.reasonCodes.first, code.isFailure {
      tally.subscribeFailures += 1
      fail("SUBACK: \(code.name(in: .suback)) (\(code.hexadecimal))")
      settle(client, isReady: false)
      return abandon(client)
    }
    tally.subscribed += 1
    settle(client, isReady: true)
  }

  /// The client is as far as it can get.
  private func settle(_ client: LoadClient, isReady: Bool) {
    connecting -= 1
    if isReady {
      client.state = .ready
      progress.ready.add(1, ordering: .relaxed)
      if settings.connectionPattern == .churn && step < .leaving { part(client) }
      if settings.connectionPattern == .storm { part(client) }
    } else {
      progress.failed.add(1, ordering: .relaxed)
    }
  }

  /// Says good-bye; the connection ends when that is out.
  func part(_ client: LoadClient, endsSession: Bool = false) {
    guard client.state == .ready || client.state == .awaitingSuback else {
      return abandon(client)
    }
    var disconnect = Disconnect(reasonCode: .normalDisconnection)
    if endsSession && settings.version == .v5 {
      disconnect.properties.append(.sessionExpiryInterval, .fourByteInteger(0))
    }
    Packet.disconnect(disconnect).encode(into: &client.outbox, version: settings.version)
    reactor.send(client.outbox.take(), on: client.link)
    abandon(client, flushing: true)
    if settings.connectionPattern == .churn && step < .leaving {
      client.state = .idle
      progress.ready.subtract(1, ordering: .relaxed)
      toConnect.append(place(of: client))
    }
  }

  /// Closes without further words.
  func abandon(_ client: LoadClient, flushing: Bool = false) {
    if client.state == .ended || client.state == .idle { return }
    reactor.close(client.link, flushing: flushing)
    client.link = .none
    client.state = .ended
    client.inbox = ByteBuffer()
    client.outbox = ByteBuffer()
    openClients -= 1
  }

  /// The transport is gone without our doing.
  func ended(_ client: LoadClient, _ end: LinkEnd) {
    switch client.state {
    case .connecting, .awaitingConnack, .awaitingSuback:
      if client.endsSession { break }
      tally.connectFailures += 1
      fail("\(end)")
      settle(client, isReady: false)
    case .ready:
      tally.connectionsLost += 1
      fail("connection lost: \(end)")
    case .idle, .leaving, .ended: break
    }
    client.state = .ended
    client.link = .none
    openClients -= 1
  }

  /// The broker broke the protocol: the connection has no use any more.
  func fault(_ error: DecodeError, _ client: LoadClient) {
    tally.faults += 1
    fail("\(error)")
    if client.state == .ready {
      tally.connectionsLost += 1
    } else {
      settle(client, isReady: false)
    }
    abandon(client)
  }

  /// Subscribers whose time comes later leave; their sessions stay.
  func partLateClients(_ clock: Int64) {
    guard settings.isOffline else { return }
    for client in clients where client.subscriber != nil && client.state == .ready {
      part(client)
      client.resumesSession = true
      progress.ready.subtract(1, ordering: .relaxed)
    }
  }

  /// Subscribers whose time it is connect, in a run that has such.
  func connectLateClients() {
    guard settings.isOffline || settings.isRetainedReplay else { return }
    for client in clients.reversed() where client.subscriber != nil && client.state != .ready {
      client.state = .idle
      client.subscriber?.isLate = true
      client.subscriber?.wantedAt = MonotonicClock.now.nanoseconds
      toConnect.append(place(of: client))
    }
  }

  func leaveAll(_ clock: Int64) {
    toConnect = []
    for client in clients {
      let wasReady = client.state == .ready
      switch client.state {
      case .ready: part(client, endsSession: settings.isOffline)
      case .connecting, .awaitingConnack, .awaitingSuback: abandon(client)
      case .idle, .leaving, .ended: break
      }
      // Before 5.0 only a clean session ends one that was kept, as for those who are away now.
      guard settings.isOffline, client.subscriber != nil, tally.connected > 0 else { continue }
      if settings.version == .v5 && wasReady { continue }
      client.endsSession = true
      client.state = .idle
      toConnect.append(place(of: client))
    }
  }
}
