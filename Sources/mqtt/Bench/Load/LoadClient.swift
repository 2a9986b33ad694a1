// One connection of a load generator, made to be small and cheap: a few numbers, and memory for
// publishing or subscribing only where that is what it does. Exclusive access to what each message
// touches is not checked: a client belongs to the thread of its worker, and the checks were a
// quarter of the generator's time. The packets around the messages are
// the codec's; only PUBLISH and its acknowledgements have a lean way of their own.
//
//   idle -> connecting -> awaitingConnack -> [awaitingSuback ->] ready -> leaving -> ended
//             CONNECT is sent when the connection stands

import Basis
import Bench
import MQTTSession
import Transport

final class LoadClient {
  enum State {
    case idle, connecting, awaitingConnack, awaitingSuback, ready, leaving, ended
  }

  /// Its number among all clients of the run.
  let index: Int
  @exclusivity(unchecked) var state = State.idle
  @exclusivity(unchecked) var link = LinkID.none
  /// When the step of the moment began.
  var stepStart: Int64 = 0
  var lastSent: Int64 = 0
  /// The beginning of a packet whose end has not come.
  @exclusivity(unchecked) var inbox = ByteBuffer()
  /// Packets for the end of the tick.
  @exclusivity(unchecked) var outbox = ByteBuffer()
  @exclusivity(unchecked) var isDirty = false
  /// Whether the connection is taken up again with its session.
  var resumesSession = false
  /// Whether it connects once more to end the session that it has left with the broker.
  var endsSession = false
  @exclusivity(unchecked) var publisher: PublisherPart?
  @exclusivity(unchecked) var subscriber: SubscriberPart?

  init(index: Int) { self.index = index }
}

/// What a publishing client knows.
final class PublisherPart {
  /// Its number among the publishers.
  let number: Int
  /// Messages that it is to send at most.
  let quota: UInt64
  let packet: PublishPacket
  @exclusivity(unchecked) var next: UInt64 = 0
  /// Messages of the schedule whose time has come.
  @exclusivity(unchecked) var due: UInt64 = 0
  /// Whether messages wait because the broker takes no more.
  @exclusivity(unchecked) var isHeldUp = false
  /// Whether it is in the worker's list of those who may be able to send.
  @exclusivity(unchecked) var isQueued = false
  @exclusivity(unchecked) var flight: FlightTable
  /// Retained messages that have been removed again.
  var cleared: UInt64 = 0
  /// In a publisher that asks: the first question that is still waited for, and how many of those
  /// from there on have been answered.
  @exclusivity(unchecked) var firstAwaited: UInt64 = 0
  @exclusivity(unchecked) var answered: UInt64 = 0
  /// When the last of these was asked or answered.
  @exclusivity(unchecked) var lastExchange: Int64 = 0

  /// Questions without an answer, those left out that were given up.
  var unanswered: Int { Int(clamping: next - firstAwaited) - Int(clamping: answered) }

  /// Gives up what has not been answered, so that others may be asked.
  func forgetUnanswered() {
    firstAwaited = next
    answered = 0
  }

  init(number: Int, quota: UInt64, packet: PublishPacket, window: Int) {
    self.number = number
    self.quota = quota
    self.packet = packet
    flight = FlightTable(window: window)
  }
}

/// What a subscribing client knows.
final class SubscriberPart {
  let filter: String
  let heard: PublisherSet
  @exclusivity(unchecked) var trackers: [SequenceTracker]
  /// In the place of trackers, where messages are shared among many or have no order.
  let group: SharedSequences?
  /// QoS 2 messages that have not been released.
  @exclusivity(unchecked) var held = ReceiverFlow()
  /// Where answers go, in a client that answers.
  @exclusivity(unchecked) var answer: PublishPacket?
  @exclusivity(unchecked) var answerIdentifier: UInt16 = 0
  /// Runs and publishers that are not ours, by their marks.
  var strangers: [UInt64: Int] = [:]
  /// Messages taken, duplicates included.
  @exclusivity(unchecked) var received: UInt64 = 0
  /// Whether it connects only after the publishing is over.
  @exclusivity(unchecked) var isLate = false
  /// When SUBSCRIBE or the second CONNECT went out, for those.
  var wantedAt: Int64 = 0
  @exclusivity(unchecked) var firstArrival: Int64 = 0
  @exclusivity(unchecked) var lastArrival: Int64 = 0

  init(filter: String, heard: PublisherSet, group: SharedSequences?) {
    self.filter = filter
    self.heard = heard
    self.group = group
    trackers = group == nil ? Array(repeating: SequenceTracker(), count: heard.count) : []
  }
}

/// The numbers that the members of a shared subscription have got together.
final class SharedSequences {
  @exclusivity(unchecked) var sets: [SequenceSet]

  init(publishers: Int) { sets = Array(repeating: SequenceSet(), count: publishers) }
}
