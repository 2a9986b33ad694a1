// What a wrong command line is told: which argument, what was expected, and an example.

import Commands
import Testing

@Suite struct UsageErrorTests {
  static let ofPublisher: [(String, String)] = [
    ("", "mqtt pub: expected a topic, for example: mqtt pub sensor/temp 21.5"),
    (
      "a",
      "mqtt pub: expected a message after the topic, or one of -m -f -l -n -s, for example: "
        + "mqtt pub a 21.5"
    ),
    (
      "a b c",
      "c: a topic and a message are already given; quote a message that holds blanks, for "
        + "example: mqtt pub sensor/temp 'twenty degrees'"
    ),
    (
      "a b -m c",
      "b: is one message too many: -m gives the message, for example: mqtt pub sensor/temp 21.5"
    ),
    (
      "-t a b c",
      "c: is one argument too many: the topic is given, for example: "
        + "mqtt pub -t sensor/temp 21.5"
    ),
    ("-m x -f y -t a", "-f y: the message is already given by -m, for example: -f"),
    ("-q 3 a b", "-q 3: expected 0, 1 or 2, for example: -q 1"),
    ("--qos=7", "--qos 7: expected 0, 1 or 2, for example: --qos 1"),
    ("-q", "-q: expected QOS after it, for example: -q 1"),
    ("--retain=1", "--retain 1: is a flag and takes no value, for example: --retain"),
    ("--quos 1", "--quos: is not an option; the nearest one is --qos"),
    ("-qos 1", "-q os: expected 0, 1 or 2, for example: -q 1"),
    ("-version", "-version: is not an option; the nearest one is --version"),
    (
      "-5 b",
      "-5: is not an option; behind -- it is a plain argument, for example: "
        + "mqtt pub sensor/temp -3.5"
    ),
    ("a -7x", "-7x: is not an option; behind -- it is a plain argument"),
    ("a -.", "-.: is not an option; behind -- it is a plain argument"),
    ("-z", "-z: is not an option; --help lists all of them"),
    ("--zzzzzz", "--zzzzzz: is not an option; --help lists all of them"),
    ("-C 3", "-C: is an option of mqtt sub and not of mqtt pub"),
    ("a b -p 0", "-p 0: expected a whole number from 1 to 65535, for example: -p 1883"),
    ("a b -k -1", "-k -1: expected a whole number from 0 to 65535, for example: -k 60"),
    ("a b -V 4", "-V 4: expected auto, 5, 311 or 31, for example: -V 5"),
    (
      "a/# b",
      "a/#: is no topic to publish to: it holds a wildcard, for example: sensor/temp"
    ),
    (
      "-t +/a -m b",
      "-t +/a: is no topic to publish to: it holds a wildcard, for example: -t sensor/temp"
    ),
    ("a b -i x -I y", "-I: cannot be used together with -i, for example: -i thermometer-1"),
    (
      "a b --cert c",
      "--cert: a certificate and its key are needed together, for example: --cert client.crt "
        + "--key client.key"
    ),
    (
      "a b --psk 00",
      "--psk: a key and its identity are needed together, for example: --psk 1a2b3c "
        + "--psk-identity ann"
    ),
    (
      "a b --psk 0",
      "--psk 0: expected pairs of hexadecimal digits without 0x, for example: --psk 1a2b3c4d"
    ),
    (
      "a b --psk 00 --psk-identity i --cafile f",
      "--psk: cannot be used together with --cafile or --capath"
    ),
    (
      "a b --tls-version tlsv1.1",
      "--tls-version tlsv1.1: expected tlsv1.2 or tlsv1.3, for example: --tls-version tlsv1.3"
    ),
    (
      "a b --repeat-delay -1",
      "--repeat-delay -1: expected seconds, as a number from 0 to 31536000, for example: "
        + "--repeat-delay 0.5"
    ),
    (
      "-L x -o /nonexistent",
      "-L x: expected mqtt://HOST/TOPIC, mqtts://HOST/TOPIC, ws://HOST/PATH or "
        + "wss://HOST/PATH, for example: "
        + "-L mqtt://broker.example.org/sensor/temp"
    ),
    ("a b -o /nonexistent", "-o /nonexistent: there is no such file that can be read"),
    (
      "a b -V 311 -D publish content-type x",
      "-D publish: properties exist in MQTT 5 only, and -V asks for another version, for "
        + "example: -V 5"
    ),
  ]

  @Test(arguments: ofPublisher) func `a wrong line of mqtt pub is told what is wrong`(
    line: String, expected: String
  ) {
    #expect(errorText(.pub, line) == expected)
  }

