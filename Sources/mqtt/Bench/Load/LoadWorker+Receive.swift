// What comes from the broker: packets are parsed where they were read, and only the rest of one that
// is cut off is copied. A PUBLISH is checked as strictly as any client checks it, held against what
// was sent, and timed.

import Basis
import Bench
import MQTTCodec
import MQTTSession
import Synchronization
import Transport

extension LoadWorker {
  /// Takes bytes that had come by `clock`.
  func receive(
    _ range: Range<Int>, of reactor: borrowing Reactor, _ client: LoadClient, _ clock: Int64
  ) {
    do throws(DecodeError) {
      if client.inbox.isEmpty {
        let bytes = reactor.received(range)
        let used = try take(bytes, client, clock)
        if used < bytes.count && client.link != .none {
          client.inbox.append(bytes.extracting(used..<bytes.count))
        }
      } else {
        client.inbox.append(reactor.received(range))
        var inbox = client.inbox.take()
        let used = try take(inbox.span, client, clock)
        inbox.consume(used)
        if !inbox.isEmpty && client.link != .none { client.inbox = inbox }
      }
    } catch {
      fault(error, client)
    }
    deliveryTimes.settle(into: &endToEnd)
    acknowledgementTimes.settle(into: &acknowledgement)
  }

  /// Takes all whole packets; says how many bytes they were.
  private func take(_ bytes: Span<UInt8>, _ client: LoadClient, _ clock: Int64)
    throws(DecodeError) -> Int
  {
    let (publisher, subscriber) =
      (client.publisher ?? noPublisher, client.subscriber ?? noSubscriber)
    let version = settings.version
    var offset = 0
    while offset < bytes.count && client.link != .none {
      guard
        let header = try FixedHeader.read(
          bytes, at: offset, packetSizeLimit: packetSizeLimit, version: version),
        bytes.count - offset >= header.packetLength
      else { return offset }
      let packet = bytes.extracting(offset..<(offset + header.packetLength))
      offset += header.packetLength
      switch header.type {
      case .publish:
        if subscriber === noSubscriber {
          throw Self.nothingAsked(header, "was subscribed to")
        }
        try receivePublish(packet, header, client, subscriber, clock)
      case .puback, .pubrec, .pubcomp:
        if publisher === noPublisher {
          try receiveAcknowledgement(ofAnswer: packet, header, client)
        } else {
          try receiveAcknowledgement(packet, header, client, publisher, clock)
        }
      case .pubrel: try receivePubrel(packet, header, client, subscriber)
      case .connect, .connack, .subscribe, .suback, .unsubscribe, .unsuback, .pingreq, .pingresp,
        .disconnect, .auth:
        try receiveRare(packet, header, client)
      }
    }
    return offset
  }

  /// The fault of a packet that answers nothing.
  @inline(never) private static func nothingAsked(
    _ header: FixedHeader, _ words: String
  ) -> DecodeError {
    DecodeError(.protocolError, "MQTT-4.13.1-1", header.type, at: 0, "nothing \(words)")
  }

  /// What comes a few times in a run.
  private func receiveRare(
    _ packet: Span<UInt8>, _ header: FixedHeader, _ client: LoadClient
  ) throws(DecodeError) {
    switch header.type {
    case .suback: try receiveSuback(packet, header, client)
    case .pingresp:
      _ = try Packet.decode(packet, header, version: settings.version, direction: .toClient)
    case .disconnect:
      let answer = try Packet.decode(
        packet, header, version: settings.version, direction: .toClient)
      guard case .disconnect(let disconnect) = answer else { return }
      fail("DISCONNECT: \(disconnect.reasonCode.name(in: .disconnect))")
      tally.connectionsLost += 1
      abandon(client)
    case .connack, .connect, .subscribe, .unsubscribe, .unsuback, .pingreq, .auth, .publish,
      .puback, .pubrec, .pubrel, .pubcomp:
      // Everything but CONNACK is turned down by its own rules or because nothing was asked.
      try receiveConnack(packet, header, client)
    }
  }

