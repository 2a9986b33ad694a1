// What stands in mosquitto's file, in the words of our store. Left out is what would not be there
// here either: sessions that end with their connection, messages at QoS 0, and what names something
// that is not there.
//
// mosquitto passes a QoS 2 message on when its publisher's PUBREL comes, and this broker when the
// message itself comes. So one that waits for PUBREL there is passed on here, to the sessions that
// the file has; its publisher was told that it was taken, and will only send PUBREL.

import Basis
import MQTTBroker
import MQTTCodec

/// What was taken from a mosquitto.db.
struct ImportedRecords {
  var records: [Record] = []
  var sessions = 0
  var subscriptions = 0
  var queued = 0
  var retained = 0
  /// What could not be read, or names something that is not there.
  var leftOut = 0
  /// Messages at QoS 0, which this broker queues in memory only.
  var leftOutAtQoS0 = 0

  private let file: MosquittoFile
  private let listenerNames: [UInt16: String]
  private var sessionNumbers: [[UInt8]: UInt64] = [:]
  /// Subscriptions by session, for messages that are passed on.
  private var readers: [(session: UInt64, subscription: SubscriptionRecord)] = []
  private var messages: [UInt64: MessageRecord] = [:]
  /// Packet identifiers of QoS 2 messages on their way, by session.
  private var assigned: [UInt64: Set<UInt16>] = [:]
  private var position: UInt64 = 0
  private var needed: Set<UInt64> = []
  private var entries: [Record] = []
  private var retainedTopics: [[UInt8]: UInt64] = [:]

  /// Takes everything from `file`; `listenerNames` are those of this broker, by their ports.
  init(_ file: MosquittoFile, listenerNames: [UInt16: String]) {
    self.file = file
    self.listenerNames = listenerNames
    leftOut = file.unreadable
    addSessions()
    addSubscriptions()
    makeMessages()
    for number in file.retained {
      guard let message = messages[number] else {
        leftOut += 1
        continue
      }
      retainedTopics[Array(message.bytes[..<message.topicLength])] = number
    }
    for delivery in file.deliveries { delivery.isOutgoing ? add(delivery) : passOn(delivery) }
    addMessages()
  }

  // MARK: Sessions

  private mutating func addSessions() {
    for client in file.clients where client.expirySeconds > 0 {
      guard let identifier = text(client.identifier), sessionNumbers[client.identifier] == nil
      else {
        leftOut += 1
        continue
      }
      sessions += 1
      let number = UInt64(sessions)
      sessionNumbers[client.identifier] = number
      let isTimed = client.expirySeconds != .max && client.expires > 0
      var record = SessionRecord(
        number: number, clientIdentifier: identifier,
        userName: client.user.isEmpty ? nil : text(client.user),
        expirySeconds: client.expirySeconds)
      record.listener = listenerNames[client.port]
      record.isUnclaimed = !client.hasUser
      if isTimed { record.leftAtUnixSeconds = client.expires - Int64(client.expirySeconds) }
      records.append(.saveSession(record))
    }
  }

  private mutating func addSubscriptions() {
    for found in file.subscriptions {
      guard let session = sessionNumbers[found.client],
        Topic.faultOfFilter(found.filter.span) == nil,
        let qos = QoS(rawValue: found.options & 3)
      else {
        leftOut += 1
        continue
      }
      let subscription = SubscriptionRecord(
        filter: found.filter,
        options: SubscriptionOptions(
          qos: qos, noLocal: found.options & 4 != 0, retainAsPublished: found.options & 8 != 0),
        identifier: found.identifier)
      subscriptions += 1
      readers.append((session, subscription))
      records.append(.subscribe(session, subscription))
    }
  }

  // MARK: Messages

  /// Gives those that can be forwarded numbers, in the order of their old ones.
  private mutating func makeMessages() {
    for (place, old) in file.messages.keys.sorted().enumerated() {
      guard let found = file.messages[old], let qos = QoS(rawValue: found.qos),
        let properties = Self.forwarded(found)
      else {
        leftOut += 1
        continue
      }
      var record = MessageRecord(
        number: UInt64(place) + 1, topicLength: found.topic.count,
        propertiesLength: properties.count, bytes: found.topic + properties + found.payload,
        qos: qos, isRetained: found.isRetained)
      if found.expires > 0 { record.expiresAtUnixSeconds = found.expires }
      messages[old] = record
    }
  }

