// Holding back what must not leave before records are durable. A hold is a mark in a connection's
// outbox: what stands behind it waits for a batch. So the order of everything on a connection
// stays as it was made, acknowledgements never overtake each other [MQTT-4.6.0-2] [MQTT-4.6.0-3]
// [MQTT-4.6.0-4], nothing comes before CONNACK [MQTT-3.2.0-1], and the code that appends to an
// outbox knows nothing of it.
//
// Batches become durable in order, so the marks of a connection rise in place and batch alike.
// A connection without a mark pays one look at an empty list when its output is taken.

package import Basis

/// Where in an outbox the bytes begin that wait for a batch.
struct Hold {
  var offset: Int
  var batch: UInt64
}

extension Broker {
  /// Closes the open batch and opens the next one; nil when there is nothing to commit.
  ///
  /// For the shell, at the end of a tick or as soon as its store is free. A batch may be committed
  /// when all before it were. What is appended and ended between two calls is never written.
  /// While the store has failed there is none, except for the last one of a broker that stops.
  package mutating func takeRecords() -> RecordBatch? {
    if !hasRecords { return nil }
    let batch = recorder.journal.take()
    // Nothing was left of it: what waited for it waits for nothing but the batches before.
    if batch == nil { releaseHeld() }
    return batch
  }

  /// Whether ``takeRecords()`` has something to close.
  package var hasRecords: Bool {
    recorder.journal.isOpen && (!recorder.isFailing || isShuttingDown)
  }

  /// `batch`, which ``takeRecords()`` gave out, and all before it are on disk: what they held back
  /// may leave, in order.
  ///
  /// It ends an outage of the store.
  package mutating func durable(_ batch: UInt64, now: Instant) {
    clock.now = now
    recorder.journal.committed(batch)
    releaseHeld()
    if recorder.isFailing { storeRecovered(now: now) }
  }

  /// Lets what is appended to a connection's outbox from now on wait for the open batch.
  mutating func hold(_ index: Slot<Connection>) {
    let batch = recorder.journal.batch
    if let last = connections[index].holds.last, last.batch == batch { return }
    settleRuns(of: index)
    connections[index].holds.append(Hold(offset: connections[index].outbox.count, batch: batch))
    recorder.held.append((connections.identifier(at: index), batch))
  }

  /// The same for a session's client, while the store works; else the answer itself waits, and other
  /// output goes on. (Broker+Outage)
  mutating func holdAnswer(to session: Slot<Session>) {
    if !recorder.isFailing, let connection = sessions[session].connection { hold(connection) }
  }

  /// The same, if there are new records since `before`.
  @inline(__always) mutating func hold(_ index: Slot<Connection>, ifAppendedSince before: UInt64) {
    if recorder.journal.appended != before { hold(index) }
  }

  /// Whether all output of a connection waits.
  func isHeld(_ index: Slot<Connection>) -> Bool { connections[index].holds.first?.offset == 0 }

  /// Takes what is in front of the first mark.
  mutating func takeReleasedOutput(of index: Slot<Connection>) -> ByteBuffer {
    guard let first = connections[index].holds.first else {
      return connections[index].outbox.take()
    }
    if first.offset == 0 { return ByteBuffer() }
    var output = connections[index].outbox.take()
    var rest = spares.take()
    rest.append(first.offset..<output.count, of: output)
    output.truncate(to: first.offset)
    connections[index].outbox = rest
    for position in connections[index].holds.indices {
      connections[index].holds[position].offset -= first.offset
    }
    return output
  }

  private mutating func releaseHeld() {
    let released = recorder.journal.releasedBatch
    for connection in recorder.takeReleased() where connections.contains(connection) {
      let index = connection.index
      connections[index].holds.removeAll { $0.batch <= released }
      if connections[index].stage == .closed {
        reactors[Int(connections[index].reactor)].closes.append(connection)
      } else {
        enlist(index)
      }
    }
  }
}
