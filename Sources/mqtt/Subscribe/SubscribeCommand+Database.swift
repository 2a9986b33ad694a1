// `mqtt sub --sqlite` and `mqtt sub --redis`: the same subscriber, with a session that is kept where
// the messages go. The client identifier, the packet identifiers of stored messages and the granted
// subscriptions are taken up where the last process left them, however it ended.

import Basis
import ClientStorage
import Commands
import Glibc
import MQTTClient
import MQTTCodec
import MQTTSession
import SQLite
import Transport

extension SubscribeCommand {
  /// Fills a table until told to stop; returns the exit status.
  static func run(
    _ options: SubscribeOptions, into place: MessageStoreOptions, _ console: ClientConsole
  ) -> Int32 {
    do throws(StartFailure) {
      var options = options
      let deadline = CommandDeadline(seconds: options.timeoutSeconds)
      let (sink, stored) = try StartFailure.patiently(console, until: deadline) {
        () throws(StartFailure) in
        let (store, sink) = try StartFailure.of { () throws(StoreError) in try open(place) }
        return (sink, try options.connection.keepSession(in: store))
      }
      let old = GrantedSubscriptions(stored?.subscriptions ?? "")
      let wanted = GrantedSubscriptions.text(options.subscriptions)
      // The broker would go on to send what nobody asks for any more.
      options.unsubscribe += old.filters.filter { filter in
        !options.subscriptions.contains { $0.filter.exact == filter.exact }
          && !options.unsubscribe.contains { $0.exact == filter.exact }
      }
      let subscriber = Subscriber(options, into: sink)
      subscriber.isSubscribed = old.text == wanted
      let run = try ClientRun(options.connection, console, subscriber, keepsSession: true) {
        $0.acknowledging = .whenTold
      }
      run.deadline = deadline
      run.client.session.restore(stored?.state ?? ClientSessionState()) { _ in nil }
      return try run.runStored()
    } catch {
      console.say(error.description)
      return error.status
    }
  }

  private static func open(
    _ place: MessageStoreOptions
  ) throws(StoreError) -> (any SessionStore, any MessageSink) {
    switch place {
    case .table(let options):
      let store = try SessionDatabase(options.file, session: "sub \(options.table)")
      let table = try MessageTable(options.table, columns: options.columns, in: store.database)
      return (store, DatabaseSink(store, table))
    case .list(let list):
      let session = try RedisSession("sub", list.server, key: list.key)
      return (session, RedisSink(session, key: list.key))
    }
  }
}

/// Subscriptions as a session's row keeps them: on each line the options byte of SUBSCRIBE (3.8.3.1)
/// and the filter.
struct GrantedSubscriptions {
  let text: String

  init(_ text: String) { self.text = text }

  var filters: [String] {
    text.split(separator: "\n").compactMap { line in
      line.firstIndex(of: " ").map { String(line[line.index(after: $0)...]) }
    }
  }

  static func text(_ subscriptions: [Subscription]) -> String {
    subscriptions.map { "\($0.options.encoded(.v5)) \($0.filter)" }.joined(separator: "\n")
  }
}
