// A Redis server may be started at the same time as its sidecars, or again after a crash, so it is
// waited for as a broker is.

import ClientStorage
import Commands
import Glibc
import MQTTSession
import SQLite
import Transport

extension RedisSession {
  /// Takes the session of `list` for this process, once there is a server.
  static func open(
    _ act: String, _ list: RedisListOptions, _ console: ClientConsole
  ) throws(StoreError) -> RedisSession {
    var backoff = Backoff(seed: RandomBytes.word)
    while true {
      do throws(StoreError) {
        return try RedisSession(act, list.server, key: list.key)
      } catch {
        guard error.kind == .unreachable else { throw error }
        let wait = backoff.nextNanoseconds()
        console.say("\(error); trying again in \(ClientRun.seconds(wait)) s")
        usleep(useconds_t(wait / 1000))
      }
    }
  }
}