  private func receivePublish(
    _ packet: Span<UInt8>, _ header: FixedHeader, _ client: LoadClient,
    _ subscriber: SubscriberPart, _ clock: Int64
  ) throws(DecodeError) {
    let view = try PublishView.decode(
      packet, header, version: settings.version, direction: .toClient)
    if view.qos != .atMostOnce {
      guard try acknowledge(view, subscriber, client) else { return }
    }
    // What comes of the removal of retained messages is no delivery of the run.
    if step >= .clearing { return }
    if let stamp = MessageStamp(packet, at: view.payload.lowerBound) {
      if settings.cast.answers && client.publisher == nil {
        answer(stamp, subscriber, client)
      } else {
        count(stamp, view, subscriber, client, clock)
      }
    } else {
      countForeign(subscriber, clock)
    }
    second?.received += 1
    second?.receivedBytes += UInt64(packet.count)
    tally.receivedBytes += UInt64(packet.count)
  }

  /// Counts a message of another program, which is what a run without publishers is there for.
  private func countForeign(_ subscriber: SubscriberPart, _ clock: Int64) {
    tally.received += 1
    tally.foreign += 1
    if settings.cast.publishers > 0 { return }
    subscriber.received += 1
    lastArrival = clock
    if clock >= progress.measureStart.load(ordering: .relaxed) { measuredReceived += 1 }
  }

  /// Answers by the quality of service; false when the message has been taken before.
  private func acknowledge(
    _ view: PublishView, _ subscriber: SubscriberPart, _ client: LoadClient
  ) throws(DecodeError) -> Bool {
    guard let identifier = PacketIdentifier(rawValue: view.packetIdentifier) else { return true }
    if view.isDuplicate { tally.marked += 1 }
    touch(client)
    let answer = AcknowledgementView(packetIdentifier: identifier, reasonCode: .success)
    if view.qos == .atLeastOnce {
      answer.encode(.puback, into: &client.outbox, version: settings.version)
      return true
    }
    answer.encode(.pubrec, into: &client.outbox, version: settings.version)
    return subscriber.held.receive(identifier) == .first
  }

  /// Holds a delivery against what was sent.
  private func count(
    _ stamp: MessageStamp, _ view: PublishView, _ subscriber: SubscriberPart,
    _ client: LoadClient, _ clock: Int64
  ) {
    tally.received += 1
    subscriber.received += 1
    if subscriber.firstArrival == 0 { subscriber.firstArrival = clock }
    subscriber.lastArrival = clock
    lastArrival = clock
    guard let place = position(of: stamp, subscriber) else {
      tally.foreign += 1
      return
    }
    var isNew = true
    if let group = subscriber.group {
      isNew = group.sets[place].insert(stamp.sequence)
    } else {
      switch subscriber.trackers[place].receive(stamp.sequence) {
      case .inOrder: break
      case .ahead(let count): missing += Int(clamping: count)
      case .late:
        tally.outOfOrder += 1
        missing -= 1
      case .duplicate: isNew = false
      }
    }
    if !isNew { tally.duplicated += 1 }
    if settings.cast.answers {
      // QoS 1 may bring an answer twice: it is one answer.
      if isNew { takeAnswer(stamp, client, clock) }
    }
    // The clock of a stamp from another program may be that of another machine.
    let time = settings.cast.publishers == 0 ? clock : stamp.nanoseconds
    guard time >= progress.measureStart.load(ordering: .relaxed) else { return }
    measuredReceived += 1
    if settings.cast.answers {
      if isNew { roundTrip.record(clock - stamp.nanoseconds) }
    } else if !subscriber.isLate {
      deliveryTimes.add(clock - stamp.nanoseconds, to: &endToEnd)
    }
  }

  /// Lets the next question follow an answer.
  private func takeAnswer(_ stamp: MessageStamp, _ client: LoadClient, _ clock: Int64) {
    guard let publisher = client.publisher else { return }
    publisher.lastExchange = clock
    let awaited = publisher.firstAwaited..<max(publisher.firstAwaited, publisher.next)
    if awaited.contains(stamp.sequence) { publisher.answered += 1 }
    queue(client)
  }

