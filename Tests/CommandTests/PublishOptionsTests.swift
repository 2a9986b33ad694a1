// The command line of `mqtt pub`: what it means, option by option.

import Commands
import MQTTCodec
import Testing

@Suite struct PublishOptionsTests {
  @Test(arguments: ["--jsonl -f day", "-f day --jsonl", "t -f day --jsonl"])
  func `lines of JSON come from the file of -f, wherever that stands`(_ words: String) throws {
    #expect(try publish(words).source == .jsonLines(file: "day"))
  }

  @Test func `a file of JSON lines is not taken for a topic`() {
    let error = #expect(throws: UsageError.self) { try publish("--jsonl day.jsonl") }
    #expect(
      error?.description
        == "--jsonl: day.jsonl would be a topic; a file is named by -f, for example: -f day.jsonl")
  }

  @Test func `topic and message may be plain arguments, before or among options`() throws {
    let options = try publish("sensor/temp 21.5 -q 2")
    #expect(options.topics == ["sensor/temp"])
    #expect(options.source == .given(Array("21.5".utf8)))
    #expect(options.qos == .exactlyOnce)
    #expect(try publish("-q 2 sensor/temp -r 21.5").source == options.source)
  }

  @Test func `with a topic by -t or by URL the plain argument is the message`() throws {
    #expect(try publish("-t a 21.5").source == .given(Array("21.5".utf8)))
    let options = try publish("-L mqtt://broker/a/b 21.5")
    #expect(options.topics == ["a/b"])
    #expect(options.source == .given(Array("21.5".utf8)))
  }

  @Test func `a negative number is a message and not an option`() throws {
    #expect(try publish("a -3.5").source == .given(Array("-3.5".utf8)))
    #expect(try publish("a -.5").source == .given(Array("-.5".utf8)))
  }

  @Test func `after two dashes everything is a plain argument`() throws {
    #expect(try publish("-- a -q").source == .given(Array("-q".utf8)))
  }

  @Test func `several topics get the message in their order`() throws {
    #expect(try publish("-t a -t b -m x").topics == ["a", "b"])
  }

  @Test func `a message may be any bytes`() throws {
    let invocation = try PublishOptions.parse(
      [Array("-t".utf8), Array("a".utf8), Array("-m".utf8), [0xFF, 0x00, 0xC3]], in: context())
    guard case .run(let options, _) = invocation else { throw NotRun() }
    #expect(options.source == .given([0xFF, 0x00, 0xC3]))
  }

  static let sources: [(String, MessageSource)] = [
    ("-m x", .given([0x78])), ("--message x", .given([0x78])), ("-f x", .file("x")),
    ("--file x", .file("x")), ("-l", .inputLines), ("--stdin-line", .inputLines),
    ("-s", .input), ("--stdin-file", .input), ("-n", .empty), ("--null-message", .empty),
    ("--message=x", .given([0x78])), ("-mx", .given([0x78])),
  ]

  @Test(arguments: sources) func `every source of messages is taken`(
    line: String, source: MessageSource
  ) throws {
    #expect(try publish("-t a \(line)").source == source)
  }

  @Test func `flags may share a dash and be followed by an option with its value`() throws {
    let options = try publish("-t a -m x -rdq1")
    #expect(options.isRetained)
    #expect(options.connection.isDebug)
    #expect(options.qos == .atLeastOnce)
  }

  @Test func `repetition is counted and delayed`() throws {
    let options = try publish("a b --repeat 3 --repeat-delay 0.5")
    #expect(options.repeatCount == 3)
    #expect(options.repeatDelaySeconds == 0.5)
  }

  @Test func `the defaults are those of mosquitto_pub, and the version is auto`() throws {
    let options = try publish("a b")
    #expect(options.qos == .atMostOnce)
    #expect(!options.isRetained)
    #expect(options.repeatCount == 1)
    var connection = ConnectionOptions()
    #expect(options.connection == connection)
    connection.host = "elsewhere"
    #expect(try publish("a b -h elsewhere").connection == connection)
    #expect(options.connection.host == "localhost")
    #expect(options.connection.port == 1883)
    #expect(options.connection.keepAliveSeconds == 60)
    #expect(options.connection.cleanStart)
    #expect(options.connection.inFlightLimit == 20)
    #expect(options.connection.version == .auto)
    #expect(options.connection.tls == nil)
  }

  @Test func `properties go to the packets they are for`() throws {
    let options = try publish(
      "a b -D publish content-type text/plain -D CONNECT user-property k v "
        + "-D disconnect reason-string bye -D will will-delay-interval 5 --will-topic w")
    #expect(options.publishProperties == Properties([.init(.contentType, .string("text/plain"))]))
    let connection = options.connection
    #expect(
      connection.connectProperties == Properties([.init(.userProperty, .stringPair("k", "v"))]))
    #expect(
      connection.disconnectProperties == Properties([.init(.reasonString, .string("bye"))]))
    #expect(
      connection.will?.properties
        == Properties([.init(.willDelayInterval, .fourByteInteger(5))]))
    #expect(connection.version == .exactly(.v5))
  }

  @Test func `help and version are requests, whatever else is wrong`() throws {
    for line in ["--help", "-q 1 --help -q 7"] {
      guard case .information(.help) = try PublishOptions.parse(words(line), in: context()) else {
        Issue.record("\(line) is not understood as a request for help")
        continue
      }
    }
    guard case .information(.version) = try PublishOptions.parse(words("--version"), in: context())
    else { throw NotRun() }
  }
}
