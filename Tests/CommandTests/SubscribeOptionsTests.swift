// The command line of `mqtt sub`: what it means, option by option.

import Commands
import MQTTCodec
import Testing

@Suite struct SubscribeOptionsTests {
  private func qualities(_ line: String) throws -> [String] {
    try subscribe(line).subscriptions.map { "\($0.filter)=\($0.options.qos.rawValue)" }
  }

  @Test func `filters may be plain arguments, options, or both`() throws {
    #expect(try subscribe("a/# b -t c").subscriptions.map(\.filter) == ["a/#", "b", "c"])
    #expect(try subscribe("-L mqtt://h/a/#").subscriptions.map(\.filter) == ["a/#"])
  }

  static let qosLines: [(String, [String])] = [
    ("a b", ["a=0", "b=0"]),
    ("-q 1 a b", ["a=1", "b=1"]),
    ("a b -q 2", ["a=2", "b=2"]),
    ("a -q 2 b", ["a=2", "b=2"]),
    ("-t a -q 1 -t b -q 2", ["a=1", "b=2"]),
    ("-q 1 -t a -t b -q 2 -t c", ["a=2", "b=2", "c=1"]),
    ("-t a -q 1 -t b -q 2 -t c", ["a=1", "b=2", "c=0"]),
    ("-L mqtt://h/a -q 1", ["a=1"]),
  ]

  @Test(arguments: qosLines) func `one -q is for all filters, several are for those before them`(
    line: String, expected: [String]
  ) throws {
    #expect(try qualities(line) == expected)
  }

  @Test func `subscription options hold for every filter`() throws {
    let options = try subscribe("a b --no-local --retain-as-published --retain-handling new")
    for subscription in options.subscriptions {
      #expect(subscription.options.noLocal)
      #expect(subscription.options.retainAsPublished)
      #expect(subscription.options.retainHandling == .ifNew)
    }
  }

  @Test func `hidden retained messages are not asked for, unless they are to be removed`() throws {
    #expect(try subscribe("a -R").subscriptions[0].options.retainHandling == .never)
    #expect(try subscribe("a -R").hidesRetained)
    let removing = try subscribe("a -R --remove-retained")
    #expect(removing.subscriptions[0].options.retainHandling == .always)
    #expect(
      try subscribe("a -R --retain-handling always").subscriptions[0].options.retainHandling
        == .always)
  }

  @Test func `a count below 20 becomes the receive maximum`() throws {
    let properties = try subscribe("a -C 3").connection.connectProperties
    #expect(properties.number(.receiveMaximum) == 3)
    #expect(try subscribe("a -C 20").connection.connectProperties.isEmpty)
    let own = try subscribe("a -C 3 -D connect receive-maximum 7").connection.connectProperties
    #expect(own.list.count == 1)
    #expect(own.number(.receiveMaximum) == 7)
  }

  @Test func `a subscription identifier may be given either way and needs version 5`() throws {
    let expected = Properties([.init(.subscriptionIdentifier, .variableByteInteger(7))])
    for line in ["--subscription-identifier 7", "-D subscribe subscription-identifier 7"] {
      let options = try subscribe("a \(line)")
      #expect(options.subscribeProperties == expected)
      #expect(options.connection.version == .exactly(.v5))
    }
  }

  @Test func `ways to stop are taken`() throws {
    let options = try subscribe("a -C 5 -W 1.5 -E --retained-only")
    #expect(options.count == 5)
    #expect(options.timeoutSeconds == 1.5)
    #expect(options.exitsAfterSuback)
    #expect(options.retainedOnly)
  }

  @Test func `filters of the output are taken`() throws {
    let options = try subscribe("a -T b/# -T c --random-filter 12.5 -U d --unsubscribe e")
    #expect(options.filterOut == ["b/#", "c"])
    #expect(options.randomFilterPercent == 12.5)
    #expect(options.unsubscribe == ["d", "e"])
  }

  @Test func `unsubscribing alone is enough to do`() throws {
    #expect(try subscribe("-U d").subscriptions.isEmpty)
  }

  @Test func `properties go to the packets they are for`() throws {
    let options = try subscribe(
      "a -D subscribe user-property k v -D unsubscribe user-property l w -D connect "
        + "session-expiry-interval 9 -i me")
    #expect(options.subscribeProperties.list == [.init(.userProperty, .stringPair("k", "v"))])
    #expect(options.unsubscribeProperties.list == [.init(.userProperty, .stringPair("l", "w"))])
    #expect(options.connection.sessionExpirySeconds == 9)
    #expect(options.connection.connectProperties.isEmpty)
  }
}
