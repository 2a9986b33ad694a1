// A thread of the load generator: one reactor and its share of the clients. In each tick it takes
// what has come, publishes what may go, and hands each client's bytes over once, so that thousands
// of messages cost a handful of system calls.
//
//   tick -> events: connecting, packets in          LoadWorker+Connect, LoadWorker+Receive
//        -> the step of the run: who connects now   LoadWorker+Connect
//        -> publishing                              LoadWorker+Publish
//        -> outboxes to the reactor, counters to the conductor
//
// It decides nothing about the run: the conductor moves `progress.step`, the worker follows. Until
// the thread has ended nobody else looks at a worker, so exclusive access to what each message
// touches is not checked at run time.

import Basis
import Bench
import MQTTCodec
import Synchronization
import Transport

final class LoadWorker: ReactorDelegate {
  let settings: LoadSettings
  let progress: LoadProgress
  let reactor: Reactor
  /// Most bytes of a packet that a broker may send us; here it is looked up once.
  let packetSizeLimit = FixedHeader.longestPacket
  /// The reactor's owner of a link is one more than the place in here.
  @exclusivity(unchecked) var clients: [LoadClient] = []
  /// Places of clients that publish.
  @exclusivity(unchecked) var publishers: [Int] = []
  /// Stand in for the part that a client does not have: what is looked up once for many packets
  /// is not counted up and down for each of them.
  let noPublisher: PublisherPart
  let noSubscriber = SubscriberPart(
    filter: "", heard: PublisherSet(first: 0, count: 0), group: nil)
  @exclusivity(unchecked) var tally = Tally()
  /// Counted since measuring began.
  @exclusivity(unchecked) var measuredSent: UInt64 = 0
  @exclusivity(unchecked) var measuredReceived: UInt64 = 0
  /// Deliveries that later ones have overtaken and that have not come yet.
  @exclusivity(unchecked) var missing = 0
  @exclusivity(unchecked) var lastArrival: Int64 = 0
  @exclusivity(unchecked) var lastSending: Int64 = 0
  var failures: [String: Int] = [:]

  /// Clients that may connect, the first at the end.
  var toConnect: [Int] = []
  var connecting = 0
  var connectBegun = 0
  var connectStart: Int64 = 0
  /// Clients that may be able to publish.
  @exclusivity(unchecked) var sendable: [Int] = []
  /// The list that `sendable` is swapped with, empty between ticks.
  var considered: [Int] = []
  /// Messages of the schedule that have come due, of this worker's publishers.
  var scheduled = 0
  @exclusivity(unchecked) var dirty: [Int] = []
  var lastKeepAlive: Int64 = 0
  @exclusivity(unchecked) var step = LoadStep.connecting
  /// Whether all is published and acknowledged.
  var isQuiet = false
  var isCleared = false
  var isEmpty = false
  var openClients = 0

  var tcp = LatencyHistogram()
  var tls = LatencyHistogram()
  var connack = LatencyHistogram()
  var suback = LatencyHistogram()
  @exclusivity(unchecked) var roundTrip = LatencyHistogram()
  /// Times of the bytes that are being taken, not in the histograms yet.
  @exclusivity(unchecked) var deliveryTimes = EqualTimes()
  @exclusivity(unchecked) var acknowledgementTimes = EqualTimes()
  /// How late the generator itself was.
  @exclusivity(unchecked) var lateness = LatencyHistogram()
  @exclusivity(unchecked) var endToEnd = LatencyHistogram()
  @exclusivity(unchecked) var acknowledgement = LatencyHistogram()
  @exclusivity(unchecked) var second: SecondSample?
  /// Deliveries written off because they did not come, see ``LoadWorker/outstandingRoom()``.
  var writtenOff = 0
  var threadNanoseconds: Int64 = 0
  var measureThreadStart: Int64 = 0
  private var random: UInt64

  /// What the shared counters have been told.
  private var toldSent: UInt64 = 0
  private var toldDelivered: UInt64 = 0
  private var toldAcknowledged: UInt64 = 0
  private var toldMissing = 0
  private var toldQuiet = false

