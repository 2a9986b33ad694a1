// `mqtt pub --outbox`: rows of a table become messages, in their order, each exactly once however
// the processes die. In each tick all that has happened is stored in one transaction, and only then
// do bytes leave:
//
//   PUBREC came -----> sent_at of its row, PUBREL to follow  \
//   refusal came ----> error or another attempt               > COMMIT --> PUBREL, PUBLISH ... leave
//   new rows --------> packet identifiers, PUBLISH to follow  /
//
// So whatever the broker has been told is known to the next process, and what that process finds
// under way it takes up under the same packet identifiers.

import ClientStorage
import Commands
import Glibc
import MQTTClient
import MQTTCodec
import MQTTSession
import SQLite
import Transport

/// The work of `mqtt pub --outbox` on its connection.
final class OutboxPublisher: ClientBehaviour {
  /// Bytes of packets made in one tick before they are stored and written.
  private static let tickLimit = 1 << 20
  /// Refusals after which a row that the broker might take later is given up.
  private static let attemptLimit = 10

  private let options: OutboxOptions
  private let store: SessionDatabase
  private let outbox: Outbox
  private var news: OutboxNews
  private var trouble = CommitTrouble()
  private var backoff = Backoff(seed: RandomBytes.word)

  /// Rows that have been read and not yet published.
  private var ready: [OutboxRow] = []
  private var readyStart = 0
  /// Rows up to this one have been read.
  private var cursor: Int64 = 0
  /// Rows that are read or under way and not settled.
  private var open: Set<Int64> = []
  /// How often the broker has refused rows that are under way.
  private var attempts: [Int64: Int] = [:]
  /// What the next commit says of rows.
  private var fates: [(row: Int64, fate: OutboxFate)] = []
  /// The broker wants to be left alone until then.
  private var pauseEnd: Instant?
  private var isEnding = false
  private var isEmpty = false

  init(
    _ options: OutboxOptions, _ store: SessionDatabase, _ outbox: Outbox, _ watch: DatabaseWatch
  ) {
    self.options = options
    self.store = store
    self.outbox = outbox
    news = OutboxNews(watch)
  }

  var watched: Int32 { news.watch.descriptor }

  /// Notes the rows that an earlier process left under way; answers what is published of one.
  func takeUp(_ handshake: ClientSessionState.Handshake) throws(StoreError) -> Publish? {
    let identifier = Int64(bitPattern: handshake.token)
    guard let row = try outbox.row(identifier, in: store.database),
      let message = try? row.message()
    else { return nil }
    open.insert(identifier)
    return message
  }

  func handle(_ event: ClientEvent, _ run: ClientRun, now: Instant) {
    switch event {
    case .published(let token, let answer): settle(Int64(bitPattern: token), answer, run, now: now)
    case .authentication:
      run.console.say("the broker asks for another step of authentication, which pub cannot do")
      isEnding = true
      run.finish(Int32(ReasonCode.badAuthenticationMethod.rawValue), now: now)
    case .connected, .message, .subscribed, .unsubscribed, .pingAnswered, .ended:
      break
    }
  }

  func handleReady(_ descriptor: Int32, _ run: ClientRun, now: Instant) { news.drain(now: now) }

  func handleSignal(_ run: ClientRun, now: Instant) { isEnding = true }

  var isBusy: Bool { false }

  func work(_ run: ClientRun, now: Instant) -> Instant? {
    for token in run.client.session.takeReleasedTokens() {
      let row = Int64(bitPattern: token)
      open.remove(row)
      fates.append((row, .sent))
    }
    do throws(StoreError) {
      if trouble.retryInstant.map({ now >= $0 }) ?? true {
        if !isEnding && run.client.session.phase == .connected { try publish(run, now: now) }
        try commit(run)
      }
    } catch {
      switch trouble.take(error, run.console, now: now) {
      case .going: break
      case .closed(let reason):
        if let reason, !isEnding { run.console.say(reason) }
        isEnding = true
        run.finish(ExitStatus.failure, now: now)
        return nil
      }
    }
    if isEnding || (isEmpty && options.endsWhenEmpty && run.client.session.phase == .connected) {
      if run.client.phase != .leaving && run.client.phase != .finished { run.finish(now: now) }
      return nil
    }
    return [trouble.retryInstant, pauseEnd, news.deadline].compactMap { $0 }.min()
  }

  /// Stores what has happened since the last commit, so that bytes may leave.
  private func commit(_ run: ClientRun) throws(StoreError) {
    let changes = run.client.session.durableChanges
    if fates.isEmpty && run.client.storedChanges == changes { return }
    let state = run.client.session.state()
    let time = WallClock.nanoseconds
    try store.transact(state) { () throws(StoreError) in
      for (row, fate) in fates { try outbox.mark(row, fate, at: time, in: store.database) }
    }
    trouble.end(run.console, store.database.file)
    fates.removeAll(keepingCapacity: true)
    run.client.storedChanges = changes
  }
}

