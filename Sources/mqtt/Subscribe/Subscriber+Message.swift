// A message on its way to standard output: passed over, removed from the broker, printed, and
// acknowledged once its line is written.

import Commands
import Glibc
import MQTTClient
import MQTTCodec
import MQTTSession
import Transport

extension Subscriber {
  /// Bytes of lines that may wait before the broker is slowed down, and when it may go on.
  private static let pauseLimit = 1 << 20
  private static let resumeLimit = 1 << 18

  /// Takes a message; what comes after the end was decided stays unacknowledged with the broker.
  func take(_ view: PublishView, _ run: ClientRun, now: Instant) {
    messagesSincePing += 1
    if !isTaking { return }
    if options.retainedOnly && !view.isRetained { return stop(ExitStatus.success) }
    if !isFilteredOut(view, run.client.session) {
      if options.removesRetained && view.isRetained { remove(view, run) }
      if !(options.hidesRetained && view.isRetained) && isPicked() {
        print(view, run)
        if printedCount == options.count { stop(ExitStatus.success) }
      }
    }
    if view.qos > .atMostOnce { lineEnds.append(output.endOffset) }
  }

  /// Writes lines and acknowledges the messages whose lines are out.
  func writeLines(_ run: ClientRun, now: Instant) {
    if !isOutputClosed {
      switch output.write() {
      case .done: watchOutput(false, run)
      case .blocked: watchOutput(true, run)
      case .failed(let error):
        isOutputClosed = true
        watchOutput(false, run)
        // A reader that has had enough is no news; a full disk is.
        if error.code != EPIPE { run.console.say("\(error)") }
        stop(ExitStatus.failure)
        isHurried = true
        run.note(ExitStatus.failure)
      }
    }
    acknowledge(run, now: now)
    if !isPaused && output.buffer.count > Self.pauseLimit {
      isPaused = true
      run.client.pauseReading()
    } else if isPaused && output.buffer.count < Self.resumeLimit {
      isPaused = false
      run.client.resumeReading(now: now)
    }
  }

  /// Publishes what removes retained messages, as far as the window goes.
  func removeMore(_ run: ClientRun, now: Instant) {
    while !removalQueue.isEmpty && run.client.session.canPublish {
      let topic = removalQueue.removeFirst()
      do throws(RequestFault) {
        let form = try run.client.session.form(topic: topic, qos: .atLeastOnce, isRetained: true)
        let nothing: [UInt8] = []
        try run.client.session.publish(nothing.span, as: form, token: 0, now: now)
        removals += 1
      } catch {
        removalQueue = []
        stop(ExitStatus.failure)
        run.finish(error, now: now)
      }
    }
  }

  private func acknowledge(_ run: ClientRun, now: Instant) {
    var count = 0
    while lineEndsStart < lineEnds.count && lineEnds[lineEndsStart] <= output.writtenCount {
      lineEndsStart += 1
      count += 1
    }
    if lineEndsStart == lineEnds.count {
      lineEnds.removeAll(keepingCapacity: true)
      lineEndsStart = 0
    }
    if count > 0 { run.client.session.acknowledge(count, now: now) }
  }

  private func isFilteredOut(_ view: PublishView, _ session: borrowing ClientSession) -> Bool {
    for filter in filterOut
    where Topic.matches(filter: filter.span, name: session.topic(of: view)) {
      return true
    }
    return false
  }

  private func isPicked() -> Bool {
    guard let percent = options.randomFilterPercent else { return true }
    return Double.random(in: 0..<100, using: &generator) < percent
  }

  private func print(_ view: PublishView, _ run: ClientRun) {
    let now = WallClock.nanoseconds
    let time = WallTime(
      seconds: Int(now / 1_000_000_000), nanoseconds: Int(now % 1_000_000_000))
    let fault = options.format.append(
      run.client.session.publish(view), receivedAt: time, to: &output.buffer)
    if let fault { run.console.say(fault.description) }
    printedCount += 1
  }

  private func remove(_ view: PublishView, _ run: ClientRun) {
    if view.payload.isEmpty { return }
    removalQueue.append(run.client.session.publish(view).topic)
  }

  /// Asks to be told when the reader takes something again.
  private func watchOutput(_ wanted: Bool, _ run: ClientRun) {
    if wanted == isWatchingOutput { return }
    if !wanted {
      run.reactor.unwatch(STDOUT_FILENO)
      isWatchingOutput = false
      return
    }
    do throws(SystemError) {
      try run.reactor.watch(STDOUT_FILENO, forWriting: true)
      isWatchingOutput = true
    } catch {
      run.console.say("\(error)")
      stop(ExitStatus.failure)
      isHurried = true
    }
  }
}
