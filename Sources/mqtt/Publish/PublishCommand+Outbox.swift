// `mqtt pub --outbox`: a session that lives in the application's database.

import ClientStorage
import Commands
import Glibc
import MQTTClient
import MQTTCodec
import MQTTSession
import SQLite
import Transport

extension PublishCommand {
  /// Publishes the rows of a table until told to stop; returns the exit status.
  static func run(
    _ connection: ConnectionOptions, _ options: OutboxOptions, _ console: ClientConsole
  ) -> Int32 {
    ProcessSettings.ignoreBrokenPipes()
    do throws(StartFailure) {
      var connection = connection
      let store = try StartFailure.of { () throws(StoreError) in
        try SessionDatabase(options.file, session: "pub \(options.table)")
      }
      let publisher = try StartFailure.of { () throws(StoreError) in
        OutboxPublisher(
          options, store,
          try Outbox(options.table, makes: options.makesTable, in: store.database),
          try DatabaseWatch(store.database))
      }
      let stored = try connection.keepSession(in: store)
      let run = try ClientRun(connection, console, publisher, keepsSession: true) {
        $0.reportsReleases = true
      }
      try run.catchEnd()
      do throws(SystemError) {
        try run.reactor.watch(publisher.watched)
      } catch {
        throw StartFailure(description: "\(error)")
      }
      try restore(stored?.state ?? ClientSessionState(), run, publisher)
      run.client.reconnects = true
      run.client.isPatient = true
      return run.run()
    } catch {
      console.say(error.description)
      return ExitStatus.failure
    }
  }

  private static func restore(
    _ state: ClientSessionState, _ run: ClientRun, _ publisher: OutboxPublisher
  ) throws(StartFailure) {
    var failure: StoreError?
    run.client.session.restore(state) { handshake in
      do throws(StoreError) {
        return try publisher.takeUp(handshake)
      } catch {
        failure = error
        return nil
      }
    }
    if let failure { throw StartFailure(description: failure.description) }
    run.client.storedChanges = run.client.session.durableChanges
  }
}
