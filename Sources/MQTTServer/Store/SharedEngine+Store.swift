// What passes between the engine and the thread that writes, each time under the engine's lock.

import MQTTBroker
import MQTTCodec
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

  /// The batch to commit next; nil when there is none, and with `restsOtherwise` the writer then
  /// sleeps until it is rung.
  func takeRecords(restsOtherwise: Bool) -> RecordBatch? {
    var batch: RecordBatch?
    let reactors = state.withLock { state in
      batch = state.broker.takeRecords()
      state.writerRests = batch == nil && restsOtherwise
      return state.reactorsWithWork()
    }
    // What began and ended in one batch needs no commit: its answers may leave now.
    for reactor in reactors { reactor.wake() }
    return batch
  }

  /// A batch and all before it are on disk.
  func batchIsDurable(_ number: UInt64) {
    tell { broker in broker.durable(number, now: MonotonicClock.now) }
  }

  /// A commit has failed; the batch is still owed.
  func storeFailed(_ failure: StoreFailure) {
    tell { broker in broker.storeFailed("\(failure)", now: MonotonicClock.now) }
  }

  /// Lets the reactors, and the log, see at once what the engine makes of it.
  func tell(_ news: (inout Broker) -> Void) {
    var entries: [LogEntry] = []
    let reactors = state.withLock { state in
      news(&state.broker)
      entries = state.broker.takeLog()
      return state.reactorsWithWork()
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

extension EngineState {
  /// Whether the writer is to be rung because there are records for it; true once, until it rests
  /// again.
  mutating func claimWriter() -> Bool {
    if !writerRests || !broker.hasRecords { return false }
    writerRests = false
    return true
  }

  /// The reactors that have output to fetch or connections to close.
  func reactorsWithWork() -> [Reactor] {
    reactors.filter { broker.hasWork(reactor: $0.index) }
  }
}
