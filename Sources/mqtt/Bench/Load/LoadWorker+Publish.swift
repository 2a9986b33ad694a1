// Publishing. In a closed loop each publisher keeps its window full, and at QoS 0 the deliveries that
// are outstanding are bounded; in an open loop the schedule says what is due, and what the window
// or the socket holds up goes out later with the time at which it was due.

import Basis
import Bench
import MQTTCodec
import Synchronization
import Transport

extension LoadWorker {
  /// Bytes that one publisher hands over in a tick at most, and that may wait in its socket.
  private static let burstBytes = 65_536
  private static let unsentLimit = 262_144
  /// How long a closed loop waits for something to come before it goes on without it.
  private static let patienceNanoseconds: Int64 = 1_000_000_000

  /// Publishes what may go; says when to be called again at the latest.
  func publish(_ clock: Int64) -> Int64 {
    let start = progress.publishStart.load(ordering: .relaxed)
    let end = progress.publishEnd.load(ordering: .relaxed)
    if clock < start { return start }
    var deadline = clock < end ? end : Int64.max
    if settings.isOpenLoop { deadline = min(deadline, takeDue(clock, end)) }
    // What was due before the end is still sent after it: leaving it out would hide the waiting.
    if clock >= end && !(settings.isOpenLoop && owesMessages) {
      lookWhetherQuiet(isOver: true)
      return .max
    }
    if settings.cast.answers && !settings.isOpenLoop {
      deadline = min(deadline, giveUpUnanswered(clock))
    }
    var room = outstandingRoom(clock)
    swap(&sendable, &considered)
    for (position, place) in considered.enumerated() {
      if room <= 0 {
        // Those who had no room come first in the next tick.
        sendable.insert(contentsOf: considered[position...], at: 0)
        break
      }
      let client = clients[place]
      guard let publisher = client.publisher, client.state == .ready else {
        client.publisher?.isQueued = false
        continue
      }
      if publishSome(client, publisher, &room) {
        sendable.append(place)
      } else {
        publisher.isQueued = false
      }
    }
    considered.removeAll(keepingCapacity: true)
    if !sendable.isEmpty { deadline = min(deadline, room > 0 ? clock : clock + 500_000) }
    lookWhetherQuiet(isOver: false)
    return deadline
  }

  /// Whether messages of the schedule are due and not sent.
  private var owesMessages: Bool {
    publishers.contains { place in
      guard let publisher = clients[place].publisher, clients[place].state == .ready else {
        return false
      }
      return publisher.next < publisher.due
    }
  }

  /// Counts the messages of the schedule that are due; says when the next one is.
  private func takeDue(_ clock: Int64, _ end: Int64) -> Int64 {
    guard let rate = settings.ratePerSecond, !publishers.isEmpty else { return .max }
    let schedule = SendSchedule(
      startNanoseconds: progress.publishStart.load(ordering: .relaxed), ratePerSecond: rate,
      publishers: settings.cast.publishers)
    var misses = 0
    while misses < publishers.count {
      let client = clients[publishers[scheduled % publishers.count]]
      guard let publisher = client.publisher else { return .max }
      if publisher.due >= publisher.quota {
        misses += 1
        scheduled += 1
        continue
      }
      misses = 0
      let round = UInt64(scheduled / publishers.count)
      let due = schedule.nanoseconds(round, of: publisher.number)
      if due > clock { return due }
      if due >= end { return .max }
      publisher.due = round + 1
      scheduled += 1
      queue(client)
    }
    return .max
  }

  /// Deliveries, as messages, that may be made outstanding now; a closed loop's only bound at QoS 0.
  private func outstandingRoom(_ clock: Int64) -> Int {
    if settings.isOpenLoop || settings.outstandingLimit == 0 || settings.cast.fanOut == 0 {
      return .max
    }
    let fanOut = settings.cast.fanOut
    let delivered = progress.delivered.load(ordering: .relaxed)
    let outstanding = progress.sent.load(ordering: .relaxed) * fanOut - delivered - writtenOff
    let room = (settings.outstandingLimit - outstanding) / fanOut
    if room > 0 { return room / settings.threads + 1 }
    let last = max(progress.lastArrival.load(ordering: .relaxed), lastSending)
    if clock - last > Self.patienceNanoseconds {
      // What has not come within a second is taken for lost, so that the run goes on.
      writtenOff += outstanding
      tally.stalls += 1
      return max(1, settings.outstandingLimit / fanOut / settings.threads)
    }
    return 0
  }

