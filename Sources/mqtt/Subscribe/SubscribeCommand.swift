// `mqtt sub`: subscribes and hands what arrives to a sink, such as the lines of standard output,
// until it is told to stop: by a count, a time, a signal, the end of the retained messages, or a
// reader that is gone.
//
//   message --> passed over? --> taken by the sink --> settled there --> acknowledged
//
// A message is acknowledged only when its sink has settled it: what was not printed stays with the
// broker. A connection that is lost is made again; the session is taken up where it was, and only
// a broker that has lost it is asked for the subscriptions anew.

import Basis
import Commands
import Glibc
import MQTTClient
import MQTTCodec
import MQTTSession
import Text
import Transport

/// The runner of `mqtt sub`.
enum SubscribeCommand {
  /// Subscribes as `options` say; returns the exit status.
  static func run(_ options: SubscribeOptions) -> Int32 {
    let console = ClientConsole("mqtt sub", options.connection)
    ProcessSettings.ignoreBrokenPipes()
    if let store = options.store { return run(options, into: store, console) }
    do throws(StartFailure) {
      let deadline = CommandDeadline(seconds: options.timeoutSeconds)
      let subscriber = Subscriber(options, into: try sink(options))
      let hasHandshake = options.subscriptions.contains { $0.options.qos > .atMostOnce }
      let run = try ClientRun(
        options.connection, console, subscriber, keepsSession: hasHandshake
      ) { settings in
        settings.acknowledging = .whenTold
      }
      try run.catchSignals()
      run.deadline = deadline
      run.client.reconnects = true
      run.client.givesUpOnLosses = true
      return run.run()
    } catch {
      console.say(error.description)
      return error.status
    }
  }
}

extension SubscribeCommand {
  /// Where the messages go, unless into a database.
  private static func sink(_ options: SubscribeOptions) throws(StartFailure) -> any MessageSink {
    switch options.destination {
    case .lines: LineSink(.format(options.format))
    case .json: LineSink(.recording)
    case .recording(let path): try LineSink(recording: path)
    case .table: TopicTableSink()
    }
  }
}

/// The work of `mqtt sub` on its connection.
final class Subscriber: ClientBehaviour {

  let options: SubscribeOptions
  /// Filters of -T, as bytes.
  let filterOut: [[UInt8]]
  let sink: any MessageSink
  var isSinkClosed = false
  var hasSinkEnded = false
  /// For each message above QoS 0 in its order: where it ends in the sink.
  var ends: [UInt64] = []
  var endsStart = 0
  var isPaused = false
  var generator = SystemRandomNumberGenerator()

  /// Whether messages are still taken.
  var isTaking = true
  var takenCount = 0
  var endsWith: Int32?
  /// Whether the end does not wait for a reader that takes nothing.
  var isHurried = false
  var isInterrupted = false
  /// When it has been silent for too long.
  var idleDeadline: Instant?
  var changes = LastMessages()

  /// Whether the broker has answered the subscriptions of this session.
  var isSubscribed = false
  var hasRetainedPing = false
  var messagesSincePing = 0
  var removals = 0
  /// Messages to remove that the window has no room for yet.
  var removalQueue: [String] = []

  init(_ options: SubscribeOptions, into sink: any MessageSink) {
    self.options = options
    self.sink = sink
    filterOut = options.filterOut.map { Array($0.utf8) }
  }

  func handle(_ event: ClientEvent, _ run: ClientRun, now: Instant) {
    switch event {
    case .connected(let connack):
      if !connack.isSessionPresent { isSubscribed = false }
      if !isSubscribed { subscribe(run, now: now) }
    case .subscribed(let suback):
      take(suback, run, now: now)
    case .unsubscribed(let unsuback):
      take(unsuback, run, now: now)
    case .message(let view):
      take(view, run, now: now)
    case .published(_, let answer):
      removals -= 1
      if answer.reasonCode.isFailure {
        let code = answer.reasonCode
        run.console.say(
          "the broker does not remove a retained message: \(code.name) (\(code.hexadecimal))")
        run.note(ExitStatus.refusal(code, of: .puback, version: run.client.session.version))
      }
    case .pingAnswered:
      endOfRetained(run, now: now)
    case .authentication:
      run.console.say("the broker asks for another step of authentication, which sub cannot do")
      stop(Int32(ReasonCode.badAuthenticationMethod.rawValue), run)
    case .ended:
      break
    }
  }

  func handleReady(_ descriptor: Int32, _ run: ClientRun, now: Instant) {
    sink.handleReady(descriptor, run, now: now)
  }

  func handleSignal(_ run: ClientRun, now: Instant) {
    if isTaking, let undone { run.cutShort(undone) }
    stop(ExitStatus.success, run)
    isHurried = true
    isInterrupted = true
  }

  func handleTimeout(_ run: ClientRun, now: Instant) {
    if isTaking {
      run.console.say("timed out")
      stop(ExitStatus.timedOut, run)
    }
    isHurried = true
  }

  /// What was asked for and has not come, in words; nil where it would not end by itself.
  private var undone: String? {
    if let count = options.count {
      return "\(takenCount) of \(Counted.text(count, "message")) came"
    }
    if options.until != nil { return "the message of --until has not come" }
    if options.retainedOnly { return "the retained messages have not all come" }
    if options.exitsAfterSuback { return "the broker has not answered everything" }
    return nil
  }

