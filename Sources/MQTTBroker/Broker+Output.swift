// What the shell has to do after it has fed the engine: output to write, connections to close, lines
// for the log.

package import Basis
import MQTTCodec
import MQTTSession

extension Broker {
  /// Whether `reactor` has output to take or connections to close.
  package func hasWork(reactor: Int) -> Bool {
    reactor < reactors.count && reactors[reactor].hasWork
  }

  /// The next connection of `reactor` that has output; each once until its output is taken.
  package mutating func nextOutput(reactor: Int) -> ConnectionID? {
    if reactor >= reactors.count { return nil }
    while let connection = reactors[reactor].outputs.popLast() {
      if connections.contains(connection) && Int(connections[connection.index].reactor) == reactor
        && connections[connection.index].isListed
      {
        connections[connection.index].isListed = false
        if !isHeld(connection.index) { return connection }
      }
    }
    return nil
  }

  /// Whether output of this connection waits to be taken.
  package func hasOutput(_ connection: ConnectionID) -> Bool {
    connections.contains(connection) && connections[connection.index].outputCount > 0
      && !isHeld(connection.index)
  }

  /// Moves the output out; messages that waited for room take its place.
  package mutating func takeOutput(of connection: ConnectionID) -> ConnectionOutput {
    if !connections.contains(connection) {
      return ConnectionOutput(own: ByteBuffer(), lent: [], shared: nil)
    }
    let output = ConnectionOutput(
      own: takeReleasedOutput(of: connection.index), lent: takeLent(of: connection.index),
      shared: takeRun(of: connection.index))
    status.counters.bytesSent += UInt64(output.count)
    if let session = connections[connection.index].session {
      outputTaken(session, connection.index)
    }
    return output
  }

  /// Takes back the memory of output that was written.
  package mutating func recycle(_ buffer: consuming ByteBuffer) { spares.put(buffer) }

  /// The next connection of `reactor` that is to be closed, with its last output.
  package mutating func nextClose(reactor: Int) -> ClosingConnection? {
    if reactor >= reactors.count { return nil }
    while let connection = reactors[reactor].closes.popLast() {
      // What is held back goes out first; `durable` puts the connection here again.
      if connections.contains(connection) && connections[connection.index].holds.isEmpty {
        settleRuns(of: connection.index)
        let output = connections[connection.index].outbox.take()
        status.counters.bytesSent += UInt64(output.count)
        release(connection.index)
        return ClosingConnection(connection: connection, output: output)
      }
    }
    return nil
  }

  /// The log entries since the last call, in order.
  package mutating func takeLog() -> [LogEntry] {
    noteMoreDenials()
    return status.takeLog()
  }

  /// Whether the shell writes log entries of the level information; it may change at any time.
  package var writesInformation: Bool {
    get { status.writesInformation }
    set { status.writesInformation = newValue }
  }
}
