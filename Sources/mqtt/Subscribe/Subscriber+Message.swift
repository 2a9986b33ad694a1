// A message on its way to its sink: passed over, removed from the broker, taken, and acknowledged
// once it is where it shall be.

import Basis
import Commands
import Glibc
import MQTTClient
import MQTTCodec
import MQTTSession
import Transport

extension Subscriber {
  /// Bytes that may wait before the broker is slowed down, and when it may go on.
  private static let pauseLimit = 1 << 20
  private static let resumeLimit = 1 << 18

  /// Takes a message; what comes after the end was decided stays unacknowledged with the broker.
  func take(_ view: PublishView, _ run: ClientRun, now: Instant) {
    messagesSincePing += 1
    if options.retainedOnly && !view.isRetained { return stop(ExitStatus.success, run) }
    let isWanted = isWanted(view, run, now: now)
    if isWanted && options.removesRetained && view.isRetained { remove(view, run) }
    if isWanted && !(options.hidesRetained && view.isRetained) && isPicked() {
      sink.take(view, run, now: now)
      takenCount += 1
      if takenCount == options.count || isLast(view, run) { stop(ExitStatus.success, run) }
    } else {
      sink.pass(view)
    }
    if view.qos > .atMostOnce { ends.append(sink.takenEnd) }
  }

  /// Brings messages to their place and acknowledges those that are there; answers when to go on.
  func settle(_ run: ClientRun, now: Instant) -> Instant? {
    var deadline: Instant?
    if !isSinkClosed {
      switch sink.settle(run, now: now) {
      case .going(let until): deadline = until
      case .closed(let reason):
        isSinkClosed = true
        if let reason { run.console.say(reason) }
        stop(ExitStatus.failure, run)
        isHurried = true
        run.note(ExitStatus.failure)
      }
    }
    acknowledge(run, now: now)
    if !isPaused && sink.waitingByteCount > Self.pauseLimit {
      isPaused = true
      run.client.pauseReading()
    } else if isPaused && sink.waitingByteCount < Self.resumeLimit {
      isPaused = false
      run.client.resumeReading(now: now)
    }
    return deadline
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
        stop(ExitStatus.failure, run)
        run.finish(error, now: now)
      }
    }
  }

  private func acknowledge(_ run: ClientRun, now: Instant) {
    var count = 0
    while endsStart < ends.count && ends[endsStart] <= sink.settledEnd {
      endsStart += 1
      count += 1
    }
    if endsStart == ends.count {
      ends.removeAll(keepingCapacity: true)
      endsStart = 0
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

  /// Whether the message is one of those that were asked for.
  private func isWanted(_ view: PublishView, _ run: ClientRun, now: Instant) -> Bool {
    if isFilteredOut(view, run.client.session) { return false }
    if let condition = options.condition,
      !condition.holds(for: run.client.session.publish(view))
    {
      return false
    }
    if options.showsChangesOnly && !changes.isChange(run.client.session.publish(view)) {
      return false
    }
    restartIdleTime(now: now)
    return true
  }

  /// Whether the message is the one that was waited for.
  private func isLast(_ view: PublishView, _ run: ClientRun) -> Bool {
    options.until?.holds(for: run.client.session.publish(view)) ?? false
  }

  private func isPicked() -> Bool {
    guard let percent = options.randomFilterPercent else { return true }
    return Double.random(in: 0..<100, using: &generator) < percent
  }

  private func remove(_ view: PublishView, _ run: ClientRun) {
    if view.payload.isEmpty { return }
    removalQueue.append(run.client.session.publish(view).topic)
  }
}
