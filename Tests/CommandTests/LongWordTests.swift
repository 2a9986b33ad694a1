// Words that are too long, empty, or no text: MQTT's strings have a length of two bytes (1.5.4), and
// what does not fit is refused as a command line, before anything is sent.

import Commands
import LiveSupport
import MQTTCodec
import Testing

@Suite struct LongWordTests {
  /// Values of any option: none, the longest string of MQTT, one byte more, and what is no text.
  private static func values(_ option: OptionDescription) -> [[UInt8]] {
    let example = Array(option.example.replacing("'", with: "").utf8)
    func padded(_ count: Int) -> [UInt8] {
      example + Array(repeating: UInt8(ascii: "a"), count: max(0, count - example.count))
    }
    let letters = Array(repeating: UInt8(ascii: "a"), count: 65_536)
    return [
      [], padded(65_535), padded(65_536), Array(letters.dropLast()), letters, [0x61, 0, 0x62],
      [0x62, 0xFF],
    ]
  }

  /// What stands besides the option, so that nothing else is wrong.
  private static let besides: [Command: [String]] = [
    .broker: [], .passwd: ["/nonexistent/file", "ann"], .pub: ["a", "b"], .sub: ["a", "-E"],
    .bench: ["pub:1", "-d", "0.1"], .aclCheck: ["publish", "a"],
    .inspectPcap: ["/nonexistent/file"],
  ]

  private static func isUnderstood(_ command: Command, _ words: [[UInt8]]) -> Bool {
    do {
      try command.parse(words)
      return true
    } catch {
      return false
    }
  }

