// The engine: one value that holds all peers and decides everything. Bytes and the time go in,
// bytes and wishes come out; it reads no clock, opens no socket and takes no lock, so the same
// code runs behind the reactors, in a test with a clock of its own, and in a simulation.
//
// The way of a message through this module:
//
//   receive (Broker+Receive)  bytes -> packets, one place where a peer's fault is answered
//     -> connect, publish, acknowledge, subscribe, disconnect (Broker+Connect, ...)
//     -> route (Routing)           topic -> targets (SubscriptionTree, MatchCache)
//     -> deliver (Broker+Deliver)  packet identifier, bytes into the outbox; beyond the window into
//                                  the queue (Mail), beyond all limits nowhere
//   nextOutput, takeOutput, nextClose, takeLog: what the shell has to do now
//
// It is composed of parts that each own their data and say what they promise: Router, Mail, Retained,
// Recorder, Gate and Status, each in a folder of its own. What needs two of them is a method of the
// engine that calls both; `checkInvariants` asks them all, and then what holds between them.
//
// The order of calls is: open, then receive any number of times, then end; advance(to:) when
// nextDeadline has come; and after any of them the shell fetches output, closes and log lines.
//
// With `keepsRecords`, load comes before everything else, and takeRecords and durable join a store
// to it (Recorder/): what may not be lost is on disk before it is acknowledged. storeFailed says that
// it cannot be for a while. nextPageRequest and supply bring back what waits in long queues, of which
// only a window is in memory.

package import Basis
import MQTTCodec
import MQTTSession

/// Names a connection between the engine and the shell.
package typealias ConnectionID = SlotIdentifier<Connection>

/// A connection that the engine has done with: write `output`, then close.
package struct ClosingConnection: ~Copyable {
  package let connection: ConnectionID
  package var output: ByteBuffer
}

