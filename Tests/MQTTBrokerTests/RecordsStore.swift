// A store for tests that is a list of batches: it commits when it is told to, and a crash loses
// the rest. The engine is replaced in its world; clients connect again with new peers.

import Basis
import MQTTBroker
import MQTTCodec
import MQTTSession
import Testing

/// A Session Expiry Interval of 100 s.
let lasting = [Property(.sessionExpiryInterval, .fourByteInteger(100))]

final class RecordsStore {
  let world: World
  /// What the engine asked of the store.
  enum Work {
    case batch(RecordBatch)
    case page(PageRequest)

    var records: [Record] {
      switch self {
      case .batch(let batch): batch.records
      case .page: []
      }
    }
  }

  /// What is on disk, and what it amounts to.
  private(set) var committed: [RecordBatch] = []
  private(set) var state = RecordedState()
  /// What the engine asked for and has not heard of.
  var writing: [Work] = []
  /// Answers given since the start, of either kind.
  private(set) var answered = 0
  /// Whether pages cannot be read.
  var isUnreadable = false
  private let start: Instant

  init(_ change: (inout BrokerConfiguration) -> Void = { _ in }) {
    world = World {
      $0.keepsRecords = true
      change(&$0)
    }
    start = world.now
  }

  /// Takes the open batch and what pages are wanted; false when there is nothing to do.
  @discardableResult
  func take() -> Bool {
    let before = writing.count
    if let batch = world.broker.takeRecords() { writing.append(.batch(batch)) }
    while let request = world.broker.nextPageRequest() { writing.append(.page(request)) }
    return writing.count > before
  }

  /// Writes the oldest batch that was taken, or answers for a page.
  func finishOne() {
    answered += 1
    switch writing.removeFirst() {
    case .batch(let batch):
      committed.append(batch)
      for record in batch.records { state.apply(record) }
      world.broker.durable(batch.number, now: world.now)
    case .page(let request) where isUnreadable:
      world.broker.pageFailed(request, now: world.now)
    case .page(let request): world.broker.supply(state.page(request), now: world.now)
    }
    world.settle()
  }

  /// Writes everything, and what pages lead to.
  func commit() {
    var hasRead = true
    while hasRead {
      take()
      hasRead = false
      while !writing.isEmpty {
        if case .page = writing[0] { hasRead = true }
        finishOne()
      }
    }
  }

  /// Loses everything that was not committed, or not among the first `count` batches, and starts
  /// again some time later.
  func crash(keeping count: Int? = nil, seconds: Int = 0) {
    committed = Array(committed.prefix(count ?? committed.count))
    state = RecordedState(committed.flatMap(\.records))
    writing = []
    world.now = world.now.advanced(bySeconds: seconds)
    let passed = world.now.nanoseconds(since: start) / 1_000_000_000
    world.broker = Broker(
      world.broker.configuration, randomSeed: 8, now: world.now,
      wallClockSeconds: 1_700_000_000 + passed)
    world.closed = [:]
    let loaded = world.broker.load(state, now: world.now)
    #expect(loaded.orphans == 0, "whole batches leave nothing without its message or session")
    world.broker.advance(to: world.now)
    world.settle()
  }

  /// Damages the store while the engine is at work: it forgets records.
  func lose(_ isLost: (Record) -> Bool) {
    state = RecordedState(committed.flatMap(\.records).filter { !isLost($0) })
  }

  /// Connects a client; its CONNACK has left, and is there to be read.
  func client(
    _ identifier: String, cleanStart: Bool = false, will: Will? = nil,
    _ properties: [Property] = lasting
  ) -> Peer {
    let peer = Peer(silent: world)
    peer.send(
      .connect(
        Connect(
          version: .v5, clientIdentifier: identifier, cleanStart: cleanStart, keepAliveSeconds: 0,
          will: will, properties: Properties(properties))))
    commit()
    return peer
  }

  /// The same with a session that ends with its connection; nothing is committed for it.
  func passer(_ identifier: String) -> Peer { Peer(world, identifier) }

  /// A lasting session without connection that subscribes to `filter`.
  func absent(_ identifier: String, _ filter: String, _ qos: QoS = .exactlyOnce) {
    let peer = client(identifier)
    peer.subscribe(filter, qos)
    commit()
    peer.cut()
    commit()
  }

  /// All messages for a client, acknowledged, with all that needs a commit.
  func messages(of peer: Peer) -> [Publish] {
    var messages: [Publish] = []
    while true {
      commit()
      let before = answered
      let more = peer.messages()
      messages += more
      if more.isEmpty && !take() && answered == before { return messages }
    }
  }
}

extension Peer {
  func pubrel(_ identifier: UInt16) {
    send(.pubrel(Acknowledgement(packetIdentifier: id(identifier))))
  }
}

/// Types of packets, for short expectations.
func types(_ packets: [Packet]) -> [PacketType] { packets.map(\.type) }
