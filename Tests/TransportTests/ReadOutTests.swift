// A link that is read out: up to what its peer has sent, however much, and whether it is paused. And when
// a reactor has nothing left to say.

import Basis
import Glibc
import Testing
import Transport

@Suite struct ReadOutTests {
  /// A reactor with one accepted, paused link, and a plain socket at its other end that has sent one
  /// byte, which is read.
  private func pausedLink() throws -> (reactor: Reactor, link: LinkID, peer: Int32) {
    let (reactor, address) = try listeningReactor()
    let peer = try #require(connected(to: address))
    #expect(send(peer, [1], 1, 0) == 1)
    let link = Box(LinkID.none)
    let received = Box(0)
    ReactorScript.run(reactor, until: received.value == 1) { reactor, event in
      if event.isAccepted {
        link.value = event.link
        reactor.setOwner(event.link, 2)
      }
      if let range = event.receivedRange { received.value += range.count }
    }
    reactor.pauseReading(link.value)
    return (reactor, link.value, peer)
  }

  private func connected(to address: SocketAddress) -> Int32? {
    guard case .ipv4(let host, let port) = address else { return nil }
    let peer = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = port.bigEndian
    name.sin_addr.s_addr = host.bigEndian
    let result = withUnsafePointer(to: &name) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(peer, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    return result == 0 ? peer : nil
  }

  @Test(arguments: [0, 1, 65_536, 300_000])
  func `a paused link counts as read out behind all that its peer had sent`(count: Int) throws {
    let (reactor, link, peer) = try pausedLink()
    defer { close(peer) }
    #expect(send(peer, pattern(count), count, 0) == count)
    reactor.readOut(link)
    let received = Box<[UInt8]>([])
    let countWhenReadOut = Box<Int?>(nil)
    ReactorScript.run(reactor, until: countWhenReadOut.value != nil) { reactor, event in
      if let range = event.receivedRange { received.value += bytes(reactor, range) }
      if event.isReadOut {
        #expect(event.owner == 2)
        countWhenReadOut.value = received.value.count
      }
    }
    #expect(countWhenReadOut.value == count)
    #expect(received.value == pattern(count))
  }

  @Test func `a link whose peer has left ends behind what it had sent`() throws {
    let (reactor, link, peer) = try pausedLink()
    #expect(send(peer, pattern(100_000), 100_000, 0) == 100_000)
    close(peer)
    reactor.readOut(link)
    let received = Box(0)
    let end = Box<LinkEnd?>(nil)
    ReactorScript.run(reactor, until: end.value != nil) { reactor, event in
      if let range = event.receivedRange { received.value += range.count }
      if let reason = event.end { end.value = reason }
    }
    #expect(received.value == 100_000)
    #expect(end.value == .peerClosed)
  }

  @Test func `a reactor has said everything although its peers stay`() throws {
    let (reactor, link, peer) = try pausedLink()
    defer { close(peer) }
    reactor.farewellLimitSeconds = 1000
    #expect(!reactor.hasSaidEverything)
    #expect(send(peer, [1, 2, 3], 3, 0) == 3)
    reactor.send(buffer([9]), on: link)
    reactor.close(link, flushing: true)
    ReactorScript.run(reactor, until: reactor.hasSaidEverything)
    #expect(reactor.linkCount == 1)
    var last: [UInt8] = [0, 0]
    #expect(recv(peer, &last, 2, Int32(MSG_WAITALL)) == 1)
    #expect(last[0] == 9)
  }
}
