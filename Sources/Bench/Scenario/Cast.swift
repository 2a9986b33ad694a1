// Who takes part in a scenario and who hears whom, as numbers: publishers and subscribers are each
// counted from zero. The expectations against which every delivery is held follow from this.

/// A set of publishers, as an arithmetic progression.
package struct PublisherSet: Equatable, Sendable {
  package var first: Int
  package var stride: Int
  package var count: Int

  /// Joins the parts.
  package init(first: Int, stride: Int = 1, count: Int) {
    self.first = first
    self.stride = stride
    self.count = count
  }

  /// The place of a publisher in the set; nil when it is not in it.
  @inlinable package func position(of publisher: Int) -> Int? {
    let distance = publisher &- first
    if distance < 0 { return nil }
    if stride == 1 { return distance < count ? distance : nil }
    let (position, rest) = distance.quotientAndRemainder(dividingBy: stride)
    return rest == 0 && position < count ? position : nil
  }
}

/// The clients of a scenario.
package struct Cast: Equatable, Sendable {
  package var publishers: Int
  package var subscribers: Int
  /// Connections that neither publish nor subscribe.
  package var idlers: Int
  /// Whether publisher i has subscriber i for itself.
  package var isPaired: Bool
  /// Whether the subscribers are members of one shared subscription.
  package var isShared: Bool
  /// Whether a subscriber answers each message to the publisher that asked.
  package var answers: Bool

  /// Everyone that the scenario needs.
  package init(_ scenario: Scenario) {
    publishers = 0
    subscribers = 0
    idlers = 0
    isPaired = false
    isShared = false
    answers = false
    switch scenario {
    case .connections(let count, _): idlers = count
    case .publish(let count): publishers = count
    case .subscribe(let count): subscribers = count
    case .exchange(let kind, let publishers, let subscribers):
      self.publishers = publishers
      self.subscribers = subscribers
      isPaired = kind == .pairs
      isShared = kind == .shared
    case .retained, .offline:
      publishers = 1
      subscribers = 1
    case .requests(let count):
      publishers = count
      subscribers = count
      isPaired = true
      answers = true
    }
  }

  /// Everyone.
  package var clientCount: Int { publishers + subscribers + idlers }

  /// Deliveries that one message makes.
  package var fanOut: Int {
    if subscribers == 0 || publishers == 0 { return 0 }
    return isPaired || isShared ? 1 : subscribers
  }

  /// The publishers that a subscriber hears.
  package func publishers(heardBy subscriber: Int) -> PublisherSet {
    isPaired
      ? PublisherSet(first: subscriber, count: 1) : PublisherSet(first: 0, count: publishers)
  }

  /// Subscribers that hear a publisher; of a shared subscription any one.
  package func subscribers(hearing publisher: Int) -> Range<Int> {
    isPaired ? publisher..<(publisher + 1) : 0..<subscribers
  }
}