  /// Gives up questions whose answers have not come within a second, so that the run goes on; says
  /// when to look again.
  private func giveUpUnanswered(_ clock: Int64) -> Int64 {
    var deadline = Int64.max
    for place in publishers {
      let client = clients[place]
      guard let publisher = client.publisher, client.state == .ready, publisher.unanswered > 0
      else { continue }
      let end = publisher.lastExchange + Self.patienceNanoseconds
      if clock < end {
        deadline = min(deadline, end)
        continue
      }
      tally.stalls += 1
      publisher.forgetUnanswered()
      queue(client)
    }
    return deadline
  }

  /// Publishes one client's share of the tick; true when it could go on.
  private func publishSome(
    _ client: LoadClient, _ publisher: PublisherPart, _ room: inout Int
  ) -> Bool {
    let burst = max(1, Self.burstBytes / publisher.packet.size)
    var left = Int(clamping: publisher.quota - publisher.next)
    if settings.isOpenLoop { left = min(left, Int(clamping: publisher.due - publisher.next)) }
    if left == 0 {
      publisher.isHeldUp = false
      return false
    }
    if settings.cast.answers && !settings.isOpenLoop {
      left = min(left, settings.window - publisher.unanswered)
    }
    if settings.publishQoS != .atMostOnce { left = min(left, publisher.flight.room) }
    let isBlocked =
      reactor.isBlocked(client.link) && reactor.unsentBytes(client.link) > Self.unsentLimit
    if left <= 0 || isBlocked {
      publisher.isHeldUp = true
      return false
    }
    let count = min(left, burst, room)
    room -= count
    send(count, client, publisher)
    return count < left
  }

  private func send(_ count: Int, _ client: LoadClient, _ publisher: PublisherPart) {
    let clock = MonotonicClock.now.nanoseconds
    let measureStart = progress.measureStart.load(ordering: .relaxed)
    var schedule: SendSchedule?
    if let rate = settings.ratePerSecond {
      schedule = SendSchedule(
        startNanoseconds: progress.publishStart.load(ordering: .relaxed), ratePerSecond: rate,
        publishers: settings.cast.publishers)
    }
    touch(client)
    for _ in 0..<count {
      let time = schedule?.nanoseconds(publisher.next, of: publisher.number) ?? clock
      if schedule != nil && !publisher.isHeldUp && time >= measureStart {
        lateness.record(clock - time)
      }
      let stamp = MessageStamp(
        run: settings.run, publisher: UInt32(publisher.number), sequence: publisher.next,
        nanoseconds: time)
      if publisher.packet.variesByMessage { fillIn(client, publisher) }
      let identifier =
        settings.publishQoS == .atMostOnce ? 0 : publisher.flight.add(nanoseconds: time)
      publisher.packet.append(stamp, identifier: identifier, to: &client.outbox)
      publisher.next += 1
      if time >= measureStart { measuredSent += 1 }
    }
    if settings.isOpenLoop && publisher.next == publisher.due { publisher.isHeldUp = false }
    tally.sent += UInt64(count)
    second?.sent += UInt64(count)
    lastSending = clock
    publisher.lastExchange = clock
  }

  private func fillIn(_ client: LoadClient, _ publisher: PublisherPart) {
    var values = settings.values(client.index)
    values.message = publisher.next
    values.random = nextRandom()
    values.wallNanoseconds = WallClock.nanoseconds
    publisher.packet.prepare(values)
  }

  /// Finds out whether this worker has nothing left to publish and nothing unacknowledged.
  private func lookWhetherQuiet(isOver: Bool) {
    if isQuiet { return }
    for place in publishers {
      let client = clients[place]
      guard let publisher = client.publisher, client.state == .ready else { continue }
      if !isOver && publisher.next < publisher.quota { return }
      if publisher.flight.count > 0 { return }
    }
    isQuiet = true
  }

  /// Removes the retained messages that this run has left; says when to be called again.
  func clear() -> Int64 {
    if isCleared { return .max }
    isCleared = true
    for place in publishers {
      let client = clients[place]
      guard let publisher = client.publisher, client.state == .ready else { continue }
      var values = settings.values(client.index)
      while publisher.cleared < publisher.next, client.outbox.count < Self.burstBytes,
        reactor.unsentBytes(client.link) < Self.unsentLimit
      {
        values.message = publisher.cleared
        touch(client)
        publisher.packet.appendClearing(values, to: &client.outbox)
        publisher.cleared += 1
      }
      if publisher.cleared < publisher.next { isCleared = false }
    }
    if isCleared { progress.clearedWorkers.add(1, ordering: .sequentiallyConsistent) }
    return isCleared ? .max : MonotonicClock.now.nanoseconds + 100_000
  }
}
