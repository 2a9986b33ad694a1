// A client that makes the same mistake again and again, such as one that sends a message which is too
// long each time it has connected: the log says it once, and then each minute how often it came again.

import Basis
import MQTTCodec

/// The faults of clients that were told, and what came since.
struct RepeatedFaults {
  /// Seconds over which a fault is counted before it is told again.
  static let periodSeconds = 60
  /// Most bytes of names and causes that are remembered; beyond, each fault is told.
  private static let byteLimit = 256 << 10

  private struct Fault: Hashable {
    var client: ExactText
    var cause: ExactText

    /// What it costs to remember it, about.
    var byteCount: Int { 128 + client.text.utf8.count + cause.text.utf8.count }
  }

  /// How often each came again.
  private var counts: [Fault: Int] = [:]
  /// In the order in which they came first.
  private var order: [Fault] = []
  private var byteCount = 0

  var isEmpty: Bool { order.isEmpty }

  /// Counts a fault; whether it is to be told now.
  mutating func add(_ client: String, _ cause: String) -> Bool {
    let fault = Fault(client: client.exact, cause: cause.exact)
    if let count = counts[fault] {
      counts[fault] = count + 1
      return false
    }
    if byteCount + fault.byteCount <= Self.byteLimit {
      counts[fault] = 0
      order.append(fault)
      byteCount += fault.byteCount
    }
    return true
  }

  /// What came again in the period that is over; what did not is forgotten.
  mutating func takeRepeated() -> [String] {
    let before = self
    self = RepeatedFaults()
    var lines: [String] = []
    for fault in before.order {
      guard let count = before.counts[fault], count > 0 else { continue }
      let times = count == 1 ? "once" : "\(count) times"
      lines.append(
        "\(fault.client.text) left \(times) more in the last minute: \(fault.cause.text)")
      _ = add(fault.client.text, fault.cause.text)
    }
    return lines
  }
}

extension Broker {
  /// Whether the log is to say now that a client left for a fault.
  mutating func isToldNow(_ client: String, _ fault: String) -> Bool {
    let isFirst = status.faults.isEmpty
    let isNew = status.faults.add(client, fault)
    if isFirst, !status.faults.isEmpty { tellFaultsLater() }
    return isNew
  }

  /// Says what came again.
  mutating func faultsAreDue() {
    for line in status.faults.takeRepeated() { note(.information, line) }
    if !status.faults.isEmpty { tellFaultsLater() }
  }

  private mutating func tellFaultsLater() {
    deadlines.insert(.faults, at: now.advanced(bySeconds: RepeatedFaults.periodSeconds))
  }
}
