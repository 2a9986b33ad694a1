// What a peer speaks, told by its first bytes. A TLS client on a plain port and a plain client on
// a TLS port are the commonest mistakes of all, and each end alone sees only garbage. The first
// bytes of the usual suspects differ in the first byte already, so one look is enough.

import HTTP

/// A protocol recognised by the first bytes a peer sent.
package enum FirstBytes: Sendable, Equatable {
  /// A TLS handshake record: a client greeting, or a server's answer (RFC 8446, 5.1).
  case tlsHandshake
  /// A TLS alert record.
  case tlsAlert
  /// A CONNECT packet of MQTT without TLS.
  case mqttConnect
  /// Another packet that a server of plain MQTT may begin with: CONNACK, DISCONNECT or AUTH.
  case mqttAnswer
  /// A request of HTTP without TLS.
  case httpRequest
  /// An answer of HTTP without TLS.
  case httpResponse
  /// What both ends of SSH begin with (RFC 4253, 4.2).
  case ssh
  /// A greeting in readable text that is none of the others, such as those of mail servers.
  case text

  /// Looks at the first bytes; nil when they tell nothing or there are none.
  ///
  /// More than the first byte is only needed to be surer: what is there must not contradict.
  package init?(_ bytes: Span<UInt8>) {
    guard bytes.count > 0 else { return nil }
    switch bytes[0] {
    case 0x16, 0x15:
      // The record's version has the major number 3 from SSL 3.0 to TLS 1.3.
      if bytes.count > 1 && bytes[1] != 3 { return nil }
      self = bytes[0] == 0x16 ? .tlsHandshake : .tlsAlert
    case 0x10:
      if !Self.couldBeConnect(bytes) { return nil }
      self = .mqttConnect
    case 0x20, 0xE0, 0xF0:
      self = .mqttAnswer
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      guard let found = Self.readable(bytes) else { return nil }
      self = found
    default:
      return nil
    }
  }

  /// What was found, as the object of a sentence.
  package var words: String {
    switch self {
    case .tlsHandshake: "a TLS handshake"
    case .tlsAlert: "a TLS alert"
    case .mqttConnect: "a CONNECT packet of plain MQTT"
    case .mqttAnswer: "plain MQTT"
    case .httpRequest: "a plain HTTP request"
    case .httpResponse: "plain HTTP"
    case .ssh: "a greeting of SSH"
    case .text: "a greeting of another protocol"
    }
  }

  /// What to say of a peer that begins with these bytes on a plain port; nil if they may be MQTT.
  ///
  /// Without a full stop at the end.
  package func explanation(onPlainPort port: UInt16) -> String? {
    switch self {
    case .tlsHandshake, .tlsAlert:
      "a TLS client on the plain port \(port): it sent \(words) where plain MQTT is spoken. Let "
        + "it use a TLS port (8883 by custom; `mqtt broker --tls` opens one), or start it without "
        + "--tls, --cafile and the like"
    case .httpRequest:
      "an HTTP client on the port \(port), where MQTT is spoken without WebSocket; let it use a "
        + "WebSocket port, or open one with --ws"
    case .ssh, .httpResponse, .text:
      "no MQTT client on the port \(port): it sent \(words); let it use its own server's port"
    case .mqttConnect, .mqttAnswer:
      nil
    }
  }

  /// What to say when a plain client gets these bytes as the first; nil when they may be MQTT.
  ///
  /// Without a full stop at the end.
  package func explanation(fromServer server: String) -> String? {
    switch self {
    case .tlsHandshake, .tlsAlert:
      "the server \(server) speaks TLS on this port: connect with --tls, or with --cafile and the "
        + "authority's certificate, or use its plain port (1883 by custom)"
    case .httpRequest, .httpResponse, .ssh, .text:
      "the server \(server) does not speak MQTT on this port: it sent \(words). Check host and "
        + (self == .httpResponse ? "port, or use --ws if it serves WebSocket there" : "port")
    case .mqttConnect, .mqttAnswer:
      nil
    }
  }

  /// Whether the bytes can begin a CONNECT: remaining length, then `MQTT` or `MQIsdp` (3.1.2.1).
  private static func couldBeConnect(_ bytes: Span<UInt8>) -> Bool {
    var next = 1
    while next < bytes.count && next < 5 && bytes[next] >= 0x80 { next += 1 }
    let start = next + 1
    let names: [StaticString] = ["\u{0}\u{4}MQTT", "\u{0}\u{6}MQIsdp"]
    return names.contains { name in
      name.withUTF8Buffer { expected in
        !expected.indices.contains { index in
          start + index < bytes.count && bytes[start + index] != expected[index]
        }
      }
    }
  }

  private static func readable(_ bytes: Span<UInt8>) -> FirstBytes? {
    for index in bytes.indices where !(0x20...0x7E).contains(bytes[index]) {
      if bytes[index] != 0x0D && bytes[index] != 0x0A && bytes[index] != 0x09 { return nil }
    }
    if StatusLine.begins(bytes) { return .httpResponse }
    if RequestLine.begins(bytes) { return .httpRequest }
    if bytes.count >= 4, zip(0..., "SSH-".utf8).allSatisfy({ bytes[$0] == $1 }) { return .ssh }
    return bytes.count >= 4 ? .text : nil
  }
}
