// The URL of `-L`: who, where and which topic in one word, or which path of a WebSocket.
//
//     mqtt(s)://[user[:password]@]host[:port][/topic]
//     ws(s)://[user[:password]@]host[:port][/path[?query]]
//
// Every part may be percent-encoded (RFC 3986, 2.1), an IPv6 address stands in brackets, and the
// topic may be left out. A topic is taken as it stands, so `#`, `+` and `?` need no
// encoding; a path goes to the server as it stands.

import Basis
package import Text

/// What a URL of `-L` says.
package struct BrokerURL: Equatable, Sendable {
  /// Whether the scheme is `mqtts` or `wss`.
  package var usesTLS: Bool
  package var userName: String?
  /// Bytes, because what is percent-encoded need not be text.
  package var password: [UInt8]?
  package var host: String
  package var port: UInt16?
  package var topic: String?
  /// What a WebSocket asks for, with its query; nil for `mqtt` and `mqtts`.
  package var webSocketPath: String?

  /// The port that the scheme stands for.
  var defaultPort: UInt16 {
    if webSocketPath == nil { return usesTLS ? 8883 : 1883 }
    return usesTLS ? 443 : 80
  }

  /// Reads a URL.
  package init(_ text: String) throws(ValueFault) {
    guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else {
      throw .expected("mqtt://HOST/TOPIC, mqtts://HOST/TOPIC, ws://HOST/PATH or wss://HOST/PATH")
    }
    let scheme = text[..<colon]
    var isWebSocket = false
    switch scheme.lowercased() {
    case "mqtt": usesTLS = false
    case "mqtts": usesTLS = true
    case "ws": (usesTLS, isWebSocket) = (false, true)
    case "wss": (usesTLS, isWebSocket) = (true, true)
    default:
      throw ValueFault("the scheme '\(scheme)' is unknown; known are mqtt, mqtts, ws and wss")
    }
    host = ""
    let rest = text[colon...].dropFirst(3)
    let slash = rest.firstIndex(of: "/")
    let authority = rest[..<(slash ?? rest.endIndex)]
    if isWebSocket {
      webSocketPath =
        try slash.map { slash throws(ValueFault) in
          try Values.webSocketPath(String(rest[slash...]))
        } ?? "/mqtt"
    } else if let slash, rest.index(after: slash) != rest.endIndex {
      topic = try Self.decodedText(rest[rest.index(after: slash)...], "topic")
    }

    try take(authority)
    let limit = ConnectionOptions.stringByteLimit
    if userName?.utf8.count ?? 0 > limit || password?.count ?? 0 > limit {
      throw .expected("a user name and a password of at most \(limit) bytes")
    }
  }

  /// Takes user, password, host and port.
  private mutating func take(_ authority: Substring) throws(ValueFault) {
    var place = authority
    if let at = authority.lastIndex(of: "@") {
      let user = authority[..<at]
      place = authority[authority.index(after: at)...]
      let colon = user.firstIndex(of: ":")
      userName = try Self.decodedText(user[..<(colon ?? user.endIndex)], "user name")
      if let colon {
        password = try Self.decoded(user[user.index(after: colon)...], "password")
      }
    }
    let portText: Substring?
    (host, portText) = try Self.split(place)
    if let portText {
      guard let number = UInt16(portText), number > 0 else {
        throw ValueFault("the port '\(portText)' is not a number from 1 to 65535")
      }
      port = number
    }
  }

  /// Reads the URL of a SOCKS proxy.
  static func proxy(_ text: String) throws(ValueFault) -> ProxyOptions {
    let scheme = "socks5h://"
    guard text.lowercased().hasPrefix(scheme) else {
      throw .expected("socks5h://HOST or socks5h://USER:PASSWORD@HOST:PORT")
    }
    var rest = text.dropFirst(scheme.count)
    if rest.last == "/" { rest = rest.dropLast() }
    var url = BrokerURL()
    try url.take(rest)
    if url.userName?.utf8.count ?? 0 > 255 || url.password?.count ?? 0 > 255 {
      throw .expected("a user name and a password of at most 255 bytes")
    }
    return ProxyOptions(
      host: url.host, port: url.port ?? 1080, userName: url.userName,
      password: url.password ?? [])
  }

  private init() {
    usesTLS = false
    host = ""
  }

  static func split(_ place: Substring) throws(ValueFault) -> (String, Substring?) {
    var host = place
    var port: Substring?
    if place.first == "[" {
      guard let end = place.firstIndex(of: "]") else {
        throw ValueFault("an IPv6 address that begins with [ must end with ]")
      }
      host = place[place.index(after: place.startIndex)..<end]
      let rest = place[place.index(after: end)...]
      if !rest.isEmpty {
        guard rest.first == ":" else {
          throw ValueFault("after the ] of an IPv6 address only :PORT and /TOPIC may follow")
        }
        port = rest.dropFirst()
      }
    } else if let colon = place.firstIndex(of: ":") {
      host = place[..<colon]
      port = place[place.index(after: colon)...]
      if let port, port.contains(":") {
        throw ValueFault("an IPv6 address must stand in brackets", example: "-L mqtt://[::1]/topic")
      }
    }
    let name = try decodedText(host, "host")
    if name.isEmpty { throw ValueFault("the host is missing") }
    return (name, port)
  }

  static func decodedText(
    _ text: Substring, _ part: String
  ) throws(ValueFault) -> String {
    guard let text = String(validating: try decoded(text, part), as: UTF8.self) else {
      throw ValueFault("the \(part) is not UTF-8 once it is percent-decoded")
    }
    if text.utf8.contains(0) {
      throw ValueFault("the \(part) holds a NUL byte once it is percent-decoded")
    }
    return text
  }

  private static func decoded(_ text: Substring, _ part: String) throws(ValueFault) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = text.utf8[...]
    while let byte = rest.popFirst() {
      if byte != UInt8(ascii: "%") {
        bytes.append(byte)
        continue
      }
      guard let digits = String(rest.prefix(2)), digits.utf8.count == 2,
        let value = [UInt8](hexadecimal: digits.utf8)
      else {
        throw ValueFault("a % in the \(part) must be followed by two hexadecimal digits, as in %25")
      }
      bytes += value
      rest = rest.dropFirst(2)
    }
    return bytes
  }
}
