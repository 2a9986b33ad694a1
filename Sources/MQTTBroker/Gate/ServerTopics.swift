// Topics that are not like others: those that begin with a dollar are the server's own.

import Basis

extension Broker {
  static func levelCount(_ topic: Span<UInt8>) -> Int {
    var levels = 1
    for index in topic.indices where topic[index] == 0x2F { levels += 1 }
    return levels
  }

  /// Why no client may publish to a topic that begins with a dollar; nil if one may.
  static func reason(againstPublishing topic: Span<UInt8>) -> String? {
    if isSystem(topic) { return "$SYS refused, only the server publishes there" }
    // A request without an answer would be waited for.
    let name = String(decoding: array(topic), as: UTF8.self)
    if !name.hasPrefix("$CONTROL/") { return nil }
    return "\"\(name)\" refused, this broker takes no "
      + "requests there; users and rights stand in files, which SIGHUP has read again"
  }

  /// Whether a topic or filter is `$SYS` or below it.
  static func isSystem(_ topic: Span<UInt8>) -> Bool {
    topic.count >= 4 && topic[0] == 0x24 && topic[1] == 0x53 && topic[2] == 0x59
      && topic[3] == 0x53 && (topic.count == 4 || topic[4] == 0x2F)
  }
}
