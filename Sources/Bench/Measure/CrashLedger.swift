// The book of a crash test: what was sent, what was acknowledged, what came, by number.

import MQTTCodec
package import Text

/// What became of each message.
package struct CrashLedger: Equatable, Sendable {
  private struct Entry: Equatable {
    var isAcknowledged = false
    var isRefused = false
    /// Sent anew because the broker had forgotten the publisher's session.
    var isSentAnew = false
    var arrivals: UInt16 = 0
  }

  private var entries: [Entry] = []
  package var sent = 0
  package private(set) var acknowledged = 0
  package private(set) var refused = 0
  package var foreign = 0
  package var subscriberSessionsLost = 0
  package private(set) var publisherSessionsLost = 0
  /// Acknowledged messages that have not come.
  private var missing = 0

  /// An empty book.
  package init() {}

  private mutating func reach(_ number: UInt64) {
    while entries.count <= Int(number) { entries.append(Entry()) }
  }

  /// The broker has said that it has the message.
  package mutating func acknowledge(_ number: UInt64) {
    reach(number)
    if entries[Int(number)].isAcknowledged { return }
    entries[Int(number)].isAcknowledged = true
    acknowledged += 1
    if entries[Int(number)].arrivals == 0 { missing += 1 }
  }

  /// The broker has said that it does not want the message.
  package mutating func refuse(_ number: UInt64) {
    reach(number)
    entries[Int(number)].isRefused = true
    refused += 1
  }

  /// The message came.
  package mutating func receive(_ number: UInt64) {
    reach(number)
    if entries[Int(number)].arrivals == 0 && entries[Int(number)].isAcknowledged { missing -= 1 }
    if entries[Int(number)].arrivals < .max { entries[Int(number)].arrivals += 1 }
  }

  /// The broker has forgotten the publisher, so everything unacknowledged of `sent` goes out anew.
  package mutating func publisherSessionLost(sent: UInt64) {
    publisherSessionsLost += 1
    if sent > 0 { reach(sent - 1) }
    for place in entries.indices where !entries[place].isAcknowledged {
      entries[place].isSentAnew = true
    }
  }

  /// Whether an acknowledged message has not come.
  package var isMissingSome: Bool { missing > 0 }

  /// Acknowledged and never delivered.
  package var lost: Int { missing }

  /// Delivered more than once, without those sent anew after a lost session.
  package var doubled: Int { entries.count { $0.arrivals > 1 && !$0.isSentAnew } }

  /// Delivered more than once after the publisher's session was forgotten.
  package var doubledAnew: Int { entries.count { $0.arrivals > 1 && $0.isSentAnew } }

  /// Messages that came at least once.
  package var received: Int { entries.count { $0.arrivals > 0 } }

  /// Whether a promise of this quality of service was broken.
  package func isBroken(qos: UInt8) -> Bool {
    lost > 0 || subscriberSessionsLost > 0 || publisherSessionsLost > 0
      || (qos == 2 && doubled + doubledAnew > 0)
  }

  /// The summary.
  package func lines(qos: UInt8, kills: Int, of wantedKills: Int) -> [String] {
    func line(_ name: String, _ number: Int) -> String {
      "  " + name.padded(to: 34) + UInt64(number).grouped
    }
    var lines = ["crash  QoS \(qos), killed \(kills) times"]
    lines += [
      line("sent", sent), line("acknowledged", acknowledged), line("received", received),
      line("acknowledged and lost", lost),
      line(qos == 2 ? "delivered twice" : "delivered twice, which QoS 1 allows", doubled),
    ]
    if publisherSessionsLost > 0 {
      lines.append(line("publisher's session forgotten", publisherSessionsLost))
      lines.append(line("delivered twice because of that", doubledAnew))
    }
    if subscriberSessionsLost > 0 {
      lines.append(line("subscriber's session forgotten", subscriberSessionsLost))
    }
    if refused > 0 { lines.append(line("refused", refused)) }
    let isWhole = kills >= wantedKills
    let fineWords =
      isWhole
      ? "the broker kept its promises"
      : "no promise was broken so far, ended by hand after \(kills) of \(wantedKills) kills"
    lines.append("  verdict: " + (isBroken(qos: qos) ? "BROKEN" : fineWords))
    return lines
  }

  /// The same for machines.
  package func json(qos: UInt8, kills: Int, of wantedKills: Int, command: String) -> JSONValue {
    let numbers: KeyValuePairs<String, Int> = [
      "qos": Int(qos), "kills": kills, "kills_wanted": wantedKills, "sent": sent,
      "acknowledged": acknowledged,
      "received": received, "acknowledged_lost": lost, "delivered_twice": doubled,
      "delivered_twice_after_session_loss": doubledAnew,
      "publisher_sessions_lost": publisherSessionsLost,
      "subscriber_sessions_lost": subscriberSessionsLost, "refused": refused,
    ]
    let members = numbers.map { JSONValue.Member($0.key, .number(Double($0.value))) }
    return .object(
      [.init("format", .string(Array("mqtt-bench-crash-1".utf8)))]
        + [.init("command", .string(Array(command.utf8)))] + members
        + [.init("fine", .truth(!isBroken(qos: qos) && kills >= wantedKills))])
  }
}
