// What happens because time passes, and the waits between attempts.

import Basis
import MQTTCodec
import MQTTSession
import Testing

@Suite struct ClientDeadlineTests {
  static func seconds(_ seconds: Int) -> Instant { Instant.start.advanced(bySeconds: seconds) }

  @Test func `a server that never sends CONNACK is given up`() throws {
    var settings = ClientSettings()
    settings.connackTimeoutSeconds = 12
    let client = ClientUnderTest(settings)
    client.session.open(now: client.now)
    #expect(client.session.nextDeadline == Self.seconds(12))
    client.pass(seconds: 11)
    #expect(client.events() == [])
    client.pass(seconds: 1)
    #expect(client.events() == [.ended(.connackTimeout)])
    #expect(client.session.nextDeadline == nil)
  }

  @Test func `PINGREQ goes out after the keep alive without sending [MQTT-3.1.2-20]`() throws {
    let client = try ClientUnderTest.connected { $0.keepAliveSeconds = 10 }
    #expect(client.session.nextDeadline == Self.seconds(10))
    client.pass(seconds: 9)
    #expect(try client.takeSent().isEmpty)
    client.pass(seconds: 1)
    #expect(try client.takeSent() == [.pingreq])
  }

  @Test func `every packet sent puts the PINGREQ off`() throws {
    let client = try ClientUnderTest.connected { $0.keepAliveSeconds = 10 }
    client.pass(seconds: 6)
    try client.publish("t", "m", .atMostOnce)
    #expect(client.session.nextDeadline == Self.seconds(16))
  }

  @Test func `messages that come do not put it off`() throws {
    let client = try ClientUnderTest.connected { $0.keepAliveSeconds = 10 }
    client.pass(seconds: 9)
    client.feedMessage("t")
    _ = try client.messages()
    client.pass(seconds: 1)
    #expect(try client.takeSent() == [.pingreq])
  }

  @Test func `the server's keep alive takes the place of ours [MQTT-3.1.2-21]`() throws {
    let client = try ClientUnderTest.connected(
      connack: Connack(
        properties: Properties([Property(.serverKeepAlive, .twoByteInteger(4))])))
    #expect(client.session.nextDeadline == Self.seconds(4))
  }

  @Test func `without keep alive there is no deadline`() throws {
    let client = try ClientUnderTest.connected { $0.keepAliveSeconds = 0 }
    #expect(client.session.nextDeadline == nil)
    client.pass(seconds: 100_000)
    #expect(try client.takeSent().isEmpty)
  }

  @Test func `silence after PINGREQ ends the connection`() throws {
    let client = try ClientUnderTest.connected {
      $0.keepAliveSeconds = 60
      $0.pingTimeoutSeconds = 7
    }
    client.pass(seconds: 60)
    #expect(client.session.nextDeadline == Self.seconds(67))
    client.pass(seconds: 6)
    #expect(client.events() == [])
    client.pass(seconds: 1)
    #expect(client.events() == [.ended(.pingTimeout)])
  }

  @Test func `PINGRESP ends the wait`() throws {
    let client = try ClientUnderTest.connected { $0.keepAliveSeconds = 20 }
    client.pass(seconds: 20)
    client.feed(.pingresp)
    #expect(client.events() == [.pingAnswered])
    #expect(client.session.nextDeadline == Self.seconds(40))
  }

  @Test func `bytes that come in front of PINGRESP are a sign of life`() throws {
    let client = try ClientUnderTest.connected {
      $0.keepAliveSeconds = 60
      $0.pingTimeoutSeconds = 7
    }
    client.pass(seconds: 60)
    client.pass(seconds: 6)
    client.feed(bytes: [0x30])
    #expect(client.events() == [])
    client.pass(seconds: 6)
    #expect(client.events() == [])
    client.pass(seconds: 1)
    #expect(client.events() == [.ended(.pingTimeout)])
  }

  @Test func `silence counts for nothing while the owner does not read`() throws {
    let client = try ClientUnderTest.connected {
      $0.keepAliveSeconds = 60
      $0.pingTimeoutSeconds = 7
    }
    client.session.isReadingPaused = true
    client.pass(seconds: 60)
    #expect(try client.takeSent() == [.pingreq])
    client.pass(seconds: 30)
    #expect(client.events() == [])
    client.session.readingResumed(now: client.now)
    #expect(client.session.nextDeadline == Self.seconds(97))
    client.pass(seconds: 7)
    #expect(client.events() == [.ended(.pingTimeout)])
  }

  @Test func `a ping by the owner's wish is answered even without keep alive`() throws {
    let client = try ClientUnderTest.connected { $0.keepAliveSeconds = 0 }
    client.session.ping(now: client.now)
    #expect(try client.takeSent() == [.pingreq])
    #expect(client.session.nextDeadline == Self.seconds(30))
    client.feed(.pingresp)
    #expect(client.events() == [.pingAnswered])
    #expect(client.session.nextDeadline == nil)
  }

  @Test func `DISCONNECT carries reason and properties, and nothing follows [MQTT-3.14.4-1]`()
    throws
  {
    let client = try ClientUnderTest.connected()
    let properties = Properties([Property(.sessionExpiryInterval, .fourByteInteger(0))])
    client.session.disconnect(
      .disconnectWithWillMessage, properties: properties, now: client.now)
    #expect(
      try client.takeSent() == [
        .disconnect(Disconnect(reasonCode: .disconnectWithWillMessage, properties: properties))
      ])
    #expect(client.events() == [.ended(.disconnectedHere)])
    client.session.disconnect(now: client.now)
    #expect(client.session.outputCount == 0)
  }

  @Test(arguments: UInt64(0)..<50)
  func `waits double up to the limit and stay within half to all of the step`(_ seed: UInt64) {
    var backoff = Backoff(firstMilliseconds: 100, limitMilliseconds: 1_500, seed: seed)
    for step in [100, 200, 400, 800, 1_500, 1_500, 1_500] as [Int64] {
      let wait = backoff.nextNanoseconds()
      #expect(wait >= step * 500_000)
      #expect(wait <= step * 1_000_000)
    }
    backoff.reset()
    #expect(backoff.nextNanoseconds() <= 100_000_000)
  }

  @Test func `two seeds wait differently`() {
    let waits = (1...20).map { (seed: UInt64) in
      var backoff = Backoff(seed: seed)
      return (0..<3).map { _ in backoff.nextNanoseconds() }
    }
    #expect(Set(waits).count == 20)
  }
}
