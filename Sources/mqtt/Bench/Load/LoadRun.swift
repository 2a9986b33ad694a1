// One run of one scenario: makes the clients, starts the workers, moves the run from step to step,
// and gathers what they counted. The conductor is the main thread; it looks at the counters a
// hundred times a second and at nothing else, so it costs the measurement nothing.
//
//   connecting -> [parting] -> publishing -> [returning] -> draining -> [clearing] -> leaving
//
// Steps in brackets are for scenarios with sessions that are left and with retained messages.

import Basis
import Bench
import Glibc
import MQTTClient
import MQTTCodec
import Synchronization
import Transport

/// What a run tells while it goes on.
protocol LoadObserver: AnyObject {
  /// A second is over, in all workers.
  func passed(_ sample: SecondSample, elapsedSeconds: Double)
  /// A tenth of a second is over.
  func moved(_ progress: LoadProgress, step: LoadStep, elapsedSeconds: Double)
}

final class LoadRun {
  let settings: LoadSettings
  let progress = LoadProgress()
  private var workers: [LoadWorker] = []
  private let watch: ProcessWatch?
  private let interrupt: Interrupt
  private weak var observer: (any LoadObserver)?
  private var gathered = GatheredSeconds()
  private var lastMoved: Int64 = 0
  private var began: Int64 = 0
  /// When the last connection of a storm stood.
  private var connectedAt: Int64 = 0
  private var isInterrupted = false
  /// Whether a run of a number of messages was given up because nothing moved any more.
  private var hasStalled = false

  init(
    _ settings: LoadSettings, watch: ProcessWatch?, interrupt: Interrupt,
    observer: (any LoadObserver)?
  ) {
    self.settings = settings
    self.watch = watch
    self.interrupt = interrupt
    self.observer = observer
  }

  /// Runs to the end, and says what came of it.
  func run() throws(SystemError) -> RunResult {
    began = MonotonicClock.now.nanoseconds
    for index in 0..<settings.threads {
      workers.append(try LoadWorker(settings, progress, index: index))
    }
    LoadClients(settings).assign(to: workers)
    let threads = Threads()
    for worker in workers {
      let box = WorkerBox(worker)
      try threads.start(name: "load-\(worker.reactor.index)") { box.worker.run() }
    }
    conduct()
    threads.join()
    collectIntervals(isLast: true)
    return result()
  }

  private func conduct() {
    // Connecting is all that such a run measures.
    if settings.connectionPattern == .storm { watch?.begin() }
    guard waitForClients() else {
      watch?.end()
      return leave()
    }
    if settings.isOffline {
      advance(to: .parting)
      wait(upTo: 5_000_000_000) {
        progress.ready.load(ordering: .relaxed) <= settings.cast.publishers
      }
    }
    if settings.connectionPattern != nil {
      holdConnections()
      return leave()
    }
    publish()
    if settings.isOffline || settings.isRetainedReplay {
      advance(to: .returning)
      let all = settings.cast.clientCount
      wait(upTo: 30_000_000_000) {
        progress.ready.load(ordering: .relaxed) + progress.failed.load(ordering: .relaxed) >= all
      }
    }
    advance(to: .draining)
    drain()
    if settings.isRetainedReplay {
      advance(to: .clearing)
      finish(within: 30_000_000_000) {
        progress.clearedWorkers.load(ordering: .sequentiallyConsistent) >= settings.threads
      }
    }
    leave()
  }

  private var allAreQuiet: Bool {
    progress.quietWorkers.load(ordering: .sequentiallyConsistent) >= settings.threads
  }

  private func waitForClients() -> Bool {
    let late = settings.isRetainedReplay ? settings.cast.subscribers : 0
    let all = settings.cast.clientCount - late
    if settings.connectionPattern == .churn { return true }
    let isComplete = wait(upTo: .max) {
      progress.ready.load(ordering: .relaxed) + progress.failed.load(ordering: .relaxed) >= all
    }
    connectedAt = MonotonicClock.now.nanoseconds
    return isComplete && progress.ready.load(ordering: .relaxed) > 0
  }

  private func holdConnections() {
    guard settings.connectionPattern != .storm else {
      watch?.end()
      return
    }
    watch?.begin()
    wait(upTo: settings.durationNanoseconds) { false }
    watch?.end()
    if settings.connectionPattern == .churn { connectedAt = MonotonicClock.now.nanoseconds }
  }

