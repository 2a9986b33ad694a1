// How much there was to do lately: exponential averages over 1, 5 and 15 minutes, as mosquitto has
// them.

import Basis

extension Status {
  private static let loadNames = [
    "messages/received", "messages/sent", "publish/received", "publish/sent", "publish/dropped",
    "bytes/received", "bytes/sent", "connections",
  ]

  private var loadCounts: [UInt64] {
    [
      counters.messagesReceived, counters.messagesSent, counters.publishReceived,
      counters.publishSent, counters.publishDropped, counters.bytesReceived, counters.bytesSent,
      counters.connectionsOpened,
    ]
  }

  /// Takes what was counted since the last time into the averages.
  mutating func updateLoads(_ clock: EngineClock) {
    let counts = loadCounts
    guard let last = topics.lastAt, clock.now > last else {
      if topics.lastAt == nil {
        topics.loads = counts.map { _ in [0, 0, 0] }
        topics.lastCounts = counts.map { _ in 0 }
        topics.lastAt = clock.startedAt
        if clock.now > clock.startedAt { updateLoads(clock) }
      }
      return
    }
    let seconds = Double(clock.now.nanoseconds(since: last)) / 1e9
    for position in counts.indices {
      let perMinute = Double(counts[position] &- topics.lastCounts[position]) * 60 / seconds
      for (which, window) in [60.0, 300.0, 900.0].enumerated() {
        let weight = min(1, seconds / window)
        topics.loads[position][which] += (perMinute - topics.loads[position][which]) * weight
      }
    }
    topics.lastCounts = counts
    topics.lastAt = clock.now
  }

  /// The averages under their names.
  var loadValues: [(name: String, value: String)] {
    var values: [(name: String, value: String)] = []
    for (position, name) in Self.loadNames.enumerated() where position < topics.loads.count {
      for (which, window) in ["1min", "5min", "15min"].enumerated() {
        values.append(("load/\(name)/\(window)", Self.fixed(topics.loads[position][which])))
      }
    }
    return values
  }

  private static func fixed(_ value: Double) -> String {
    let hundredths = Int((value * 100).rounded())
    let fraction = hundredths % 100
    return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)"
  }
}
