// Messages as elements of a list in Redis, with the state of the session in one transaction. What was
// sent to Redis and has no answer yet is brought to its end first, whatever has come meanwhile, so
// that nothing is pushed twice.

import Basis
import ClientStorage
import MQTTClient
import MQTTCodec
import MQTTSession
import SQLite
import Transport

/// The list that `mqtt sub --redis` fills.
final class RedisSink: MessageSink {
  /// A transaction on its way.
  private struct Attempt {
    var elements: Int
    var bytes: Int
    var taken: Int
    var changes: UInt64
    var hasSubscriptions: Bool
  }

  private let session: RedisSession
  private let key: [UInt8]
  private var elements: [[UInt8]] = []
  private var takenCount = 0
  private var subscriptions: String?
  private var trouble = CommitTrouble()
  private var attempt: Attempt?
  private(set) var waitingByteCount = 0
  private(set) var settledEnd: UInt64 = 0

  init(_ session: RedisSession, key: String) {
    self.session = session
    self.key = Array(key.utf8)
  }

  var takenEnd: UInt64 { settledEnd + UInt64(elements.count) }

  func take(_ view: PublishView, _ run: ClientRun, now: Instant) {
    pass(view)
    var line = ByteBuffer()
    RecordedMessage(run.client.session.publish(view), receivedAt: WallClock.nanoseconds)
      .append(to: &line)
    // Without the line end.
    line.truncate(to: line.count - 1)
    waitingByteCount += line.count
    elements.append(line.bytes)
  }

  func pass(_ view: PublishView) {
    if view.qos > .atMostOnce { takenCount += 1 }
  }

  func granted(_ subscriptions: [Subscription]) {
    self.subscriptions = GrantedSubscriptions.text(subscriptions)
  }

  func settle(_ run: ClientRun, now: Instant) -> SinkProgress {
    if let instant = trouble.retryInstant, now < instant { return .going(until: instant) }
    do throws(StoreError) {
      if try session.finishPending() { conclude(run) }
      let changes = run.client.session.durableChanges
      if !elements.isEmpty || subscriptions != nil || run.client.storedChanges != changes {
        attempt = Attempt(
          elements: elements.count, bytes: waitingByteCount, taken: takenCount, changes: changes,
          hasSubscriptions: subscriptions != nil)
        let push = elements.isEmpty ? [] : [[Array("RPUSH".utf8), key] + elements]
        try session.transact(
          run.client.session.state(taking: takenCount), subscriptions: subscriptions, push)
        conclude(run)
      }
    } catch {
      return trouble.take(error, run.console, now: now)
    }
    trouble.end(run.console, session.place)
    return .going(until: nil)
  }

  /// The transaction is done.
  private func conclude(_ run: ClientRun) {
    guard let attempt else { return }
    self.attempt = nil
    settledEnd += UInt64(attempt.elements)
    elements.removeFirst(attempt.elements)
    waitingByteCount -= attempt.bytes
    takenCount -= attempt.taken
    if attempt.hasSubscriptions { subscriptions = nil }
    run.client.storedChanges = attempt.changes
  }
}