  private func publish() {
    let start = MonotonicClock.now.nanoseconds + 20_000_000
    let measure = start + settings.warmUpNanoseconds
    let isEndless = settings.count != nil && settings.durationNanoseconds == .max
    let end = isEndless ? Int64.max : measure + settings.durationNanoseconds
    progress.publishStart.store(start, ordering: .relaxed)
    progress.measureStart.store(measure, ordering: .relaxed)
    progress.publishEnd.store(end, ordering: .relaxed)
    // A short run is over before the conductor has looked again.
    if settings.warmUpNanoseconds == 0 { watch?.begin() }
    advance(to: .publishing)
    wait(upTo: measure - MonotonicClock.now.nanoseconds) { allAreQuiet }
    if settings.warmUpNanoseconds > 0 { watch?.begin() }
    if settings.cast.publishers == 0 {
      wait(upTo: settings.durationNanoseconds) { false }
    } else {
      // After the end of publishing, acknowledgements have as long as deliveries.
      let limit = end == .max ? Int64.max : end - MonotonicClock.now.nanoseconds
      var stillness = Stillness(settings)
      wait(upTo: limit) {
        hasStalled = isEndless && stillness.isOver(progress)
        return allAreQuiet || hasStalled
      }
      if !isInterrupted, !hasStalled {
        wait(upTo: settings.drainNanoseconds) { allAreQuiet }
      }
    }
  }

  /// Waits for what is still to come, until nothing has come for a while.
  private func drain() {
    let limit =
      isInterrupted ? min(1_000_000_000, settings.drainNanoseconds) : settings.drainNanoseconds
    let fanOut = settings.cast.fanOut
    var seen = progress.delivered.load(ordering: .relaxed)
    var silence: Int64 = 0
    while fanOut > 0, !hasStalled {
      // The workers' counters are complete only when their threads have looked once more.
      let delivered = progress.delivered.load(ordering: .relaxed)
      if delivered >= progress.sent.load(ordering: .relaxed) * fanOut { break }
      if delivered != seen { (seen, silence) = (delivered, 0) }
      if silence >= limit { break }
      let start = MonotonicClock.now
      pause()
      // Where the whole process stood still, nobody has listened.
      silence += min(MonotonicClock.now.nanoseconds(since: start), Self.longestPauseNanoseconds)
    }
    watch?.end()
  }

  private func leave() {
    advance(to: .leaving)
    finish(within: 5_000_000_000) {
      progress.emptyWorkers.load(ordering: .sequentiallyConsistent) >= settings.threads
    }
    for worker in workers { worker.reactor.stop() }
  }

  private func advance(to step: LoadStep) {
    progress.step.store(step.rawValue, ordering: .releasing)
    for worker in workers { worker.reactor.wake() }
  }

  /// Looks after the run until `condition` holds; false when the time ran out or it was ended.
  @discardableResult private func wait(
    upTo nanoseconds: Int64, until condition: () -> Bool
  ) -> Bool {
    let end = MonotonicClock.now.advanced(byNanoseconds: nanoseconds)
    while true {
      if condition() { return true }
      if isInterrupted || MonotonicClock.now >= end { return false }
      pause()
    }
  }

  /// Waits for what is due even when the run was ended by hand: the broker shall be left as it was.
  private func finish(within nanoseconds: Int64, _ condition: () -> Bool) {
    let end = MonotonicClock.now.advanced(byNanoseconds: nanoseconds)
    while !condition() && MonotonicClock.now < end { pause() }
  }

  /// What takes longer than this was no pause of ours.
  private static let longestPauseNanoseconds: Int64 = 100_000_000

  /// A hundredth of a second, with a look at the counters and at signals.
  private func pause() {
    if interrupt.wait(milliseconds: 10) { isInterrupted = true }
    watch?.look()
    collectIntervals(isLast: false)
    let now = MonotonicClock.now.nanoseconds
    if now - lastMoved >= 100_000_000 {
      lastMoved = now
      observer?.moved(
        progress, step: progress.currentStep, elapsedSeconds: Double(now - began) / 1e9)
    }
  }

  private func collectIntervals(isLast: Bool) {
    let reports = progress.intervals.withLock { list in
      defer { list.removeAll(keepingCapacity: true) }
      return list
    }
    for report in reports { gathered.add(report) }
    let elapsed = Double(MonotonicClock.now.nanoseconds - began) / 1e9
    for sample in gathered.complete(threads: settings.threads, isLast: isLast) {
      observer?.passed(sample, elapsedSeconds: elapsed)
    }
  }

