// How links end, from either side, and what is said about it.

import Basis
import Glibc
import Testing
import Transport

@Suite struct LinkEndTests {
  @Test func `the last bytes arrive although the peer's own are unread`() throws {
    let (reactor, address) = try listeningReactor()
    _ = reactor.connect(to: address, owner: 1)
    // More than the buffers of both kernels hold.
    var message: [UInt8] = []
    let block = pattern(1_000_003)
    while message.count < 64 << 20 { message += block }
    let received = Box(0)
    let end = Box<LinkEnd?>(nil)
    ReactorScript.run(reactor, until: end.value != nil) { reactor, event in
      if event.isConnected { reactor.send(buffer(pattern(200_000)), on: event.link) }
      if event.isAccepted {
        reactor.send(buffer(message), on: event.link)
        reactor.close(event.link, flushing: true)
      }
      if event.owner == 1, let range = event.receivedRange {
        let isSame = reactor.received(range).withUnsafeBytes { part in
          message[received.value...].withUnsafeBytes { rest in
            guard let part = part.baseAddress, let rest = rest.baseAddress else { return false }
            return memcmp(part, rest, range.count) == 0
          }
        }
        #expect(isSame)
        received.value += range.count
      }
      if let reason = event.end {
        #expect(event.owner == 1)
        end.value = reason
      }
    }
    #expect(received.value == message.count)
    #expect(end.value == .peerClosed)
  }

  @Test func `a link closed without flushing ends at once and says nothing`() throws {
    let (reactor, address) = try listeningReactor()
    _ = reactor.connect(to: address, owner: 1)
    let ends = Box<[UInt64]>([])
    ReactorScript.run(reactor, until: ends.value == [1]) { reactor, event in
      if event.isAccepted {
        reactor.setOwner(event.link, 2)
        reactor.close(event.link, flushing: false)
        #expect(!reactor.contains(event.link))
      }
      if event.end != nil { ends.value.append(event.owner) }
    }
    #expect(ends.value == [1])
    #expect(reactor.linkCount == 0)
  }

  @Test func `an old name never reaches the new tenant of its slot`() throws {
    let (reactor, address) = try listeningReactor()
    let old = reactor.connect(to: address, owner: 1)
    reactor.close(old, flushing: false)
    let new = reactor.connect(to: address, owner: 2)
    #expect(new != old)
    reactor.setOwner(old, 9)
    reactor.send(buffer([9]), on: old)
    reactor.pauseReading(old)
    reactor.close(old, flushing: false)
    #expect(reactor.owner(of: old) == 0)
    #expect(reactor.owner(of: new) == 2)
    let received = Box<[UInt8]>([])
    ReactorScript.run(reactor, until: !received.value.isEmpty) { reactor, event in
      if event.isConnected { reactor.send(buffer([5]), on: event.link) }
      if let range = event.receivedRange { received.value += bytes(reactor, range) }
    }
    #expect(received.value == [5])
  }