/// The engine.
package struct Broker: ~Copyable {
  /// What one reactor has to do.
  struct ReactorQueue {
    var outputs: [ConnectionID] = []
    var closes: [ConnectionID] = []
    /// Connections to read as far as their peers have sent. (Broker+Unread)
    var readOuts: [ConnectionID] = []
    /// Whether it shall look at all its sockets once more.
    var isToLook = false

    var hasWork: Bool {
      !outputs.isEmpty || !closes.isEmpty || !readOuts.isEmpty || isToLook
    }
  }

  package internal(set) var configuration: BrokerConfiguration
  var clock: EngineClock
  var random: RandomNumbers

  private let anchor = Anchor()

  // MARK: Peers

  var connections = SlotTable<Connection>()
  var sessions = SlotTable<Session>()
  /// Client identifier to session; only ever asked, never walked.
  var sessionsByIdentifier: [ExactText: Slot<Session>] = [:]
  /// Who waits until all reactors have looked once more. (Broker+Unread)
  var looks = Looks()
  var deadlines = DeadlineHeap()
  var isShuttingDown = false
  /// Sessions that ended because their time was over, in this call of `advance`, and what they had.
  var removedInTick = 0

  // MARK: Parts

  /// From topics to those who want them.
  var routing: Router
  /// Messages that wait or are under way.
  var mail = Mail()
  /// The last message of each topic.
  var retained: Retained
  /// What must outlive a crash.
  var recorder = Recorder()
  /// Who gets in, and what they may do.
  var gate: Gate
  /// What the engine counts and says.
  var status = Status()

  // MARK: What is on its way out

  var reactors: [ReactorQueue] = [ReactorQueue()]
  var spares = SpareBuffers()
  var output = SharedOutput()

  /// An engine without peers.
  ///
  /// `wallClockSeconds` and `wallClockNanoseconds` are Unix time at `now`. `randomSeed` makes
  /// assigned client identifiers and hashes hard to guess; equal seeds and equal calls give equal
  /// results.
  package init(
    _ configuration: BrokerConfiguration, randomSeed: UInt64, now: Instant,
    wallClockSeconds: Int64, wallClockNanoseconds: Int64 = 0
  ) {
    self.configuration = configuration
    gate = Gate(configuration)
    clock = EngineClock(
      now: now, unixSeconds: wallClockSeconds, nanoseconds: wallClockNanoseconds)
    random = RandomNumbers(seed: randomSeed)
    let topicSeed = random.next()
    routing = Router(topicSeed: topicSeed, treeSeed: random.next())
    routing.subscriptions.keepsOverlaps = configuration.allowsDuplicates
    retained = Retained(seed: random.next())
    readAccess()
  }

  /// The time of the call that is being handled.
  @inline(__always) var now: Instant { clock.now }

  // MARK: The world speaks

  /// A connection was made; nil when there is no room for it, and the shell just closes it.
  ///
  /// `peer` is the address for log lines, `facts` what it was found out to be. Where room is short
  /// it waits for what others have sent to be read, and may be closed after that.
  package mutating func open(
    reactor: Int, listener: Int, peer: String, facts: PeerFacts = PeerFacts(), now: Instant
  ) -> ConnectionID? {
    clock.now = now
    let isCrowded = gate.isCrowded(listener: listener, facts.address, configuration)
    if isShuttingDown || isCrowded && looks.isFull {
      status.counters.connectionsRefused += 1
      return nil
    }
    while reactors.count <= reactor { reactors.append(ReactorQueue()) }
    let connection = connections.insert(
      Connection(
        reactor: UInt16(reactor), listener: UInt16(listener), peer: peer, address: facts.address,
        now: now))
    let terms = configuration.terms(ofListener: UInt16(listener))
    connections[connection.index].maximumQoS = terms.maximumQoS
    if !terms.mountPoint.isEmpty {
      connections[connection.index].isMounted = true
      makeExtras(for: connection.index).mountPoint = Array(terms.mountPoint.utf8)
    }
    if let name = gate.policy(ofListener: UInt16(listener)).userName(from: facts) {
      makeExtras(for: connection.index).identity = name
    }
    if isCrowded { awaitLook(connection.index) } else { takePlace(connection) }
    deadlines.insert(
      .connect(connection), at: now.advanced(bySeconds: configuration.connectTimeoutSeconds))
    return connection
  }

  /// The connection is gone, for a reason that the log shall name.
  package mutating func end(_ connection: ConnectionID, cause: String, now: Instant) {
    clock.now = now
    if !connections.contains(connection) { return }
    if isToBeReadOn(connection.index) {
      makeExtras(for: connection.index).endCause = cause
      return
    }
    leave(connection.index, cause: cause, isOrderly: false)
    release(connection.index)
  }

  /// The connection is served by another reactor from now on.
  package mutating func move(_ connection: ConnectionID, toReactor reactor: Int) {
    if !connections.contains(connection) { return }
    while reactors.count <= reactor { reactors.append(ReactorQueue()) }
    connections[connection.index].reactor = UInt16(reactor)
    if connections[connection.index].isListed {
      connections[connection.index].isListed = false
      enlist(connection.index)
    }
  }

  /// Does all that is due at `now`.
  package mutating func advance(to now: Instant) {
    clock.now = now
    removedInTick = 0
    while let connection = looks.ready.popFirst() { othersWereRead(connection) }
    while let due = deadlines.popDue(now) { expire(due) }
    #if DEBUG
      recorder.checkInvariants()
      gate.checkInvariants()
      status.checkInvariants()
    #endif
  }

  /// When ``advance(to:)`` has something to do next; nil when nothing is due ever.
  package var nextDeadline: Instant? { looks.ready.count > 0 ? now : deadlines.first }

  // MARK: Parts shared by all acts

  /// Puts a connection into its reactor's list of those with output.
  @inline(__always) mutating func enlist(_ index: Slot<Connection>) {
    if connections[index].isListed || connections[index].stage == .closed { return }
    connections[index].isListed = true
    reactors[Int(connections[index].reactor)].outputs.append(connections.identifier(at: index))
  }

  /// Makes sure that a connection's outbox ends with what it sends last, and has memory, used before
  /// if there is some.
  @inline(__always) mutating func prepareOutbox(_ index: Slot<Connection>) {
    settleRuns(of: index)
    if connections[index].outbox.capacity == 0 { connections[index].outbox = spares.take() }
  }

  /// Copies what it shares with others, if there is something, behind what is in the outbox.
  @inline(__always) mutating func settleRuns(of index: Slot<Connection>) {
    if !connections[index].run.isEmpty || connections[index].lentByteCount > 0 {
      copyRuns(of: index)
    }
  }

  /// Appends a packet to a connection's outbox.
  ///
  /// A last word that is longer than the client takes is left out. [MQTT-3.1.2-24]
  mutating func send(_ packet: Packet, on index: Slot<Connection>) {
    let version = connections[index].version
    prepareOutbox(index)
    let start = connections[index].outbox.count
    packet.encode(into: &connections[index].outbox, version: version)
    if connections[index].outbox.count - start > Int(connections[index].packetSizeLimit) {
      return connections[index].outbox.truncate(to: start)
    }
    status.counters.messagesSent += 1
    if configuration.logsPackets { notePacket(sent: packet, on: index) }
    enlist(index)
  }

  /// Marks a connection as done: no more is read, and it is closed after its output.
  mutating func close(_ index: Slot<Connection>) {
    if connections[index].stage == .closed { return }
    settle(index)
    leavePlace(index)
    connections[index].stage = .closed
    reactors[Int(connections[index].reactor)].closes.append(connections.identifier(at: index))
  }

  /// What only some connections need, made when it is needed first.
  mutating func makeExtras(for index: Slot<Connection>) -> ConnectionExtras {
    if let extras = connections[index].extras { return extras }
    let extras = ConnectionExtras(inboundMaximum: terms(of: index).topicAliasMaximum)
    connections[index].extras = extras
    return extras
  }

  /// The session of a client that is connected.
  @inline(__always) func session(of index: Slot<Connection>) -> Slot<Session> {
    guard let session = connections[index].session else {
      preconditionFailure("a client that is connected has a session")
    }
    return session
  }

  /// What holds for the clients of a connection's listener.
  func terms(of index: Slot<Connection>) -> ListenerTerms {
    configuration.terms(ofListener: connections[index].listener)
  }

  mutating func release(_ index: Slot<Connection>) {
    settle(index)
    leavePlace(index)
    letGo(successorsOf: index)
    connections.remove(index)
  }
}
