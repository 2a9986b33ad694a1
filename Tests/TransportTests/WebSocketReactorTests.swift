// WebSockets over reactors: the same bytes, ends and time limits as on plain links.

import Basis
import Glibc
import Testing
import Transport
import WebSocket

@Suite struct WebSocketReactorTests {
  private static let request = WebSocketRequest(host: "localhost", path: "/mqtt")

  /// A reactor that listens for WebSockets, and for plain MQTT if the port is shared.
  private func makeReactor(isShared: Bool = false) throws -> (Reactor, SocketAddress) {
    ProcessSettings.ignoreBrokenPipes()
    let reactor = try Reactor(index: 0)
    let listener = try loopbackListener()
    let address = listener.address
    let terms = WebSocketTerms()
    let speaks = isShared ? ListenerProtocol.mqttOrWebSocket(terms) : .webSocket(terms)
    try reactor.listen(listener, index: 3, layers: ListenerLayers(speaks: speaks))
    return (reactor, address)
  }

  @Test(arguments: [false, true])
  func `three megabytes go there and back`(isShared: Bool) throws {
    let (reactor, address) = try makeReactor(isShared: isShared)
    let client = reactor.connect(to: address, webSocket: Self.request, owner: 1)
    let message = pattern(3 << 20)
    let returned = Box<[UInt8]>([])
    ReactorScript.run(reactor, until: returned.value.count == message.count) { reactor, event in
      if event.isConnected { reactor.send(buffer(message), on: client) }
      guard let range = event.receivedRange else { return }
      if event.link == client {
        returned.value += bytes(reactor, range)
      } else {
        reactor.send(buffer(bytes(reactor, range)), on: event.link)
      }
    }
    #expect(returned.value == message)
  }

  @Test func `a blocked link drains when its peer reads again`() throws {
    let (reactor, address) = try makeReactor()
    let client = reactor.connect(to: address, webSocket: Self.request, owner: 1)
    let message = pattern(12 << 20)
    let server = Box(LinkID.none)
    let received = Box<[UInt8]>([])
    let drains = Box(0)
    ReactorScript.run(reactor, until: reactor.isBlocked(server.value)) { reactor, event in
      if event.isAccepted { server.value = event.link }
      if event.isConnected {
        reactor.pauseReading(client)
        reactor.send(buffer(message), on: server.value)
      }
      if let range = event.receivedRange { received.value += bytes(reactor, range) }
    }
    reactor.resumeReading(client)
    ReactorScript.run(reactor, until: received.value.count == message.count && drains.value == 1) {
      reactor, event in
      if let range = event.receivedRange { received.value += bytes(reactor, range) }
      if event.isDrained { drains.value += 1 }
    }
    #expect(received.value == message)
  }

  @Test func `a flushing close brings the last bytes and a good-bye`() throws {
    let (reactor, address) = try makeReactor()
    let client = reactor.connect(to: address, webSocket: Self.request, owner: 1)
    let message = pattern(1 << 20)
    let received = Box<[UInt8]>([])
    let end = Box<LinkEnd?>(nil)
    ReactorScript.run(reactor, until: end.value != nil) { reactor, event in
      if event.isConnected { reactor.send(buffer([1]), on: client) }
      if let range = event.receivedRange {
        if event.link == client {
          received.value += bytes(reactor, range)
        } else {
          reactor.send(buffer(message), on: event.link)
          reactor.close(event.link, flushing: true)
        }
      }
      if let reason = event.end { end.value = reason }
    }
    #expect(received.value == message)
    #expect(end.value == .webSocket(.closed(.normal, reason: "")))
  }

  @Test func `a server that never answers the handshake is given up`() throws {
    let silent = try loopbackListener()
    let reactor = try Reactor(index: 0)
    reactor.handshakeLimitSeconds = 0
    _ = reactor.connect(to: silent.address, webSocket: Self.request, owner: 1)
    let end = Box<LinkEnd?>(nil)
    ReactorScript.run(reactor, until: end.value != nil) { _, event in
      if let reason = event.end { end.value = reason }
    }
    #expect(end.value == .webSocketTimedOut(seconds: 0))
    #expect(
      end.value?.description == "no answer to the WebSocket handshake within 0 s")
  }

  @Test func `a connection that sends no PROXY header does not hold its place for ever`() throws {
    let reactor = try Reactor(index: 0)
    reactor.handshakeLimitSeconds = 0
    let listener = try loopbackListener()
    let address = listener.address
    var layers = ListenerLayers()
    layers.proxyProtocol = ProxyProtocolTerms(.either)
    try reactor.listen(listener, index: 0, layers: layers)
    _ = reactor.connect(to: address, owner: 1)
    let end = Box<LinkEnd?>(nil)
    ReactorScript.run(reactor, until: end.value != nil) { _, event in
      if case .turnedAway(_, let reason) = event.event { end.value = reason }
    }
    #expect(end.value == .proxyHeaderTimedOut(seconds: 0))
  }
}