  /// The properties that go on, encoded; nil for a message that no PUBLISH could have brought.
  private static func forwarded(_ message: MosquittoFile.Message) -> [UInt8]? {
    let properties = message.properties.isEmpty ? [0] : message.properties
    var packet = ByteBuffer()
    packet.append(0x30)
    packet.append(variableByteInteger: 2 + message.topic.count + properties.count)
    let headerLength = packet.count
    packet.append(UInt8(truncatingIfNeeded: message.topic.count >> 8))
    packet.append(UInt8(truncatingIfNeeded: message.topic.count))
    packet.append(message.topic.span)
    packet.append(properties.span)
    let header = FixedHeader(
      type: .publish, flags: 0, headerLength: headerLength,
      remainingLength: packet.count - headerLength)
    do throws(DecodeError) {
      let view = try PublishView.decode(
        packet.span, header, version: .v5, direction: .toServer)
      // Anything behind the properties is none of them.
      if !view.payload.isEmpty || message.topic.isEmpty { return nil }
      var forwarded = ByteBuffer()
      view.appendForwardedProperties(from: packet.span, into: &forwarded)
      return forwarded.bytes
    } catch {
      return nil
    }
  }

  private mutating func add(_ delivery: MosquittoFile.Delivery) {
    if delivery.qos == 0 {
      leftOutAtQoS0 += 1
      return
    }
    guard let session = sessionNumbers[delivery.client], let message = messages[delivery.message],
      let qos = QoS(rawValue: delivery.qos)
    else {
      leftOut += 1
      return
    }
    enqueue(
      message, delivery.message, for: session, qos, delivery.isRetained,
      delivery.subscriptionIdentifier == 0 ? [] : [delivery.subscriptionIdentifier])
    guard qos == .exactlyOnce, delivery.identifier != 0 else { return }
    // mosq_ms_publish_qos2, _wait_for_pubrec: it went out; _resend_pubrel, _wait_for_pubcomp:
    // PUBREC came.
    let isReleased = [6, 9].contains(delivery.state)
    guard isReleased || [4, 5].contains(delivery.state),
      assigned[session, default: []].insert(delivery.identifier).inserted
    else { return }
    entries.append(
      isReleased
        ? .release(session, identifier: delivery.identifier, position: position)
        : .assign(session, identifier: delivery.identifier, position: position))
  }

  private mutating func enqueue(
    _ message: MessageRecord, _ old: UInt64, for session: UInt64, _ qos: QoS, _ isRetained: Bool,
    _ identifiers: [UInt32]
  ) {
    position += 1
    queued += 1
    needed.insert(old)
    var record = QueueRecord(
      session: session, position: position, message: message.number,
      byteCount: message.bytes.count, qos: qos, isRetained: isRetained)
    record.subscriptionIdentifiers = identifiers
    entries.append(.enqueue(record))
  }

  /// A QoS 2 message whose publisher has not released it.
  private mutating func passOn(_ delivery: MosquittoFile.Delivery) {
    // mosq_ms_wait_for_pubrel, _send_pubrec. One that waits for its turn was not answered, and comes
    // again; one that was released has been passed on.
    guard delivery.qos == 2, [7, 10].contains(delivery.state) else { return }
    guard let publisher = sessionNumbers[delivery.client], delivery.identifier != 0,
      let message = messages[delivery.message]
    else {
      leftOut += 1
      return
    }
    entries.append(.received(publisher, identifier: delivery.identifier))
    let topic = Array(message.bytes[..<message.topicLength])
    if message.isRetained {
      let isEmpty = message.bytes.count == message.topicLength + message.propertiesLength
      retainedTopics[topic] = isEmpty ? nil : delivery.message
    }
    var wanted: [UInt64: (qos: QoS, isRetained: Bool, identifiers: [UInt32])] = [:]
    for (session, subscription) in readers
    where Topic.matches(filter: subscription.filter.span, name: topic.span)
      && !(subscription.options.noLocal && session == publisher)
    {
      let found = wanted[session] ?? (.atMostOnce, false, [])
      wanted[session] = (
        max(found.qos, min(message.qos, subscription.options.qos)),
        found.isRetained || message.isRetained && subscription.options.retainAsPublished,
        found.identifiers + (subscription.identifier == 0 ? [] : [subscription.identifier])
      )
    }
    for (session, found) in wanted.sorted(by: { $0.key < $1.key }) where found.qos > .atMostOnce {
      enqueue(
        message, delivery.message, for: session, found.qos, found.isRetained, found.identifiers)
    }
  }

  /// Puts the messages that are needed in front of what names them.
  private mutating func addMessages() {
    let topics = retainedTopics.sorted { $0.value < $1.value }
    needed.formUnion(topics.map(\.value))
    records += needed.sorted().compactMap { messages[$0].map { .store($0) } }
    records += entries
    for (topic, old) in topics {
      guard let message = messages[old], let found = file.messages[old] else { continue }
      retained += 1
      records.append(
        .retain(topic: topic, message: message.number, source: source(of: found)))
    }
  }

  private func source(of message: MosquittoFile.Message) -> SourceRecord? {
    guard !message.client.isEmpty, let client = text(message.client) else { return nil }
    return SourceRecord(
      clientIdentifier: client, userName: message.user.isEmpty ? nil : text(message.user),
      listener: listenerNames[message.port])
  }

  private func text(_ bytes: [UInt8]) -> String? { String(validating: bytes, as: UTF8.self) }
}
