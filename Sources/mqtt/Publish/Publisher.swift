// The work of `mqtt pub` on its connection: asks its feed for messages as fast as the broker takes
// them, and ends when all are sent and answered.
//
// At QoS 0 the socket is the brake: while more than `unsentLimit` bytes wait for it, no message is
// asked for. At QoS 1 and 2 it is the window (-M). DISCONNECT goes out in the same write as the last
// packet of the last handshake; at QoS 0, as PUBLISH itself.

import Basis
import Commands
import Glibc
import MQTTClient
import MQTTCodec
import MQTTSession
import Text
import Transport

/// Publishes what a feed gives.
final class Publisher: ClientBehaviour {
  /// Bytes that may wait for the socket before no more are made.
  private static let unsentLimit = 1 << 20
  /// Bytes of packets made in one tick before they are written.
  private static let tickLimit = 256 << 10

  let options: PublishOptions
  let feed: any MessageFeed
  /// Whether the feed's descriptor is watched, and whether it can be: a file is always ready.
  private var isWatching = false
  private var isWatchable = true

  /// The message under way, and whether it is one.
  private var message = OutgoingMessage()
  private var isLoaded = false
  /// It has been published to so many of the command line's topics.
  private var topicsDone = 0
  private var forms = PublishForms()
  private var hasEnded = false
  private var isFinishing = false
  private var isInterrupted = false
  /// How long it waits for answers after a signal, in seconds.
  private static let answerLimitSeconds = 0.6
  /// When the broker's answers have been waited for long enough, after a signal.
  private var answersUntil: Instant?
  /// What the feed had not given when it was interrupted.
  private var remainder = FeedRemainder.none
  /// Whether a message that it had given was not sent, or not to all topics.
  private var hasLeftOne = false
  private var refusals = 0

  init(_ options: PublishOptions, _ feed: any MessageFeed) {
    self.options = options
    self.feed = feed
    message.reset(to: options)
  }

  func handle(_ event: ClientEvent, _ run: ClientRun, now: Instant) {
    switch event {
    case .connected:
      forms.connectionBegan()
    case .published(let token, let answer):
      take(answer, token, run, now: now)
    case .authentication:
      run.console.say("the broker asks for another step of authentication, which pub cannot do")
      run.finish(Int32(ReasonCode.badAuthenticationMethod.rawValue), now: now)
    case .message, .subscribed, .unsubscribed, .pingAnswered, .ended:
      break
    }
  }

  func handleReady(_ descriptor: Int32, _ run: ClientRun, now: Instant) {
    do throws(StartFailure) {
      try feed.read()
    } catch {
      fail(error, run)
    }
  }

  /// Sends no more, and ends when what is sent is answered, or not answered in time; told again it
  /// waits for nothing.
  func handleSignal(_ run: ClientRun, now: Instant) {
    if isInterrupted { return abandon(run, now: now) }
    isInterrupted = true
    answersUntil = now.advanced(bySeconds: Self.answerLimitSeconds)
    endFeed()
  }

  func handleTimeout(_ run: ClientRun, now: Instant) {
    if isFinishing { return }
    isFinishing = true
    endFeed()
    unwatch(run)
    var undone = undone(run)
    if undone == nil && run.client.hasUnansweredMessages && run.client.unsentBytes > 0 {
      undone = "\(Counted.text(run.client.unsentBytes, "byte")) not sent"
    }
    run.console.say("timed out\(undone.map { "; \($0)" } ?? "")")
    run.client.isHurried = true
    run.finish(ExitStatus.timedOut, now: now)
  }

  /// Takes no more messages, nor the one that still waits for room.
  private func endFeed() {
    if !hasEnded { remainder = feed.remainder }
    hasEnded = true
    hasLeftOne = hasLeftOne || isLoaded
    isLoaded = false
  }

  var isBusy: Bool { false }

  func work(_ run: ClientRun, now: Instant) -> Instant? {
    guard run.client.session.phase == .connected, !isFinishing else {
      unwatch(run)
      if isInterrupted { abandon(run, now: now) }
      return nil
    }
    do throws(RequestFault) {
      let deadline = try publish(run, now: now)
      if hasEnded && !isLoaded && run.client.session.unpublishedCount == 0 {
        finish(run, now: now)
      }
      guard let answersUntil, !isFinishing else { return deadline }
      if now >= answersUntil { abandon(run, now: now) }
      return answersUntil
    } catch {
      isFinishing = true
      run.finish(error, now: now)
      return nil
    }
  }

  /// Ends without the answers that are missing.
  private func abandon(_ run: ClientRun, now: Instant) {
    if !isFinishing { finish(run, now: now) }
  }

  /// Ends, and says what a signal leaves undone.
  private func finish(_ run: ClientRun, now: Instant) {
    isFinishing = true
    unwatch(run)
    if isInterrupted, let undone = undone(run) { run.cutShort(undone) }
    run.finish(now: now)
  }

