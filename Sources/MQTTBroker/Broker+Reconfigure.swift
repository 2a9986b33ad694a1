// A configuration that changes while clients are connected. What was agreed with a client in its
// CONNECT stays until it comes back; everything else holds from the next packet on.

package import Basis
import MQTTCodec
import MQTTSession

extension Broker {
  /// Most lines of ``summary()``.
  static let summaryLineLimit = 10_000

  /// Does as `configuration` says from now on.
  ///
  /// Whether records are kept, and the methods of authentication, stay as they are.
  package mutating func reconfigure(_ configuration: BrokerConfiguration, now: Instant) {
    clock.now = now
    var next = configuration
    next.keepsRecords = self.configuration.keepsRecords
    next.authenticationMethods = self.configuration.authenticationMethods
    next.programVersion = self.configuration.programVersion
    self.configuration = next
    routing.subscriptions.keepsOverlaps = next.allowsDuplicates
    setPolicies(next.listenerPolicies, now: now)
    gate.isFull = false
    retained.isFull = false
    if routing.subscriptions.hasSystemFilters { refreshStatus() }
  }

  /// Ends the connections of a listener that is gone.
  package mutating func close(listener: Int, now: Instant) {
    clock.now = now
    for index in connections.slots where connections.isOccupied(index) {
      if Int(connections[index].listener) != listener || connections[index].stage == .closed {
        continue
      }
      if connections[index].stage == .connected, connections[index].version == .v5 {
        send(.disconnect(Disconnect(reasonCode: .administrativeAction)), on: index)
      }
      leave(index, cause: "its listener is closed", isOrderly: false)
      close(index)
    }
  }

  /// Sessions, subscriptions and retained topics, a line each, in the order of their slots.
  package func summary() -> [String] {
    var lines = [
      "\(sessions.count) sessions, \(routing.subscriptions.count) subscriptions, "
        + "\(retained.count) retained messages"
    ]
    for index in sessions.slots where sessions.isOccupied(index) {
      lines.append(
        "session \(sessions[index].clientIdentifier): "
          + (sessions[index].isOnline ? "connected" : "absent")
          + ", \(sessions[index].subscriptionCount) subscriptions, \(sessions[index].queue.count) "
          + "messages waiting, \(sessions[index].sender.unfinishedCount) in flight"
          + (sessions[index].withheld.map { ", \($0.deliveries.count) not for its user" } ?? ""))
      routing.subscriptions.forEach(firstOfSession: sessions[index].firstSubscription) {
        filter, qos in
        lines.append("  \(filter) QoS \(qos.rawValue)")
      }
      if lines.count > Self.summaryLineLimit { break }
    }
    for topic in retainedTopics(atMost: Self.summaryLineLimit) { lines.append("retained \(topic)") }
    if lines.count > Self.summaryLineLimit {
      let rest = lines.count - Self.summaryLineLimit
      lines.removeLast(rest)
      lines.append("... and \(rest) more lines at least")
    }
    return lines
  }

  private func retainedTopics(atMost limit: Int) -> [String] {
    var found: [Slot<Message>] = []
    let everything: [UInt8] = [UInt8(ascii: "#")]
    retained.match(everything.span, into: &found)
    return found.prefix(limit).map { message in
      String(
        decoding: mail.topic(of: message),
        as: UTF8.self)
    }
  }
}