  init(_ settings: LoadSettings, _ progress: LoadProgress, index: Int) throws(SystemError) {
    self.settings = settings
    self.progress = progress
    reactor = try Reactor(index: index)
    reactor.keepsSpareBuffers = true
    reactor.keepsTimePrecisely = settings.isOpenLoop
    random = RandomBytes.word
    let form = PublishPacket.Form(
      version: settings.version, qos: .atMostOnce, isRetained: false, payloadSize: 0)
    noPublisher = PublisherPart(
      number: 0, quota: 0,
      packet: PublishPacket(
        topic: PlaceholderText(""), payload: nil, form: form, values: PlaceholderText.Values()),
      window: 1)
  }

  /// Turns until everything is over; the thread's body.
  func run() {
    ProcessSettings.sharpenTimers()
    connectStart = MonotonicClock.now.nanoseconds
    reactor.wake()
    reactor.run(self)
  }

  /// Xorshift: good enough for placeholders.
  func nextRandom() -> UInt64 {
    random ^= random << 13
    random ^= random >> 7
    random ^= random << 17
    return random
  }

  func tick(_ reactor: Reactor, now: Instant) -> Instant? {
    // All that this tick finds was read before it began.
    let read = MonotonicClock.now.nanoseconds
    for event in reactor.events { handle(event, read) }
    let clock = MonotonicClock.now.nanoseconds
    followStep(clock)
    // Before anything is sent: what goes out in this tick belongs to the second that has begun.
    roll(clock)
    connectSome(clock)
    var deadline: Int64 = clock + 50_000_000
    if step == .publishing { deadline = min(deadline, publish(clock)) }
    if step == .clearing { deadline = min(deadline, clear()) }
    if !toConnect.isEmpty { deadline = min(deadline, clock + 1_000_000) }
    keepAlive(clock)
    flush(clock)
    tell()
    if isEmpty { return nil }
    return Instant(nanoseconds: deadline)
  }

  private func handle(_ event: ReactorEvent, _ clock: Int64) {
    guard event.owner > 0, Int(event.owner) <= clients.count else { return }
    let client = clients[Int(event.owner) - 1]
    guard client.link == event.link else { return }
    switch event.event {
    case .received(let range): receive(range, of: reactor, client, clock)
    case .connected(let stoodAt): connected(client, stoodAt: stoodAt)
    case .ended(let end, _): ended(client, end)
    case .drained: if client.publisher != nil { queue(client) }
    case .accepted, .adopted, .readOut, .readable, .outOfDescriptors, .acceptFailed, .turnedAway:
      break
    }
  }

  /// Does what the step of the run asks for when it is a new one.
  private func followStep(_ clock: Int64) {
    let now = progress.currentStep
    while step < now {
      step = LoadStep(rawValue: step.rawValue + 1) ?? .leaving
      switch step {
      case .connecting, .draining, .clearing: break
      case .parting: partLateClients(clock)
      case .publishing: for place in publishers { queue(clients[place]) }
      case .returning: connectLateClients()
      case .leaving: leaveAll(clock)
      }
    }
    if step == .publishing, measureThreadStart == 0,
      clock >= progress.measureStart.load(ordering: .relaxed)
    {
      measureThreadStart = ProcessSettings.threadNanoseconds
    }
    if step >= .draining, threadNanoseconds == 0 {
      threadNanoseconds = ProcessSettings.threadNanoseconds - measureThreadStart
    }
  }

  /// Marks the client's outbox for the end of the tick, and gives it memory that others have written
  /// out; an idle client keeps none.
  func touch(_ client: LoadClient) {
    if client.isDirty { return }
    client.isDirty = true
    if client.outbox.capacity == 0, let spare = reactor.takeSpareBuffer() { client.outbox = spare }
    dirty.append(place(of: client))
  }

  func place(of client: LoadClient) -> Int { client.index / settings.threads }

