// Crashes: the engine is lost, the committed batches are what is left, and every promise that was
// made before must still be kept after.

import MQTTBroker
import MQTTCodec
import MQTTSession
import Testing

struct RecordsCrashTests {
  /// Takes and acknowledges packets as a client with a memory of its own does: a QoS 2 message
  /// counts once for each packet identifier between PUBLISH and PUBREL.
  private struct Receiver {
    var held: Set<UInt16> = []
    var delivered: [String] = []

    /// Does one exchange; false when nothing came.
    mutating func exchange(_ peer: Peer) -> Bool {
      let packets = peer.read()
      for packet in packets {
        if case .publish(let publish) = packet, let identifier = publish.packetIdentifier {
          let ack = Acknowledgement(packetIdentifier: identifier)
          if publish.qos == .atLeastOnce {
            delivered.append(text(publish))
            peer.send(.puback(ack))
          } else {
            if held.insert(identifier.rawValue).inserted { delivered.append(text(publish)) }
            peer.send(.pubrec(ack))
          }
        } else if case .pubrel(let ack) = packet {
          held.remove(ack.packetIdentifier.rawValue)
          peer.send(.pubcomp(ack))
        }
      }
      return !packets.isEmpty
    }
  }

  /// Publishes as a client that never gives up: what is unfinished is sent again after a crash.
  private struct Sender {
    enum Stage { case published, released, finished }
    var stages: [Stage]

    init(count: Int) { stages = Array(repeating: .published, count: count) }

    func send(_ peer: Peer, qos: QoS, isDuplicate: Bool) {
      for (position, stage) in stages.enumerated() {
        let identifier = UInt16(position + 1)
        switch stage {
        case .published:
          peer.send(
            .publish(
              Publish(
                topic: "a", payload: Array("\(identifier)".utf8), qos: qos, isRetained: false,
                isDuplicate: isDuplicate, packetIdentifier: id(identifier))))
        case .released: peer.pubrel(identifier)
        case .finished: continue
        }
      }
    }

    mutating func exchange(_ peer: Peer) -> Bool {
      let packets = peer.read()
      for packet in packets {
        switch packet {
        case .pubrec(let ack):
          stages[Int(ack.packetIdentifier.rawValue) - 1] = .released
          peer.send(.pubrel(ack))
        case .puback(let ack), .pubcomp(let ack):
          stages[Int(ack.packetIdentifier.rawValue) - 1] = .finished
        case .connect, .connack, .publish, .pubrel, .subscribe, .suback, .unsubscribe, .unsuback,
          .pingreq, .pingresp, .disconnect, .auth:
          continue
        }
      }
      return !packets.isEmpty
    }
  }

  /// The world, one small step on: an exchange, then what was taken is written, or taken first.
  private func step(
    _ number: Int, _ store: RecordsStore, _ sender: inout Sender, _ publisher: Peer,
    _ receiver: inout Receiver, _ subscriber: Peer?
  ) {
    switch number % 4 {
    case 0: _ = sender.exchange(publisher)
    case 1: store.take()
    case 2: if let subscriber { _ = receiver.exchange(subscriber) }
    case _: if !store.writing.isEmpty { store.finishOne() }
    }
  }

  /// Everything in memory, or nearly all of every queue in the store and one message in flight.
  private func store(paging: Bool) -> RecordsStore {
    RecordsStore {
      if !paging { return }
      $0.queueWindowMessageLimit = 2
      $0.inFlightLimit = 1
    }
  }

  @Test(arguments: 0..<64, [false, true])
  func `QoS 2 is delivered exactly once and in order, wherever the crash is [MQTT-4.3.3-10]`(
    crashStep: Int, paging: Bool
  ) {
    let store = store(paging: paging)
    var receiver = Receiver()
    var sender = Sender(count: 9)
    let publisher = store.client("p")
    let subscriber = store.client("s")
    subscriber.subscribe("a")
    store.commit()
    sender.send(publisher, qos: .exactlyOnce, isDuplicate: false)
    for number in 0..<crashStep { step(number, store, &sender, publisher, &receiver, subscriber) }
    store.crash()
    let again = store.client("p")
    let reader = store.client("s")
    sender.send(again, qos: .exactlyOnce, isDuplicate: true)
    for number in 0..<240 { step(number, store, &sender, again, &receiver, reader) }
    #expect(receiver.delivered == numbers(1...9))
    #expect(receiver.held.isEmpty)
    #expect(sender.stages.allSatisfy { $0 == .finished })
  }

