// `mqtt pub`: publishes one message, the same one several times, or each line of standard input,
// to one or more topics, and ends when the last handshake is over. What the broker refuses is said
// and becomes the exit status.
//
//   source --> payload --> (repeat) --> a PUBLISH for each topic --> handshake --> DISCONNECT
//
// At QoS 0 the socket is the brake: while more than `unsentLimit` bytes wait for it, no line is
// read. At QoS 1 and 2 it is the window (-M). DISCONNECT goes out in the same write as the last
// packet of the last handshake; at QoS 0, as PUBLISH itself.

import Commands
import Glibc
import MQTTClient
import MQTTCodec
import MQTTSession
import Transport

/// The runner of `mqtt pub`.
enum PublishCommand {
  /// Publishes as `options` say; returns the exit status.
  static func run(_ options: PublishOptions) -> Int32 {
    let console = ClientConsole("mqtt pub", options.connection)
    do throws(StartFailure) {
      let publisher = try Publisher(options)
      let isHandshake = options.qos > .atMostOnce
      // A single QoS 0 message has no second chance: it is out, or it is not.
      let sendsMany = options.source == .inputLines || options.repeatCount > 1
      if options.connection.tls != nil { ProcessSettings.ignoreBrokenPipes() }
      let run = try ClientRun(
        options.connection, console, publisher, keepsSession: isHandshake
      ) { settings in
        if sendsMany { settings.topicAliasLimit = UInt16(clamping: options.topics.count) }
      }
      run.client.reconnects = isHandshake || sendsMany
      return run.run()
    } catch {
      console.say(error.description)
      return ExitStatus.failure
    }
  }
}

/// The work of `mqtt pub` on its connection.
final class Publisher: ClientBehaviour {
  /// Bytes that may wait for the socket before no more are made.
  private static let unsentLimit = 1 << 20
  /// Bytes of packets made in one tick before they are written.
  private static let tickLimit = 256 << 10

  private let options: PublishOptions
  private let payload: [UInt8]
  private var lines: LineInput?
  /// Whether standard input is watched, and whether it can be: a file is always ready.
  private var isWatching = false
  private var isWatchable = true

  /// One for each topic, made at each connection's CONNACK.
  private var forms: [MessageForm] = []
  /// The message under way has been published to so many topics.
  private var topicsDone = 0
  /// Messages, or repetitions, begun and finished.
  private var begun = 0
  /// The number of the next PUBLISH, for telling which topic a refusal was about.
  private var nextToken: UInt64 = 0
  private var repeatDeadline: Instant?
  private var isFinishing = false
  private var refusals = 0

  init(_ options: PublishOptions) throws(StartFailure) {
    self.options = options
    switch options.source {
    case .given(let bytes):
      payload = bytes
    case .empty:
      payload = []
    case .file(let path):
      guard let bytes = WholeFile.contents(path) else {
        throw StartFailure(description: "cannot read \(path): \(String(cString: strerror(errno)))")
      }
      payload = bytes
    case .input:
      guard let bytes = WholeFile.contents(of: STDIN_FILENO) else {
        throw StartFailure(
          description: "cannot read standard input: \(String(cString: strerror(errno)))")
      }
      payload = bytes
    case .inputLines:
      payload = []
      lines = LineInput(STDIN_FILENO)
    }
  }

  func handle(_ event: ClientEvent, _ run: ClientRun, now: Instant) {
    switch event {
    case .connected:
      makeForms(run, now: now)
    case .published(let token, let answer):
      if answer.reasonCode.isFailure { tellRefusal(token, answer, run) }
      if options.repeatDelaySeconds > 0 && run.client.session.unpublishedCount == 0 {
        startRepeatDelay(now: now)
      }
    case .authentication:
      run.console.say("the broker asks for another step of authentication, which pub cannot do")
      run.finish(Int32(ReasonCode.badAuthenticationMethod.rawValue), now: now)
    case .message, .subscribed, .unsubscribed, .pingAnswered, .ended:
      break
    }
  }

  func handleReady(_ descriptor: Int32, _ run: ClientRun, now: Instant) { readLines(run, now: now) }

  func handleSignal(_ run: ClientRun, now: Instant) {}

  var isBusy: Bool { false }

  func work(_ run: ClientRun, now: Instant) -> Instant? {
    guard run.client.session.phase == .connected, !isFinishing else {
      unwatch(run)
      return nil
    }
    do throws(RequestFault) {
      let deadline = try publish(run, now: now)
      if isDone && run.client.session.unpublishedCount == 0 {
        isFinishing = true
        unwatch(run)
        run.finish(now: now)
      }
      return deadline
    } catch {
      isFinishing = true
      run.finish(error, now: now)
      return nil
    }
  }