  /// Puts the client on the list of those who may be able to publish.
  func queue(_ client: LoadClient) {
    guard let publisher = client.publisher, !publisher.isQueued else { return }
    publisher.isQueued = true
    sendable.append(place(of: client))
  }

  private func flush(_ clock: Int64) {
    for place in dirty {
      let client = clients[place]
      client.isDirty = false
      if client.outbox.isEmpty { continue }
      client.lastSent = clock
      reactor.send(client.outbox.take(), on: client.link)
    }
    dirty.removeAll(keepingCapacity: true)
  }

  /// Pings for those who have been silent, once a second. [MQTT-3.1.2-20]
  private func keepAlive(_ clock: Int64) {
    guard settings.keepAliveSeconds > 0, clock - lastKeepAlive >= 1_000_000_000 else { return }
    lastKeepAlive = clock
    let limit = Int64(settings.keepAliveSeconds) * 750_000_000
    for client in clients where client.state == .ready && clock - client.lastSent > limit {
      touch(client)
      Packet.pingreq.encode(into: &client.outbox, version: settings.version)
    }
  }

  /// Closes the second of the moment when it is past.
  private func roll(_ clock: Int64) {
    let start = progress.measureStart.load(ordering: .relaxed)
    if start == .max {
      rollWithoutMeasuring(clock)
      return
    }
    let distance = clock - start
    let number = Int(distance >= 0 ? distance / 1_000_000_000 : distance / 1_000_000_000 - 1)
    if let second, second.second == number { return }
    handOver()
    second = SecondSample(second: number)
  }

  /// Before there is anything to measure, seconds count from the first connection.
  private func rollWithoutMeasuring(_ clock: Int64) {
    let number = Int((clock - connectStart) / 1_000_000_000)
    guard settings.connectionPattern != nil else {
      if second == nil { second = SecondSample(second: -1_000_000) }
      return
    }
    if let second, second.second == number { return }
    handOver()
    second = SecondSample(second: number)
  }

  /// Gives the past second to the conductor.
  func handOver() {
    guard let second else { return }
    let report = IntervalReport(
      sample: second, endToEnd: endToEnd.count > 0 ? endToEnd : nil,
      acknowledgement: acknowledgement.count > 0 ? acknowledgement : nil)
    if endToEnd.count > 0 { endToEnd.reset() }
    if acknowledgement.count > 0 { acknowledgement.reset() }
    progress.intervals.withLock { $0.append(report) }
    self.second = nil
  }

  /// Brings the shared counters up to date.
  private func tell() {
    if tally.sent != toldSent {
      progress.sent.add(Int(tally.sent - toldSent), ordering: .relaxed)
      toldSent = tally.sent
    }
    let delivered = tally.received - tally.duplicated - tally.foreign
    if delivered != toldDelivered {
      progress.delivered.add(Int(delivered - toldDelivered), ordering: .relaxed)
      toldDelivered = delivered
      progress.lastArrival.store(lastArrival, ordering: .relaxed)
    }
    if missing != toldMissing {
      progress.missing.add(missing - toldMissing, ordering: .relaxed)
      toldMissing = missing
    }
    if tally.acknowledged != toldAcknowledged {
      progress.acknowledged.add(Int(tally.acknowledged - toldAcknowledged), ordering: .relaxed)
      toldAcknowledged = tally.acknowledged
    }
    // Behind the counts: who hears that all is sent relies on them.
    if isQuiet, !toldQuiet {
      toldQuiet = true
      progress.quietWorkers.add(1, ordering: .sequentiallyConsistent)
    }
    if step == .leaving, !isEmpty, openClients == 0, toConnect.isEmpty {
      isEmpty = true
      handOver()
      progress.emptyWorkers.add(1, ordering: .sequentiallyConsistent)
      reactor.stop()
    }
  }

  /// Notes a failure with its reason.
  func fail(_ reason: String) {
    if failures.count < 100 || failures[reason] != nil { failures[reason, default: 0] += 1 }
  }
}
