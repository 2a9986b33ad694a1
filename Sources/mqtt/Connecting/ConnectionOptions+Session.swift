// A session that is kept in a database, so that the next process can take it up. A Redis server may be
// started at the same time as its sidecars, or again after a crash, so it is waited for as a broker is.

import ClientStorage
import Commands
import Glibc
import MQTTSession
import SQLite
import Transport

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
      throw StartFailure(description: error.description, mayPass: error.kind == .unreachable)
    }
  }

  /// What `start` gives, once the server that it needs is there; a failure when `deadline` comes first.
  static func patiently<Result>(
    _ console: ClientConsole, until deadline: CommandDeadline,
    _ start: () throws(StartFailure) -> Result
  ) throws(StartFailure) -> Result {
    var backoff = Backoff(seed: RandomBytes.word)
    while true {
      do throws(StartFailure) {
        return try start()
      } catch {
        guard error.mayPass else { throw error }
        let wait = backoff.nextNanoseconds()
        if let remaining = deadline.remainingNanoseconds, remaining <= wait {
          console.say(error.description)
          usleep(useconds_t(remaining / 1000))
          throw StartFailure(description: "timed out", status: ExitStatus.timedOut)
        }
        console.say("\(error.description); trying again in \(ClientRun.seconds(wait)) s")
        usleep(useconds_t(wait / 1000))
      }
    }
  }
}
