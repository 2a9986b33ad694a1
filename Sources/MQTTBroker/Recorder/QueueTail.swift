// The part of a long queue that is only in the store. In memory a queue is a window, and behind it
// a tail of which no more is known than how long it is:
//
//   sent, not acknowledged      window               tail
//   SenderFlow                  DeliveryQueue        QueueTail: counts; entries on disk
//   ------------------------    -----------------    ------------------------------------
//   rising positions  ->                          |  after ...                   last  ->
//
// An entry enters the tail when it is queued while the window is full or a tail exists, so that the
// order holds. It leaves the tail with a page (Broker+Page), because its time is over or another
// member of its group gets it (Broker+Sweep), or with its session. QoS 0 is never recorded, and so
// stays in the window, and goes before the tail: only messages of one QoS have an order.
// [MQTT-4.6.0-6]

import Basis

/// The part of one queue that is only in the store; never empty while a session has one.
final class QueueTail {
  /// The number of its session in the store.
  let session: UInt64
  /// Its entries are behind this position, up to and with `last`.
  var after: UInt64
  var last: UInt64
  var count: Int
  var byteCount: Int
  /// Retained messages for a new subscription among its entries, or more than there still are; they
  /// do not count against the limit of the queue.
  var replayedCount = 0
  /// Whether an entry was taken from a shared group; true where that is not known.
  var mayHaveGroups: Bool
  /// Whether its session stands in the line of those that want a page.
  var isWaiting = false
  /// The request that will fill the window; zero is none.
  var request: UInt64 = 0
  /// How far the walk over all its entries came; nil when none is under way.
  var sweptTo: UInt64?
  /// Whether that walk gives to other members of groups what they can have.
  var handsOver = false
  /// Whether the walk met an entry of a shared group, or one was added since it began.
  var sweptGroups = false
  /// The earliest expiry that the walk met.
  var sweptExpiry = Message.never

  init(
    session: UInt64, after: UInt64, last: UInt64 = 0, count: Int = 0, byteCount: Int = 0,
    mayHaveGroups: Bool = false
  ) {
    self.session = session
    self.after = after
    self.last = last
    self.count = count
    self.byteCount = byteCount
    self.mayHaveGroups = mayHaveGroups
  }
}

/// All tails together, and what was asked of the store.
struct Paging {
  /// Pages that may be under way at once, so that many clients that come back together do not
  /// bring all their windows into memory before one of them is used.
  static let requestLimit = 16
  /// Entries that are looked at or removed at a time in the background.
  static let sliceLimit = 500
  /// After a page could not be read.
  static let retrySeconds = 1

  /// Who needs which message on disk.
  var messages = MessageReferences()
  /// Messages that a tail needs and that are in memory too, by their numbers.
  var bodies: [UInt64: Slot<Message>] = [:]
  /// Sessions with a tail, by their numbers.
  var owners: [UInt64: SlotIdentifier<Session>] = [:]
  /// Tails of sessions that are gone; the last one is being removed.
  var removed: [QueueTail] = []
  /// Sessions that want a page, in the order in which they came to want it.
  var waiting = SlotQueue<Session>()
  /// Sessions whose tail is walked over.
  var sweeping = SlotQueue<Session>()
  private(set) var lastRequest: UInt64 = 0
  /// Requests for windows that were not answered.
  var requestCount = 0
  /// The request for a slice of the first sweep or removal; zero is none.
  var backgroundRequest: UInt64 = 0
  /// Whether the store could not read, so that it is left alone for a while.
  var isPaused = false

  mutating func takeRequest() -> UInt64 {
    lastRequest += 1
    return lastRequest
  }
}
