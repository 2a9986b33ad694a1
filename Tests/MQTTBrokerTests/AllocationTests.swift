// A broker that is warm routes without the heap: no allocation for a message that nobody has to
// keep. What is counted are the allocations of the thread that runs the engine.

import AllocationCount
import Basis
import MQTTBroker
import MQTTCodec
import MQTTSession
import Testing

struct AllocationTests {
  @Test(arguments: [ProtocolVersion.v311, .v5], [false, true])
  func `QoS 0 to many subscribers allocates nothing`(
    version: ProtocolVersion, hasProperties: Bool
  ) {
    var engine = Engine(
      version: version, subscriberCount: 20, qos: .atMostOnce, hasProperties: hasProperties)
    engine.warmUp()
    let before = allocation_count()
    for _ in 0..<20 { engine.turn() }
    #expect(allocation_count() - before == 0)
    #expect(engine.bytesSent > 20 * 20 * 50 * 10)
  }

  @Test func `a subscriber who gets 600 KiB a turn gets them in the same memory again`() {
    var engine = Engine(
      version: .v311, subscriberCount: 1, qos: .atMostOnce, payloadBytes: 12 << 10)
    engine.warmUp()
    let before = allocation_count()
    for _ in 0..<20 { engine.turn() }
    #expect(allocation_count() - before == 0)
    #expect(engine.bytesSent > 20 * 50 * 12 << 10)
  }

  @Test(arguments: [ProtocolVersion.v311, .v5])
  func `QoS 1 between sessions that end with their connection allocates nothing`(
    version: ProtocolVersion
  ) {
    var engine = Engine(version: version, subscriberCount: 5, qos: .atLeastOnce)
    engine.warmUp()
    let before = allocation_count()
    for _ in 0..<20 { engine.turn() }
    #expect(allocation_count() - before == 0)
    #expect(engine.bytesSent > 20 * 5 * 50 * 10)
  }
}

/// An engine with one publisher and its subscribers, driven as the shell drives it.
private struct Engine: ~Copyable {
  private static let batchSize = 50

  private var broker: Broker
  private var publisher = ConnectionID.none
  private var subscribers: [ConnectionID] = []
  private let now: Instant
  private let batch: [UInt8]
  private let qos: QoS
  /// The answers to one batch; each subscriber gets the same identifiers.
  private var answers: [[UInt8]] = []
  private var turnCount = 0
  private(set) var bytesSent = 0

  init(
    version: ProtocolVersion, subscriberCount: Int, qos: QoS, hasProperties: Bool = false,
    payloadBytes: Int = 20
  ) {
    let now = Instant(nanoseconds: 1_000_000_000)
    self.now = now
    broker = Broker(BrokerConfiguration(), randomSeed: 1, now: now, wallClockSeconds: 0)
    self.qos = qos
    let properties = [Property(.userProperty, .stringPair("unit", "degree"))]
    var batch: [UInt8] = []
    for number in 0..<Self.batchSize {
      batch += encoded(
        .publish(
          Publish(
            topic: "building/room-\(number % 5)", payload: Array(repeating: 7, count: payloadBytes),
            qos: qos,
            packetIdentifier: qos == .atMostOnce ? nil : id(UInt16(number + 1)),
            properties: Properties(hasProperties ? properties : []))), version)
    }
    self.batch = batch
    // 65,535 identifiers are 1,310 turns and a rest; a test is far shorter than that.
    for turn in 0..<60 {
      answers.append(
        (1...Self.batchSize).flatMap {
          encoded(
            .puback(Acknowledgement(packetIdentifier: id(UInt16(turn * Self.batchSize + $0)))),
            version)
        })
    }
    for number in 0...subscriberCount {
      guard let connection = broker.open(reactor: 0, listener: 0, peer: "x", now: now) else {
        continue
      }
      var bytes = encoded(
        .connect(Connect(version: version, clientIdentifier: "c\(number)", cleanStart: true)),
        version)
      if number > 0 {
        subscribers.append(connection)
        bytes += encoded(
          .subscribe(
            Subscribe(
              packetIdentifier: id(1),
              subscriptions: [
                Subscription(filter: "building/+", options: SubscriptionOptions(qos: qos))
              ])), version)
      } else {
        publisher = connection
      }
      broker.receive(bytes.span, on: connection, now: now)
    }
    drain()
  }

  mutating func warmUp() {
    for _ in 0..<10 { turn() }
    bytesSent = 0
  }

  /// A batch of messages, their delivery, and the answers to them.
  mutating func turn() {
    let batch = self.batch
    broker.receive(batch.span, on: publisher, now: now)
    drain()
    if qos != .atMostOnce {
      let answer = answers[turnCount]
      for position in subscribers.indices {
        broker.receive(answer.span, on: subscribers[position], now: now)
      }
      drain()
    }
    turnCount += 1
  }

  private mutating func drain() {
    while let connection = broker.nextOutput(reactor: 0) {
      var output = broker.takeOutput(of: connection)
      bytesSent += output.count
      broker.recycle(output.own.take())
    }
    broker.settleOutput()
    _ = broker.takeLog()
  }
}
