// What many get alike. A QoS 0 message to several subscribers has the same bytes for all of them; it
// is appended to a stream once, and a connection only remembers from where to where it sends it. As
// long as the next message of the stream is for the connection too, that is two numbers more.
//
//   outbox      bytes of the connection's own, which go first
//   lent        parts of streams that have ended, behind them
//   run         a range of the stream of this turn
//
// Whatever else is appended to the outbox, and whatever waits for a record, first copies all of it
// there (`settleRuns`), so the order of everything on a connection stays as it was made. At the end of
// a turn the runs that no reactor has taken are lent to their connections, and the streams begin
// anew: those who are slow or live elsewhere hold the same bytes together, instead of a copy each.

package import Basis
import MQTTCodec

/// A range of a stream.
struct StreamRange {
  var start: UInt32 = 0
  var end: UInt32 = 0

  var isEmpty: Bool { start == end }
  var count: Int { Int(end &- start) }
  var range: Range<Int> { Int(start)..<Int(end) }
}

/// The bytes that one connection sends next.
package struct ConnectionOutput: ~Copyable {
  /// Its own, which go first.
  package var own: ByteBuffer
  /// Those it sends as others do, in two parts.
  package let lent: [SharedRun]
  package let shared: SharedRun?

  package var count: Int {
    lent.reduce(own.count + (shared?.count ?? 0)) { $0 + $1.count }
  }
  package var isEmpty: Bool { count == 0 }
  /// A copy of all of them.
  package var bytes: [UInt8] {
    var bytes = own.bytes
    for run in lent { run.withBytes { bytes += array($0) } }
    shared?.withBytes { bytes += array($0) }
    return bytes
  }
}

/// The streams of this turn, one for 3.x and one for 5.0.
struct SharedOutput: ~Copyable {
  /// Subscribers from which on a message is shared.
  static let worthwhileCount = 4
  /// Bytes after which a stream begins anew.
  private static let byteLimit = 1 << 20

  private struct Stream {
    var bytes = SharedBytes()
    /// Whether it was begun in this turn.
    var isOpen = false
  }

  private var streams: InlineArray<2, Stream> = [Stream(), Stream()]
  /// Connections that may have a run.
  var users: [Slot<Connection>] = []

  init() {}

  /// Whether `count` bytes more are too many for the stream of this turn.
  func isFull(isV5: Bool, _ count: Int) -> Bool {
    byteCount(isV5: isV5) + count > Self.byteLimit
  }

  /// Bytes of the stream of this turn.
  func byteCount(isV5: Bool) -> Int {
    let index = isV5 ? 1 : 0
    return streams[index].isOpen ? streams[index].bytes.buffer.count : 0
  }

  /// Appends a QoS 0 message that is not a retained one.
  mutating func append(_ packet: Span<UInt8>, isV5: Bool) -> StreamRange {
    let index = isV5 ? 1 : 0
    if !streams[index].isOpen {
      streams[index].isOpen = true
      // Another thread may still be sending what the last turn left in it.
      if isKnownUniquelyReferenced(&streams[index].bytes) {
        streams[index].bytes.buffer.clear()
      } else {
        streams[index].bytes = SharedBytes()
      }
    }
    let bytes = streams[index].bytes
    let start = bytes.buffer.count
    bytes.buffer.append(packet)
    bytes.buffer[start] = 0x30
    return StreamRange(start: UInt32(start), end: UInt32(start + packet.count))
  }

  /// The same with a part of a buffer.
  mutating func append(_ range: Range<Int>, of buffer: borrowing ByteBuffer, isV5: Bool)
    -> StreamRange
  {
    append(buffer.span.extracting(range), isV5: isV5)
  }

  /// The stream's bytes in a range.
  func run(_ range: StreamRange, isV5: Bool) -> SharedRun {
    SharedRun(streams[isV5 ? 1 : 0].bytes, range.range)
  }

  /// Ends the turn; there is no run any more.
  mutating func close() {
    users.removeAll(keepingCapacity: true)
    for index in streams.indices { streams[index].isOpen = false }
  }
}

extension Broker {
  /// Parts of streams that a connection holds at most.
  private static let lentLimit = 64

  /// Lets a connection send a message from the stream; false when it needs a copy.
  @inline(__always) mutating func share(
    _ message: inout RoutedMessage, on connection: Slot<Connection>
  ) -> Bool {
    let isV5 = connections[connection].version == .v5
    if message.place(isV5: isV5).isEmpty { makePlace(for: &message, isV5: isV5) }
    let place = message.place(isV5: isV5)
    if place.count > Int(connections[connection].packetSizeLimit) { return false }
    let run = connections[connection].run
    if run.isEmpty {
      if !connections[connection].holds.isEmpty { return false }
      connections[connection].run = place
      output.users.append(connection)
      return true
    }
    if run.end != place.start { return false }
    connections[connection].run.end = place.end
    return true
  }

  private mutating func makePlace(for message: inout RoutedMessage, isV5: Bool) {
    let kind = RoutedMessage.Kind(isV5: isV5, hasIdentifier: false)
    let form = message.form(kind, &spares)
    if output.isFull(isV5: isV5, Int(form.count)) {
      settleOutput()
      message.forgetPlaces()
    }
    let place =
      form.isPassed
      ? output.append(message.packet, isV5: isV5)
      : output.append(form.range, of: message.bytes, isV5: isV5)
    message.setPlace(place, isV5: isV5)
  }

  /// Moves the run out of a connection; where something is held back there is none.
  mutating func takeRun(of index: Slot<Connection>) -> SharedRun? {
    let run = connections[index].run
    if run.isEmpty { return nil }
    connections[index].run = StreamRange()
    return output.run(run, isV5: connections[index].version == .v5)
  }

  /// Moves out what was lent to a connection.
  mutating func takeLent(of index: Slot<Connection>) -> [SharedRun] {
    if connections[index].lentByteCount == 0 { return [] }
    connections[index].lentByteCount = 0
    var lent: [SharedRun] = []
    swap(&lent, &connections[index].lent)
    return lent
  }

  /// Copies what a connection would send from streams to its outbox.
  mutating func copyRuns(of index: Slot<Connection>) {
    var runs = takeLent(of: index)
    if let run = takeRun(of: index) { runs.append(run) }
    prepareOutbox(index)
    for run in runs {
      spares.makeRoom(for: run.count, in: &connections[index].outbox)
      run.withBytes { connections[index].outbox.append($0) }
    }
  }

  /// Ends the turn of the streams: what has not been taken is lent to those who will send it.
  ///
  /// For the shell, after it has taken all output that it can.
  package mutating func settleOutput() {
    for position in output.users.indices {
      let index = output.users[position]
      if !connections.isOccupied(index) || connections[index].run.isEmpty { continue }
      // A whole stream does not stay for a small part of it.
      let run = connections[index].run
      let isMuch = run.count * 8 >= output.byteCount(isV5: connections[index].version == .v5)
      if isMuch, connections[index].lent.count < Self.lentLimit, let run = takeRun(of: index) {
        connections[index].lent.append(run)
        connections[index].lentByteCount += run.count
      } else {
        copyRuns(of: index)
      }
    }
    output.close()
  }
}
