// TLS over reactors: the same bytes, ends and moves as on plain links.

import Basis
import Glibc
import Testing
import Transport

@Suite struct TLSReactorTests {
  /// A reactor with a protected listener, and what a client needs to trust it.
  private func makeReactor() throws -> (Reactor, SocketAddress, TLSContext) {
    let certificates = TLSCertificates()
    certificates.issue("reactor")
    let server = try TLSContext.server(
      TLSServerSettings(
        certificateFile: certificates.path("reactor.crt"),
        keyFile: certificates.path("reactor.key")))
    var settings = TLSClientSettings()
    settings.authorityFile = certificates.authority
    let client = try TLSContext.client(settings)
    ProcessSettings.ignoreBrokenPipes()
    let reactor = try Reactor(index: 0)
    let listener = try loopbackListener()
    let address = listener.address
    try reactor.listen(listener, index: 5, layers: ListenerLayers(tls: server))
    return (reactor, address, client)
  }

  @Test func `three megabytes go there and back`() throws {
    let (reactor, address, context) = try makeReactor()
    let client = reactor.connect(to: address, tls: context, owner: 1)
    let message = pattern(3 << 20)
    let returned = Box<[UInt8]>([])
    let summary = Box("")
    ReactorScript.run(reactor, until: returned.value.count == message.count) { reactor, event in
      if event.isConnected {
        summary.value = reactor.tlsSummary(client) ?? ""
        reactor.send(buffer(message), on: client)
      }
      guard let range = event.receivedRange else { return }
      if event.link == client {
        returned.value += bytes(reactor, range)
      } else {
        reactor.send(buffer(bytes(reactor, range)), on: event.link)
      }
    }
    #expect(returned.value == message)
    #expect(summary.value.hasPrefix("TLSv1.3 "))
  }

  @Test func `a blocked protected link drains when its peer reads again`() throws {
    let (reactor, address, context) = try makeReactor()
    let client = reactor.connect(to: address, tls: context, owner: 1)
    let message = pattern(12 << 20)
    let server = Box(LinkID.none)
    let received = Box(0)
    let drains = Box(0)
    ReactorScript.run(reactor, until: reactor.isBlocked(server.value)) { reactor, event in
      if event.isConnected { reactor.pauseReading(client) }
      if event.isAccepted {
        server.value = event.link
        reactor.send(buffer(message), on: event.link)
      }
      if let range = event.receivedRange { received.value += range.count }
    }
    reactor.resumeReading(client)
    ReactorScript.run(reactor, until: received.value == message.count && drains.value == 1) {
      _, event in
      if let range = event.receivedRange { received.value += range.count }
      if event.isDrained { drains.value += 1 }
    }
    #expect(reactor.unsentBytes(server.value) == 0)
  }

  @Test func `a flushing close brings the last bytes and a clean end`() throws {
    let (reactor, address, context) = try makeReactor()
    _ = reactor.connect(to: address, tls: context, owner: 1)
    let message = pattern(1 << 20)
    let received = Box<[UInt8]>([])
    let end = Box<LinkEnd?>(nil)
    ReactorScript.run(reactor, until: end.value != nil) { reactor, event in
      if event.isConnected { reactor.send(buffer(pattern(100_000)), on: event.link) }
      if event.isAccepted {
        reactor.send(buffer(message), on: event.link)
        reactor.close(event.link, flushing: true)
      }
      if let range = event.receivedRange { received.value += bytes(reactor, range) }
      if let reason = event.end { end.value = reason }
    }
    #expect(received.value == message)
    #expect(end.value == .peerClosed)
  }

  @Test func `a plain client is turned away by a protected listener`() throws {
    let (reactor, address, _) = try makeReactor()
    _ = reactor.connect(to: address, owner: 1)
    let reason = Box("")
    ReactorScript.run(reactor, until: reason.value != "") { reactor, event in
      if event.isConnected {
        reactor.send(buffer([0x10, 12, 0, 4, 77, 81, 84, 84, 4, 2, 0, 0, 0, 0]), on: event.link)
      }
      #expect(!event.isAccepted)
      if case .turnedAway(let arrival, let end) = event.event {
        #expect(arrival.listener == 5)
        #expect(arrival.peer.host == "127.0.0.1")
        reason.value = end.description
      }
    }
    #expect(reason.value.contains("plain MQTT"))
  }

  @Test func `a client that does not trust the server says why, and the server learns it`() throws {
    let (reactor, address, _) = try makeReactor()
    var settings = TLSClientSettings()
    let certificates = TLSCertificates()
    settings.authorityFile = certificates.authority
    let stranger = try TLSContext.client(settings)
    _ = reactor.connect(to: address, tls: stranger, owner: 1)
    let end = Box<LinkEnd?>(nil)
    let alert = Box("")
    ReactorScript.run(reactor, until: end.value != nil && alert.value != "") { _, event in
      if event.owner == 1, let reason = event.end { end.value = reason }
      if case .turnedAway(_, let reason) = event.event { alert.value = reason.description }
    }
    guard case .tlsFailed = end.value else {
      Issue.record("ended by \(String(describing: end.value))")
      return
    }
  }

  @Test func `a silent client does not hold its place for ever`() throws {
    let (reactor, address, _) = try makeReactor()
    reactor.handshakeLimitSeconds = 0
    _ = reactor.connect(to: address, owner: 1)
    let reason = Box<LinkEnd?>(nil)
    ReactorScript.run(reactor, until: reason.value != nil) { _, event in
      if case .turnedAway(_, let end) = event.event { reason.value = end }
    }
    #expect(reason.value == .handshakeTimedOut(seconds: 0))
  }

  @Test func `a protected link moves with its session`() throws {
    let (reactor, address, context) = try makeReactor()
    let other = try Reactor(index: 1)
    let client = reactor.connect(to: address, tls: context, owner: 1)
    let server = Box(LinkID.none)
    ReactorScript.run(reactor, until: server.value != .none) { reactor, event in
      if event.isAccepted {
        reactor.setOwner(event.link, 9)
        server.value = event.link
      }
    }
    let parcel = try #require(reactor.detach(server.value))
    #expect(!reactor.contains(server.value))
    other.adopt(parcel)
    let adopted = Box(LinkID.none)
    ReactorScript.run(other, until: adopted.value != .none) { _, event in
      if case .adopted = event.event {
        #expect(event.owner == 9)
        adopted.value = event.link
      }
    }
    reactor.send(buffer(pattern(5000)), on: client)
    // Bytes are written after the tick, and the run ends with its first one.
    ReactorScript.run(reactor, until: true)
    #expect(reactor.unsentBytes(client) == 0)
    let received = Box<[UInt8]>([])
    ReactorScript.run(other, until: received.value.count == 5000) { reactor, event in
      if let range = event.receivedRange { received.value += bytes(reactor, range) }
    }
    #expect(received.value == pattern(5000))
  }
}
