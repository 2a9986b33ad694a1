// Messages that were published lately, and how far each of their receivers has got them. Equal
// messages (one topic, one payload) are told apart by their order alone, and a capture may be nothing
// but equal messages: so each receiver has a cursor on the equal ones, behind which all are delivered,
// and no step looks at what has been dealt with.

import MQTTCodec

/// A message that came in, and who should get it.
struct Publication {
  struct Receiver {
    var session: Int
    var stream: Int
    /// The most that the broker may deliver: the lower of both QoS.
    var qos: QoS
    /// Subscriptions of the session that match; each may bring the message once.
    var expected: Int
    var delivered = 0
    /// The shared subscription by which it may get the message, instead of another member.
    var group: String?
    /// Whether it is connected to the very port that the message came to.
    ///
    /// Any other port may be another broker's, which owes it nothing.
    var isAtSamePort: Bool
  }

  var signature: UInt64
  /// Its beginning, for people.
  var topic: String
  var at: Waiting
  var stream: Int
  var client: String
  /// Ordered by session.
  var receivers: [Receiver]
  var isRefused = false
}

/// Who is subscribed to a topic.
struct DeliveryTarget {
  var session: Int
  var qos: QoS
  var count: Int
  var group: String?
  var noLocal: Bool
}

/// Messages that were published lately.
struct DeliveryTable {
  /// Topics whose targets are remembered, and targets of all of them.
  private static let topicLimit = 65_536
  private static let targetLimit = 1 << 20
  static let publicationLimit = 65_536
  /// Receivers of all publications.
  static let receiverLimit = 1 << 21

  /// Publications of one signature.
  private struct Equals {
    /// Their numbers, the oldest first, from `head` on.
    var numbers: [Int] = []
    var head = 0
    var cursors: [CursorKey: Cursor] = [:]
  }

  private struct CursorKey: Hashable {
    var session: Int
    var isAtSamePort: Bool
  }

  private struct Cursor {
    /// Publications with lower numbers are delivered, or not for this session.
    var next: Int
    /// The one that was delivered last.
    var last: Int
  }

  /// In the order of their coming; the front is at `head`.
  private var publications: [Publication?] = []
  private var head = 0
  /// The number of the first place.
  private var first = 0
  private var places: [UInt64: Int] = [:]
  private var equals: [Equals] = []
  private var freePlaces: [Int] = []
  private var receiverCount = 0
  /// Who is subscribed to a topic, by its signature.
  private var targets: [UInt64: [DeliveryTarget]] = [:]
  private var targetCount = 0

  // MARK: Targets

  func targets(of topic: UInt64) -> [DeliveryTarget]? { targets[topic] }

  mutating func forgetTargets() {
    if !targets.isEmpty { targets.removeAll(keepingCapacity: true) }
    targetCount = 0
  }

  mutating func keep(_ found: [DeliveryTarget], for topic: UInt64) {
    if targets.count >= Self.topicLimit || targetCount >= Self.targetLimit { forgetTargets() }
    targets[topic] = found
    targetCount += found.count
  }

  // MARK: Publications

  var count: Int { publications.count - head }

  /// Whether the oldest publication has to go before another one comes.
  var isFull: Bool {
    count >= Self.publicationLimit || (receiverCount >= Self.receiverLimit && count > 0)
  }

  mutating func append(_ publication: Publication) {
    let place: Int
    if let known = places[publication.signature] {
      place = known
    } else if let free = freePlaces.popLast() {
      place = free
    } else {
      place = equals.count
      equals.append(Equals())
    }
    places[publication.signature] = place
    equals[place].numbers.append(first + publications.count)
    receiverCount += publication.receivers.count
    publications.append(publication)
  }

