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
