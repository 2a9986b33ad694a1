// The way back from tables to records, in one order for equal states, so that two stores can be
// held against each other.

extension RecordedState {
  /// The shortest sequence of records that leads here; equal for equal states.
  ///
  /// What stays in the store beyond a window is not part of it.
  package var records: [Record] {
    var records: [Record] = []
    for (number, session) in sessions.sorted(by: { $0.key < $1.key }) {
      records.append(.saveSession(session.record))
      if let will = session.will { records.append(.setWill(number, will)) }
      let subscriptions = session.subscriptions.sorted {
        $0.filter.lexicographicallyPrecedes($1.filter)
      }
      records += subscriptions.map { .subscribe(number, $0) }
      records += session.received.sorted().map { .received(number, identifier: $0) }
    }
    records += messages.values.sorted { $0.number < $1.number }.map { .store($0) }
    for (position, entry) in queue.sorted(by: { $0.key < $1.key }) {
      let session = entry.record.session
      records.append(.enqueue(entry.record))
      if entry.isReleased {
        records.append(.release(session, identifier: entry.identifier, position: position))
      } else if entry.identifier != 0 {
        records.append(.assign(session, identifier: entry.identifier, position: position))
      }
    }
    let topics = retained.sorted { $0.key.lexicographicallyPrecedes($1.key) }
    records += topics.map {
      .retain(topic: $0.key, message: $0.value.message, source: $0.value.source)
    }
    return records
  }
}