  /// Whether every message has been handed to the session.
  private var isDone: Bool {
    if topicsDone != 0 { return false }
    switch lines?.isAtEnd {
    case nil: return begun == options.repeatCount
    case true?: return noLineIsLeft
    case false?: return false
    }
  }

  private var noLineIsLeft = false

  private func makeForms(_ run: ClientRun, now: Instant) {
    do throws(RequestFault) {
      forms = []
      for topic in options.topics {
        forms.append(
          try run.client.session.form(
            topic: topic, qos: options.qos, isRetained: options.isRetained,
            properties: options.publishProperties))
      }
    } catch {
      isFinishing = true
      run.finish(error, now: now)
    }
  }

  /// Publishes as much as socket and window take; answers when to go on.
  private func publish(_ run: ClientRun, now: Instant) throws(RequestFault) -> Instant? {
    if lines != nil { return try publishLines(run, now: now) }
    let payload = payload
    while begun < options.repeatCount || topicsDone > 0 {
      if let repeatDeadline {
        if now < repeatDeadline { return repeatDeadline }
        self.repeatDeadline = nil
      }
      guard hasRoom(run) else { return isBlocked(run) ? nil : now }
      try publish(payload.span, run, now: now)
      if topicsDone == 0 {
        begun += 1
        guard options.repeatDelaySeconds > 0, begun < options.repeatCount else { continue }
        if options.qos == .atMostOnce {
          startRepeatDelay(now: now)
        } else {
          // The delay begins when the message is delivered.
          repeatDeadline = Instant(nanoseconds: .max)
          return nil
        }
      }
    }
    return nil
  }

  /// Sends the message under way to the next topic.
  private func publish(_ payload: Span<UInt8>, _ run: ClientRun, now: Instant) throws(RequestFault)
  {
    try run.client.session.publish(payload, as: forms[topicsDone], token: nextToken, now: now)
    nextToken += 1
    topicsDone = topicsDone + 1 == forms.count ? 0 : topicsDone + 1
  }

  private func startRepeatDelay(now: Instant) {
    if begun == options.repeatCount { return }
    repeatDeadline = now.advanced(
      byNanoseconds: Int64(min(options.repeatDelaySeconds, 9e9) * 1_000_000_000))
  }

  /// Whether socket and window take another message now.
  private func hasRoom(_ run: ClientRun) -> Bool {
    if options.qos > .atMostOnce && !run.client.session.canPublish { return false }
    return run.client.session.outputCount < Self.tickLimit
      && run.client.unsentBytes < Self.unsentLimit
  }

  /// Whether only an event of the connection can make room again.
  private func isBlocked(_ run: ClientRun) -> Bool {
    (options.qos > .atMostOnce && !run.client.session.canPublish)
      || run.client.unsentBytes >= Self.unsentLimit
  }

  private func tellRefusal(_ token: UInt64, _ answer: Acknowledgement, _ run: ClientRun) {
    let topic = options.topics[Int(token % UInt64(options.topics.count))]
    let code = answer.reasonCode
    var text = "the broker refused the message to \(topic): \(code.name) (\(code.hexadecimal))"
    if let reason = answer.properties.string(.reasonString) { text += ": \(reason)" }
    refusals += 1
    // The same words for each of a million lines help nobody.
    if refusals <= 10 { run.console.say(text) }
    if refusals == 10 { run.console.say("further refusals are not shown") }
    run.note(ExitStatus.refusal(code, of: .puback, version: run.client.session.version))
  }
}

// Lines of standard input.

extension Publisher {
  private func publishLines(_ run: ClientRun, now: Instant) throws(RequestFault) -> Instant? {
    while hasRoom(run) {
      switch lines?.nextLine() {
      case .complete(let count, let consumed)?:
        try lines?.withLine(count) { (line) throws(RequestFault) in
          try publish(line, run, now: now)
        }
        if topicsDone == 0 { lines?.consume(consumed) }
      case .incomplete?:
        if isWatchable {
          watch(run)
          return isWatchable ? nil : now
        }
        readLines(run, now: now)
      case .ended?, nil:
        noLineIsLeft = true
        return nil
      }
    }
    unwatch(run)
    return isBlocked(run) ? nil : now
  }

  private func readLines(_ run: ClientRun, now: Instant) {
    do throws(SystemError) {
      try lines?.read()
    } catch {
      run.console.say("\(error)")
      isFinishing = true
      run.finish(ExitStatus.failure, now: now)
    }
  }

  private func watch(_ run: ClientRun) {
    if isWatching || !isWatchable { return }
    do throws(SystemError) {
      try run.reactor.watch(STDIN_FILENO)
      isWatching = true
    } catch {
      // A plain file cannot be watched, and need not: it is always ready.
      isWatchable = false
    }
  }

  private func unwatch(_ run: ClientRun) {
    if !isWatching { return }
    run.reactor.unwatch(STDIN_FILENO)
    isWatching = false
  }
}
