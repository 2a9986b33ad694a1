// A client session in Redis, beside the list that its messages go to or come from. A transaction
// (MULTI ... EXEC) changes both or neither. When the connection breaks before the answer has come,
// nobody knows whether it was done: each has a number that is stored with it, so that the next
// connection tells.
//
//   KEY:pub-session, KEY:sub-session   hashes: client_identifier, process, subscriptions, received,
//                                      sending, batch

import Glibc
package import MQTTSession
package import SQLite

/// A session and the connection to where it is kept.
package final class RedisSession: SessionStore {
  let connection: RedisConnection
  package let name: String
  let key: String
  /// The number of the last transaction that is known to be done.
  private var batch: Int64 = 0
  /// The transaction of which nobody knows whether it was done.
  private var pending: [[[UInt8]]]?
  private let act: String

  /// Connects, and takes the session for this process.
  package init(_ act: String, _ address: RedisAddress, key: String) throws(StoreError) {
    self.act = act
    self.key = key
    name = "\(act) \(key)"
    connection = RedisConnection(address)
    try open()
  }

  package var place: String { connection.address.description }

  /// The hash that the session is.
  private var hashKey: String { "\(key):\(act)-session" }

  /// Redis knows who is connected: a connection with the session's name is the lock, and goes with
  /// its process.
  private func open() throws(StoreError) {
    try connection.open()
    let title = Self.title(act, key)
    _ = try connection.ask(["CLIENT", "SETNAME", title])
    let clients = try connection.ask(["CLIENT", "LIST"]).string ?? ""
    let count = clients.split(separator: "\n").count { line in
      line.split(separator: " ").contains("name=\(title)")
    }
    if count > 1 {
      let process = try connection.ask(["HGET", hashKey, "process"]).string
      connection.close()
      throw StoreError(
        .inUse(process: process.flatMap { Int32($0) }), file: place, operation: "list \(key)",
        reason: "it is another mqtt \(name); stop that one, or name another --list")
    }
    // Fails while Redis is not ready to read or the key is something else.
    _ = try connection.ask(["HGET", hashKey, "batch"])
  }

  /// What the server calls a connection that does this with a list.
  static func title(_ act: String, _ key: String) -> String {
    "mqtt-\(act):" + String(key.map { $0.isWhitespace ? "_" : $0 })
  }

  /// Connects again if the connection is lost; true when it was.
  func openAgain() throws(StoreError) -> Bool {
    if connection.isOpen { return false }
    try open()
    return true
  }

  package func stored() throws(StoreError) -> StoredSession? {
    let fields = ["client_identifier", "subscriptions", "received", "sending", "batch"]
    guard case .list(let values) = try connection.ask(["HMGET", hashKey] + fields),
      values.count == fields.count, let identifier = values[0].string
    else { return nil }
    let state = SessionText.state(
      received: values[2].string ?? "", handshakes: values[3].string ?? "")
    guard let state else {
      throw StoreError(
        .damaged, file: place, operation: "read the session",
        reason: "the hash \(hashKey) is not what mqtt has written")
    }
    batch = values[4].string.flatMap { Int64($0) } ?? 0
    return StoredSession(
      clientIdentifier: identifier, subscriptions: values[1].string ?? "", state: state)
  }

  package func adopt(clientIdentifier: String) throws(StoreError) {
    _ = try connection.ask([
      "HSET", hashKey, "client_identifier", clientIdentifier, "process",
      "\(getpid())",
    ])
  }

  /// Does `commands` and stores the state, all or nothing.
  ///
  /// After a failure ``finishPending()`` has to bring it to its end before anything else.
  package func transact(
    _ state: ClientSessionState, subscriptions: String? = nil, _ commands: [[[UInt8]]]
  ) throws(StoreError) {
    precondition(pending == nil, "a transaction is under way")
    var fields = [
      "received", SessionText.text(received: state.received),
      "sending", SessionText.text(handshakes: state.handshakes),
      "batch", "\(batch + 1)",
    ]
    if let subscriptions { fields += ["subscriptions", subscriptions] }
    let save = (["HSET", hashKey] + fields).map { Array($0.utf8) }
    pending = commands + [save]
    try perform()
  }

  /// Brings the transaction that failed to its end; false when there was none.
  package func finishPending() throws(StoreError) -> Bool {
    if pending == nil { return false }
    if !connection.isOpen {
      try open()
      let stored = try connection.ask(["HGET", hashKey, "batch"]).string
      if stored == "\(batch + 1)" {
        batch += 1
        pending = nil
        return true
      }
    }
    try perform()
    return true
  }

  private func perform() throws(StoreError) {
    guard let commands = pending else { return }
    if !connection.isOpen { try open() }
    connection.append([Array("MULTI".utf8)])
    for command in commands { connection.append(command) }
    connection.append([Array("EXEC".utf8)])
    let answers = try connection.answers()
    guard case .list(let results)? = answers.last else {
      // What Redis refuses for now, as when its memory is full, it may take later.
      throw refusal(answers)
    }
    batch += 1
    pending = nil
    for case .failure(let reason) in results {
      throw StoreError(.other, file: place, operation: "list \(key)", reason: reason)
    }
  }

  private func refusal(_ answers: [RedisValue]) -> StoreError {
    for case .failure(let reason) in answers {
      return StoreError(.unreachable, file: place, operation: "list \(key)", reason: reason)
    }
    return StoreError(
      .unreachable, file: place, operation: "list \(key)", reason: "the transaction was discarded")
  }
}
