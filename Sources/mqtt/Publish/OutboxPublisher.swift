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

import Basis
import ClientStorage
import Commands
import Glibc
import MQTTClient
import MQTTCodec
import MQTTSession
import SQLite
import Text
import Transport

/// The work of `mqtt pub --outbox` on its connection.
final class OutboxPublisher: ClientBehaviour {
  /// Bytes of packets made in one tick before they are stored and written.
  private static let tickLimit = 1 << 20
  /// Refusals after which a row that the broker might take later is given up.
  private static let attemptLimit = 10

  private let queue: any OutgoingQueue
  /// Whether it ends when nothing waits.
  private let endsWhenEmpty: Bool
  private var trouble = CommitTrouble()
  private var backoff = Backoff(seed: RandomBytes.word)
  /// The descriptor of the queue that the reactor watches; -1 is none.
  private var watched: Int32 = -1
  private var watchedCount = 0

  /// Messages that have been taken and not yet published.
  private var ready: [OutboxRow] = []
  private var readyStart = 0
  /// Messages under way, and how often the broker has refused them before.
  private var open: [Int64: Int] = [:]
  /// The broker wants to be left alone until then.
  private var pauseEnd: Instant?
  private var isEnding = false
  private var isEmpty = false

  init(_ queue: any OutgoingQueue, endsWhenEmpty: Bool) {
    self.queue = queue
    self.endsWhenEmpty = endsWhenEmpty
  }

  /// Notes a message that an earlier process left under way; answers it as it was published.
  func takeUp(_ handshake: ClientSessionState.Handshake) throws(StoreError) -> Publish? {
    guard let row = try queue.takeUp(Int64(bitPattern: handshake.token)),
      let message = try? row.message()
    else { return nil }
    open[row.identifier] = row.attempts
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

  func handleReady(_ descriptor: Int32, _ run: ClientRun, now: Instant) { queue.takeNews(now: now) }

  func handleSignal(_ run: ClientRun, now: Instant) {
    if !isEnding, let undone { run.cutShort(undone) }
    isEnding = true
  }

  func handleTimeout(_ run: ClientRun, now: Instant) {
    run.console.say("timed out\(undone.map { "; \($0)" } ?? "")")
    isEnding = true
    run.note(ExitStatus.timedOut)
  }

  /// What is not done when it ends here, in words; nil where it would not end by itself.
  private var undone: String? {
    if !endsWhenEmpty || isEmpty { return nil }
    let count = open.count + ready.count - readyStart
    if count == 0 { return "\(queue.name) was not looked through" }
    return "at least \(Counted.text(count, "message")) of \(queue.name) not sent"
  }

  var isBusy: Bool { false }

  func work(_ run: ClientRun, now: Instant) -> Instant? {
    for token in run.client.session.takeReleasedTokens() {
      conclude(Int64(bitPattern: token), .sent)
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
    watch(run)
    if isEnding || (isEmpty && endsWhenEmpty && run.client.session.phase == .connected) {
      if run.client.phase != .leaving && run.client.phase != .finished { run.finish(now: now) }
      return nil
    }
    return [trouble.retryInstant, pauseEnd, queue.deadline].compactMap { $0 }.min()
  }

  /// Stores what has happened since the last commit, so that bytes may leave.
  private func commit(_ run: ClientRun) throws(StoreError) {
    let changes = run.client.session.durableChanges
    if queue.hasFates || run.client.storedChanges != changes {
      try queue.commit(run.client.session.state())
      run.client.storedChanges = changes
    }
    trouble.end(run.console, queue.place)
  }

  /// The queue may watch another descriptor than before, or none.
  private func watch(_ run: ClientRun) {
    if queue.descriptor == watched && queue.descriptorCount == watchedCount { return }
    if watched >= 0 { run.reactor.unwatch(watched) }
    watched = queue.descriptor
    watchedCount = queue.descriptorCount
    if watched < 0 { return }
    do throws(SystemError) {
      try run.reactor.watch(watched)
    } catch {
      run.console.say("\(error)")
      isEnding = true
      run.note(ExitStatus.failure)
    }
  }
}

// Rows to messages.

extension OutboxPublisher {
  /// Publishes as many messages as the window takes.
  private func publish(_ run: ClientRun, now: Instant) throws(StoreError) {
    if let pauseEnd {
      if now < pauseEnd { return }
      self.pauseEnd = nil
      queue.takeBack(ready[readyStart...])
      ready = []
      readyStart = 0
    }
    isEmpty = false
    while run.client.session.canPublish && run.client.session.outputCount < Self.tickLimit {
      if readyStart == ready.count {
        ready = try queue.next(limit: Int(run.client.session.settings.sendWindow), now: now)
        readyStart = 0
        if ready.isEmpty {
          isEmpty = queue.isSettled && run.client.session.unpublishedCount == 0
          return
        }
      }
      let row = ready[readyStart]
      readyStart += 1
      publish(row, run, now: now)
    }
  }

  private func publish(_ row: OutboxRow, _ run: ClientRun, now: Instant) {
    do throws(RequestFault) {
      let message = try row.message()
      let form = try run.client.session.form(
        topic: message.topic, qos: message.qos, isRetained: message.isRetained,
        properties: message.properties)
      try run.client.session.publish(
        message.payload.span, as: form, token: UInt64(bitPattern: row.identifier), now: now)
      open[row.identifier] = row.attempts
      // Nobody answers at QoS 0.
      if message.qos == .atMostOnce { conclude(row.identifier, .sent) }
    } catch {
      giveUp(row.identifier, error.explanation, run)
    }
  }

  private func conclude(_ row: Int64, _ fate: OutboxFate) {
    open[row] = nil
    queue.settle(row, fate)
  }

  private func giveUp(_ row: Int64, _ reason: String, _ run: ClientRun) {
    run.console.say("message \(row) of \(queue.name) is not sent: \(reason)")
    conclude(row, .dead(reason))
  }

  /// Takes the end of a handshake.
  private func settle(_ row: Int64, _ answer: Acknowledgement, _ run: ClientRun, now: Instant) {
    // Of QoS 2 PUBREC was the news.
    guard let attempts = open[row] else { return }
    let code = answer.reasonCode
    if !code.isFailure {
      backoff.reset()
      return conclude(row, .sent)
    }
    var text = "the broker refused it: \(code.name) (\(code.hexadecimal))"
    if let reason = answer.properties.string(.reasonString) { text += ": \(reason)" }
    if code.mayPass && attempts + 1 < Self.attemptLimit {
      conclude(row, .refused)
      // It goes first when the broker has had its rest; nothing that waits overtakes it.
      pauseEnd = now.advanced(byNanoseconds: backoff.nextNanoseconds())
      run.console.say("message \(row) of \(queue.name): \(text); trying again")
    } else {
      giveUp(row, text, run)
    }
  }
}

extension OutboxRow {
  /// The row as a message.
  fileprivate func message() throws(RequestFault) -> Publish {
    if let fault { throw RequestFault(.payloadFormatInvalid, "3.3", fault) }
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
