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
  /// Publishes what is new and makes sure that it is done again in time.
  mutating func refreshStatus() {
    if configuration.statusIntervalSeconds == 0 { return }
    status.updateLoads(clock)
    for (position, entry) in statusValues.enumerated() {
      if position >= status.topics.published.count { status.topics.published.append("") }
      if status.topics.published[position] == entry.value { continue }
      status.topics.retainedCount +=
        (entry.value.isEmpty ? 0 : 1) - (status.topics.published[position].isEmpty ? 0 : 1)
      status.topics.published[position] = entry.value
      publishStatus("$SYS/broker/" + entry.name, entry.value)
    }
    if status.topics.isScheduled { return }
    status.topics.isScheduled = true
    deadlines.insert(
      .status, at: now.advanced(bySeconds: configuration.statusIntervalSeconds))
  }

  /// The interval is over.
  mutating func statusIsDue() {
    status.topics.isScheduled = false
    if routing.subscriptions.hasSystemFilters { refreshStatus() }
  }

  private mutating func publishStatus(_ name: String, _ value: String) {
    let topic = Array(name.utf8)
    let payload = Array(value.utf8)
    let terms = PublicationTerms(
      qos: .atMostOnce, isRetained: true, expirySeconds: nil,
      publisher: nil)
    distribute(terms, topic: topic.span, payload: payload.span)
  }

  private var statusValues: [(name: String, value: String)] {
    let total = sessions.count
    let connected = status.counters.connectedClients
    var values: [(name: String, value: String)] = [
      ("version", "mqtt version \(configuration.programVersion)"),
      ("uptime", "\(clock.uptimeSeconds) seconds"),
      ("clients/total", "\(total)"),
      ("clients/maximum", "\(status.counters.clientsMaximum)"),
      ("clients/connected", "\(connected)"),
      ("clients/active", "\(connected)"),
      ("clients/disconnected", "\(total - connected)"),
      ("clients/inactive", "\(total - connected)"),
      ("clients/expired", "\(status.counters.sessionsExpired)"),
      ("bytes/received", "\(status.counters.bytesReceived)"),
      ("bytes/sent", "\(status.counters.bytesSent)"),
      ("messages/received", "\(status.counters.messagesReceived)"),
      ("messages/sent", "\(status.counters.messagesSent)"),
      ("messages/stored", "\(storedCount)"),
      ("messages/inflight", "\(inFlightCount)"),
      ("store/messages/count", "\(storedCount)"),
      ("store/messages/bytes", "\(storedBytes)"),
      ("publish/messages/received", "\(status.counters.publishReceived)"),
      ("publish/messages/sent", "\(status.counters.publishSent)"),
      ("publish/messages/dropped", "\(status.counters.publishDropped)"),
      ("publish/bytes/received", "\(status.counters.publishBytesReceived)"),
      ("publish/bytes/sent", "\(status.counters.publishBytesSent)"),
      ("retained messages/count", "\(retained.count)"),
      ("subscriptions/count", "\(routing.subscriptions.count)"),
      ("shared_subscriptions/count", "\(routing.subscriptions.sharedCount)"),
      ("limits/dropped/outbox", "\(status.counters.droppedOutboxFull)"),
      ("limits/dropped/queue", "\(status.counters.droppedQueueFull)"),
      ("limits/dropped/too_large", "\(status.counters.droppedTooLarge)"),
      ("limits/dropped/expired", "\(status.counters.messagesExpired)"),
      ("limits/closed/outbox", "\(status.counters.closedOutboxFull)"),
      ("limits/refused/connections", "\(status.counters.connectionsRefused)"),
      ("limits/refused/sessions", "\(status.counters.sessionsRefused)"),
      ("limits/refused/subscriptions", "\(status.counters.subscriptionsRefused)"),
      ("limits/refused/retained", "\(status.counters.retainedRefused)"),
      ("limits/refused/store", "\(status.counters.storeRefused)"),
      ("store/failing", recorder.isFailing ? "1" : "0"),
      ("limits/protocol_errors", "\(status.counters.protocolErrors)"),
      ("certificates/expires", configuration.certificatesExpire),
    ]
    values += status.loadValues
    return values
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
    mail.messages.count + recorder.paging.messages.messageCount - recorder.paging.bodies.count
  }

  /// Bytes of payloads in memory, and of whole messages that a tail needs.
  private var storedBytes: Int {
    var count = recorder.paging.messages.byteCount
    for index in mail.messages.slots
    where mail.messages.isOccupied(index) && !mail.messages[index].isInTail {
      count += mail.messages[index].payload.count
    }
    return count
  }
}
