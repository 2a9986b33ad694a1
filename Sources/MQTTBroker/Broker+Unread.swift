// What lies unread decides first. What a peer sends may lie in its socket for long: the process was
// stopped, the machine slept, or others were read before. So nothing that a peer's bytes could have
// changed is decided before they have been read:
//
//   - a session changes hands only after its old connection has been read out, in the order in which
//     the peer sent: its PUBLISH is delivered, its DISCONNECT takes the will away;
//   - keep alive and the time of CONNECT end a connection only after it has been read out in vain;
//   - whoever comes at a limit is turned away only after all sockets have been looked at once more,
//     for a DISCONNECT in one of them may make room.
//
//   readOut -> nextReadOut -> the shell reads as far as the peer has sent, or a bound, and feeds it
//           <- wasReadOut
//   awaitLook, look -> takesLookWish -> a reactor polls once more and reads what is there
//           <- looked, from every reactor
//
// Who waits stands in the stage `awaitingOthers`, and what it sends is kept; `advance` goes on with
// it, in the order in which they came.

package import Basis
import MQTTCodec
import MQTTSession

/// A client whose word was enough or was proven, and who waits for others to be read.
struct Admission {
  var connect: Connect
  var data: [UInt8]?
  var userName: String?
}

/// What a client waits for.
enum Wait {
  /// That the connection that has its session is read out.
  case readOut(ConnectionID)
  /// That all reactors have looked once more.
  case look
}

/// Looks of all reactors at their sockets, and who waits for them.
struct Looks {
  /// Connections that may wait.
  static let waitingLimit = 1024

  /// Reactors that have not answered yet.
  var outstanding = 0
  /// How many looks have begun, how many are over, and how many the shell wants.
  var begun = 0
  var done = 0
  var wanted = 0
  var waiting: [ConnectionID] = []
  /// Those who came while a look went on, which may have missed what counts for them.
  var next: [ConnectionID] = []
  /// Those who have waited long enough.
  var ready = ConnectionQueue()

  var isFull: Bool { waiting.count + next.count >= Self.waitingLimit }
}

extension Broker {
  // MARK: What the shell does for it

  /// The next connection of `reactor` that is to be read as far as its peer has sent; then
  /// ``wasReadOut(_:now:)``, or ``end(_:cause:now:)`` if that was its end.
  package mutating func nextReadOut(reactor: Int) -> ConnectionID? {
    reactor < reactors.count ? reactors[reactor].readOuts.popLast() : nil
  }

  /// Whether ``wasReadOut(_:now:)`` is still owed for this connection, such as after a move.
  package func isBeingReadOut(_ connection: ConnectionID) -> Bool {
    connections.contains(connection) && connections[connection.index].isBeingReadOut
  }

  /// What the peer of a connection had sent has been received, as far as it is bounded.
  package mutating func wasReadOut(_ connection: ConnectionID, now: Instant) {
    clock.now = now
    let index = connection.index
    guard isBeingReadOut(connection) else { return }
    connections[index].isBeingReadOut = false
    letGo(successorsOf: index)
    guard let overdue = connections[index].overdue else { return }
    connections[index].overdue = nil
    switch overdue {
    case .connect: connectFalls(index)
    case .keepAlive: keepAliveFalls(index)
    }
  }

  /// Whether `reactor` shall poll once more and read everything that it finds; then
  /// ``looked(reactor:now:)``.
  package mutating func takesLookWish(reactor: Int) -> Bool {
    guard reactor < reactors.count, reactors[reactor].isToLook else { return false }
    reactors[reactor].isToLook = false
    return true
  }

  /// A reactor has polled since ``takesLookWish(reactor:)``, and what it found has been received.
  package mutating func looked(reactor: Int, now: Instant) {
    clock.now = now
    if looks.outstanding == 0 { return }
    looks.outstanding -= 1
    if looks.outstanding > 0 { return }
    looks.done = looks.begun
    for connection in looks.waiting { looks.ready.append(connection) }
    looks.waiting = looks.next
    looks.next = []
    if !looks.waiting.isEmpty || looks.begun < looks.wanted { beginLook() }
  }

