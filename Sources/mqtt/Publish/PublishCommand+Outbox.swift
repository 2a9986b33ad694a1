// `mqtt pub --outbox` and `mqtt pub --redis`: a session that is kept beside the application's
// messages, so that the next process takes up what this one leaves.

import Basis
import ClientStorage
import Commands
import Glibc
import MQTTClient
import MQTTCodec
import MQTTSession
import SQLite
import Transport

extension PublishCommand {
  /// Publishes the messages of a queue until told to stop; returns the exit status.
  static func run(
    _ connection: ConnectionOptions, _ options: OutgoingQueueOptions,
    within timeoutSeconds: Double?, _ console: ClientConsole
  ) -> Int32 {
    ProcessSettings.ignoreBrokenPipes()
    do throws(StartFailure) {
      var connection = connection
      let deadline = CommandDeadline(seconds: timeoutSeconds)
      let (publisher, state, underWay) = try StartFailure.patiently(console, until: deadline) {
        () throws(StartFailure) in
        let queue = try StartFailure.of { () throws(StoreError) in try open(options) }
        let publisher = OutboxPublisher(queue, endsWhenEmpty: options.endsWhenEmpty)
        let state = try connection.keepSession(in: queue)?.state ?? ClientSessionState()
        return (publisher, state, try messages(of: state, publisher))
      }
      let run = try ClientRun(connection, console, publisher, keepsSession: true) {
        $0.reportsReleases = true
      }
      run.client.givesUpOnLosses = options.endsWhenEmpty
      run.deadline = deadline
      run.client.session.restore(state) { underWay[$0.token] }
      return try run.runStored()
    } catch {
      console.say(error.description)
      return error.status
    }
  }

  private static func open(
    _ options: OutgoingQueueOptions
  ) throws(StoreError) -> any OutgoingQueue {
    switch options.source {
    case .table(let file, let table, let makesTable):
      let store = try SessionDatabase(file, session: "pub \(table)", makes: makesTable)
      let outbox = try Outbox(table, makes: makesTable, in: store.database)
      return try TableQueue(store, outbox) { WallClock.nanoseconds }
    case .list(let list):
      let session = try RedisSession("pub", list.server, key: list.key)
      return try RedisQueue(session) { OutboxRow(element: $0) }
    }
  }

  /// The messages that an earlier process left under way, by their tokens.
  private static func messages(
    of state: ClientSessionState, _ publisher: OutboxPublisher
  ) throws(StartFailure) -> [UInt64: Publish] {
    var messages: [UInt64: Publish] = [:]
    for handshake in state.handshakes where !handshake.isReleased {
      messages[handshake.token] = try StartFailure.of { () throws(StoreError) in
        try publisher.takeUp(handshake)
      }
    }
    return messages
  }
}

extension OutboxRow {
  /// What an element of a list says: a line of JSON as `mqtt sub --json` prints it, of which all but
  /// topic and payload may be left out.
  fileprivate init(element: [UInt8]) {
    self.init(
      identifier: 0, topic: nil, payload: [], qos: .exactlyOnce, isRetained: false,
      properties: nil, attempts: 0, fault: nil)
    do throws(MessageLineFault) {
      let line = try MessageLine(parsing: element)
      topic = line.topic
      payload = line.payload ?? []
      qos = line.qos ?? .exactlyOnce
      isRetained = line.isRetained ?? false
      var text = ByteBuffer()
      line.properties.appendObject(to: &text)
      properties = line.properties.isEmpty ? nil : text.bytes
      if topic == nil { fault = "it has no \"topic\"" }
    } catch {
      fault = "byte \(error.offset + 1): \(error.explanation)"
    }
  }
}
