// For `-d`: a PUBLISH whose topic is empty, because a topic alias stands for it (3.3.2.3.4), is shown
// with the topic that it is about. Aliases are of one direction of one connection. [MQTT-3.3.2-9]

package import MQTTCodec

/// What the topic aliases of one client's connection stand for.
package struct AliasedTopics {
  private var sent: [UInt32: String] = [:]
  private var received: [UInt32: String] = [:]

  /// A client of which nothing has been seen.
  package init() {}

  /// `packet`, which went `course`, with the topic that its alias stands for.
  package mutating func resolved(_ packet: Packet, _ course: PacketCourse) -> Packet {
    if case .connect = packet { self = AliasedTopics() }
    guard case .publish(var publish) = packet, let alias = publish.properties.number(.topicAlias)
    else { return packet }
    if publish.topic.isEmpty {
      publish.topic = (course == .sent ? sent[alias] : received[alias]) ?? ""
    } else if course == .sent {
      sent[alias] = publish.topic
    } else {
      received[alias] = publish.topic
    }
    return .publish(publish)
  }
}
