// A message of a recording: what was received and when. Written as a `MessageLine` in which nothing
// is left out, so that reading it gives the same message again: exact bytes, exact properties, time
// to the nanosecond.
//
// Only what belongs to the message is recorded. A topic alias, the packet identifier and DUP belong
// to the connection that it came over, and mean nothing on another.

package import Basis
package import MQTTCodec
import Text

/// A message and when it was received.
package struct RecordedMessage: Equatable, Sendable {
  /// Nanoseconds since 1970-01-01 00:00 UTC.
  package var time: Int64
  /// Without topic alias, packet identifier and DUP.
  package var message: Publish

  /// A message received at `time`; what belongs to its connection is left out.
  package init(_ message: Publish, receivedAt time: Int64) {
    self.time = time
    self.message = message
    self.message.packetIdentifier = nil
    self.message.isDuplicate = false
    self.message.properties.list.removeAll { $0.identifier == .topicAlias }
  }

  /// Reads a line, without its line end.
  package init(parsing line: [UInt8]) throws(MessageLineFault) {
    let parts = try MessageLine(parsing: line)
    guard let time = parts.time else {
      throw MessageLineFault(0, "expected \"time\" in a recording")
    }
    guard let topic = parts.topic else {
      throw MessageLineFault(0, "expected \"topic\" in a recording")
    }
    guard let payload = parts.payload else {
      throw MessageLineFault(0, "expected \"payload\" or \"payload-base64\" in a recording")
    }
    self.init(
      Publish(
        topic: topic, payload: payload, qos: parts.qos ?? .atMostOnce,
        isRetained: parts.isRetained ?? false, properties: parts.properties),
      receivedAt: time)
  }

  /// Appends the line, its line end included.
  package func append(to buffer: inout ByteBuffer) {
    buffer.append(utf8: "{\"time\":\"\(TimeText.text(time, decimals: 9))\",\"topic\":")
    buffer.append(jsonString: message.topic.utf8.span)
    buffer.append(utf8: ",\"qos\":\(message.qos.rawValue)")
    buffer.append(utf8: message.isRetained ? ",\"retain\":true," : ",\"retain\":false,")
    buffer.append(member: "payload", bytes: message.payload)
    if !message.properties.isEmpty {
      buffer.append(utf8: ",\"properties\":{")
      message.properties.appendMembers(to: &buffer)
      buffer.append(UInt8(ascii: "}"))
    }
    buffer.append(utf8: "}\n")
  }
}

extension ByteBuffer {
  /// Appends `"name":"text"`, or `"name-base64":"..."` for bytes that are not UTF-8.
  package mutating func append(member name: String, bytes: [UInt8]) {
    let isText = (try? UTF8Span(validating: bytes.span)) != nil
    append(utf8: isText ? "\"\(name)\":" : "\"\(name)-base64\":")
    if isText {
      append(jsonString: bytes.span)
    } else {
      append(utf8: "\"\(Base64.text(bytes))\"")
    }
  }
}