// Rows to messages.

extension OutboxPublisher {
  /// Publishes as many rows as the window takes.
  private func publish(_ run: ClientRun, now: Instant) throws(StoreError) {
    if let pauseEnd {
      if now < pauseEnd { return }
      self.pauseEnd = nil
      restart()
    }
    isEmpty = false
    while run.client.session.canPublish && run.client.session.outputCount < Self.tickLimit {
      if readyStart == ready.count, try !read(run, now: now) {
        isEmpty = open.isEmpty && run.client.session.unpublishedCount == 0
        return
      }
      let row = ready[readyStart]
      readyStart += 1
      publish(row, run, now: now)
    }
  }

  /// Reads rows that wait; false when there are none.
  private func read(_ run: ClientRun, now: Instant) throws(StoreError) -> Bool {
    ready.removeAll(keepingCapacity: true)
    readyStart = 0
    let limit = Int(run.client.session.settings.sendWindow)
    if try news.isNew(store.database, now: now),
      try outbox.waitingCount(upTo: cursor, in: store.database) > openCount
    {
      // A row behind the cursor waits again, or was put there.
      restart()
    }
    let rows = try outbox.waiting(after: cursor, limit: limit + openCount, in: store.database)
    for row in rows {
      cursor = max(cursor, row.identifier)
      if open.insert(row.identifier).inserted { ready.append(row) }
    }
    return !ready.isEmpty
  }

  /// Rows that wait in the table as it stands, and that this process has in hand.
  private var openCount: Int { open.count + fates.filter { $0.fate != .refused }.count }

  /// Looks at all rows again.
  private func restart() {
    for row in ready[readyStart...] { open.remove(row.identifier) }
    ready = []
    readyStart = 0
    cursor = 0
  }

  private func publish(_ row: OutboxRow, _ run: ClientRun, now: Instant) {
    do throws(RequestFault) {
      let message = try row.message()
      let form = try run.client.session.form(
        topic: message.topic, qos: message.qos, isRetained: message.isRetained,
        properties: message.properties)
      try run.client.session.publish(
        message.payload.span, as: form, token: UInt64(bitPattern: row.identifier), now: now)
      if row.attempts > 0 { attempts[row.identifier] = row.attempts }
      // Nobody answers at QoS 0.
      if message.qos == .atMostOnce { conclude(row.identifier, .sent) }
    } catch {
      run.console.say("row \(row.identifier) of \(outbox.name) is not sent: \(error.explanation)")
      conclude(row.identifier, .dead(error.explanation))
    }
  }

  private func conclude(_ row: Int64, _ fate: OutboxFate) {
    open.remove(row)
    attempts[row] = nil
    fates.append((row, fate))
  }

  /// Takes the end of a handshake.
  private func settle(_ row: Int64, _ answer: Acknowledgement, _ run: ClientRun, now: Instant) {
    // Of QoS 2 PUBREC was the news.
    guard open.contains(row) else { return }
    let code = answer.reasonCode
    if !code.isFailure {
      backoff.reset()
      return conclude(row, .sent)
    }
    var text = "the broker refused it: \(code.name) (\(code.hexadecimal))"
    if let reason = answer.properties.string(.reasonString) { text += ": \(reason)" }
    let attempt = (attempts[row] ?? 0) + 1
    if code.mayPass && attempt < Self.attemptLimit {
      conclude(row, .refused)
      // It goes first when the broker has had its rest; nothing behind it overtakes it again.
      pauseEnd = now.advanced(byNanoseconds: backoff.nextNanoseconds())
      run.console.say("row \(row) of \(outbox.name): \(text); trying again")
    } else {
      conclude(row, .dead(text))
      run.console.say("row \(row) of \(outbox.name) is not sent: \(text)")
    }
  }
}

extension OutboxRow {
  /// The row as a message.
  fileprivate func message() throws(RequestFault) -> Publish {
    guard let topic else {
      throw RequestFault(.topicNameInvalid, "3.3.2.1", "its topic is not a text in UTF-8")
    }
    guard let qos else {
      throw RequestFault(.qosNotSupported, "MQTT-3.3.1-4", "its qos is neither 0, 1 nor 2")
    }
    var message = Publish(topic: topic, payload: payload, qos: qos, isRetained: isRetained)
    if let properties {
      do throws(MessageLineFault) {
        message.properties = try Properties(parsing: properties)
      } catch {
        throw RequestFault(
          .protocolError, "3.3.2.3",
          "its properties: \(error.explanation) at byte \(error.offset + 1)")
      }
    }
    return message
  }
}

extension ReasonCode {
  /// Whether a message that was refused so may be taken a little later.
  fileprivate var mayPass: Bool {
    let passing: [ReasonCode] = [
      .unspecifiedError, .implementationSpecificError, .quotaExceeded,
    ]
    return passing.contains(self)
  }
}
