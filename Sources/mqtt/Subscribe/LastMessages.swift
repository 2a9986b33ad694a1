// What the last message on each topic was, for `--changes`.

import Basis
import MQTTCodec

/// The last payload of each topic.
struct LastMessages {
  /// Bytes of topics and payloads that are kept; beyond them all are forgotten, and the next message
  /// of each topic counts as a change.
  private static let byteLimit = 256 << 20

  private var payloads: [ExactText: [UInt8]] = [:]
  private var byteCount = 0

  /// Whether `message` is not what was last on its topic; from now on it is.
  mutating func isChange(_ message: Publish) -> Bool {
    let last = payloads[message.topic.exact]
    if last == message.payload { return false }
    if byteCount > Self.byteLimit {
      payloads = [:]
      byteCount = 0
    }
    byteCount += message.payload.count - (last?.count ?? -message.topic.utf8.count)
    payloads[message.topic.exact] = message.payload
    return true
  }
}
