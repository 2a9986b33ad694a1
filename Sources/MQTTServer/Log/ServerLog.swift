// The log: which lines are wanted, and where they go. Lines are gathered during a tick and written
// once after it.

import CLinux
import Glibc
package import MQTTBroker
import Synchronization
package import Transport

/// Lines for people, in order, from all threads.
package final class ServerLog: Sendable {
  private struct State {
    var configuration = LogConfiguration()
    var sinks: [LogSink] = []
  }

  /// Where standard error goes.
  private let descriptor: Int32
  private let state = Mutex(State())
  /// The wanted levels as bits, for a look without the lock.
  private let wanted = Atomic<UInt64>(0)

  /// A log that writes to `descriptor`, which stays the caller's.
  package init(descriptor: Int32) {
    self.descriptor = descriptor
    state.withLock { state in
      // A descriptor that is open already cannot fail to open.
      if let sink = try? LogSink(.descriptor(descriptor), owner: nil) { state.sinks = [sink] }
    }
    setWanted(LogConfiguration.normalLevels)
  }

  private func setWanted(_ levels: Set<LogLevel>) {
    wanted.store(levels.reduce(0) { $0 | 1 << UInt64($1.rawValue) }, ordering: .relaxed)
  }

  /// Whether lines of this level are written.
  package func wants(_ level: LogLevel) -> Bool {
    wanted.load(ordering: .relaxed) >> UInt64(level.rawValue) & 1 == 1
  }

  /// Does as it is told from now on; files that stay are opened again.
  ///
  /// - Throws: when a file cannot be opened; all is then as it was before.
  package func configure(_ configuration: LogConfiguration, owner: Account? = nil)
    throws(SystemError)
  {
    var fresh: [LogSink] = []
    for destination in configuration.destinations {
      fresh.append(try LogSink(place(destination), owner: owner))
    }
    let sinks = fresh
    state.withLock { state in
      for sink in state.sinks { sink.flush() }
      state.sinks = sinks
      state.configuration = configuration
    }
    setWanted(configuration.levels)
  }

  private func place(_ destination: LogConfiguration.Destination) -> LogSink.Place {
    switch destination {
    case .standardError: .descriptor(descriptor)
    case .standardOutput: .descriptor(STDOUT_FILENO)
    case .systemLog(let facility): .systemLog(facility: facility)
    case .file(let path): .file(path)
    }
  }

  /// Opens its files again, which somebody may have moved away.
  package func reopen(owner: Account? = nil) throws(SystemError) {
    try state.withLock { state throws(SystemError) in
      for sink in state.sinks { try sink.reopen(owner: owner) }
    }
  }

  /// Adds a line, with the time in front and the end of line behind.
  package func add(_ line: String, _ level: LogLevel = .notice, at wallNanoseconds: Int64) {
    state.withLock { state in
      let form = state.configuration.time
      for sink in state.sinks { sink.add(line, level, form, at: wallNanoseconds) }
    }
  }

  /// Writes what the readers take now; whether nothing is left.
  @discardableResult package func flush() -> Bool {
    state.withLock { state in
      var isEmpty = true
      for sink in state.sinks where !sink.flush() { isEmpty = false }
      return isEmpty
    }
  }
}
