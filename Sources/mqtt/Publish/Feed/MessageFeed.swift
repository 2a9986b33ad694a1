// Where `mqtt pub` takes its messages from. The publisher asks for the next one when socket and
// window have room, and only then, so that a feed of any length needs memory for one message. A feed
// decides what comes and when; topics, handshakes and the connection are the publisher's affair.
//
//   next --message--> published --> answered          the broker has it
//        --waits----> asked again then                time, or an answer, or input has to come first
//        --ended                                      no more messages, ever

import Basis
import Commands
import Glibc
import MQTTClient
import MQTTCodec

/// A message on its way to the broker: what the command line says, unless the feed says otherwise.
///
/// The memory of the payload is used again for the next one.
struct OutgoingMessage: ~Copyable {
  /// Nil is each of the topics of the command line.
  var topic: String?
  var payload = ByteBuffer()
  var qos = QoS.atMostOnce
  var isRetained = false
  var properties = Properties()
  /// The feed's own number for the message, which comes back with its answer.
  var number: UInt32 = 0
  /// When the message was recorded, in nanoseconds since 1970; nil when it was not.
  var recordedTime: Int64?
}

/// What a feed answers when it is asked for a message.
enum FeedStep: Equatable {
  /// The message stands in the slot.
  case message
  /// There is none before this moment; nil is not before an open message is answered.
  case waits(until: Instant?)
  /// There is none before ``MessageFeed/descriptor`` can be read.
  case waitsForInput
  /// There will be no more.
  case ended
}

/// What a feed that is stopped has not given.
enum FeedRemainder: Equatable {
  /// Nothing that anybody waits for: all is given, or it would have gone on for ever.
  case none
  case messages(Int)
  /// Whatever stands behind what has been read.
  case input
}

/// A source of messages.
protocol MessageFeed: AnyObject {
  /// Puts the next message into `message`, which holds the command line's choices and no payload.
  ///
  /// A feed may fill the slot early and answer ``FeedStep/waits(until:)``: it finds it again as it
  /// left it. After ``FeedStep/message`` the slot is emptied once the message is sent.
  func next(into message: inout OutgoingMessage, now: Instant) throws(StartFailure) -> FeedStep

  /// What is watched after ``FeedStep/waitsForInput``.
  var descriptor: Int32 { get }

  /// Reads: the descriptor is ready, or is a plain file, which always is.
  func read() throws(StartFailure)

  /// Says that the handshake of message `number` is over, as `answer` says how; at QoS 0 never.
  ///
  /// With several topics there is an answer for each. `isLast` is when nothing is open any more.
  func answered(
    _ number: UInt32, _ answer: Acknowledgement, isLast: Bool, now: Instant
  ) throws(StartFailure)

  /// Whether there will be no more messages, as far as the feed can tell without being asked.
  var isExhausted: Bool { get }

  /// What is left out when it ends here.
  var remainder: FeedRemainder { get }

  /// Whether messages may have a QoS above that of the command line.
  var choosesQoS: Bool { get }

  /// Whether a run of this feed sends many messages, so that a lost connection is made again even
  /// at QoS 0 and a signal ends it in good order.
  var isLong: Bool { get }
}

extension FeedRemainder {
  /// What is left of `--repeat`; without a count it goes on until it is interrupted.
  static func repetitions(_ options: PublishOptions, done: Int) -> FeedRemainder {
    if options.repeatCount == .max || options.repeatCount == done { return .none }
    return .messages(options.repeatCount - done)
  }
}

extension MessageFeed {
  var isExhausted: Bool { false }
  var choosesQoS: Bool { false }

  var descriptor: Int32 { -1 }

  func read() throws(StartFailure) {}

  func answered(
    _ number: UInt32, _ answer: Acknowledgement, isLast: Bool, now: Instant
  ) throws(StartFailure) {}
}

extension OutgoingMessage {
  /// Lends the payload.
  func withPayload<Failure: Error>(
    _ body: (Span<UInt8>) throws(Failure) -> Void
  ) throws(Failure) {
    try body(payload.span)
  }

  /// Puts back what the command line says and keeps the memory.
  mutating func reset(to options: PublishOptions) {
    topic = nil
    payload.clear()
    qos = options.qos
    isRetained = options.isRetained
    properties = options.publishProperties
    number = 0
    recordedTime = nil
  }
}
