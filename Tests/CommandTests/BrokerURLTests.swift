// The URL of `-L`.

import Commands
import Testing
import Text

@Suite struct BrokerURLTests {
  private func parts(_ text: String) throws -> String {
    let url = try BrokerURL(text)
    let password = url.password.map { String(decoding: $0, as: UTF8.self) }
    return [
      url.usesTLS ? "tls" : "plain", url.userName ?? "-", password ?? "-", url.host,
      url.port.map { "\($0)" } ?? "-", url.topic ?? "-",
    ].joined(separator: "|")
  }

  static let right: [(String, String)] = [
    ("mqtt://h", "plain|-|-|h|-|-"), ("mqtt://h/", "plain|-|-|h|-|-"),
    ("MQTTS://h/t", "tls|-|-|h|-|t"), ("mqtt://h:1/t/u", "plain|-|-|h|1|t/u"),
    ("mqtt://u@h/t", "plain|u|-|h|-|t"), ("mqtt://u:p@h:65535/t", "plain|u|p|h|65535|t"),
    ("mqtt://u:@h/t", "plain|u||h|-|t"), ("mqtt://u:p:q@h/t", "plain|u|p:q|h|-|t"),
    ("mqtt://u:p@q@h/t", "plain|u|p@q|h|-|t"), ("mqtt://%75%3a:%40@h/t%20u", "plain|u:|@|h|-|t u"),
    ("mqtt://[::1]/t", "plain|-|-|::1|-|t"), ("mqtt://[fe80::1]:9/t", "plain|-|-|fe80::1|9|t"),
    ("mqtt://h/a/+/#", "plain|-|-|h|-|a/+/#"), ("mqtt://h//a", "plain|-|-|h|-|/a"),
    ("mqtt://h/a?b", "plain|-|-|h|-|a?b"), ("mqtt://h/a@b:c", "plain|-|-|h|-|a@b:c"),
  ]

  @Test(arguments: right) func `the parts of a URL are told apart`(
    text: String, expected: String
  ) throws {
    #expect(try parts(text) == expected)
  }

  static let wrong: [(String, String)] = [
    (
      "h/t", "expected mqtt://HOST/TOPIC, mqtts://HOST/TOPIC, ws://HOST/PATH or wss://HOST/PATH"
    ),
    ("http://h/t", "the scheme 'http' is unknown; known are mqtt, mqtts, ws and wss"),
    (
      "ws://h/a b", "expected a path that begins with / and has no spaces, as in /mqtt"
    ),
    ("mqtt://", "the host is missing"), ("mqtt://u@/t", "the host is missing"),
    ("mqtt://:1/t", "the host is missing"),
    ("mqtt://h:/t", "the port '' is not a number from 1 to 65535"),
    ("mqtt://h:0/t", "the port '0' is not a number from 1 to 65535"),
    ("mqtt://h:65536/t", "the port '65536' is not a number from 1 to 65535"),
    ("mqtt://::1/t", "an IPv6 address must stand in brackets"),
    ("mqtt://[::1/t", "an IPv6 address that begins with [ must end with ]"),
    ("mqtt://[::1]x/t", "after the ] of an IPv6 address only :PORT and /TOPIC may follow"),
    (
      "mqtt://u%zz@h/t",
      "a % in the user name must be followed by two hexadecimal digits, as in %25"
    ),
    ("mqtt://u:p%4@h", "a % in the password must be followed by two hexadecimal digits, as in %25"),
    ("mqtt://h/%ff", "the topic is not UTF-8 once it is percent-decoded"),
  ]

  static let longest = String(repeating: "x", count: 65_535)

  @Test(arguments: ["\(longest):\(longest)", "\(longest)"])
  func `a user name and a password may be as long as MQTT has them`(user: String) throws {
    #expect(try BrokerURL("mqtt://\(user)@h").userName == Self.longest)
  }

  @Test(arguments: ["\(longest)x", "\(longest)x:p", "u:\(longest)x"])
  func `a user name or a password that is too long is told of the URL`(user: String) {
    let fault = #expect(throws: ValueFault.self) { try BrokerURL("mqtt://\(user)@h") }
    #expect(fault?.problem == "expected a user name and a password of at most 65535 bytes")
  }

  @Test(arguments: wrong) func `a wrong URL is told what is wrong with it`(
    text: String, expected: String
  ) {
    let fault = #expect(throws: ValueFault.self) { try BrokerURL(text) }
    #expect(fault?.problem == expected)
  }

  @Test func `a password in a URL may be any bytes`() throws {
    #expect(try BrokerURL("mqtt://u:%ff%00@h").password == [0xFF, 0x00])
  }
}