  // The result

  private func result() -> RunResult {
    var result = RunResult()
    result.scenario = settings.scenario.description
    var targets: [String] = []
    for target in settings.targets where !targets.contains(target.endpoint.description) {
      targets.append(target.endpoint.description)
    }
    result.target = targets.joined(separator: ",")
    result.version = settings.version.shortName
    result.quality = QualityPair(
      publish: settings.publishQoS.rawValue, subscribe: settings.subscribeQoS.rawValue)
    result.payloadBytes = settings.payloadSize
    result.ratePerSecond = settings.ratePerSecond
    result.loop = loopWords
    result.promisesOrder =
      !settings.cast.isShared && !settings.isRetainedReplay && !settings.topic.variesByMessage
    result.isInterrupted = isInterrupted
    for worker in workers { result.tally.add(worker.tally) }
    countLost(&result)
    measure(&result)
    summarise(&result)
    result.failures = failures()
    result.watched = watch?.use
    result.seconds = gathered.samples
    return result
  }

  private var loopWords: String {
    if settings.cast.publishers == 0 { return "" }
    if settings.isOpenLoop { return "open loop" }
    if settings.publishQoS != .atMostOnce || settings.cast.answers {
      return "closed loop, \(settings.window) under way per publisher"
    }
    if settings.outstandingLimit == 0 || settings.cast.fanOut == 0 {
      return "as fast as the socket takes"
    }
    return "closed loop, \(UInt64(settings.outstandingLimit).grouped) deliveries under way"
  }

  /// What the subscribers miss of what was sent.
  private func countLost(_ result: inout RunResult) {
    var sent = Array(repeating: UInt64(0), count: settings.cast.publishers)
    for worker in workers {
      for place in worker.publishers {
        if let part = worker.clients[place].publisher { sent[part.number] = part.next }
      }
    }
    var groups: [ObjectIdentifier: SharedSequences] = [:]
    var lost: UInt64 = 0
    for client in workers.flatMap(\.clients) {
      guard let part = client.subscriber, part.answer == nil else { continue }
      if let group = part.group {
        groups[ObjectIdentifier(group)] = group
        continue
      }
      for (place, tracker) in part.trackers.enumerated() {
        if place < part.heard.count {
          lost += tracker.lost(of: sent[part.heard.first + place * part.heard.stride])
        } else {
          lost += tracker.lost(of: tracker.next)
        }
      }
    }
    for group in groups.values {
      for (place, set) in group.sets.enumerated() { lost += set.lost(of: sent[place]) }
    }
    let fanOut = UInt64(settings.cast.fanOut)
    result.tally.expected = (result.tally.sent - result.tally.refused) * fanOut
    result.tally.lost = lost - min(lost, result.tally.refused * fanOut)
  }

  private func measure(_ result: inout RunResult) {
    result.measuredSent = workers.reduce(0) { $0 + $1.measuredSent }
    result.measuredReceived = workers.reduce(0) { $0 + $1.measuredReceived }
    let start = progress.measureStart.load(ordering: .relaxed)
    let lastSending = workers.map(\.lastSending).max() ?? 0
    let lastArrival = workers.map(\.lastArrival).max() ?? 0
    if start != .max {
      result.sendingSeconds = Double(max(0, lastSending - start)) / 1e9
      result.measuredSeconds = Double(max(0, max(lastArrival, lastSending) - start)) / 1e9
    }
    if settings.connectionPattern != nil {
      let seconds = Double(max(1, connectedAt - began)) / 1e9
      result.measuredSeconds = seconds
      result.figures.append(
        .init(name: "connections_per_second", value: Double(result.tally.connected) / seconds))
    }
    // A replay has seconds of its own, which are a part of those that the processor time is of.
    let seconds = result.measuredSeconds
    if settings.isOffline || settings.isRetainedReplay { measureReplay(&result) }
    if settings.cast.isShared { measureBalance(&result) }
    var use = GeneratorUse()
    use.threads = settings.threads
    let nanoseconds = workers.map { max(0, $0.threadNanoseconds) }
    use.cpuSeconds = Double(nanoseconds.reduce(0, +)) / 1e9
    if seconds > 0 { use.busiestThreadShare = Double(nanoseconds.max() ?? 0) / 1e9 / seconds }
    use.residentBytes = ProcessWatch.residentBytes(of: Int(getpid()))
    result.generator = use
  }