  @Test(arguments: Command.allCases)
  func `no option takes text with a NUL byte or that is no UTF-8`(command: Command) {
    for option in command.options where !option.isFlag {
      for value in [[0x61, 0, 0x62], [0x62, 0xFF]] as [[UInt8]] {
        let words = [Array("--\(option.long)".utf8), value]
        let besides = Self.besides[command, default: []].map { Array($0.utf8) }
        let takesBytes = ["message", "will-payload", "pw"].contains(option.long)
        if Self.isUnderstood(command, words + besides) { #expect(takesBytes, "\(option.long)") }
      }
    }
  }

  /// Every option of a client whose value is understood, run against a broker: the end may be a
  /// failure, but is never a crash.
  @Test(arguments: [Command.pub, .sub, .bench])
  func `a value that is understood, however long, does not end a client by a signal`(
    command: Command
  ) throws {
    let broker = try LiveBroker(["--quiet"])
    let place = ["-p", "\(broker.port)"]
    var runCount = 0
    for option in command.options where !option.isFlag && option.long != "port" {
      for value in Self.values(option) where !value.contains(0) {
        let besides = place + Self.besides[command, default: []]
        let words = [Array("--\(option.long)".utf8), value] + besides.map { Array($0.utf8) }
        guard let text = String(validating: value, as: UTF8.self), value.count > 60_000,
          Self.isUnderstood(command, words)
        else { continue }
        let program = try RunningProgram(
          [mqttPath, command.rawValue, "--\(option.long)", text] + besides)
        program.closeInput()
        _ = try program.exitStatus(within: 60)
        #expect(program.endingSignal == nil, "--\(option.long) with \(value.count) bytes")
        runCount += 1
      }
    }
    #expect(runCount > 5)
  }

  /// Commands that need no broker, with the files that they name.
  static let offline: [([String], Command)] = [
    (["broker", "-c", "m.conf", "--test-config"], .broker),
    (["broker", "passwd", "-b", "pw", "ann", "secret"], .passwd),
    (["inspect-pcap", "capture.pcap"], .inspectPcap),
    (["acl-check", "--acl", "acl", "publish", "a"], .aclCheck),
    (["acl-check", "--acl", "acl", "subscribe", "a"], .aclCheck),
    (["acl-check", "--acl", "acl", "ask", "cases"], .aclCheck),
    (["acl-check", "--acl", "acl", "test", "cases"], .aclCheck),
    (["acl-check", "--acl", "acl", "list"], .aclCheck),
    (["acl-check", "--acl", "acl", "lint"], .aclCheck),
    (["acl-check", "--acl", "acl", "who", "publish", "a"], .aclCheck),
    (["acl-check", "diff", "acl", "acl"], .aclCheck),
    (["acl-check", "--acl", "acl", "replay", "--capture", "capture.pcap"], .aclCheck),
    (["acl-check", "suggest", "--capture", "capture.pcap"], .aclCheck),
  ]

  /// Options whose value may be empty: names that MQTT allows to be, and what is put in front of one.
  static let mayBeEmpty = ["auto-id-prefix", "user", "client-id", "client", "follow"]

  /// What the built program makes of every option of a command, whatever its value: it is understood,
  /// or refused with its name or with the file that it names.
  @Test(arguments: offline)
  func `the program refuses what is too long, empty or no text, by its name`(
    words: [String], command: Command
  ) throws {
    let folder = TestFolder()
    try folder.write("listener 1\nallow_anonymous true\n", to: "m.conf")
    try folder.write("topic readwrite #\n", to: "acl")
    try folder.write("- publish a allow\n", to: "cases")
    try folder.write("", to: "pw")
    let header: [UInt8] = [0xD4, 0xC3, 0xB2, 0xA1, 2, 0, 4, 0] + Array(repeating: 0, count: 12)
    try folder.write(bytes: header + [1, 0, 0, 0], to: "capture.pcap")
    for option in command.options where !option.isFlag {
      for (name, value) in Self.shellValues {
        // The shell hands over bytes that are no text.
        let script = "exec \"$0\" \"$@\" --\(option.long) \(value)"
        let result = try run(
          ["bash", "-c", script, mqttPath] + words, workingFolder: folder.path, within: 60)
        let about = "\(words) --\(option.long) with \(name): \(result.errors.prefix(200))"
        #expect([0, 1, 2].contains(result.status), "\(result.status) \(about)")
        #expect(result.status != 2 || !result.errors.isEmpty, "\(about)")
        switch name {
        case "no text": #expect(result.status == 2, "\(about)")
        case "nothing":
          let isAllowed = Self.mayBeEmpty.contains(option.long)
          #expect(isAllowed || result.status == 2, "\(about)")
          let letter = option.letter.map { "-\($0)" } ?? "--\(option.long)"
          let isNamed =
            result.errors.contains("--\(option.long)") || result.errors.contains("\(letter):")
          #expect(isAllowed || isNamed, "\(about)")
        default: #expect(result.status != 0, "\(about)")
        }
      }
    }
  }

  private static let shellValues = [
    ("nothing", "''"), ("no text", "$'b\\xff'"),
    ("65,536 letters", "\"$(head -c 65536 /dev/zero | tr '\\0' a)\""),
  ]

  private func mqtt(
    _ words: [String], environment: [String: String] = [:]
  ) throws -> (status: Int32, output: String, errors: String) {
    try run([mqttPath] + words, environment: environment)
  }

  private static let long = String(repeating: "a", count: 65_536)

  private static let urlLimit = "expected a user name and a password of at most 65535 bytes"

  /// Options of a client, and what its user is told.
  static let tooLong: [([String], String)] = [
    (["-i", long], "-i: expected at most 65535 bytes"),
    (["-I", long], "-I: expected at most 65528 bytes before the process id"),
    (["-u", long], "-u: expected a user name of at most 65535 bytes"),
    (["-P", long, "-u", "a"], "-P: expected a password of at most 65535 bytes"),
    (["-L", "mqtt://\(long)@localhost/a"], "-L mqtt://\(long.prefix(50))...: \(urlLimit)"),
    (["-L", "mqtt://a:\(long)@localhost/a"], "-L mqtt://a:\(long.prefix(48))...: \(urlLimit)"),
  ]

  @Test(arguments: ["pub", "sub"], tooLong)
  func `what is longer than CONNECT can say is a wrong command line that names the limit`(
    command: String, line: ([String], String)
  ) throws {
    let message = command == "pub" ? ["-t", "a", "-m", "b"] : ["a"]
    let result = try mqtt([command] + message + line.0)
    #expect(result.status == 2)
    #expect(result.errors.hasPrefix("mqtt \(command): \(line.1), for example: "))
  }

  @Test func `a client identifier leaves room for the number of each of several clients`() throws {
    let identifier = String(repeating: "a", count: 65_533)
    let result = try mqtt(["pub", "a", "b", "-i", identifier, "--clients", "10"])
    #expect(result.status == 2)
    #expect(result.errors.hasPrefix("mqtt pub: -i: expected at most 65532 bytes"))
    #expect(!Self.isUnderstood(.pub, words("a b --clients 10 -i \(identifier)")))
    #expect(Self.isUnderstood(.pub, words("a b --clients 10 -i \(identifier.dropLast())")))
  }

  @Test(arguments: ["pub", "sub", "bench"])
  func `a password from a file or the environment is no longer than MQTT's`(
    command: String
  ) throws {
    let folder = TestFolder()
    let file = try folder.write(Self.long, to: "password")
    let message = ["pub": ["a", "b"], "sub": ["a"], "bench": ["pub:1"]][command, default: []]
    let told = "mqtt \(command): the password has 65536 bytes; MQTT allows 65535\n"
    let ofFile = try mqtt([command] + message + ["-u", "a", "--pw-file", file])
    #expect(ofFile.status == 2)
    #expect(ofFile.errors == told)
    let ofEnvironment = try mqtt(
      [command] + message + ["-u", "a", "--pw-env", "SECRET"], environment: ["SECRET": Self.long])
    #expect(ofEnvironment.status == 2)
    #expect(ofEnvironment.errors == told)
  }

  @Test func `the longest strings of MQTT are sent`() throws {
    let longest = String(Self.long.dropLast())
    let broker = try LiveBroker(["--quiet", "--max-connect-size", "200000"])
    let identity = ["-i", longest, "-u", longest, "-P", longest]
    let result = try mqtt(["pub", "-p", "\(broker.port)", "a", "b", "-q", "1"] + identity)
    #expect(result.status == 0)
    #expect(result.errors.count == 0)
  }

  @Test func `the topic of a reply that is made up is no longer than a topic`() throws {
    let broker = try LiveBroker(["--quiet"])
    let longest = String(Self.long.dropLast())
    let result = try mqtt([
      "pub", "-p", "\(broker.port)", "-i", longest, "--wait-reply", "-W", "20", "a", "b",
    ])
    #expect(result.status == Int32(ReasonCode.topicFilterInvalid.rawValue))
    #expect(
      result.errors
        == "mqtt pub: a filter of 65541 bytes is longer than the 65535 of the protocol\n")
  }

