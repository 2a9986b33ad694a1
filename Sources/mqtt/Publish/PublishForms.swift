// The forms of the messages that `mqtt pub` sends, made once for each topic and connection: a
// thousand lines to one topic check and encode it once. Also what an answer is about, which a
// session only knows by a number.

import Basis
import Commands
import MQTTClient
import MQTTCodec
import MQTTSession

/// Forms by topic.
struct PublishForms {
  /// Topics of messages that name their own, beyond which all are made anew.
  private static let topicLimit = 4096
  /// The bit of a token that says that the topic is the message's own.
  private static let ownTopic: UInt64 = 1 << 63

  private struct Entry {
    var form: MessageForm
    var isRetained: Bool
    var properties: Properties

    /// Whether `message` has this form.
    func fits(_ message: borrowing OutgoingMessage) -> Bool {
      form.qos == message.qos && isRetained == message.isRetained
        && properties == message.properties
    }
  }

  /// For the command line's topics, in their order.
  private var listed: [Entry] = []
  private var own: [ExactText: Entry] = [:]
  /// Messages with a topic of their own whose handshakes are open.
  private var open: [UInt64: (topic: String, number: UInt32)] = [:]
  private var nextToken: UInt64 = 0

  /// Forgets what was agreed on the connection before.
  mutating func connectionBegan() {
    listed = []
    own = [:]
  }

  /// The form of `message` to a topic of the command line; they are asked for in their order.
  mutating func form(
    ofTopicAt index: Int, in topics: [String], _ message: borrowing OutgoingMessage,
    _ run: ClientRun
  ) throws(RequestFault) -> MessageForm {
    if index < listed.count && listed[index].fits(message) { return listed[index].form }
    let entry = try Self.make(topics[index], message, run)
    if index < listed.count {
      listed[index] = entry
    } else {
      listed.append(entry)
    }
    return entry.form
  }

  /// The form of `message` to its own topic.
  mutating func form(
    of topic: String, _ message: borrowing OutgoingMessage, _ run: ClientRun
  ) throws(RequestFault) -> MessageForm {
    if let entry = own[topic.exact], entry.fits(message) { return entry.form }
    if own.count >= Self.topicLimit { own = [:] }
    let entry = try Self.make(topic, message, run)
    own[topic.exact] = entry
    return entry.form
  }

  private static func make(
    _ topic: String, _ message: borrowing OutgoingMessage, _ run: ClientRun
  ) throws(RequestFault) -> Entry {
    let form = try run.client.session.form(
      topic: topic, qos: message.qos, isRetained: message.isRetained,
      properties: message.properties)
    return Entry(form: form, isRetained: message.isRetained, properties: message.properties)
  }

  /// The token of `message` to a topic of the command line: both numbers.
  static func token(_ topicIndex: Int, _ message: borrowing OutgoingMessage) -> UInt64 {
    UInt64(message.number) << 24 | UInt64(topicIndex)
  }

  /// The token of `message` to its own topic.
  mutating func token(of topic: String, _ message: borrowing OutgoingMessage) -> UInt64 {
    if message.qos == .atMostOnce { return 0 }
    let token = nextToken | Self.ownTopic
    nextToken += 1
    open[token] = (topic, message.number)
    return token
  }

  /// What the message with `token` was, whose handshake is over.
  mutating func takeToken(_ token: UInt64, in topics: [String]) -> (topic: String, number: UInt32) {
    if token & Self.ownTopic != 0, let message = open.removeValue(forKey: token) { return message }
    let index = Int(token & 0xFF_FFFF)
    return (topics[index], UInt32(truncatingIfNeeded: token >> 24))
  }
}
