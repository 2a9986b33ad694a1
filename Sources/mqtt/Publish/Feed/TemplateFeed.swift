// What simulated devices say: each message is made anew from a template.

import Basis
import Commands
import Transport

/// Messages from a template.
final class TemplateFeed: MessageFeed {
  private var payload: TemplateRun
  private var topic: TemplateRun?
  private let options: PublishOptions
  /// From 1.
  private let client: Int
  private let clientIdentifier: String
  private var count = 0
  /// When the next one may come, with --repeat-delay.
  private var deadline = Instant.start

  init(
    _ template: Template, _ options: PublishOptions, client: Int, clientIdentifier: String,
    seed: UInt64
  ) {
    self.options = options
    self.client = client
    self.clientIdentifier = clientIdentifier
    // Each client and the topic have chances of their own.
    let seed = seed &+ UInt64(client) &* 0x9E37_79B9
    payload = TemplateRun(template, seed: seed)
    topic = options.topicTemplate.map { TemplateRun($0, seed: ~seed) }
  }

  var isLong: Bool { options.repeatCount > 1 }
  var isExhausted: Bool { count == options.repeatCount }
  var remainder: FeedRemainder { .repetitions(options, done: count) }

  func next(into message: inout OutgoingMessage, now: Instant) throws(StartFailure) -> FeedStep {
    if isExhausted { return .ended }
    if now < deadline { return .waits(until: deadline) }
    var facts = TemplateFacts(
      time: WallClock.nanoseconds, client: client, clientIdentifier: clientIdentifier,
      topic: options.topics.first ?? "")
    if topic != nil {
      var buffer = ByteBuffer()
      topic?.append(to: &buffer, facts)
      facts.topic = String(decoding: buffer.bytes, as: UTF8.self)
      message.topic = facts.topic
    }
    payload.append(to: &message.payload, facts)
    count += 1
    if options.repeatDelaySeconds > 0 {
      deadline = now.advanced(bySeconds: options.repeatDelaySeconds)
    }
    return .message
  }
}
