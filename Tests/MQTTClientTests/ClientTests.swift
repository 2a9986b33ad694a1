// The client on a connection of a reactor, without a command around it: several of them on one
// reactor, what is retried and what is not, and the farewell.

import Basis
import Foundation
import MQTTClient
import MQTTCodec
import MQTTSession
import Testing
import Transport

/// Drives clients on one reactor and hands their events to a closure.
final class ClientScript: ReactorDelegate {
  private let limit = MonotonicClock.now.advanced(bySeconds: 20)
  private let clients: [Client]
  private let onEvent: (Client, Client.Event) throws -> Void
  private(set) var faults: [String] = []

  init(_ clients: [Client], onEvent: @escaping (Client, Client.Event) throws -> Void) {
    self.clients = clients
    self.onEvent = onEvent
  }

  /// Connects all and turns the reactor until all have finished; what went wrong.
  func run(_ reactor: Reactor) -> [String] {
    for client in clients { client.connect(now: MonotonicClock.now) }
    reactor.wake()
    reactor.run(self)
    return faults
  }

  func tick(_ reactor: Reactor, now: Instant) -> Instant? {
    for event in reactor.events {
      for client in clients where client.owner == event.owner { client.handle(event, now: now) }
    }
    var deadline = limit
    for client in clients {
      client.advance(to: now)
      while let event = client.nextEvent(now: now) {
        do { try onEvent(client, event) } catch { faults.append("\(error)") }
      }
      if let next = client.finishTick(now: now) { deadline = min(deadline, next) }
    }
    if now >= limit { faults.append("the end never came") }
    if now >= limit || clients.allSatisfy({ $0.phase == .finished }) { reactor.stop() }
    return deadline
  }
}

@Suite struct ClientTests {
  static func client(
    _ reactor: Reactor, port: UInt16, owner: UInt64 = 1,
    _ change: (inout ClientSettings) -> Void = { _ in }
  ) -> Client {
    var settings = ClientSettings()
    change(&settings)
    return Client(
      settings, to: Endpoint(host: "127.0.0.1", port: port), on: reactor, owner: owner, seed: owner)
  }

  @Test func `clients on one reactor keep their events apart`() throws {
    let broker = try ScriptedBroker(connections: 3) { peer, number in
      let connect = try peer.accept()
      let publish = try peer.readPublish()
      #expect(publish.topic == connect.clientIdentifier)
      try peer.send(.puback(try acknowledgement(1)))
      try peer.expectFarewell()
    }
    let reactor = try Reactor(index: 0)
    let clients = (1...3).map { number in
      Self.client(reactor, port: broker.port, owner: UInt64(number)) {
        $0.clientIdentifier = "client\(number)"
      }
    }
    var published: [UInt64] = []
    let script = ClientScript(clients) { client, event in
      switch event {
      case .session(.connected):
        let form = try client.session.form(
          topic: client.session.clientIdentifier, qos: .atLeastOnce)
        try client.session.publish(
          "1".utf8.span, as: form, token: client.owner, now: MonotonicClock.now)
      case .session(.published(let token, _)):
        published.append(token)
        client.disconnect(now: MonotonicClock.now)
      case .disconnected, .session, .lost: break
      case .failed(let failure): throw failure
      }
    }
    #expect(script.run(reactor) == [])
    #expect(broker.wait() == [])
    #expect(published.sorted() == [1, 2, 3])
  }

  @Test func `a first connection that fails is not tried again`() throws {
    let reactor = try Reactor(index: 0)
    let client = Self.client(reactor, port: 1)
    client.reconnects = true
    var failures: [String] = []
    let script = ClientScript([client]) { _, event in
      if case .failed(let failure) = event { failures.append(failure.description) }
    }
    #expect(script.run(reactor) == [])
    #expect(
      failures == [
        "cannot connect to 127.0.0.1:1: Connection refused; is a broker running there?"
      ])
  }

  @Test func `a lost connection is tried again only where the owner wants that`() throws {
    for (reconnects, expected) in [(true, 2), (false, 1)] {
      let broker = try ScriptedBroker(connections: expected) { peer, number in
        try peer.accept()
        if number == 1 { try peer.expectFarewell() }
      }
      let reactor = try Reactor(index: 0)
      let client = Self.client(reactor, port: broker.port)
      client.reconnects = reconnects
      var connections = 0
      let script = ClientScript([client]) { client, event in
        if case .session(.connected) = event {
          connections += 1
          if connections == 2 { client.disconnect(now: MonotonicClock.now) }
        }
      }
      #expect(script.run(reactor) == [])
      #expect(broker.wait() == [])
      #expect(connections == expected)
    }
  }

  static let endings: [(ClientEnding, Bool)] = [
    (.connectionLost, true), (.pingTimeout, true), (.connackTimeout, true),
    (.disconnectedHere, false), (.olderVersionWanted, false),
    (.fault(SessionFault(.protocolError, "x", "y")), false),
    (.refused(Connack(reasonCode: .serverUnavailable)), true),
    (.refused(Connack(reasonCode: .notAuthorized)), false),
    (.refused(Connack(reasonCode: .badUserNameOrPassword)), false),
    (.disconnectedByServer(Disconnect(reasonCode: .serverShuttingDown)), true),
    (.disconnectedByServer(Disconnect(reasonCode: .sessionTakenOver)), false),
    (.disconnectedByServer(Disconnect(reasonCode: .notAuthorized)), false),
  ]

  @Test(arguments: endings)
  func `only what may pass is worth another try`(_ ending: ClientEnding, _ isWorthIt: Bool) {
    #expect(ending.isWorthRetrying == isWorthIt)
  }

  @Test func `disconnecting while it waits for the next attempt ends it`() throws {
    let broker = try ScriptedBroker { peer, _ in try peer.accept() }
    let reactor = try Reactor(index: 0)
    let client = Self.client(reactor, port: broker.port)
    client.reconnects = true
    var wasLost = false
    let script = ClientScript([client]) { client, event in
      if case .lost = event {
        wasLost = true
        client.disconnect(now: MonotonicClock.now)
      }
    }
    #expect(script.run(reactor) == [])
    #expect(broker.wait() == [])
    #expect(wasLost)
    #expect(client.phase == .finished)
  }

  @Test func `a name without an address is said`() throws {
    let reactor = try Reactor(index: 0)
    let client = Client(
      ClientSettings(), to: Endpoint(host: "no such host", port: 1883), on: reactor, seed: 1)
    var failures: [String] = []
    let script = ClientScript([client]) { _, event in
      if case .failed(let failure) = event { failures.append(failure.description) }
    }
    #expect(script.run(reactor) == [])
    #expect(failures.count == 1)
    #expect(failures.first?.hasPrefix("cannot find no such host: ") == true)
  }
}