  static let ofSubscriber: [(String, String)] = [
    ("", "mqtt sub: expected a topic filter, for example: mqtt sub 'sensor/#'"),
    (
      "a#",
      "a#: is no topic filter: # is not the last level, alone in it, for example: "
        + "mqtt sub 'sensor/#'"
    ),
    (
      "-t a+/b",
      "-t a+/b: is no topic filter: + is not alone in its level, for example: -t 'sensor/#'"
    ),
    (
      "-L mqtt://h/a#",
      "-L: a#: is no topic filter: # is not the last level, alone in it, for example: sensor/#"
    ),
    (
      "$share/g/a --no-local",
      "--no-local: cannot be used with a shared subscription ($share/g/a)"
    ),
    (
      "a -R --retained-only",
      "--retained-only: cannot be used together with -R: nothing would be left"
    ),
    ("a -m x", "-m: is an option of mqtt pub and not of mqtt sub"),
    ("a -C 0", "-C 0: expected a whole number from 1 to 2147483647, for example: -C 1"),
    ("a -W 0", "-W 0: expected seconds, as a number from 0.001 to 31536000, for example: -W 10"),
    (
      "a -x -2",
      "-x -2: expected a whole number from 0 to 4294967295, -1 or ∞, for example: "
        + "-x 3600"
    ),
    (
      "a --random-filter 0",
      "--random-filter 0: expected a number from 0.1 to 100, for example: --random-filter 10"
    ),
    (
      "a --retain-handling x",
      "--retain-handling x: expected always, new or never, for example: --retain-handling new"
    ),
    (
      "a -F %z",
      "-F %z: %z is unknown; known are %A %C %D %E %F %I %j %J %l %m %P %p %q %R %r %S %t %U %x "
        + "%X %f %d and %%, for example: -F '%t: %p'"
    ),
    (
      "a -F %05",
      "-F %05: the conversion '%05' has no letter at its end, for example: -F '%t: %p'"
    ),
    (
      "a -F \\q",
      "-F \\q: \\q is unknown; known are \\\\ \\0 \\a \\e \\n \\r \\t and \\v, for example: "
        + "-F '%t: %p'"
    ),
  ]

  @Test(arguments: ofSubscriber) func `a wrong line of mqtt sub is told what is wrong`(
    line: String, expected: String
  ) {
    #expect(errorText(.sub, line) == expected)
  }

  static let ofBroker: [(String, String)] = [
    ("x", "x: is not an option, and mqtt broker takes nothing else, for example: -p 1883"),
    (
      "--max-queued-mesages 7",
      "--max-queued-mesages: is not an option; the nearest one is --max-queued-messages"
    ),
    (
      "--listen ::1:80",
      "--listen ::1:80: an IPv6 address must stand in brackets, for example: --listen [::1]:1883"
    ),
    (
      "--require-cert --tls",
      "--require-cert: needs --cafile, the authorities whose certificates clients may show, for "
        + "example: --cafile ca.crt --require-cert"
    ),
    ("--memory --sync normal", "--sync: cannot be used together with --memory"),
    ("--data d --memory", "--data: cannot be used together with --memory"),
    (
      "--sync always",
      "--sync always: expected full, normal or off, for example: --sync normal"
    ),
    ("--cert x --key y", "--cert: no listener speaks TLS, for example: --tls --cert"),
    ("-v -q", "-v: cannot be used together with -q"),
    (
      "--retain-available maybe",
      "--retain-available maybe: expected true or false, for example: --retain-available false"
    ),
    (
      "--persistent-client-expiration 2",
      "--persistent-client-expiration 2: expected a number and a unit: s seconds, h hours, "
        + "d days, w weeks, m months or y years, for example: --persistent-client-expiration 2w"
    ),
  ]

  @Test(arguments: ofBroker) func `a wrong line of mqtt broker is told what is wrong`(
    line: String, expected: String
  ) {
    #expect(errorText(.broker, line) == expected)
  }

  @Test(arguments: [Command.sub, .inspectPcap, .bench, .aclCheck, .broker, .passwd])
  func `a word that begins with a dash and a digit is no plain argument`(command: Command) {
    for word in ["-0", "-5", "-7x", "-.5"] {
      let problem = "is not an option; behind -- it is a plain argument"
      #expect(errorText(command, word) == "\(word): \(problem)")
    }
    #expect(!errorText(.sub, "-- -5").contains("-5"))
  }

  @Test(arguments: ["-3.5", "-0", "-.5", "-1e-3", "-12"])
  func `a message may be a negative number, before or behind its topic`(number: String) throws {
    #expect(try publish("a \(number)").source == .given(Array(number.utf8)))
    #expect(try publish("\(number) -t a").source == .given(Array(number.utf8)))
    #expect(try publish("-- \(number) b").topics == [number])
  }

  @Test func `an unknown command names the nearest one`() {
    #expect(throws: UsageError("pbu", "is not a command; the nearest one is pub")) {
      try Command.named("pbu")
    }
    #expect(
      throws: UsageError(
        "xyzzy",
        "is not a command; they are broker, pub, sub, bench, acl-check, inspect-pcap and generate")
    ) {
      try Command.named("xyzzy")
    }
  }

  @Test func `an argument that is long or has several lines is shown in part and on one line`() {
    let line = "a " + String(repeating: "x", count: 100) + " c"
    #expect(errorText(.pub, "a b \(line)").hasPrefix("a: a topic"))
    let text = errorText(.sub, "a#" + String(repeating: "\n", count: 100))
    #expect(text.hasPrefix("a#" + String(repeating: " ", count: 55) + "...: is no topic filter"))
  }
}