  /// What is not done when it ends here, in words; nil when that is nothing.
  private func undone(_ run: ClientRun) -> String? {
    let unanswered = run.client.session.unpublishedCount
    var unsent = hasLeftOne ? 1 : 0
    var parts: [String] = []
    switch remainder {
    case .none: break
    case .messages(let count): unsent += count
    case .input: parts.append("the input was not read to its end")
    }
    if unsent > 0 { parts.insert("\(Counted.text(unsent, "message")) not sent", at: 0) }
    if unanswered > 0 {
      parts.insert("\(Counted.text(unanswered, "message")) not acknowledged", at: 0)
    }
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }

  /// Publishes as much as feed, socket and window allow; answers when to go on.
  private func publish(_ run: ClientRun, now: Instant) throws(RequestFault) -> Instant? {
    while !hasEnded || isLoaded {
      if !isLoaded {
        switch step(run, now: now) {
        case .message:
          isLoaded = true
        case .waits(let until):
          unwatch(run)
          return until
        case .waitsForInput:
          if watch(run) { return nil }
          handleReady(feed.descriptor, run, now: now)
          continue
        case .ended:
          hasEnded = true
          return nil
        }
      }
      guard hasRoom(run) else {
        unwatch(run)
        return isBlocked(run) ? nil : now
      }
      try publishToNextTopic(run, now: now)
    }
    return nil
  }

  /// What the feed answers; one that fails has no more messages.
  private func step(_ run: ClientRun, now: Instant) -> FeedStep {
    do throws(StartFailure) {
      return try feed.next(into: &message, now: now)
    } catch {
      fail(error, run)
      return .ended
    }
  }

  /// Says what is wrong with the feed; what has been sent is still brought to its end.
  private func fail(_ failure: StartFailure, _ run: ClientRun) {
    run.console.say(failure.description)
    run.note(ExitStatus.failure)
    hasEnded = true
  }

  private func publishToNextTopic(_ run: ClientRun, now: Instant) throws(RequestFault) {
    let form: MessageForm
    let token: UInt64
    if let topic = message.topic {
      form = try forms.form(of: topic, message, run)
      token = forms.token(of: topic, message)
    } else {
      form = try forms.form(ofTopicAt: topicsDone, in: options.topics, message, run)
      token = PublishForms.token(topicsDone, message)
    }
    try message.withPayload { (payload) throws(RequestFault) in
      try run.client.session.publish(payload, as: form, token: token, now: now)
    }
    topicsDone = message.topic == nil ? topicsDone + 1 : options.topics.count
    if topicsDone >= options.topics.count {
      topicsDone = 0
      isLoaded = false
      message.reset(to: options)
    }
  }

  /// Whether socket and window take another message now.
  private func hasRoom(_ run: ClientRun) -> Bool {
    if message.qos > .atMostOnce && !run.client.session.canPublish { return false }
    return run.client.session.outputCount < Self.tickLimit
      && run.client.unsentBytes < Self.unsentLimit
  }

  /// Whether only an event of the connection can make room again.
  private func isBlocked(_ run: ClientRun) -> Bool {
    (message.qos > .atMostOnce && !run.client.session.canPublish)
      || run.client.unsentBytes >= Self.unsentLimit
  }

  private func take(
    _ answer: Acknowledgement, _ token: UInt64, _ run: ClientRun, now: Instant
  ) {
    let (topic, number) = forms.takeToken(token, in: options.topics)
    // A broker that has finished a message, and lost its PUBCOMP with the connection, knows no more
    // of it when PUBREL comes again: that is no refusal. [MQTT-4.3.3-4]
    if answer.reasonCode.isFailure && answer.reasonCode != .packetIdentifierNotFound {
      tellRefusal(of: topic, answer, run)
    }
    do throws(StartFailure) {
      try feed.answered(
        number, answer, isLast: run.client.session.unpublishedCount == 0 && !isLoaded, now: now)
    } catch {
      fail(error, run)
    }
  }

  private func tellRefusal(of topic: String, _ answer: Acknowledgement, _ run: ClientRun) {
    let code = answer.reasonCode
    var text = "the broker refused the message to \(topic): \(code.name) (\(code.hexadecimal))"
    if let reason = answer.properties.string(.reasonString) { text += ": \(reason)" }
    refusals += 1
    // The same words for each of a million lines help nobody.
    if refusals <= 10 { run.console.say(text) }
    if refusals == 10 { run.console.say("further refusals are not shown") }
    run.note(ExitStatus.refusal(code, of: .puback, version: run.client.session.version))
  }

  /// Whether the feed's descriptor is watched from here on; one that cannot be is always ready.
  private func watch(_ run: ClientRun) -> Bool {
    if isWatching || !isWatchable { return isWatching }
    do throws(SystemError) {
      try run.reactor.watch(feed.descriptor)
      isWatching = true
    } catch {
      isWatchable = false
    }
    return isWatching
  }

  private func unwatch(_ run: ClientRun) {
    if !isWatching { return }
    run.reactor.unwatch(feed.descriptor)
    isWatching = false
  }
}