  /// The tracker's place for a message's publisher; those of other runs get one where nobody of ours
  /// publishes.
  private func position(of stamp: MessageStamp, _ subscriber: SubscriberPart) -> Int? {
    if stamp.run == settings.run {
      if let place = subscriber.heard.position(of: Int(stamp.publisher)) { return place }
    }
    guard settings.cast.publishers == 0 else { return nil }
    let name = UInt64(stamp.run) << 32 | UInt64(stamp.publisher)
    if let place = subscriber.strangers[name] { return place }
    // Whoever comes in later has not lost what was sent before.
    var tracker = SequenceTracker()
    tracker.next = stamp.sequence
    subscriber.trackers.append(tracker)
    subscriber.strangers[name] = subscriber.trackers.count - 1
    return subscriber.trackers.count - 1
  }

  /// Sends what a questioner sent back to it.
  private func answer(
    _ stamp: MessageStamp, _ subscriber: SubscriberPart, _ client: LoadClient
  ) {
    subscriber.answerIdentifier =
      subscriber.answerIdentifier == .max ? 1 : subscriber.answerIdentifier + 1
    touch(client)
    subscriber.answer?.append(
      stamp, identifier: subscriber.answerIdentifier, to: &client.outbox)
  }

  private func receivePubrel(
    _ packet: Span<UInt8>, _ header: FixedHeader, _ client: LoadClient,
    _ subscriber: SubscriberPart
  ) throws(DecodeError) {
    let view = try AcknowledgementView.decode(packet, header, version: settings.version)
    _ = subscriber.held.release(view.packetIdentifier)
    touch(client)
    AcknowledgementView(packetIdentifier: view.packetIdentifier, reasonCode: .success)
      .encode(.pubcomp, into: &client.outbox, version: settings.version)
  }

  private func receiveAcknowledgement(
    _ packet: Span<UInt8>, _ header: FixedHeader, _ client: LoadClient,
    _ publisher: PublisherPart, _ clock: Int64
  ) throws(DecodeError) {
    let view = try AcknowledgementView.decode(packet, header, version: settings.version)
    let identifier = view.packetIdentifier.rawValue
    let expected: FlightTable.Stage = header.type == .pubcomp ? .released : .published
    let isOfQoS = (header.type == .puback) == (settings.publishQoS == .atLeastOnce)
    guard isOfQoS, publisher.flight.stage(identifier) == expected else {
      throw DecodeError(
        .protocolError, "4.3", header.type, at: 2,
        "no message with the packet identifier \(identifier) waits for it")
    }
    if header.type == .pubrec && !view.reasonCode.isFailure {
      publisher.flight.release(identifier)
      return release(view, client)
    }
    let time = publisher.flight.complete(identifier)
    if view.reasonCode.isFailure {
      tally.refused += 1
      fail("\(header.type.name): \(view.reasonCode.name(in: header.type))")
    } else {
      tally.acknowledged += 1
      second?.acknowledged += 1
      if view.reasonCode == .noMatchingSubscribers { tally.unmatched += 1 }
      if time >= progress.measureStart.load(ordering: .relaxed) {
        acknowledgementTimes.add(clock - time, to: &acknowledgement)
      }
    }
    queue(client)
  }

  /// Answers are not kept until they are acknowledged: the questioner sees what is missing.
  private func receiveAcknowledgement(
    ofAnswer packet: Span<UInt8>, _ header: FixedHeader, _ client: LoadClient
  ) throws(DecodeError) {
    let view = try AcknowledgementView.decode(packet, header, version: settings.version)
    guard client.subscriber?.answer != nil else {
      throw Self.nothingAsked(header, "was published")
    }
    if header.type == .pubrec { release(view, client) }
  }

  private func release(_ view: AcknowledgementView, _ client: LoadClient) {
    touch(client)
    AcknowledgementView(packetIdentifier: view.packetIdentifier, reasonCode: .success)
      .encode(.pubrel, into: &client.outbox, version: settings.version)
  }
}