  /// Has all reactors look, for the shell's own sake, and look again, so that the connections that
  /// ended by the first look are closed by then; ``hasLooked(_:)`` tells when they have.
  package mutating func look() -> Int {
    looks.wanted = max(looks.wanted, looks.begun + 2)
    if looks.outstanding == 0 { beginLook() }
    return looks.wanted
  }

  /// Whether a look that ``look()`` asked for is over.
  package func hasLooked(_ number: Int) -> Bool { looks.done >= number }

  // MARK: Who waits

  /// Has a connection read out; what was due for it is decided then.
  mutating func readOut(_ connection: ConnectionID, before overdue: Connection.Overdue? = nil) {
    let index = connection.index
    if let overdue { connections[index].overdue = overdue }
    if connections[index].isBeingReadOut { return }
    connections[index].isBeingReadOut = true
    reactors[Int(connections[index].reactor)].readOuts.append(connection)
  }

  /// What a client has to wait for before it may have the session of `identifier`.
  func wait(of index: Slot<Connection>, as identifier: String) -> Wait? {
    let extras = connections[index].extras
    guard let session = sessionsByIdentifier[identifier.exact] else {
      return sessions.count >= configuration.sessionLimit && extras?.hasWaitedForLook != true
        ? .look : nil
    }
    guard let connection = sessions[session].connection else { return nil }
    let old = connections.identifier(at: connection)
    return extras?.predecessor == old ? nil : .readOut(old)
  }

  /// A client waits, and nothing that it sends is looked at.
  mutating func letOthersGoFirst(_ wait: Wait, _ admission: Admission, _ index: Slot<Connection>) {
    if connections[index].stage == .awaitingCheck { gate.logins.waitingCount -= 1 }
    let extras = makeExtras(for: index)
    extras.admission = admission
    switch wait {
    case .readOut(let old):
      connections[index].stage = .awaitingOthers
      extras.predecessor = old
      makeExtras(for: old.index).successors.append(connections.identifier(at: index))
      readOut(old)
    case .look:
      extras.hasWaitedForLook = true
      awaitLook(index)
    }
  }

  /// A connection waits until all sockets have been looked at.
  mutating func awaitLook(_ index: Slot<Connection>) {
    connections[index].stage = .awaitingOthers
    let connection = connections.identifier(at: index)
    if looks.outstanding > 0 { return looks.next.append(connection) }
    looks.waiting.append(connection)
    beginLook()
  }

  private mutating func beginLook() {
    looks.begun += 1
    looks.outstanding = reactors.count
    for reactor in reactors.indices { reactors[reactor].isToLook = true }
  }

  /// Those who waited for a connection need not any more.
  mutating func letGo(successorsOf index: Slot<Connection>) {
    guard let extras = connections[index].extras, !extras.successors.isEmpty else { return }
    for successor in extras.successors { looks.ready.append(successor) }
    extras.successors = []
  }

  // MARK: Going on

  /// What a connection waited for has been read.
  mutating func othersWereRead(_ connection: ConnectionID) {
    let index = connection.index
    guard connections.contains(connection), connections[index].stage == .awaitingOthers else {
      return
    }
    if let admission = connections[index].extras?.admission {
      connections[index].extras?.admission = nil
      do throws(Violation) {
        try admit(
          admission.connect, data: admission.data, userName: admission.userName, on: index)
      } catch {
        refuse(index, error)
      }
    } else {
      takePlaceOrLeave(connection)
    }
    goOn(index)
  }

  /// Reads what a connection sent while it waited, and ends it if it has ended meanwhile.
  mutating func goOn(_ index: Slot<Connection>) {
    if connections[index].isWaiting { return }
    readOn(index)
    guard !connections[index].isWaiting, let cause = connections[index].extras?.endCause else {
      return
    }
    if connections[index].stage == .closed { return }
    leave(index, cause: cause, isOrderly: false)
    close(index)
  }

  /// Whether a connection that ends has sent what is still to be looked at.
  func isToBeReadOn(_ index: Slot<Connection>) -> Bool {
    connections[index].stage == .awaitingOthers
      || connections[index].stage == .awaitingCheck && !connections[index].inbox.isEmpty
  }
}