  private func measureReplay(_ result: inout RunResult) {
    for part in workers.flatMap(\.clients).compactMap(\.subscriber) where part.lastArrival > 0 {
      let seconds = Double(part.lastArrival - part.wantedAt) / 1e9
      result.figures += [
        .init(name: "replay_seconds", value: seconds),
        .init(name: "replay_first_ms", value: Double(part.firstArrival - part.wantedAt) / 1e6),
        .init(name: "replay_messages_per_second", value: Double(part.received) / seconds),
      ]
      result.measuredSeconds = seconds
    }
  }

  private func measureBalance(_ result: inout RunResult) {
    let shares = workers.flatMap(\.clients).compactMap { $0.subscriber?.received }
    result.figures += [
      .init(name: "least_of_a_member", value: Double(shares.min() ?? 0)),
      .init(name: "most_of_a_member", value: Double(shares.max() ?? 0)),
    ]
  }

  private func summarise(_ result: inout RunResult) {
    func merged(_ path: KeyPath<LoadWorker, LatencyHistogram>) -> LatencyHistogram {
      var sum = LatencyHistogram()
      for worker in workers { sum.add(worker[keyPath: path]) }
      return sum
    }
    let all: [(LatencyKind, LatencyHistogram)] = [
      (.endToEnd, gathered.endToEnd), (.acknowledgement, gathered.acknowledgement),
      (.roundTrip, merged(\.roundTrip)), (.tcp, merged(\.tcp)), (.tls, merged(\.tls)),
      (.connack, merged(\.connack)), (.suback, merged(\.suback)),
    ]
    for (kind, histogram) in all { result.latencies[kind] = LatencySummary(histogram) }
    let lateness = merged(\.lateness)
    if lateness.count > 0 {
      result.generator.lateP99Microseconds =
        Double(lateness.nanoseconds(atPercentile: 99)) / 1000
      result.generator.lateMaximumMicroseconds = Double(lateness.maximumNanoseconds) / 1000
    }
  }

  private func failures() -> [RunResult.Failure] {
    var counts: [String: Int] = [:]
    for worker in workers { counts.merge(worker.failures) { $0 + $1 } }
    let failures = counts.map { RunResult.Failure(reason: $0.key, count: $0.value) }
    return failures.sorted { ($1.count, $0.reason) < ($0.count, $1.reason) }
  }
}

/// How long nothing has been sent, delivered or acknowledged; where questions go on without answers,
/// how long nothing has been answered.
private struct Stillness {
  private let allowed: Int64
  private let awaitsAnswers: Bool
  private var seen = [0, 0, 0]
  private var since = MonotonicClock.now.nanoseconds

  init(_ settings: LoadSettings) {
    allowed = settings.stillnessNanoseconds
    awaitsAnswers = settings.cast.answers
  }

  /// Whether it has lasted longer than it may.
  mutating func isOver(_ progress: LoadProgress) -> Bool {
    let now = MonotonicClock.now.nanoseconds
    var counts = [progress.delivered.load(ordering: .relaxed), 0, 0]
    if !awaitsAnswers {
      counts[1] = progress.sent.load(ordering: .relaxed)
      counts[2] = progress.acknowledged.load(ordering: .relaxed)
    }
    if counts != seen { (seen, since) = (counts, now) }
    return now - since > allowed
  }
}

/// A worker on its way to its thread: made here, used there, looked at here when the thread is over.
private struct WorkerBox: @unchecked Sendable {
  let worker: LoadWorker

  init(_ worker: LoadWorker) { self.worker = worker }
}

/// Threads that are joined together.
private final class Threads {
  private var joins: [() -> Void] = []

  func start(name: String, _ body: @escaping @Sendable () -> Void) throws(SystemError) {
    let box = ThreadBox(try SystemThread(name: name, body))
    joins.append { box.join() }
  }

  func join() {
    for join in joins { join() }
  }
}

/// A thread in a box, since arrays take no unique values.
private final class ThreadBox {
  private var thread: SystemThread?

  init(_ thread: consuming SystemThread) { self.thread = consume thread }

  func join() { thread.take()?.join() }
}

extension ProtocolVersion {
  /// As the user writes it.
  var shortName: String {
    switch self {
    case .v31: "3.1"
    case .v311: "3.1.1"
    case .v5: "5.0"
    }
  }
}
