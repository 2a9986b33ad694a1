// What a sequence of records amounts to, in plain tables: the slow and obvious meaning of the
// vocabulary. The engine starts from it, and a store keeps the same tables on disk.

/// The state after some records.
package struct RecordedState: Sendable {
  /// One session and what hangs on it.
  struct RecordedSession {
    var record: SessionRecord
    var will: WillRecord?
    /// In the order in which they were made; few, or the store has them sorted anyway.
    var subscriptions: [SubscriptionRecord] = []
    var places: [[UInt8]: Int] = [:]
    /// QoS 2 messages that came and were not released.
    var received: Set<UInt16> = []
  }

  /// One message on its way, and how far it came.
  struct RecordedDelivery {
    var record: QueueRecord
    /// Zero until it is assigned.
    var identifier: UInt16 = 0
    var isReleased = false
  }

  /// The last message of a topic.
  struct RecordedRetained {
    var message: UInt64
    var source: SourceRecord?
  }

  var sessions: [UInt64: RecordedSession] = [:]
  var messages: [UInt64: MessageRecord] = [:]
  var queue: [UInt64: RecordedDelivery] = [:]
  var retained: [[UInt8]: RecordedRetained] = [:]

  /// What is kept of a queue in memory; nil when all of it is here. (RecordedState+Windows)
  var window: QueueWindow?
  var windows: [UInt64: PlacedWindow] = [:]
  var lastAssigned: [UInt64: UInt64] = [:]
  /// What stays in the store, by session; of ended sessions too.
  var tails: [UInt64: RecordedTail] = [:]
  /// Who needs which message there.
  var tailMessages = MessageReferences()
  var lastTailMessage: UInt64 = 0

  /// Nothing, from a store that gives whole queues.
  package init() {}

  /// Nothing, from a store that gives of each queue only what ``place(_:position:message:byteCount:)``
  /// wants.
  package init(window: QueueWindow) { self.window = window }

  /// The state after `records`, from nothing.
  package init(_ records: some Sequence<Record>) {
    for record in records { apply(record) }
  }

  /// Makes one change.
  ///
  /// Whatever a record names that is not there is left alone: a damaged store gives what it has.
  package mutating func apply(_ record: Record) {
    switch record {
    case .saveSession(let session):
      if sessions[session.number]?.record == nil {
        sessions[session.number] = RecordedSession(record: session)
      } else {
        sessions[session.number]?.record = session
      }
    case .removeSession(let session): sessions[session] = nil
    case .setWill(let session, let will): sessions[session]?.will = will
    case .subscribe(let session, let subscription):
      sessions[session]?.subscribe(subscription)
    case .unsubscribe(let session, let filter): sessions[session]?.unsubscribe(filter)
    case .store(let message): messages[message.number] = message
    case .drop(let message): messages[message] = nil
    case .enqueue(let entry): queue[entry.position] = RecordedDelivery(record: entry)
    case .assign(_, let identifier, let position): queue[position]?.identifier = identifier
    case .release(_, let identifier, let position):
      queue[position]?.identifier = identifier
      queue[position]?.isReleased = true
    case .complete(_, let position, _): queue[position] = nil
    case .received(let session, let identifier):
      sessions[session]?.received.insert(identifier)
    case .forget(let session, let identifier): sessions[session]?.received.remove(identifier)
    case .retain(let topic, let message, let source):
      retained[topic] = RecordedRetained(message: message, source: source)
    case .unretain(let topic): retained[topic] = nil
    }
  }
}

extension RecordedState.RecordedSession {
  fileprivate mutating func subscribe(_ subscription: SubscriptionRecord) {
    if let place = places[subscription.filter] {
      subscriptions[place] = subscription
    } else {
      places[subscription.filter] = subscriptions.count
      subscriptions.append(subscription)
    }
  }

  fileprivate mutating func unsubscribe(_ filter: [UInt8]) {
    guard let place = places.removeValue(forKey: filter) else { return }
    // The last one takes the free place.
    let last = subscriptions.removeLast()
    if place == subscriptions.count { return }
    subscriptions[place] = last
    places[last.filter] = place
  }
}