  /// Says what a reader that takes nothing has not got, and what the broker keeps.
  private func tellUnfinished(_ run: ClientRun) {
    if !isSettled && !isSinkClosed { run.cutShort("what came last is not written") }
    let count = removals + removalQueue.count
    if count > 0 { run.cutShort("\(Counted.text(count, "retained message")) not removed") }
  }

  func work(_ run: ClientRun, now: Instant) -> Instant? {
    if run.client.phase == .leaving || run.client.phase == .finished {
      let deadline = settle(run, now: now)
      if !hasSinkEnded { sink.end(run, now: now) }
      hasSinkEnded = true
      return deadline
    }
    if let idleDeadline, now >= idleDeadline { stop(ExitStatus.success, run) }
    removeMore(run, now: now)
    let sinkDeadline = settle(run, now: now)
    if let endsWith, isHurried || isFlushed(run) {
      if isInterrupted { tellUnfinished(run) }
      run.finish(endsWith, now: now)
    }
    if !isTaking { return sinkDeadline }
    return [idleDeadline, sinkDeadline].compactMap(\.self).min()
  }

  /// Silence begins now.
  func restartIdleTime(now: Instant) {
    if let seconds = options.idleSeconds {
      idleDeadline = now.advanced(bySeconds: seconds)
    }
  }

  /// What was taken is brought to its place even if the connection has failed.
  var isBusy: Bool { !isSettled && !isHurried && !isSinkClosed }

  private var isSettled: Bool { sink.settledEnd == sink.takenEnd }

  /// Takes no more messages and ends once everything printed is written and acknowledged.
  func stop(_ status: Int32, _ run: ClientRun) {
    isTaking = false
    run.client.session.leavesMessages = true
    if endsWith == nil { endsWith = status }
  }

  /// Whether nothing of what was taken is still on its way.
  func isFlushed(_ run: ClientRun) -> Bool {
    if run.client.session.phase != .connected { return isSettled }
    return isSettled && removals == 0 && removalQueue.isEmpty
  }
}

// Subscribing.

extension Subscriber {
  func subscribe(_ run: ClientRun, now: Instant) {
    do throws(RequestFault) {
      if options.subscriptions.isEmpty {
        try unsubscribe(run, now: now)
      } else {
        _ = try run.client.session.subscribe(
          options.subscriptions, properties: options.subscribeProperties, now: now)
        if !options.unsubscribe.isEmpty { try unsubscribe(run, now: now) }
      }
    } catch {
      stop(ExitStatus.failure, run)
      run.finish(error, now: now)
    }
  }

  func unsubscribe(_ run: ClientRun, now: Instant) throws(RequestFault) {
    _ = try run.client.session.unsubscribe(
      options.unsubscribe, properties: options.unsubscribeProperties, now: now)
  }

  func take(_ suback: Suback, _ run: ClientRun, now: Instant) {
    isSubscribed = true
    // From here on it waits for however long the broker is in trouble.
    run.client.givesUpOnLosses = false
    restartIdleTime(now: now)
    let granted = zip(options.subscriptions, suback.reasonCodes).filter { !$0.1.isFailure }
    sink.granted(granted.map { $0.0 })
    let version = run.client.session.version
    var refusedCount = 0
    for (subscription, code) in zip(options.subscriptions, suback.reasonCodes)
    where code.isFailure {
      refusedCount += 1
      var text = "the broker refused the subscription to \(subscription.filter)"
      // Before 5.0 there is one code for every failure: it says that, and not why.
      if version == .v5 { text += ": \(code.name) (\(code.hexadecimal))" }
      if let reason = suback.properties.string(.reasonString) { text += ": \(reason)" }
      run.console.say(text)
      run.note(ExitStatus.refusal(code, of: .suback, version: version))
    }
    if refusedCount == suback.reasonCodes.count {
      stop(ExitStatus.success, run)
    } else if options.exitsAfterSuback && options.unsubscribe.isEmpty {
      stop(ExitStatus.success, run)
    } else if options.retainedOnly {
      run.client.session.ping(now: now)
      hasRetainedPing = true
      messagesSincePing = 0
    }
  }

  func take(_ unsuback: Unsuback, _ run: ClientRun, now: Instant) {
    for (filter, code) in zip(options.unsubscribe, unsuback.reasonCodes) where code.isFailure {
      run.console.say(
        "the broker refused to unsubscribe \(filter): \(code.name) (\(code.hexadecimal))")
      run.note(ExitStatus.refusal(code, of: .unsuback, version: run.client.session.version))
    }
    if options.exitsAfterSuback { stop(ExitStatus.success, run) }
  }

  /// The retained messages stand in front of PINGRESP, as far as windows let them; a round trip
  /// that brings none means that there are no more.
  func endOfRetained(_ run: ClientRun, now: Instant) {
    guard options.retainedOnly, hasRetainedPing, isTaking else { return }
    if messagesSincePing == 0 { return stop(ExitStatus.success, run) }
    messagesSincePing = 0
    run.client.session.ping(now: now)
  }
}
