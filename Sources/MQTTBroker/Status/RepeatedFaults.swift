// A client that makes the same mistake again and again, such as one that sends a message which is too
// long each time it has connected: the log says it once, and then each minute how often it came again.
// Nor does it say then that such a client has connected, unless it stays. One that has not said who it
// is is known by the address that it came from.

package import Basis
import MQTTCodec

/// The faults of clients that were told, and what came since.
struct RepeatedFaults {
  /// Seconds over which a fault is counted before it is told again.
  static let periodSeconds = 60
  /// Most bytes of names and causes that are remembered; beyond, each fault is told.
  private static let byteLimit = 256 << 10

  /// Most bytes of the line that a client has connected which may be kept back.
  private static let lineLimit = 1000

  /// How somebody went.
  enum End: Hashable {
    case left
    case leftUnconnected
    case turnedAway

    var words: String {
      switch self {
      case .left: "left"
      case .leftUnconnected: "left before it was connected"
      case .turnedAway: "was turned away"
      }
    }
  }

  private struct Fault: Hashable {
    var client: ExactText
    var end: End
    var cause: ExactText

    /// What it costs to remember it, about.
    var byteCount: Int { 128 + client.text.utf8.count + cause.text.utf8.count }
  }

  /// How often each came again.
  private var counts: [Fault: Int] = [:]
  /// In the order in which they came first.
  private var order: [Fault] = []
  private var byteCount = 0
  /// Clients that came and left by a fault again, with the line that they have connected, if that
  /// has not been told.
  private var returned: [ExactText: String?] = [:]

  var isEmpty: Bool { order.isEmpty }

  /// Whether a line that a client has connected is kept back, for it is one that comes again and
  /// again.
  mutating func keepsBack(_ line: String, of client: String) -> Bool {
    if returned[client.exact] == nil || line.utf8.count > Self.lineLimit { return false }
    returned[client.exact] = .some(line)
    return true
  }

  /// The line that a client has connected, where it was kept back.
  mutating func takeKept(of client: String) -> String? {
    guard let line = returned[client.exact] else { return nil }
    returned[client.exact] = .some(nil)
    return line
  }

  /// Counts a fault; whether it is to be told now.
  mutating func add(_ client: String, _ end: End, _ cause: String) -> Bool {
    let fault = Fault(client: client.exact, end: end, cause: cause.exact)
    if end == .left, counts[fault] != nil { returned[client.exact] = .some(nil) }
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
    // Whoever has connected since and is there must be told.
    var lines = before.returned.values.compactMap { $0 }.sorted()
    for fault in before.order {
      guard let count = before.counts[fault], count > 0 else { continue }
      let times = count == 1 ? "once" : "\(count) times"
      lines.append(
        "\(fault.client.text) \(fault.end.words) \(times) more in the last minute: "
          + fault.cause.text)
      _ = add(fault.client.text, fault.end, fault.cause.text)
      if fault.end == .left { returned[fault.client] = .some(nil) }
    }
    return lines
  }
}

extension Broker {
  /// Says that a client has left; a fault that has been told is counted instead.
  mutating func noteLeft(_ client: String, _ cause: String, isFault: Bool) {
    if isFault, !isNews(client, .left, cause) { return }
    if !status.faults.isEmpty, let line = status.faults.takeKept(of: client) {
      note(.information, line)
    }
    note(.information, "\(client) left: \(cause)")
  }

  /// The same of a peer that has not said who it is.
  mutating func noteUnconnected(_ peer: String, _ cause: String, isFault: Bool) {
    if isFault, !isNews(Self.host(of: peer), .leftUnconnected, cause) { return }
    note(.information, "\(peer) left before it was connected: \(cause)")
  }

  /// Says that a peer was turned away before there was a connection: its TLS handshake failed, or its
  /// header of the PROXY protocol is wrong.
  package mutating func noteTurnedAway(_ peer: String, _ cause: String, now: Instant) {
    clock.now = now
    if isNews(Self.host(of: peer), .turnedAway, cause) {
      note(.notice, "\(peer): turned away, \(cause)")
    }
  }

  private mutating func isNews(
    _ client: String, _ end: RepeatedFaults.End, _ cause: String
  ) -> Bool {
    let isFirst = status.faults.isEmpty
    let isNew = status.faults.add(client, end, cause)
    if isFirst, !status.faults.isEmpty { tellFaultsLater() }
    return isNew
  }

  /// The address of a peer without its port.
  static func host(of peer: String) -> String {
    guard let colon = peer.lastIndex(of: ":") else { return peer }
    return String(peer[..<colon])
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
