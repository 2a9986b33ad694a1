// Leaving a link: a farewell whose end is told, with what the peer has not taken.

import MQTTCodec
import Testing
import Transport

@Suite struct LeavingTests {
  /// More than the buffers of both kernels hold.
  private static let count = 32 << 20

  /// How the link ends that is left behind so many bytes; `onAccepted` has its other end.
  private func leave(
    behind count: Int, _ onAccepted: @escaping (Reactor, LinkID) -> Void
  ) throws -> (end: LinkEnd?, unsent: Int, received: Int) {
    let (reactor, address) = try listeningReactor()
    _ = reactor.connect(to: address, owner: 1)
    let end = Box<LinkEnd?>(nil)
    let unsent = Box(0)
    let received = Box(0)
    ReactorScript.run(reactor, until: end.value != nil) { reactor, event in
      if event.isConnected {
        reactor.send(buffer([UInt8](repeating: 7, count: count)), on: event.link)
        reactor.leave(event.link)
        #expect(reactor.contains(event.link))
      }
      if event.isAccepted { onAccepted(reactor, event.link) }
      if let range = event.receivedRange {
        #expect(event.owner != 1, "nothing is told of a link that is left but its end")
        received.value += range.count
      }
      if event.owner == 1, case .ended(let reason, let bytes) = event.event {
        end.value = reason
        unsent.value = bytes
      }
    }
    return (end.value, unsent.value, received.value)
  }

  @Test(arguments: [1, count])
  func `a link that is left ends when everything is out and the peer has closed`(
    _ count: Int
  ) throws {
    let left = try leave(behind: count) { reactor, link in
      // What the peer says meanwhile is dropped.
      reactor.send(buffer([1, 2, 3]), on: link)
    }
    #expect(left.end == .peerClosed)
    #expect(left.unsent == 0)
    #expect(left.received == count)
  }

  @Test func `what a peer that is gone has not taken is told`() throws {
    let left = try leave(behind: Self.count) { reactor, link in
      reactor.close(link, flushing: false)
    }
    #expect(left.end != nil)
    #expect(left.unsent > 0)
  }
}
