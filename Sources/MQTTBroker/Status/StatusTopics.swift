// `$SYS/broker/...` under the names that mosquitto gives them. They are retained messages, made
// when somebody subscribes to them and renewed at an interval as long as somebody does: a broker
// that nobody watches has nothing to do.

import Basis
import MQTTCodec
import MQTTSession

/// What was published last, so that only what changed is published again.
struct StatusTopics {
  var isScheduled = false
  var published: [String] = []
  /// How many of them are retained: an empty value removes its topic.
  var retainedCount = 0
  /// Exponential averages over 1, 5 and 15 minutes for each counter that has them.
  var loads: [[Double]] = []
  var lastCounts: [UInt64] = []
  var lastAt: Instant?
}

extension Broker {
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

  /// Publishes what is new and makes sure that it is done again in time.
  mutating func refreshStatus() {
    if configuration.statusIntervalSeconds == 0 { return }
    updateLoads()
    for (position, entry) in statusValues.enumerated() {
      if position >= status.published.count { status.published.append("") }
      if status.published[position] == entry.value { continue }
      status.retainedCount +=
        (entry.value.isEmpty ? 0 : 1) - (status.published[position].isEmpty ? 0 : 1)
      status.published[position] = entry.value
      publishStatus("$SYS/broker/" + entry.name, entry.value)
    }
    if status.isScheduled { return }
    status.isScheduled = true
    deadlines.insert(
      .status, at: now.advanced(bySeconds: configuration.statusIntervalSeconds))
  }

  /// The interval is over.
  mutating func statusIsDue() {
    status.isScheduled = false
    if subscriptions.hasSystemFilters { refreshStatus() }
  }

  private mutating func publishStatus(_ name: String, _ value: String) {
    let topic = Array(name.utf8)
    let payload = Array(value.utf8)
    let terms = PublicationTerms(
      qos: .atMostOnce, isRetained: true, expirySeconds: nil,
      publisher: nil)
    distribute(terms, topic: topic.span, payload: payload.span)
  }

  private mutating func updateLoads() {
    let counts = loadCounts
    guard let last = status.lastAt, now > last else {
      if status.lastAt == nil {
        status.loads = counts.map { _ in [0, 0, 0] }
        status.lastCounts = counts.map { _ in 0 }
        status.lastAt = startedAt
        if now > startedAt { updateLoads() }
      }
      return
    }
    let seconds = Double(now.nanoseconds(since: last)) / 1e9
    for position in counts.indices {
      let perMinute = Double(counts[position] &- status.lastCounts[position]) * 60 / seconds
      for (which, window) in [60.0, 300.0, 900.0].enumerated() {
        let weight = min(1, seconds / window)
        status.loads[position][which] += (perMinute - status.loads[position][which]) * weight
      }
    }
    status.lastCounts = counts
    status.lastAt = now
  }

  private var statusValues: [(name: String, value: String)] {
    let total = sessions.count
    let connected = counters.connectedClients
    var values: [(name: String, value: String)] = [
      ("version", "mqtt version \(configuration.programVersion)"),
      ("uptime", "\(now.nanoseconds(since: startedAt) / 1_000_000_000) seconds"),
      ("clients/total", "\(total)"),
      ("clients/maximum", "\(counters.clientsMaximum)"),
      ("clients/connected", "\(connected)"),
      ("clients/active", "\(connected)"),
      ("clients/disconnected", "\(total - connected)"),
      ("clients/inactive", "\(total - connected)"),
      ("clients/expired", "\(counters.sessionsExpired)"),
      ("bytes/received", "\(counters.bytesReceived)"),
      ("bytes/sent", "\(counters.bytesSent)"),
      ("messages/received", "\(counters.messagesReceived)"),
      ("messages/sent", "\(counters.messagesSent)"),
      ("messages/stored", "\(storedCount)"),
      ("messages/inflight", "\(inFlightCount)"),
      ("store/messages/count", "\(storedCount)"),
      ("store/messages/bytes", "\(storedBytes)"),
      ("publish/messages/received", "\(counters.publishReceived)"),
      ("publish/messages/sent", "\(counters.publishSent)"),
      ("publish/messages/dropped", "\(counters.publishDropped)"),
      ("publish/bytes/received", "\(counters.publishBytesReceived)"),
      ("publish/bytes/sent", "\(counters.publishBytesSent)"),
      ("retained messages/count", "\(retained.count)"),
      ("subscriptions/count", "\(subscriptions.count)"),
      ("shared_subscriptions/count", "\(subscriptions.sharedCount)"),
      ("limits/dropped/outbox", "\(counters.droppedOutboxFull)"),
      ("limits/dropped/queue", "\(counters.droppedQueueFull)"),
      ("limits/dropped/too_large", "\(counters.droppedTooLarge)"),
      ("limits/dropped/expired", "\(counters.messagesExpired)"),
      ("limits/closed/outbox", "\(counters.closedOutboxFull)"),
      ("limits/refused/connections", "\(counters.connectionsRefused)"),
      ("limits/refused/sessions", "\(counters.sessionsRefused)"),
      ("limits/refused/subscriptions", "\(counters.subscriptionsRefused)"),
      ("limits/refused/retained", "\(counters.retainedRefused)"),
      ("limits/refused/store", "\(counters.storeRefused)"),
      ("store/failing", isStoreFailing ? "1" : "0"),
      ("limits/protocol_errors", "\(counters.protocolErrors)"),
      ("certificates/expires", configuration.certificatesExpire),
    ]
    for (position, name) in Self.loadNames.enumerated() where position < status.loads.count {
      for (which, window) in ["1min", "5min", "15min"].enumerated() {
        values.append(("load/\(name)/\(window)", fixed(status.loads[position][which])))
      }
    }
    return values
  }

  private func fixed(_ value: Double) -> String {
    let hundredths = Int((value * 100).rounded())
    let fraction = hundredths % 100
    return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction)"
  }

  private var inFlightCount: Int {
    var count = 0
    for index in sessions.slots where sessions.isOccupied(index) {
      count += sessions[index].sender.unfinishedCount
    }
    return count
  }

  /// Messages in memory, and those that are only in the store.
  private var storedCount: Int {
    messages.count + paging.messages.messageCount - paging.bodies.count
  }

  /// Bytes of payloads in memory, and of whole messages that a tail needs.
  private var storedBytes: Int {
    var count = paging.messages.byteCount
    for index in messages.slots
    where messages.isOccupied(index) && !messages[index].isInTail {
      count += messages[index].payload.count
    }
    return count
  }
}
