import Glibc
import MQTTCodec
import Testing
import Transport

@Suite struct ReactorTests {
  @Test func `bytes cross a reactor and come back`() throws {
    let reactor = try Reactor(index: 0)
    let listener = try loopbackListener()
    let address = listener.address
    try reactor.listen(listener, index: 7)
    let client = reactor.connect(to: address, owner: 42)
    var returned: [UInt8] = []
    var accepted: [Int] = []
    var script: ReactorScript?
    script = ReactorScript { reactor, event in
      switch event.event {
      case .accepted(let listener, _): accepted.append(listener)
      case .connected:
        #expect(event.link == client && event.owner == 42)
        reactor.send(buffer([1, 2, 3]), on: event.link)
      case .received(let range):
        if event.link == client {
          returned += bytes(reactor, range)
          script?.isDone = true
        } else {
          reactor.send(buffer(bytes(reactor, range)), on: event.link)
        }
      case .adopted, .drained, .ended, .turnedAway, .readable, .acceptFailed:
        Issue.record("\(event)")
      }
    }
    script?.run(reactor)
    #expect(returned == [1, 2, 3])
    #expect(accepted == [7])
  }
}
