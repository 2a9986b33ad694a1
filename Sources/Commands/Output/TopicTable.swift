// The table of `mqtt sub --top`: for each topic its messages, their rate and bytes, and the last one.
// Rates are over the last few seconds while the table is live, and over the whole time at the end of
// one that never was.

package import Basis
package import MQTTCodec

/// What stands first in the table; the raw value is the key that chooses it.
package enum TopicOrder: UInt8, Sendable {
  /// Messages a second.
  case rate = 0x72
  case messages = 0x6D
  /// Bytes a second.
  case bytes = 0x62
  case topic = 0x74

  /// What the keys do, in a few words.
  static let keys = "keys: r rate, m messages, b bytes, t topic"
}

/// Counts of messages by topic.
package struct TopicTable {
  /// Topics with a line of their own; all others share one.
  package static let topicLimit = 100_000
  /// Seconds that a live rate looks back.
  private static let windowSeconds = 5
  /// Bytes of a last message that are kept.
  private static let previewLength = 200
  /// The name of the line of all topics beyond the limit.
  private static let others = "(other topics)"

  private struct Row {
    var topic: String
    var messages = 0
    var bytes = 0
    var last: [UInt8] = []
    var lastLength = 0
    /// Messages and bytes of the second under way.
    var fresh = (messages: 0, bytes: 0)
    /// The seconds before it, the newest first.
    var seconds: [(messages: Int, bytes: Int)] = []
  }

  private var rows: [Row] = []
  private var index: [ExactText: Int] = [:]
  private var start: Instant?
  private var lastTick: Instant?

  /// A table without topics.
  package init() {}

  /// Counts a message that came at `now`.
  package mutating func count(_ message: Publish, at now: Instant) {
    start = start ?? now
    let place = place(of: message.topic)
    rows[place].messages += 1
    rows[place].bytes += message.payload.count
    rows[place].fresh.messages += 1
    rows[place].fresh.bytes += message.payload.count
    rows[place].last = Array(message.payload.prefix(Self.previewLength))
    rows[place].lastLength = message.payload.count
  }

  private mutating func place(of topic: String) -> Int {
    if let place = index[topic.exact] { return place }
    let name = rows.count < Self.topicLimit ? topic : Self.others
    if let place = index[name.exact] { return place }
    rows.append(Row(topic: name))
    index[name.exact] = rows.count - 1
    return rows.count - 1
  }

  /// Says that a second is over; called each second while the table is live.
  package mutating func tick(at now: Instant) {
    lastTick = now
    for place in rows.indices {
      rows[place].seconds.insert(rows[place].fresh, at: 0)
      if rows[place].seconds.count > Self.windowSeconds { rows[place].seconds.removeLast() }
      rows[place].fresh = (0, 0)
    }
  }

  /// The table as lines, each at most `width` columns wide and at most `height` of them.
  ///
  /// With `tellsKeys` the last line says what the keys do.
  package func text(
    at now: Instant, width: Int?, height: Int?, order: TopicOrder = .rate, tellsKeys: Bool = false
  ) -> String {
    let lines = rows.map { line($0, at: now) }.sorted { Self.stands($0, before: $1, order) }
    let limit = height.map { max(1, $0 - 2) } ?? lines.count
    let shown = lines.prefix(limit)
    let topicWidth = Self.topicWidth(Array(shown), width)
    let topics = Self.fitted(shown.map(\.topic), topicWidth)
    var text = Self.cut(
      "TOPIC".leftAligned(topicWidth) + "   MESSAGES        PER S    BYTES/S  LAST", width)
    for (topic, line) in zip(topics, shown) {
      text += Self.cut(
        topic.leftAligned(topicWidth)
          + "\(line.messages)".rightAligned(11)
          + Self.rateText(line.rate).rightAligned(13)
          + Self.rateText(line.byteRate).rightAligned(11)
          + "  " + line.last, width)
    }
    let messages = rows.reduce(0) { $0 + $1.messages }
    let hidden = lines.count - shown.count
    return text
      + Self.cut(
        "\(messages) \(messages == 1 ? "message" : "messages") on "
          + "\(rows.count) \(rows.count == 1 ? "topic" : "topics")"
          + (hidden > 0 ? ", \(hidden) of them not shown" : "")
          + (tellsKeys ? "; \(TopicOrder.keys)" : ""), width)
  }

  /// Columns of the numbers, and of the last message where there is no room for more.
  private static let numbersWidth = 11 + 13 + 11 + 2
  private static let lastWidth = 20

  /// What the topics need, unless the last messages need the room more.
  private static func topicWidth(_ lines: [Line], _ width: Int?) -> Int {
    let widest = max(5, lines.map(\.topic.columnCount).max() ?? 0)
    guard let width else { return widest }
    let lastWidth = min(Self.lastWidth, lines.map(\.last.columnCount).max() ?? 0)
    return min(widest, max(12, width - numbersWidth - lastWidth))
  }

  /// The topics within `width` columns, cut where most of them can still be told apart.
  private static func fitted(_ topics: [String], _ width: Int) -> [String] {
    let choices = String.Cut.allCases.map { cut in topics.map { $0.fitted(width, cut: cut) } }
    // The first of the best: `max` would take the last.
    let best = choices.map { Set($0).count }.max() ?? 0
    return choices.first { Set($0).count == best } ?? topics
  }

  private static func stands(_ left: Line, before right: Line, _ order: TopicOrder) -> Bool {
    switch order {
    case .rate where left.rate != right.rate: return left.rate > right.rate
    case .bytes where left.byteRate != right.byteRate: return left.byteRate > right.byteRate
    case .topic: return left.topic < right.topic
    case .rate, .bytes, .messages: break
    }
    if left.messages != right.messages { return left.messages > right.messages }
    return left.topic < right.topic
  }

  private struct Line {
    var topic: String
    var messages: Int
    var rate: Double
    var byteRate: Double
    var last: String
  }

  private func line(_ row: Row, at now: Instant) -> Line {
    var messages = row.messages
    var bytes = row.bytes
    var seconds = max(1, Double(now.nanoseconds(since: start ?? now)) / 1e9)
    if lastTick != nil {
      messages = row.seconds.reduce(0) { $0 + $1.messages }
      bytes = row.seconds.reduce(0) { $0 + $1.bytes }
      seconds = Double(max(1, row.seconds.count))
    }
    return Line(
      topic: Self.plain(row.topic), messages: row.messages, rate: Double(messages) / seconds,
      byteRate: Double(bytes) / seconds, last: Self.preview(row))
  }

  private static func preview(_ row: Row) -> String {
    if row.lastLength == 0 { return "(empty)" }
    guard (try? UTF8Span(validating: row.last.span)) != nil || row.lastLength > row.last.count
    else { return "(\(row.lastLength) bytes)" }
    let text = String(decoding: row.last, as: UTF8.self)
    return plain(text) + (row.lastLength > row.last.count ? "..." : "")
  }

  /// On one line, whatever it holds.
  private static func plain(_ text: String) -> String {
    String(text.map { $0.isNewline || ($0.asciiValue ?? 32) < 32 || $0 == "\u{7F}" ? " " : $0 })
  }

  private static func rateText(_ rate: Double) -> String {
    if rate >= 1000 { return "\(Int(rate.rounded()))" }
    let tenths = Int((rate * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }

  /// A line no wider than `width`.
  private static func cut(_ text: String, _ width: Int?) -> String {
    (width.map { text.fitted($0) } ?? text) + "\n"
  }
}