  @Test(arguments: 0..<24, [false, true])
  func `an acknowledged QoS 1 message arrives, wherever the crash is [MQTT-4.3.2-4]`(
    crashStep: Int, paging: Bool
  ) {
    let store = store(paging: paging)
    store.absent("s", "a")
    var receiver = Receiver()
    var sender = Sender(count: 9)
    let publisher = store.passer("p")
    sender.send(publisher, qos: .atLeastOnce, isDuplicate: false)
    for number in 0..<crashStep { step(number, store, &sender, publisher, &receiver, nil) }
    let acknowledged = sender.stages.enumerated().filter { $0.element == .finished }
    store.crash()
    let reader = store.client("s")
    repeat { store.commit() } while receiver.exchange(reader)
    for (position, _) in acknowledged { #expect(receiver.delivered.contains("\(position + 1)")) }
    #expect(receiver.delivered == Array(numbers(1...9).prefix(receiver.delivered.count)))
  }

  @Test(arguments: 0...12)
  func `every prefix of the batches keeps what was acknowledged with it`(count: Int) {
    let store = RecordsStore()
    var acknowledged: [(batches: Int, payload: String)] = []
    store.absent("s", "#")
    let publisher = store.passer("p")
    for number in 1...9 {
      let qos = number % 2 == 0 ? QoS.exactlyOnce : .atLeastOnce
      publisher.publish("t/\(number)", "\(number)", qos, retain: true, identifier: UInt16(number))
      store.commit()
      #expect(publisher.read().count == 1)
      acknowledged.append((store.committed.count, "\(number)"))
    }
    store.crash(keeping: count)
    let expected = acknowledged.filter { $0.batches <= count }.map(\.payload)
    let reader = store.client("s")
    #expect(store.messages(of: reader).map(text) == expected)
    let late = store.passer("l")
    late.subscribe("t/#")
    let retained = (late.pending + late.read()).compactMap { packet -> String? in
      if case .publish(let publish) = packet { text(publish) } else { nil }
    }
    #expect(retained.sorted() == expected)
  }

  @Test func `what was acknowledged by its subscriber does not come again`() {
    let store = RecordsStore()
    store.absent("s", "a")
    let publisher = store.passer("p")
    publisher.publish("a", "1", .atLeastOnce, identifier: 1)
    publisher.publish("a", "2", .exactlyOnce, identifier: 2)
    store.commit()
    #expect(store.messages(of: store.client("s")).map(text) == ["1", "2"])
    store.commit()
    store.crash()
    #expect(store.messages(of: store.client("s")).isEmpty)
  }

  @Test func `a QoS 2 message that comes again after a crash is delivered once [MQTT-4.3.3-10]`() {
    let store = RecordsStore()
    store.absent("s", "a")
    let publisher = store.client("p")
    publisher.publish("a", "1", .exactlyOnce, identifier: 3)
    store.commit()
    store.crash()
    let again = store.client("p")
    again.publish("a", "1", .exactlyOnce, identifier: 3)
    again.pubrel(3)
    store.commit()
    again.publish("a", "2", .exactlyOnce, identifier: 3)
    store.commit()
    #expect(store.messages(of: store.client("s")).map(text) == ["1", "2"])
  }

  @Test func `after PUBCOMP and a crash the identifier stands for a new message`() {
    let store = RecordsStore()
    store.absent("s", "a")
    let publisher = store.client("p")
    publisher.publish("a", "1", .exactlyOnce, identifier: 3)
    store.commit()
    publisher.pubrel(3)
    store.commit()
    #expect(publisher.read().last?.type == .pubcomp)
    store.crash()
    store.client("p").publish("a", "2", .exactlyOnce, identifier: 3)
    #expect(store.messages(of: store.client("s")).map(text) == ["1", "2"])
  }

  @Test(arguments: [true, false])
  func `a message in flight at QoS 2 keeps its packet identifier and is a duplicate`(
    waited: Bool
  ) {
    let store = RecordsStore()
    store.absent("s", "a")
    let earlier = waited ? nil : store.client("s")
    let publisher = store.passer("p")
    // The number of the packet identifier is not the one that a new start would give it.
    publisher.publish("a", "0", .atLeastOnce, identifier: 1)
    publisher.publish("a", "1", .exactlyOnce, identifier: 2)
    store.commit()
    let subscriber = earlier ?? store.client("s")
    let packets = subscriber.read()
    subscriber.send(.puback(Acknowledgement(packetIdentifier: id(1))))
    let sent = packets.last
    store.commit()
    store.crash()
    let publish = store.messages(of: store.client("s")).first
    guard case .publish(let first) = sent else {
      Issue.record("nothing was sent")
      return
    }
    #expect(publish?.packetIdentifier == first.packetIdentifier)
    #expect(publish?.isDuplicate == true)
  }

  @Test func `a message at QoS 1 that may have been sent before a start has DUP [MQTT-3.3.1-1]`() {
    let store = RecordsStore()
    store.absent("s", "a")
    let subscriber = store.client("s")
    store.passer("p").publish("a", "1", .atLeastOnce, identifier: 1)
    store.commit()
    guard case .publish(let sent) = subscriber.read().last else {
      Issue.record("nothing was sent")
      return
    }
    #expect(!sent.isDuplicate)
    store.crash()
    let again = store.client("s")
    store.passer("p").publish("a", "2", .atLeastOnce, identifier: 2)
    store.commit()
    let messages = store.messages(of: again)
    #expect(messages.map(text) == ["1", "2"])
    #expect(messages.map(\.isDuplicate) == [true, false])
  }
}