  @Test(arguments: [("-i", "client identifier"), ("-t", "topic")])
  func `bench refuses what is too long once its placeholders are filled in`(
    option: String, name: String
  ) throws {
    let text = String(repeating: "a", count: 65_533) + "%i"
    let result = try mqtt(["bench", "conn:1", option, text, "--start-number", "1000"])
    #expect(result.status == 2)
    #expect(result.errors.hasPrefix("mqtt bench: the \(name) has 655"))
    #expect(result.errors.hasSuffix(" bytes; MQTT allows 65535\n"))
  }

  @Test func `a topic that is no UTF-8 is refused, wherever it stands`() throws {
    let topic: [UInt8] = [0x62, 0x61, 0x64, 0xFF]
    for words in [[topic, [0x78]], [[0x2D, 0x74], topic, [0x2D, 0x6E]]] as [[[UInt8]]] {
      #expect(!Self.isUnderstood(.pub, words))
    }
    #expect(!Self.isUnderstood(.sub, [topic]))
    // The shell of a user hands such a word over byte for byte.
    let result = try run(["bash", "-c", "exec '\(mqttPath)' pub $'bad\\xff' x"])
    #expect(result.status == 2)
    #expect(
      result.errors.hasPrefix(
        "mqtt pub: bad\u{FFFD}: expected a topic in UTF-8, for example: sensor/temp"))
  }

  @Test func `a message that its properties call text is UTF-8`() {
    let isText = words("-D publish payload-format-indicator 1")
    let bytes: [UInt8] = [0xFF]
    #expect(!Self.isUnderstood(.pub, [[0x61], bytes] + isText))
    #expect(!Self.isUnderstood(.pub, [[0x61], Array("-m".utf8), bytes] + isText))
    #expect(Self.isUnderstood(.pub, [[0x61], Array("é".utf8)] + isText))
    #expect(Self.isUnderstood(.pub, [[0x61], bytes]))
    let will = words("a b --will-topic t -D will payload-format-indicator 1 --will-payload")
    #expect(!Self.isUnderstood(.pub, will + [bytes]))
    #expect(Self.isUnderstood(.pub, will + [Array("é".utf8)]))
  }

  @Test func `a part of a URL holds no NUL byte once it is percent-decoded`() {
    for url in ["mqtt://a%00b@localhost/t", "mqtt://loc%00al/t", "mqtt://localhost/t%00"] {
      #expect(errorText(.sub, "-L \(url)").contains("holds a NUL byte once it is percent-decoded"))
    }
  }
}