  @Test func `a slot that is freed and used again within a tick keeps its events apart`() throws {
    let (reactor, address) = try listeningReactor()
    let rounds = Box<UInt64>(0)
    _ = reactor.connect(to: address, owner: 1)
    ReactorScript.run(reactor, until: rounds.value == 200) { reactor, event in
      if event.isConnected {
        rounds.value += 1
        #expect(event.owner == rounds.value)
        reactor.send(buffer([1]), on: event.link)
        reactor.close(event.link, flushing: true)
        _ = reactor.connect(to: address, owner: rounds.value + 1)
      }
      if event.end != nil { #expect(event.owner == 0) }
    }
  }

  @Test func `a refused connection names call, address and reason`() throws {
    let reactor = try Reactor(index: 0)
    let listener = try loopbackListener()
    let address = listener.address
    _ = consume listener
    _ = reactor.connect(to: address, owner: 1)
    let end = Box<LinkEnd?>(nil)
    ReactorScript.run(reactor, until: end.value != nil) { _, event in end.value = event.end }
    #expect(end.value?.description == "connect \(address): Connection refused")
  }

  @Test func `the next address is tried when one refuses`() throws {
    let reactor = try Reactor(index: 0)
    let gone = try loopbackListener()
    let refused = gone.address
    _ = consume gone
    let listener = try loopbackListener()
    let address = listener.address
    try reactor.listen(listener, index: 0)
    let link = reactor.connect(to: [refused, address], owner: 1)
    let connected = Box(LinkID.none)
    ReactorScript.run(reactor, until: connected.value != .none) { _, event in
      #expect(event.end == nil)
      if event.isConnected { connected.value = event.link }
    }
    #expect(connected.value == link)
  }

  @Test func `a connection comes from the local address that was asked for`() throws {
    let (reactor, address) = try listeningReactor()
    var route = Route(to: [address])
    route.localAddress = SocketAddress(host: "127.0.0.9", port: 0)
    _ = reactor.connect(route)
    let peer = Box("")
    ReactorScript.run(reactor, until: peer.value != "") { _, event in
      if case .accepted(let arrival) = event.event { peer.value = arrival.peer.host }
    }
    #expect(peer.value == "127.0.0.9")
  }

  @Test func `what a peer said before it vanished is still heard`() throws {
    let (reactor, address) = try listeningReactor()
    let client = reactor.connect(to: address, owner: 1)
    let heard = Box<[UInt8]>([])
    let end = Box<LinkEnd?>(nil)
    let server = Box(LinkID.none)
    let listen: (Reactor, ReactorEvent) -> Void = { reactor, event in
      if event.isAccepted {
        server.value = event.link
        reactor.pauseReading(event.link)
      }
      if let range = event.receivedRange { heard.value += bytes(reactor, range) }
      if let reason = event.end { end.value = reason }
    }
    ReactorScript.run(reactor, until: server.value != .none, listen)
    reactor.send(buffer([7]), on: client)
    ReactorScript.run(reactor, until: true, listen)
    reactor.close(client, flushing: false)
    // The first write makes the peer's kernel answer with a reset, the second one fails.
    reactor.send(buffer([1]), on: server.value)
    ReactorScript.run(reactor, until: true, listen)
    reactor.send(buffer([2]), on: server.value)
    reactor.resumeReading(server.value)
    ReactorScript.run(reactor, until: end.value != nil, listen)
    #expect(heard.value == [7])
  }

  @Test func `a TLS greeting on a plain listener is recognised`() throws {
    let (reactor, address) = try listeningReactor()
    _ = reactor.connect(to: address, owner: 1)
    let end = Box<LinkEnd?>(nil)
    ReactorScript.run(reactor, until: end.value != nil) { reactor, event in
      if event.isConnected {
        reactor.send(buffer([22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3]), on: event.link)
      }
      #expect(event.receivedRange == nil)
      if event.owner == 0, let reason = event.end { end.value = reason }
    }
    let port = try #require(address.port)
    #expect(end.value == .foreignOnPlainListener(.tlsHandshake, port: port))
    #expect(end.value?.description.contains("TLS client on the plain port \(port)") == true)
  }

  @Test func `out of descriptors is told once, and serving goes on afterwards`() async {
    await #expect(processExitsWith: .success) {
      let reactor = try Reactor(index: 0)
      let listener = try loopbackListener()
      let address = listener.address
      try reactor.listen(listener, index: 3)
      var limit = rlimit()
      getrlimit(__rlimit_resource_t(7), &limit)
      limit.rlim_cur = 64
      setrlimit(__rlimit_resource_t(7), &limit)
      var clients: [LinkID] = []
      for _ in 0..<70 { clients.append(reactor.connect(to: address, owner: 1)) }
      let failures = Box(0)
      let ended = Box(0)
      ReactorScript.run(reactor, until: failures.value == 1 && ended.value > 20) {
        reactor, event in
        if case .acceptFailed(let listener, let error) = event.event {
          precondition(listener == 3 && error.isOutOfDescriptors)
          failures.value += 1
        }
        if case .outOfDescriptors = event.event { reactor.acceptOrTurnAway() }
        if event.owner == 1, event.end != nil { ended.value += 1 }
      }
      for client in clients { reactor.close(client, flushing: false) }
      let accepted = Box(0)
      _ = reactor.connect(to: address, owner: 2)
      ReactorScript.run(reactor, until: accepted.value > 0) { reactor, event in
        if event.isConnected, event.owner == 2 { accepted.value += 1 }
      }
      exit(failures.value == 1 ? EXIT_SUCCESS : EXIT_FAILURE)
    }
  }
}
