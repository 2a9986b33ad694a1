// Debian's mosquitto_pub and mosquitto_sub with our broker, our commands with Debian's mosquitto,
// and both kinds of commands with each other.

import LiveSupport
import Testing

/// Who publishes, who subscribes, and through whose broker.
struct Party: CustomTestStringConvertible {
  var publisher: Commands
  var subscriber: Commands
  var isOurBroker: Bool

  /// All that have one of our programs in them.
  static let all = Commands.allCases.flatMap { publisher in
    Commands.allCases.flatMap { subscriber in
      [true, false].map {
        Party(publisher: publisher, subscriber: subscriber, isOurBroker: $0)
      }
    }
  }.filter { $0.isOurBroker || $0.publisher == .ours || $0.subscriber == .ours }

  var testDescription: String {
    "\(publisher) pub, \(isOurBroker ? "our" : "mosquitto's") broker, \(subscriber) sub"
  }

  func broker() throws -> any ServingBroker { isOurBroker ? try LiveBroker() : try Mosquitto() }
}

struct MosquittoTests {
  private static let versions = ["mqttv31", "mqttv311", "mqttv5"]

  @Test(arguments: Party.all, versions)
  func `messages of every QoS arrive`(party: Party, version: String) throws {
    let broker = try party.broker()
    let subscriber = try party.subscriber.subscribe(
      broker, ["-V", version, "-q", "2", "-F", "%t %q %r %p", "-t", "a/#"])
    for qos in ["0", "1", "2"] {
      try party.publisher.publish(
        broker, ["-V", version, "-t", "a/\(qos)", "-m", "text \(qos)", "-q", qos])
    }
    let expected = ["0", "1", "2"].map { "a/\($0) \($0) 0 text \($0)" }
    #expect(try messages(subscriber, 3) == expected)
  }

  @Test(arguments: Party.all)
  func `a thousand lines arrive once and in order`(party: Party) throws {
    let broker = try party.broker()
    let subscriber = try party.subscriber.subscribe(broker, ["-q", "2", "-t", "lines"])
    let lines = (1...1000).map { "line \($0)" }
    try party.publisher.publish(
      broker, ["-t", "lines", "-q", "2", "-l"], input: lines.joined(separator: "\n") + "\n")
    #expect(try messages(subscriber, 1000) == lines)
  }

  @Test(arguments: Party.all)
  func `a retained message is kept, and removed by an empty one`(party: Party) throws {
    let broker = try party.broker()
    try party.publisher.publish(broker, ["-t", "kept/1", "-m", "one", "-r"])
    try party.publisher.publish(broker, ["-t", "kept/2", "-m", "two", "-r", "-q", "1"])
    let first = try party.subscriber.subscribe(broker, ["-t", "kept/#", "-F", "%t %r %p"])
    #expect(Set(try messages(first, 2)) == ["kept/1 1 one", "kept/2 1 two"])
    try party.publisher.publish(broker, ["-t", "kept/1", "-r", "-n", "-q", "1"])
    let second = try party.subscriber.subscribe(broker, ["-t", "kept/#", "-F", "%t %r %p"])
    #expect(try messages(second, 1) == ["kept/2 1 two"])
  }

  @Test(arguments: Party.all)
  func `a client that is killed leaves its will`(party: Party) throws {
    let broker = try party.broker()
    let witness = try party.publisher.subscribe(broker, ["-t", "will", "-F", "%t %p"])
    let client = try party.subscriber.subscribe(
      broker, ["-t", "nothing", "--will-topic", "will", "--will-payload", "gone"])
    client.signal(9)
    #expect(try messages(witness, 1) == ["will gone"])
  }

  @Test(arguments: Party.all, versions)
  func `messages wait for a session that is away`(party: Party, version: String) throws {
    let broker = try party.broker()
    let session = ["-V", version, "-c", "-i", "me", "-q", "1", "-t", "queue"]
    let lasting = version == "mqttv5" ? session + ["-x", "3600"] : session
    let first = try party.subscriber.subscribe(broker, lasting)
    first.signal(15)
    _ = try first.exitStatus()
    for index in 1...3 {
      try party.publisher.publish(
        broker, ["-V", version, "-t", "queue", "-m", "\(index)", "-q", "1"])
    }
    let second = try RunningProgram(party.subscriber.subscriber(broker) + lasting)
    #expect(try messages(second, 3) == ["1", "2", "3"])
  }

  @Test(arguments: Party.all)
  func `properties arrive`(party: Party) throws {
    let broker = try party.broker()
    let subscriber = try party.subscriber.subscribe(
      broker, ["-V", "mqttv5", "-t", "a", "-F", "%p|%C|%R|%D|%F|%P"])
    try party.publisher.publish(
      broker,
      [
        "-V", "mqttv5", "-t", "a", "-m", "x", "-D", "publish", "content-type", "text/plain", "-D",
        "publish", "response-topic", "answer", "-D", "publish", "correlation-data", "17", "-D",
        "publish", "payload-format-indicator", "1", "-D", "publish", "user-property", "key",
        "value",
      ])
    #expect(try messages(subscriber, 1) == ["x|text/plain|answer|17|1|key:value"])
  }

  @Test func `versions meet in one broker`() throws {
    let broker = try LiveBroker()
    let subscribers = try Self.versions.map {
      try Commands.mosquitto.subscribe(broker, ["-V", $0, "-q", "1", "-t", "a"])
    }
    for version in Self.versions {
      try Commands.mosquitto.publish(
        broker, ["-V", version, "-t", "a", "-m", version, "-q", "2"])
    }
    for subscriber in subscribers { #expect(try messages(subscriber, 3) == Self.versions) }
  }

  @Test func `two brokers do not know each other`() throws {
    let (one, two) = (try LiveBroker(), try LiveBroker())
    let subscriber = try Commands.mosquitto.subscribe(one, ["-t", "a"])
    try Commands.mosquitto.publish(two, ["-t", "a", "-m", "to two", "-q", "1"])
    try Commands.mosquitto.publish(one, ["-t", "a", "-m", "to one", "-q", "1"])
    #expect(try messages(subscriber, 1) == ["to one"])
  }

  @Test func `the broker tells of itself below $SYS under mosquitto's names`() throws {
    let broker = try LiveBroker()
    let subscriber = try Commands.mosquitto.subscribe(
      broker, ["-v", "-t", "$SYS/broker/version", "-t", "$SYS/broker/clients/connected"])
    let lines = try messages(subscriber, 2)
    #expect(lines.contains { $0.hasPrefix("$SYS/broker/version mqtt ") }, "\(lines)")
    #expect(lines.contains { $0.hasPrefix("$SYS/broker/clients/connected ") }, "\(lines)")
  }
}
