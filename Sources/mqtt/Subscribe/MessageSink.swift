// Where the messages of `mqtt sub` go. A sink takes them in their order and says, in a measure of
// its own that only grows - bytes, rows -, how far they have come: a message is acknowledged once
// the sink has settled what it had taken with that message.

import Basis
import MQTTCodec
import MQTTSession
import Transport

/// What became of an attempt to settle what a sink has taken.
enum SinkProgress {
  /// It goes on, at this instant at the latest; nil when only events bring it further.
  case going(until: Instant?)
  /// It takes nothing more, for this reason; nil when that is no news to anybody.
  case closed(reason: String?)
}

/// A place for messages.
protocol MessageSink: AnyObject {
  /// Takes a message; its bytes can be read in the session of `run` until this returns.
  func take(_ view: PublishView, _ run: ClientRun, now: Instant)
  /// Hears of a message that is not for it, and will be acknowledged in its turn all the same.
  func pass(_ view: PublishView)
  /// Hears which subscriptions the broker has granted.
  func granted(_ subscriptions: [Subscription])
  /// Where everything taken so far ends.
  var takenEnd: UInt64 { get }
  /// Everything before this is where it shall be.
  var settledEnd: UInt64 { get }
  /// Bytes that wait in memory; much of it slows down the broker.
  var waitingByteCount: Int { get }
  /// Brings what was taken to its place, as far as that goes; called in each tick.
  func settle(_ run: ClientRun, now: Instant) -> SinkProgress
  /// Takes the news that nothing will come any more.
  func end(_ run: ClientRun, now: Instant)
  /// Takes the news that a descriptor that it watches is ready.
  func handleReady(_ descriptor: Int32, _ run: ClientRun, now: Instant)
}

extension MessageSink {
  func end(_ run: ClientRun, now: Instant) {}
  func pass(_ view: PublishView) {}
  func granted(_ subscriptions: [Subscription]) {}
  func handleReady(_ descriptor: Int32, _ run: ClientRun, now: Instant) {}
}
