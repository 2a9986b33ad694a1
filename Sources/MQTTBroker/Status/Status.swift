// Status: what the engine counts and says of itself, for the log and under `$SYS`.
//
// What it promises: a line is said once, in the order of what happened; counters only rise, except
// for those of what there is now.

import Basis

/// Counters, log lines and what is published of them.
struct Status: ~Copyable {
  private let anchor = Anchor()
  var counters = Counters()
  /// What was published last of `$SYS`.
  var topics = StatusTopics()
  /// Lines that the shell has not taken.
  private(set) var log: [LogEntry] = []
  /// Those that wait to be published.
  private var unpublished: [LogEntry] = []
  /// Faults that come again and again.
  var faults = RepeatedFaults()
  /// Whether the shell writes entries of the level information; it may change at any time.
  var writesInformation = true

  /// Counts a PUBLISH that goes out.
  @inline(__always) mutating func countSent(_ payloadBytes: Int) {
    counters.messagesSent += 1
    counters.publishSent += 1
    counters.publishBytesSent += UInt64(payloadBytes)
  }

  /// Adds a line to the log; `publishes` says whether it may be published too.
  mutating func note(_ level: LogLevel, _ text: String, publishes: Bool) {
    let entry = LogEntry(level: level, description: text)
    log.append(entry)
    if publishes { unpublished.append(entry) }
  }

  /// The lines since the last call, in order.
  mutating func takeLog() -> [LogEntry] {
    if log.isEmpty { return [] }
    let entries = log
    log.removeAll(keepingCapacity: true)
    return entries
  }

  /// Whether there are lines to publish.
  var hasUnpublished: Bool { !unpublished.isEmpty }

  /// The lines that wait to be published.
  mutating func takeUnpublished() -> [LogEntry] {
    let entries = unpublished
    unpublished = []
    return entries
  }

  /// Traps when something that this part promises does not hold.
  package func checkInvariants() {
    precondition(counters.connectedClients >= 0, "less than no clients are connected")
    precondition(
      counters.publishDropped >= counters.droppedQueueFull + counters.droppedOutboxFull
        + counters.droppedTooLarge, "messages that were dropped are miscounted")
    precondition(topics.retainedCount <= topics.published.count, "topics are miscounted")
  }
}
