// How messages are printed. What is expected here was recorded from mosquitto_sub 2.0.11, which is
// asked again.

import Basis
import Commands
import Foundation
import LiveSupport
import MQTTCodec
import Testing

/// A retained message, the options that print it, and what mosquitto_sub prints.
struct PrintedMessage: Sendable, CustomTestStringConvertible {
  var message: Publish
  var options: [String]
  var expected: String
  /// What mosquitto_sub prints where something else is printed on purpose.
  var ofMosquitto: String?

  var testDescription: String { "\(message.topic) \(options.joined(separator: " "))" }
}

@Suite struct OutputFormatTests {
  private static func message(
    _ topic: String, _ payload: String, _ properties: [Property] = []
  ) -> Publish {
    Publish(
      topic: topic, payload: Array(payload.utf8), qos: .atLeastOnce, isRetained: true,
      packetIdentifier: PacketIdentifier(rawValue: 1), properties: Properties(properties))
  }

  static let plain = message("plain/topic", "abcd")
  static let long = message("long/topic", "abcdefghijklmnopqrstuvwxyz")
  static let odd = message("odd/topic", "a\"b\\c\n\t\u{08}\u{0C}\r\u{01}\u{7F}é")
  static let rich = message(
    "rich/topic", "plain",
    [
      .init(.userProperty, .stringPair("k", "v")), .init(.userProperty, .stringPair("a b", "w")),
      .init(.contentType, .string("te\"xt")), .init(.correlationData, .binary(Array("abc".utf8))),
      .init(.responseTopic, .string("r/t")), .init(.payloadFormatIndicator, .byte(1)),
    ])
  static let json = message(
    "json/topic",
    #" {"a":[1,2.50,-0,1e5,0.1,12345678901234567890,3.14159265358979,0.30000000000000004,"#
      + #"1e300,2147483648,1e-7],"c":{},"d":[],"e":[[],{}],"f":"x\u00e9\ud83d\ude00\n\u0001\/","#
      + #""g":null,"h":true,"a":2}"#)

  static let printed: [PrintedMessage] = [
    .init(message: plain, options: [], expected: "abcd\n"),
    .init(message: plain, options: ["-N"], expected: "abcd"),
    .init(message: plain, options: ["-v"], expected: "plain/topic abcd\n"),
    .init(message: plain, options: ["-v", "-N"], expected: "plain/topic abcd"),
    .init(message: plain, options: ["-v", "-F", "%l"], expected: "4\n"),
    .init(
      message: plain, options: ["-F", "%t|%p|%q|%r|%m|%l|%x|%X|%%"],
      expected: "plain/topic|abcd|1|1|1|4|61626364|61626364|%\n"),
    .init(
      message: long, options: ["-F", "%10p|%-30p|%030p|%30p|"],
      expected: "abcdefghij|abcdefghijklmnopqrstuvwxyz    |0000abcdefghijklmnopqrstuvwxyz|"
        + "    abcdefghijklmnopqrstuvwxyz|\n"),
    .init(message: long, options: ["-F", "%8x|%8X"], expected: "61626364|61626364\n"),
    // mosquitto_sub prints half of a payload that is no longer than the width.
    .init(
      message: plain, options: ["-F", "%8x|%10x|%-10X|%022x|"],
      expected: "61626364|  61626364|61626364  |0000000000000061626364|\n",
      ofMosquitto: "    6162|      6162|6162      |0000000000000000006162|\n"),
    .init(
      message: plain, options: ["-F", "%20t|%-20t|%.3t|%8.3t|%-8.3t|%020t|"],
      expected: "         plain/topic|plain/topic         |pla|     pla|pla     |"
        + "         plain/topic|\n"),
    .init(
      message: plain, options: ["-F", "%5l|%05l|%-5l|%-05l|%5m|%03m|"],
      expected: "    4|00004|4    |4    |    1|001|\n"),
    .init(
      message: rich, options: ["-F", "%P|%C|%D|%F|%R|%A|%S|%E|"],
      expected: "k:v a b:w|te\"xt|abc|1|r/t||||\n"),
    .init(
      message: rich, options: ["-F", "%8C|%-8C|%.2C|%8R|%-8R|%.1R|%3F|%03F|%-3F|"],
      expected: "   te\"xt|te\"xt   |te|     r/t|r/t     |r|  1|001|1  |\n"),
    .init(
      message: plain, options: ["-F", "%5A|%05A|%-5A|%5C|%05C|%5E|%3F|%5R|%4S|"],
      expected: "     |00000|     |     |     |     |   ||    |\n"),
    .init(
      message: odd, options: ["-F", "%j"],
      expected: #"{"tst":"TIME","topic":"odd/topic","qos":1,"retain":1,"payloadlen":14,"mid":1,"#
        + #""payload":"a\"b\\c\n\t\b\f\r\u0001"# + "\u{7F}é\"}\n"),
    .init(
      message: rich, options: ["-F", "%j"],
      expected: #"{"tst":"TIME","topic":"rich/topic","qos":1,"retain":1,"payloadlen":5,"mid":1,"#
        + #""properties":{"user-properties":[["k","v"],["a b","w"]],"content-type":"te\"xt","#
        + #""correlation-data":"abc","response-topic":"r/t","payload-format-indicator":1},"#
        + #""payload":"plain"}"# + "\n",
      ofMosquitto: #"{"tst":"TIME","topic":"rich/topic","qos":1,"retain":1,"payloadlen":5,"#
        + #""mid":1,"properties":{"user-properties":{"k":"v","a b":"w"},"content-type":"te\"xt","#
        + #""correlation-data":"abc","response-topic":"r/t","payload-format-indicator":1},"#
        + #""payload":"plain"}"# + "\n"),
    .init(
      message: rich, options: ["-F", "%j", "--pretty"],
      expected: """
        {
        \t"tst":\t"TIME",
        \t"topic":\t"rich/topic",
        \t"qos":\t1,
        \t"retain":\t1,
        \t"payloadlen":\t5,
        \t"mid":\t1,
        \t"properties":\t{
        \t\t"user-properties":\t[["k", "v"], ["a b", "w"]],
        \t\t"content-type":\t"te\\"xt",
        \t\t"correlation-data":\t"abc",
        \t\t"response-topic":\t"r/t",
        \t\t"payload-format-indicator":\t1
        \t},
        \t"payload":\t"plain"
        }

        """,
      ofMosquitto: """
        {
        \t"tst":\t"TIME",
        \t"topic":\t"rich/topic",
        \t"qos":\t1,
        \t"retain":\t1,
        \t"payloadlen":\t5,
        \t"mid":\t1,
        \t"properties":\t{
        \t\t"user-properties":\t{
        \t\t\t"k":\t"v",
        \t\t\t"a b":\t"w"
        \t\t},
        \t\t"content-type":\t"te\\"xt",
        \t\t"correlation-data":\t"abc",
        \t\t"response-topic":\t"r/t",
        \t\t"payload-format-indicator":\t1
        \t},
        \t"payload":\t"plain"
        }

        """),
    .init(
      message: json, options: ["-F", "%J"],
      expected: #"{"tst":"TIME","topic":"json/topic","qos":1,"retain":1,"payloadlen":192,"mid":1,"#
        + #""payload":{"a":[1,2.50,-0,1e5,0.1,12345678901234567890,3.14159265358979,"#
        + #"0.30000000000000004,1e300,2147483648,1e-7],"c":{},"d":[],"e":[[],{}],"f":"xé😀\n\u0001/","g":null,"#
        + #""h":true,"a":2}}"# + "\n",
      ofMosquitto: #"{"tst":"TIME","topic":"json/topic","qos":1,"retain":1,"payloadlen":192,"#
        + #""mid":1,"payload":{"a":[1,2.5,-0,100000,0.1,1.2345678901234567e+19,3.14159265358979,0.3,"#
        + #"1e+300,2147483648,1e-07],"c":{},"d":[],"e":[[],{}],"f":"xé😀\n\u0001/","g":null,"#
        + #""h":true,"a":2}}"# + "\n"),
    .init(
      message: json, options: ["-F", "%J", "--pretty"],
      expected: """
        {
        \t"tst":\t"TIME",
        \t"topic":\t"json/topic",
        \t"qos":\t1,
        \t"retain":\t1,
        \t"payloadlen":\t192,
        \t"mid":\t1,
        \t"payload":\t{
        \t\t"a":\t[1, 2.50, -0, 1e5, 0.1, 12345678901234567890, 3.14159265358979, \
        0.30000000000000004, 1e300, 2147483648, 1e-7],
        \t\t"c":\t{
        \t\t},
        \t\t"d":\t[],
        \t\t"e":\t[[], {
        \t\t\t}],
        \t\t"f":\t"xé😀\\n\\u0001/",
        \t\t"g":\tnull,
        \t\t"h":\ttrue,
        \t\t"a":\t2
        \t}
        }

        """,
      ofMosquitto: """
        {
        \t"tst":\t"TIME",
        \t"topic":\t"json/topic",
        \t"qos":\t1,
        \t"retain":\t1,
        \t"payloadlen":\t192,
        \t"mid":\t1,
        \t"payload":\t{
        \t\t"a":\t[1, 2.5, -0, 100000, 0.1, 1.2345678901234567e+19, 3.14159265358979, 0.3, 1e+300,\
         2147483648, 1e-07],
        \t\t"c":\t{
        \t\t},
        \t\t"d":\t[],
        \t\t"e":\t[[], {
        \t\t\t}],
        \t\t"f":\t"xé😀\\n\\u0001/",
        \t\t"g":\tnull,
        \t\t"h":\ttrue,
        \t\t"a":\t2
        \t}
        }

        """),
    .init(message: plain, options: ["-F", "%J"], expected: "\n"),
    .init(
      message: plain, options: ["-F", "a\\\\b\\tc\\a\\e\\v\\rd\\0e@@f%%"],
      expected: "a\\b\tc\u{07}\u{1B}\u{0B}\rd\u{00}e@f%\n"),
  ]

  /// With the time of a JSON object replaced by TIME.
  private static func timeless(_ text: String) -> String {
    text.replacing(/("tst":\t?)"[^"]*"/) { "\($0.1)\"TIME\"" }
  }

  private func format(_ options: [String]) throws -> OutputFormat {
    let words = (["topic"] + options).map { Array($0.utf8) }
    let invocation = try SubscribeOptions.parse(words, in: context())
    guard case .run(let options, _) = invocation else { throw NotRun() }
    return options.format
  }

  private func text(
    _ message: Publish, _ options: [String],
    at time: WallTime = WallTime(seconds: 1_470_818_943, nanoseconds: 6_368_637)
  ) throws -> String {
    var buffer = ByteBuffer()
    _ = try format(options).append(message, receivedAt: time, to: &buffer)
    return String(decoding: buffer.bytes, as: UTF8.self)
  }

  @Test(arguments: printed) func `a message is printed as mosquitto_sub prints it, or better`(
    _ message: PrintedMessage
  ) throws {
    #expect(Self.timeless(try text(message.message, message.options)) == message.expected)
  }

  @Test func `the longest life of a message is a number, not -1 as in mosquitto_sub`() throws {
    let message = Self.message("t", "x", [.init(.messageExpiryInterval, .fourByteInteger(.max))])
    #expect(try text(message, ["-F", "%E|%12E|"]) == "4294967295|  4294967295|\n")
  }

  @Test func `what was recorded is what mosquitto_sub prints`() throws {
    let mosquitto = try Mosquitto()
    let place = ["-p", "\(mosquitto.port)", "-V", "5", "-q", "1"]
    for message in [Self.plain, Self.long, Self.odd, Self.rich, Self.json] {
      let text = String(decoding: message.payload, as: UTF8.self)
      let published = try runInCheckout(
        ["mosquitto_pub"] + place + ["-r", "-t", message.topic, "-m", text]
          + Self.words(message.properties))
      #expect(published.status == 0, "\(published.errors)")
    }
    for printed in Self.printed {
      let line = ["-C", "1", "-W", "10", "-t", printed.message.topic] + printed.options
      let output = try runInCheckout(["mosquitto_sub"] + place + line).output
      #expect(
        Self.timeless(output) == printed.ofMosquitto ?? printed.expected, "\(printed.options)")
    }
  }

  /// The words that make mosquitto_pub send `properties`.
  private static func words(_ properties: Properties) -> [String] {
    properties.list.flatMap { property -> [String] in
      let name = property.identifier.name.lowercased().replacing(" ", with: "-")
      switch property.value {
      case .byte(let number): return ["-D", "publish", name, "\(number)"]
      case .string(let text): return ["-D", "publish", name, text]
      case .binary(let bytes):
        return ["-D", "publish", name, String(decoding: bytes, as: UTF8.self)]
      case .stringPair(let key, let text): return ["-D", "publish", name, key, text]
      case .twoByteInteger, .fourByteInteger, .variableByteInteger: return []
      }
    }
  }

  @Test func `an empty payload prints nothing, or null behind its topic`() throws {
    let empty = Publish(topic: "a", payload: [])
    #expect(try text(empty, []) == "")
    #expect(try text(empty, ["-v"]) == "a (null)\n")
    #expect(try text(empty, ["-v", "-N"]) == "")
    #expect(try text(empty, ["-F", "%p|%x"]) == "|\n")
    #expect(try text(empty, ["-F", "%j"]).hasSuffix("\"payloadlen\":0,\"payload\":null}\n"))
  }

  @Test func `time is printed to the nanosecond`() throws {
    setenv("TZ", "UTC", 1)
    tzset()
    #expect(
      try text(Self.plain, ["-F", "%U|%I|@N"])
        == "1470818943.006368637|2016-08-10T08:49:03+0000|006368637\n")
    #expect(
      try text(Self.plain, ["-F", "@Y-@m-@d @H:@M:@S @s@z"])
        == "2016-08-10 08:49:03 1470818943+0000\n")
    #expect(
      try text(Self.plain, ["-F", "%28I|%-26I|%.4I"])
        == "    2016-08-10T08:49:03+0000|2016-08-10T08:49:03+0000  |2016\n")
    #expect(
      try text(Self.plain, ["-F", "%j"]).hasPrefix(
        "{\"tst\":\"2016-08-10T08:49:03.006368+0000\","))
  }

  @Test func `numbers of four and eight bytes are printed as floating point`() throws {
    let float = Publish(topic: "a", payload: withUnsafeBytes(of: Float(-21.5)) { Array($0) })
    #expect(
      try text(float, ["-F", "%f|%.1f|%8.2f|%08.2f|%-8.2f|"])
        == "-21.500000|-21.5|  -21.50|-0021.50|-21.50  |\n")
    let double = Publish(topic: "a", payload: withUnsafeBytes(of: 0.1) { Array($0) })
    #expect(try text(double, ["-F", "%d|%.3d|"]) == "0.100000|0.100|\n")
  }

  @Test func `hexadecimal digits may stand in groups`() throws {
    #expect(
      try text(Self.plain, ["-F", "%.2x|%.2:x|%.4-X|"])
        == "61 62 63 64|61:62:63:64|6162-6364|\n")
    #expect(
      try text(Self.plain, ["-F", "%12x|%-12x|%012x|"])
        == "    61626364|61626364    |000061626364|\n")
  }

  @Test func `what cannot be printed comes back as a fault`() throws {
    var buffer = ByteBuffer()
    let time = WallTime(seconds: 0, nanoseconds: 0)
    let notJSON = try format(["-F", "%J"]).append(Self.plain, receivedAt: time, to: &buffer)
    #expect(notJSON?.description == "Message payload is not valid JSON on topic plain/topic")
    let notDouble = try format(["-F", "%d"]).append(Self.plain, receivedAt: time, to: &buffer)
    #expect(
      notDouble?.description
        == "the payload on topic plain/topic is not a double (%d): it has 4 bytes and not 8")
  }

  static let texts: [(String, String?)] = [
    ("null", "null"), (" true ", "true"), ("\"x\"", "\"x\""), ("[ ]", "[]"), ("{ }", "{}"),
    ("-0.5e1", "-0.5e1"), ("-0.0", "-0.0"), ("9007199254740993", "9007199254740993"),
    ("18446744073709551615", "18446744073709551615"), ("1.", "1"), ("01", "1"), ("[1,]", nil),
    ("{\"a\"}", nil), ("{\"a\":1,}", nil), ("{a:1}", nil),
    ("\"x", nil), ("\"\\x\"", nil), ("\"\\ud800\"", nil), ("\"\\u00e\"", nil), ("+1", nil),
    (".5", nil), ("1 2", nil), ("nul", nil), ("", nil), ("[", nil), ("infinity", nil),
    ("0x10", nil), ("1e999", "1e999"),
    (String(repeating: "[", count: 1001) + String(repeating: "]", count: 1001), nil),
  ]

  @Test(arguments: texts) func `a payload is JSON, or it is not`(
    payload: String, expected: String?
  ) throws {
    let message = Publish(topic: "a", payload: Array(payload.utf8))
    let printed = try text(message, ["-F", "%J"])
    if payload.isEmpty {
      #expect(printed.hasSuffix("\"payload\":null}\n"))
    } else if let expected {
      #expect(printed.hasSuffix("\"payload\":\(expected)}\n"))
    } else {
      #expect(printed == "\n")
    }
  }

  @Test func `every message becomes one object of JSON, whatever its bytes are`() throws {
    let bytes: [UInt8] = [0xFF, 0, 0x61, 0xC3]
    let message = Publish(
      topic: "a", payload: bytes,
      properties: Properties([
        .init(.correlationData, .binary([0xFE])),
        .init(.userProperty, .stringPair("k", "v")), .init(.userProperty, .stringPair("k", "w")),
        .init(.subscriptionIdentifier, .variableByteInteger(7)),
        .init(.subscriptionIdentifier, .variableByteInteger(9)),
      ]))
    #expect(
      Self.timeless(try text(message, ["-F", "%j"]))
        == #"{"tst":"TIME","topic":"a","qos":0,"retain":0,"payloadlen":4,"properties":"#
        + #"{"correlation-data-base64":"/g==","user-properties":[["k","v"],["k","w"]],"#
        + #""subscription-identifier":[7,9]},"payload-base64":"/wBhww=="}"# + "\n")
  }

  @Test func `one subscription identifier is a number`() throws {
    let message = Publish(
      topic: "a", payload: [],
      properties: Properties([.init(.subscriptionIdentifier, .variableByteInteger(7))]))
    #expect(
      try text(message, ["-F", "%j"]).contains(#""properties":{"subscription-identifier":7}"#))
  }

  @Test func `JSON with bytes in it that are no UTF-8 is none`() throws {
    let message = Publish(topic: "a", payload: [0x22, 0xFF, 0x22])
    #expect(try text(message, ["-F", "%J"]) == "\n")
    #expect(try text(message, ["-F", "%j"]).hasSuffix(#""payload-base64":"Iv8i"}"# + "\n"))
  }
}
