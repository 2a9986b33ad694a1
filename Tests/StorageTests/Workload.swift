// Records as an engine makes them: what ends was there, numbers rise, a session ends after its
// queue.

import MQTTBroker
import MQTTCodec
import TestSupport

/// Makes batches that follow from each other.
struct Workload {
  private struct Entry {
    var session: UInt64
    var position: UInt64
    var message: UInt64
    var identifier: UInt16
    var isExactlyOnce: Bool
  }

  private var sessions: [UInt64] = []
  private var entries: [Entry] = []
  private var references: [UInt64: Int] = [:]
  private var retained: [String: UInt64] = [:]
  private var nextSession: UInt64 = 1
  private var nextMessage: UInt64 = 1
  private var nextPosition: UInt64 = 1

  mutating func batch(of count: Int, using numbers: inout Chance) -> [Record] {
    var records: [Record] = []
    while records.count < count {
      switch Int.random(in: 0..<20, using: &numbers) {
      case 0: begin(&records, &numbers)
      case 1 where sessions.count > 3: end(&records, &numbers)
      case 2: subscribe(&records, &numbers)
      case 3: retain(&records, &numbers)
      case 4...11: publish(&records, &numbers)
      case _: advance(&records, &numbers)
      }
    }
    return records
  }

  private mutating func begin(_ records: inout [Record], _ numbers: inout Chance) {
    records.append(Sample.session(nextSession))
    if Bool.random(using: &numbers) { records.append(Sample.will(nextSession)) }
    sessions.append(nextSession)
    nextSession += 1
  }

  private mutating func end(_ records: inout [Record], _ numbers: inout Chance) {
    let place = Int.random(in: 0..<sessions.count, using: &numbers)
    let session = sessions.remove(at: place)
    for entry in entries where entry.session == session { complete(entry, &records) }
    entries.removeAll { $0.session == session }
    records.append(.removeSession(session))
  }

  private func subscribe(_ records: inout [Record], _ numbers: inout Chance) {
    guard let session = sessions.randomElement(using: &numbers) else { return }
    let filter = "filter/\(Int.random(in: 0..<20, using: &numbers))/#"
    if Int.random(in: 0..<3, using: &numbers) == 0 {
      records.append(.unsubscribe(session, filter: Array(filter.utf8)))
    } else {
      records.append(
        Sample.subscription(session, filter, SubscriptionOptions(qos: .exactlyOnce)))
    }
    records.append(
      Bool.random(using: &numbers)
        ? .received(session, identifier: UInt16.random(in: 1...20, using: &numbers))
        : .forget(session, identifier: UInt16.random(in: 1...20, using: &numbers)))
  }

  private mutating func retain(_ records: inout [Record], _ numbers: inout Chance) {
    let topic = "retained/\(Int.random(in: 0..<10, using: &numbers))"
    if let old = retained.removeValue(forKey: topic) {
      records.append(.unretain(topic: Array(topic.utf8)))
      release(old, &records)
    }
    let message = store(&records, &numbers)
    retained[topic] = message
    references[message] = 1
    records.append(.retain(topic: Array(topic.utf8), message: message))
  }

  private mutating func store(_ records: inout [Record], _ numbers: inout Chance) -> UInt64 {
    let message = nextMessage
    nextMessage += 1
    let size = Int.random(in: 0..<300, using: &numbers)
    let payload = (0..<size).map { UInt8(truncatingIfNeeded: $0 &+ Int(message)) }
    records.append(Sample.message(message, payload: payload))
    return message
  }

  private mutating func publish(_ records: inout [Record], _ numbers: inout Chance) {
    if sessions.isEmpty { return begin(&records, &numbers) }
    let message = store(&records, &numbers)
    let readers = sessions.shuffled(using: &numbers)
      .prefix(Int.random(in: 1...3, using: &numbers))
    for session in readers {
      let isExactlyOnce = Bool.random(using: &numbers)
      entries.append(
        Entry(
          session: session, position: nextPosition, message: message, identifier: 0,
          isExactlyOnce: isExactlyOnce))
      references[message, default: 0] += 1
      records.append(
        Sample.entry(
          nextPosition, session: session, message: message,
          qos: isExactlyOnce ? .exactlyOnce : .atLeastOnce))
      nextPosition += 1
    }
  }

  private mutating func advance(_ records: inout [Record], _ numbers: inout Chance) {
    if entries.isEmpty { return begin(&records, &numbers) }
    let place = min(Int.random(in: 0..<8, using: &numbers), entries.count - 1)
    let entry = entries[place]
    if entry.isExactlyOnce && entry.identifier == 0 {
      let identifier = UInt16.random(in: 1 ... .max, using: &numbers)
      entries[place].identifier = identifier
      records.append(
        .assign(entry.session, identifier: identifier, position: entry.position))
    } else if entry.isExactlyOnce && Bool.random(using: &numbers) {
      records.append(
        .release(entry.session, identifier: entry.identifier, position: entry.position))
    } else {
      entries.remove(at: place)
      complete(entry, &records)
    }
  }

  private mutating func complete(_ entry: Entry, _ records: inout [Record]) {
    records.append(
      .complete(entry.session, position: entry.position, identifier: entry.identifier))
    release(entry.message, &records)
  }

  private mutating func release(_ message: UInt64, _ records: inout [Record]) {
    references[message, default: 1] -= 1
    if references[message] == 0 {
      references[message] = nil
      records.append(.drop(message))
    }
  }
}
