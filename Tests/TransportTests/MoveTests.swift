// A connection that goes from reactor to reactor while bytes are under way in both directions.

import Basis
import Synchronization
import Testing
import Transport
import WebSocket

@Suite struct MoveTests {
  @Test(arguments: [false, true])
  func `bytes keep their order while their link moves between reactors`(isFramed: Bool) throws {
    let reactors = [try Reactor(index: 0), try Reactor(index: 1)]
    let movers = [Mover(to: reactors[1]), Mover(to: reactors[0])]
    let listener = try loopbackListener()
    let address = listener.address
    let speaks = isFramed ? ListenerProtocol.webSocket(WebSocketTerms()) : .mqtt
    try reactors[0].listen(listener, index: 0, layers: ListenerLayers(speaks: speaks))
    for index in 0..<2 {
      let reactor = reactors[index]
      let mover = movers[index]
      try SystemThread(name: "mover") { reactor.run(mover) }.detach()
    }
    let total = 4 << 20
    let message = pattern(total)
    let client = try Reactor(index: 2)
    let request = WebSocketRequest(host: "localhost", path: "/")
    _ = client.connect(to: address, webSocket: isFramed ? request : nil, owner: 1)
    let echoed = Box<[UInt8]>([])
    let sent = Box(0)
    ReactorScript.run(client, until: echoed.value.count == total) { reactor, event in
      if let range = event.receivedRange { echoed.value += bytes(reactor, range) }
      // Small pieces, so that the link moves some hundred times.
      let next = min(total, sent.value + 8192)
      if sent.value < next, sent.value - echoed.value.count < 65536 {
        reactor.send(buffer(Array(message[sent.value..<next])), on: event.link)
        sent.value = next
      }
    }
    #expect(echoed.value == message)
    let moves = movers[0].moves.load(ordering: .relaxed) + movers[1].moves.load(ordering: .relaxed)
    #expect(moves > 20)
    for reactor in reactors { reactor.stop() }
  }

  @Test func `a connection without layers is first read where it is accepted`() throws {
    let acceptor = try Reactor(index: 0)
    let other = try Reactor(index: 1)
    acceptor.chooseReactor = { other }
    let listener = try loopbackListener()
    let address = listener.address
    try acceptor.listen(listener, index: 4)
    let client = acceptor.connect(to: address, owner: 1)
    let isPlaced = Box(true)
    let received = Box<[UInt8]>([])
    ReactorScript.run(acceptor, until: received.value == [7]) { reactor, event in
      if event.isConnected { reactor.send(buffer([7]), on: client) }
      if case .accepted(let arrival) = event.event { isPlaced.value = arrival.isPlaced }
      if let range = event.receivedRange { received.value += bytes(reactor, range) }
    }
    #expect(!isPlaced.value)
  }

  /// What a connection comes through.
  enum Way: CaseIterable {
    case proxyHeader, tls
  }

  @Test(arguments: Way.allCases)
  func `a connection is set up and served by the reactor that is chosen for it`(
    way: Way
  ) throws {
    ProcessSettings.ignoreBrokenPipes()
    let certificates = TLSCertificates()
    var settings = TLSClientSettings()
    settings.authorityFile = certificates.authority
    var layers = ListenerLayers()
    switch way {
    case .proxyHeader: layers.proxyProtocol = ProxyProtocolTerms(.either)
    case .tls:
      certificates.issue("chosen")
      layers.tls = try TLSContext.server(
        TLSServerSettings(
          certificateFile: certificates.path("chosen.crt"),
          keyFile: certificates.path("chosen.key")))
    }
    let acceptor = try Reactor(index: 0)
    let chosen = try Reactor(index: 1)
    acceptor.chooseReactor = { chosen }
    let listener = try loopbackListener()
    let address = listener.address
    try acceptor.listen(listener, index: 4, layers: layers)
    let witness = Witness()
    try SystemThread(name: "acceptor") { acceptor.run(witness) }.detach()
    // The client lives on the chosen reactor too, which needs no other to do all the rest.
    let client = chosen.connect(
      to: address, tls: way == .tls ? try TLSContext.client(settings) : nil, owner: 1)
    let header = Array("PROXY UNKNOWN\r\n".utf8)
    let listenerIndex = Box(-1)
    let received = Box<[UInt8]>([])
    ReactorScript.run(chosen, until: received.value == [7]) { reactor, event in
      if event.isConnected {
        reactor.send(buffer((way == .proxyHeader ? header : []) + [7]), on: client)
      }
      if case .accepted(let arrival) = event.event { listenerIndex.value = arrival.listener }
      if let range = event.receivedRange { received.value += bytes(reactor, range) }
    }
    #expect(listenerIndex.value == 4)
    #expect(witness.eventCount.load(ordering: .relaxed) == 0)
    acceptor.stop()
  }
}

/// Counts what it is told.
private final class Witness: ReactorDelegate, Sendable {
  let eventCount = Atomic<Int>(0)

  func tick(_ reactor: Reactor, now: Instant) -> Instant? {
    eventCount.add(reactor.events.count, ordering: .relaxed)
    return nil
  }
}

/// Echoes, and hands each link to the other reactor after every few pieces.
private final class Mover: ReactorDelegate, Sendable {
  let moves = Atomic<Int>(0)
  private let other: Reactor

  init(to other: Reactor) { self.other = other }

  func tick(_ reactor: Reactor, now: Instant) -> Instant? {
    var active: LinkID?
    for event in reactor.events {
      if let range = event.receivedRange {
        reactor.send(buffer(bytes(reactor, range)), on: event.link)
        active = event.link
      }
    }
    // Detached with its answer unsent: the answer moves along.
    if let active, let parcel = reactor.detach(active) {
      moves.add(1, ordering: .relaxed)
      other.adopt(parcel)
    }
    return nil
  }
}
