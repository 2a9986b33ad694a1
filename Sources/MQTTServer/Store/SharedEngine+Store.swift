// What passes between the engine and the thread that writes, each time under the engine's lock.

import Basis
import MQTTBroker
import Synchronization
import Transport

extension SharedEngine {
  /// Takes over what a store holds, before anything else happens.
  func load(_ records: RecordedState) {
    let entries = state.withLock { state in
      let now = MonotonicClock.now
      state.broker.load(records, now: now)
      state.broker.advance(to: now)
      return state.broker.takeLog()
    }
    write(entries)
  }

  /// What the writer is to do next; nothing when there is nothing, and with `restsOtherwise` it
  /// then sleeps until it is rung.
  func takeWork(restsOtherwise: Bool) -> StoreWork {
    var work = StoreWork()
    // What began and ended in one batch needs no commit: its answers may leave now.
    change { state in
      work.batch = state.broker.takeRecords()
      while let request = state.broker.nextPageRequest() { work.requests.append(request) }
      state.writerRests = work.isEmpty && restsOtherwise
    }
    return work
  }

  /// A batch and all before it are on disk.
  func batchIsDurable(_ number: UInt64) {
    tell { broker in broker.durable(number, now: MonotonicClock.now) }
  }

  /// A commit has failed; the batch is still owed.
  func storeFailed(_ failure: StoreFailure) {
    tell { broker in broker.storeFailed("\(failure)", now: MonotonicClock.now) }
  }

  /// A piece of a queue is in memory.
  func supply(_ page: QueuePage) {
    tell { broker in broker.supply(page, now: MonotonicClock.now) }
  }

  /// A piece of a queue could not be read.
  func pageFailed(_ request: PageRequest) {
    tell { broker in broker.pageFailed(request, now: MonotonicClock.now) }
  }

  /// Tells the engine something, and lets the reactors and the log see at once what it makes of it.
  func tell(_ news: (inout Broker) -> Void) {
    change { state in news(&state.broker) }
  }

  private func change(_ news: (inout EngineState) -> Void) {
    var entries: [LogEntry] = []
    let reactors = state.withLock { state in
      let deadline = state.broker.nextDeadline
      news(&state)
      entries = state.broker.takeLog()
      let isSooner = state.broker.nextDeadline.map { $0 < deadline ?? $0.advanced(bySeconds: 1) }
      return state.reactors.filter { reactor in
        state.broker.hasWork(reactor: reactor.index) || isSooner == true && reactor.index == 0
      }
    }
    for reactor in reactors { reactor.wake() }
    if entries.isEmpty { return }
    write(entries)
    log.flush()
  }

  /// Writes a line at once, from a thread that has no tick.
  func writeNow(_ level: LogLevel, _ line: String) {
    write(level, line)
    log.flush()
  }
}

/// What the writer does in one go: the batch first, so that the pages hold it.
struct StoreWork {
  var batch: RecordBatch?
  var requests: [PageRequest] = []

  var isEmpty: Bool { batch == nil && requests.isEmpty }
}

extension EngineState {
  /// Whether the writer is to be rung because there is work for it; true once, until it rests
  /// again.
  mutating func claimWriter() -> Bool {
    if !writerRests || !broker.hasRecords && !broker.wantsPage { return false }
    writerRests = false
    return true
  }
}
