// A list of Redis as a queue, by the pattern of the reliable queue: an element is moved to a second
// list in the same step that takes it, and leaves that only when it is known what has become of it.
//
//   KEY --LMOVE--> KEY:processing --EXEC--> KEY:underway --EXEC--> gone, or KEY:dead
//                  taken                    has a packet           PUBREC, or refused
//                                           identifier
//
// `underway` is a hash of elements by their numbers, which the session's open handshakes name. When
// the list is empty a second connection waits in BLMOVE, so that a new element comes at once and
// nobody asks again and again.

package import Basis
package import MQTTSession
package import SQLite
import Text

/// The elements of a list, one after another.
package final class RedisQueue: OutgoingQueue {
  private let session: RedisSession
  private let waiting: RedisConnection
  private let read: ([UInt8]) -> OutboxRow
  private let source: [UInt8]
  private let processing: [UInt8]
  private let underway: [UInt8]
  private let dead: [UInt8]

  private var lastNumber: Int64 = 0
  /// Elements that were given, by their numbers.
  private var given: [Int64: [UInt8]] = [:]
  /// Those of them that stand in the hash.
  private var numbered: Set<Int64> = []
  private var attempts: [Int64: Int] = [:]
  /// Elements that are to be given first.
  private var front: [OutboxRow] = []
  private var fates: [(number: Int64, fate: OutboxFate)] = []
  /// Fates that stand in the transaction under way.
  private var pendingFates = 0
  private var pendingNumbered: [Int64] = []
  private var isBlocked = false
  /// Whether elements may have been taken without our knowing.
  private var isSweepWanted = false
  package private(set) var descriptorCount = 0
  private var nextLook = Instant.start

  /// The list of `session`; `read` makes a message of an element.
  package init(
    _ session: RedisSession, read: @escaping ([UInt8]) -> OutboxRow
  ) throws(StoreError) {
    self.session = session
    self.read = read
    waiting = RedisConnection(session.connection.address)
    source = Array(session.key.utf8)
    processing = Array("\(session.key):processing".utf8)
    underway = Array("\(session.key):underway".utf8)
    dead = Array("\(session.key):dead".utf8)
  }

  package var name: String { session.name }
  package var place: String { session.place }
  package func adopt(clientIdentifier: String) throws(StoreError) {
    try session.adopt(clientIdentifier: clientIdentifier)
  }

  package func stored() throws(StoreError) -> StoredSession? {
    let stored = try session.stored()
    lastNumber = stored?.state.handshakes.map { Int64(bitPattern: $0.token) }.max() ?? 0
    // What was taken by the last process and has no number comes first.
    try takeUpProcessing()
    return stored
  }

  /// Finds elements that were taken without our knowing: by the last process, or by a command whose
  /// answer was lost.
  private func takeUpProcessing() throws(StoreError) {
    try endWaiting()
    let answer = try session.connection.ask(
      [Array("LRANGE".utf8), processing, [0x30], Array("-1".utf8)])
    guard case .list(let elements) = answer else { return }
    var known: [[UInt8]: Int] = [:]
    for (number, element) in given where !numbered.contains(number) {
      known[element, default: 0] += 1
    }
    for case .text(let element) in elements {
      if let count = known[element], count > 0 {
        known[element] = count - 1
      } else {
        front.append(row(element))
      }
    }
    isSweepWanted = false
  }

  /// Ends every BLMOVE for this list that the server knows of, our own and that of a process that is
  /// gone: from here on no element is taken by anybody who does not hear of it.
  private func endWaiting() throws(StoreError) {
    waiting.close()
    isBlocked = false
    let clients = try session.connection.ask(["CLIENT", "LIST"]).string ?? ""
    for client in clients.split(separator: "\n") {
      let words = client.split(separator: " ")
      guard words.contains("name=\(waitingTitle)"),
        let identifier = words.first(where: { $0.hasPrefix("id=") })?.dropFirst(3)
      else { continue }
      _ = try session.connection.ask(["CLIENT", "KILL", "ID", String(identifier)])
    }
  }

  /// Connects, and has the element that comes next sent over that connection.
  private func wait(_ move: [[UInt8]]) throws(StoreError) {
    if !waiting.isOpen {
      try waiting.open()
      descriptorCount += 1
      _ = try waiting.ask(["CLIENT", "SETNAME", waitingTitle])
    }
    waiting.append([Array("BLMOVE".utf8)] + move + [[0x30]])
    try waiting.flush()
    isBlocked = true
  }

  private var waitingTitle: String { RedisSession.title("pub-waiting", session.key) }

  private func row(_ element: [UInt8]) -> OutboxRow {
    lastNumber += 1
    var row = read(element)
    row.identifier = lastNumber
    given[lastNumber] = element
    return row
  }

  package var descriptor: Int32 { isBlocked ? waiting.descriptor : -1 }
  package var deadline: Instant { nextLook }
  package var isSettled: Bool { given.isEmpty }
  package var hasFates: Bool { !fates.isEmpty }

  package func takeNews(now: Instant) {
    isBlocked = false
    nextLook = now
    do throws(StoreError) {
      if let bytes = try waiting.answer().bytes { front.append(row(bytes)) }
    } catch {
      // What it had taken stands in the second list and is found there with the next connection.
      waiting.close()
      isSweepWanted = true
    }
  }

  package func next(limit: Int, now: Instant) throws(StoreError) -> [OutboxRow] {
    if try session.finishPending() { forgetDone() }
    if try session.openAgain() || isSweepWanted { try takeUpProcessing() }
    if !front.isEmpty {
      defer { front.removeFirst(min(limit, front.count)) }
      return Array(front.prefix(limit))
    }
    if isBlocked { return [] }
    let move = [source, processing, Array("LEFT".utf8), Array("RIGHT".utf8)]
    for _ in 0..<limit { session.connection.append([Array("LMOVE".utf8)] + move) }
    var rows: [OutboxRow] = []
    // What is taken by a command whose answer does not come is found in the second list.
    isSweepWanted = true
    let answers = try session.connection.answers()
    for case .failure(let reason) in answers {
      throw session.connection.refusal("list \(session.key)", reason)
    }
    isSweepWanted = false
    for answer in answers { if let bytes = answer.bytes { rows.append(row(bytes)) } }
    nextLook = now.advanced(bySeconds: 3600)
    if rows.isEmpty {
      try wait(move)
    }
    return rows
  }

  package func takeBack(_ rows: ArraySlice<OutboxRow>) { front = rows + front }

  package func takeUp(_ identifier: Int64) throws(StoreError) -> OutboxRow? {
    let number = Array("\(identifier)".utf8)
    let answer = try session.connection.ask([Array("HGET".utf8), underway, number])
    guard let element = answer.bytes else { return nil }
    var row = read(element)
    row.identifier = identifier
    given[identifier] = element
    numbered.insert(identifier)
    return row
  }

  package func settle(_ identifier: Int64, _ fate: OutboxFate) { fates.append((identifier, fate)) }

  package func commit(_ state: ClientSessionState) throws(StoreError) {
    if try session.finishPending() { forgetDone() }
    var commands: [[[UInt8]]] = []
    for handshake in state.handshakes where !handshake.isReleased {
      let number = Int64(bitPattern: handshake.token)
      guard let element = given[number], !numbered.contains(number) else { continue }
      commands.append([Array("HSET".utf8), underway, Array("\(number)".utf8), element])
      commands.append([Array("LREM".utf8), processing, [0x31], element])
      pendingNumbered.append(number)
    }
    for (number, fate) in fates {
      guard let element = given[number] else { continue }
      // The number of a message that was sent in this same moment is not in the hash.
      if numbered.contains(number) || pendingNumbered.contains(number) {
        commands.append([Array("HDEL".utf8), underway, Array("\(number)".utf8)])
      } else {
        commands.append([Array("LREM".utf8), processing, [0x31], element])
      }
      switch fate {
      case .sent: break
      case .dead(let reason): commands.append([Array("RPUSH".utf8), dead, letter(element, reason)])
      case .refused: commands.append([Array("LPUSH".utf8), processing, element])
      }
    }
    pendingFates = fates.count
    try session.transact(state, commands)
    forgetDone()
  }

  /// The transaction is done.
  private func forgetDone() {
    numbered.formUnion(pendingNumbered)
    pendingNumbered = []
    for (number, fate) in fates.prefix(pendingFates) {
      let element = given.removeValue(forKey: number)
      numbered.remove(number)
      if fate == .refused, let element {
        var again = row(element)
        again.attempts = (attempts.removeValue(forKey: number) ?? 0) + 1
        attempts[again.identifier] = again.attempts
        front.append(again)
      } else {
        attempts[number] = nil
      }
    }
    fates.removeFirst(pendingFates)
    pendingFates = 0
  }

  /// A dead letter: the element and why nobody takes it.
  private func letter(_ element: [UInt8], _ reason: String) -> [UInt8] {
    var text = ByteBuffer()
    text.append(utf8: "{\"error\":")
    text.append(jsonString: reason.utf8.span)
    text.append(utf8: ",\"element\":")
    text.append(jsonString: element.span)
    text.append(utf8: "}")
    return text.bytes
  }
}
