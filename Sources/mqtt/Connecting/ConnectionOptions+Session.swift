// A session that is kept in a database, so that the next process can take it up.

import ClientStorage
import Commands
import MQTTSession
import SQLite

extension ConnectionOptions {
  /// Makes these the options of the session in `store`.
  ///
  /// That is its client identifier, no clean start, and no expiry unless one was asked for.
  /// - Returns: what the last process left.
  mutating func keepSession(
    in store: any SessionStore
  ) throws(StartFailure) -> StoredSession? {
    let stored = try StartFailure.of { () throws(StoreError) in try store.stored() }
    if let stored, let wanted = clientIdentifier, wanted != stored.clientIdentifier {
      throw StartFailure(
        description: """
          the session "\(store.name)" of \(store.place) belongs to the client \
          identifier \(stored.clientIdentifier), not to \(wanted); leave out -i, or use another \
          table or list
          """)
    }
    let identifier = stored?.clientIdentifier ?? clientIdentifier ?? Self.generatedIdentifier()
    clientIdentifier = identifier
    clientIdentifierPrefix = nil
    cleanStart = false
    if sessionExpirySeconds == nil { sessionExpirySeconds = .max }
    try StartFailure.of { () throws(StoreError) in
      try store.adopt(clientIdentifier: identifier)
    }
    return stored
  }
}

extension StartFailure {
  /// What `body` gives, its failure in words.
  static func of<Result>(_ body: () throws(StoreError) -> Result) throws(StartFailure) -> Result {
    do throws(StoreError) {
      return try body()
    } catch {
      throw StartFailure(description: error.description)
    }
  }
}
