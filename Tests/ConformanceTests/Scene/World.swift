// The two worlds in which a conformance case runs: the engine in memory, where time is a number,
// and the built executable behind a real socket. A case cannot tell them apart, except that only
// the first can wait an hour.

import Basis
import LiveSupport
import MQTTBroker
import Testing

/// Where a case runs.
enum World: CaseIterable, CustomTestStringConvertible {
  case memory
  case socket

  var testDescription: String {
    switch self {
    case .memory: "engine in memory"
    case .socket: "live socket"
    }
  }
}

/// The broker's side of a case.
protocol Stage: AnyObject {
  /// A new connection, on which nothing has been sent.
  func open() throws -> any Wire
  /// Lets time pass.
  func advance(seconds: Int)
}

/// The client's end of one connection: bytes only.
protocol Wire: AnyObject {
  func send(_ bytes: [UInt8])
  /// What came next; waits for it where the world needs time.
  func receive() -> Arrival
  /// The network fails: no DISCONNECT, no orderly end.
  func drop()
}

/// The engine with a clock that moves when the case says so.
final class EngineStage: Stage {
  private var broker: Broker
  private var now = Instant.start
  private var wires: [ConnectionID: MemoryWire] = [:]

  init(_ configuration: BrokerConfiguration) {
    broker = Broker(configuration, randomSeed: 1, now: .start, wallClockSeconds: 1_800_000_000)
  }

  func open() throws -> any Wire {
    guard let connection = broker.open(reactor: 0, listener: 0, peer: "case", now: now) else {
      throw ProgramError("the engine takes no more connections")
    }
    let wire = MemoryWire(stage: self, connection: connection)
    wires[connection] = wire
    return wire
  }

  func advance(seconds: Int) {
    let target = now.advanced(bySeconds: seconds)
    while let deadline = broker.nextDeadline, deadline <= target {
      now = max(now, deadline)
      broker.advance(to: now)
      pump()
      if broker.nextDeadline == deadline { break }
    }
    now = target
    broker.advance(to: now)
    pump()
  }

  func receive(_ bytes: [UInt8], on connection: ConnectionID) {
    broker.receive(bytes.span, on: connection, now: now)
    pump()
  }

  func end(_ connection: ConnectionID) {
    wires[connection] = nil
    broker.end(connection, cause: "the case dropped the connection", now: now)
    pump()
  }

  /// Moves the engine's output to where the cases read it, as a reactor would.
  private func pump() {
    // Nothing lies unread here.
    while let connection = broker.nextReadOut(reactor: 0) {
      broker.wasReadOut(connection, now: now)
      broker.advance(to: now)
    }
    while let connection = broker.nextOutput(reactor: 0) {
      var output = broker.takeOutput(of: connection)
      wires[connection]?.inbox += output.bytes
      broker.recycle(output.own.take())
    }
    broker.settleOutput()
    while let closing = broker.nextClose(reactor: 0) {
      let wire = wires.removeValue(forKey: closing.connection)
      wire?.inbox += closing.output.bytes
      wire?.isClosed = true
    }
  }
}

/// A connection to the engine in memory.
final class MemoryWire: Wire {
  private let stage: EngineStage
  private let connection: ConnectionID
  fileprivate var inbox: [UInt8] = []
  fileprivate var isClosed = false

  fileprivate init(stage: EngineStage, connection: ConnectionID) {
    self.stage = stage
    self.connection = connection
  }

  func send(_ bytes: [UInt8]) {
    if !isClosed { stage.receive(bytes, on: connection) }
  }

  func receive() -> Arrival {
    defer { inbox = [] }
    if !inbox.isEmpty { return .bytes(inbox) }
    return isClosed ? .end : .nothing
  }

  func drop() {
    if !isClosed { stage.end(connection) }
    isClosed = true
  }
}

/// The built executable, one for each case.
final class SocketStage: Stage {
  private let broker: LiveBroker

  init(_ options: [String]) throws { broker = try LiveBroker(options) }

  func open() throws -> any Wire { SocketWire(try broker.connect()) }

  func advance(seconds: Int) {
    _ = poll(Double(seconds) + 0.05) { false }
  }
}

/// A TCP connection to the executable.
final class SocketWire: Wire {
  private let connection: TCPConnection

  init(_ connection: TCPConnection) { self.connection = connection }

  func send(_ bytes: [UInt8]) { connection.send(bytes) }

  func receive() -> Arrival { connection.receive(within: 10) }

  func drop() { connection.reset() }
}