  /// Takes out the oldest one.
  mutating func removeFirst() -> Publication? {
    guard head < publications.count, let publication = publications[head] else { return nil }
    publications[head] = nil
    head += 1
    receiverCount -= publication.receivers.count
    if let place = places[publication.signature] {
      equals[place].head += 1
      if equals[place].head == equals[place].numbers.count {
        equals[place] = Equals()
        places[publication.signature] = nil
        freePlaces.append(place)
      } else if equals[place].head > 1024, equals[place].head * 2 > equals[place].numbers.count {
        equals[place].numbers.removeFirst(equals[place].head)
        equals[place].head = 0
      }
    }
    if head > 4096, head * 2 > publications.count {
      publications.removeFirst(head)
      first += head
      head = 0
    }
    return publication
  }

  /// The broker has refused the message that came in this frame.
  mutating func refuse(_ signature: UInt64, _ frame: Int) {
    guard let place = places[signature] else { return }
    var index = Self.firstIndex(equals[place].head, equals[place].numbers.count) {
      (publications[equals[place].numbers[$0] - first]?.at.frame ?? 0) >= frame
    }
    while index < equals[place].numbers.count {
      let number = equals[place].numbers[index]
      if publications[number - first]?.at.frame != frame { return }
      publications[number - first]?.isRefused = true
      index += 1
    }
  }

  // MARK: Deliveries

  /// What a delivery is of.
  enum Delivery {
    /// No message that is known.
    case unknown
    /// A message, and whether it is the first time that this session gets it.
    case published(at: Waiting, isFirst: Bool)
    /// More often than it was published; the last time before.
    case surplus(topic: String, at: Waiting)
  }

  /// Counts a delivery to a session.
  mutating func deliver(_ signature: UInt64, to session: Int) -> Delivery {
    guard let place = places[signature] else { return .unknown }
    for isAtSamePort in [true, false] {
      let key = CursorKey(session: session, isAtSamePort: isAtSamePort)
      guard let (number, receiver) = advance(place, key) else { continue }
      let isFirst = publications[number - first]?.receivers[receiver].delivered == 0
      publications[number - first]?.receivers[receiver].delivered += 1
      guard let at = publications[number - first]?.at else { continue }
      return .published(at: at, isFirst: isFirst)
    }
    let last = [true, false].compactMap {
      equals[place].cursors[CursorKey(session: session, isAtSamePort: $0)]?.last
    }.max()
    guard let last, last >= first + head, let publication = publications[last - first] else {
      return .unknown
    }
    return .surplus(topic: publication.topic, at: publication.at)
  }

  /// Moves a cursor to the next publication that its session may still get.
  private mutating func advance(_ place: Int, _ key: CursorKey) -> (number: Int, receiver: Int)? {
    let known = equals[place].cursors[key]
    let start = known?.next ?? 0
    var index = Self.firstIndex(equals[place].head, equals[place].numbers.count) {
      equals[place].numbers[$0] >= start
    }
    while index < equals[place].numbers.count {
      let number = equals[place].numbers[index]
      if let receiver = open(number, key) {
        equals[place].cursors[key] = Cursor(next: number, last: number)
        return (number, receiver)
      }
      index += 1
    }
    // Only sessions that once had something to get are remembered.
    if let known {
      let next = first + publications.count
      equals[place].cursors[key] = Cursor(next: next, last: known.last)
    }
    return nil
  }

  /// The place among the receivers of a publication at which a session may still get it.
  private func open(_ number: Int, _ key: CursorKey) -> Int? {
    guard let receivers = publications[number - first]?.receivers else { return nil }
    var index = Self.firstIndex(0, receivers.count) { receivers[$0].session >= key.session }
    while index < receivers.count, receivers[index].session == key.session {
      let receiver = receivers[index]
      if receiver.isAtSamePort == key.isAtSamePort, receiver.delivered < receiver.expected {
        return index
      }
      index += 1
    }
    return nil
  }

  /// The first number from `low` on, below `high`, for which `isBehind` holds, else `high`; it holds
  /// for all that follow.
  private static func firstIndex(_ low: Int, _ high: Int, _ isBehind: (Int) -> Bool) -> Int {
    var (low, high) = (low, high)
    while low < high {
      let middle = low + (high - low) / 2
      if isBehind(middle) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
