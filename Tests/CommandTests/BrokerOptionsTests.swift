// The command line of `mqtt broker`: listeners, TLS, and every bound of the engine.

import Commands
import MQTTBroker
import MQTTCodec
import Testing

@Suite struct BrokerOptionsTests {
  static let listeners: [(String, [ListenerOptions])] = [
    ("", []),
    ("-p 1 --port 2", [.init(.loopback(port: 1)), .init(.loopback(port: 2))]),
    ("--listen 7", [.init(.everywhere(port: 7))]),
    ("--listen :7", [.init(.everywhere(port: 7))]),
    ("--listen 192.0.2.1:7", [.init(.address("192.0.2.1", port: 7))]),
    ("--listen [::1]:7", [.init(.address("::1", port: 7))]),
    ("--unix /tmp/s", [.init(.unix(path: "/tmp/s"))]),
    ("--tls", [.init(.loopback(port: 8883), usesTLS: true)]),
    ("--tls -p 1", [.init(.loopback(port: 1)), .init(.loopback(port: 8883), usesTLS: true)]),
    ("--tls --tls-port 9", [.init(.loopback(port: 9), usesTLS: true)]),
    ("--tls-listen [::]:9", [.init(.address("::", port: 9), usesTLS: true)]),
  ]

  @Test(arguments: listeners) func `listeners are where the line says`(
    line: String, expected: [ListenerOptions]
  ) throws {
    #expect(try broker(line).listeners == expected)
  }

  @Test func `TLS files are taken, in mosquitto's spelling too`() throws {
    let tls = try broker(
      "--tls --cert c --key k --cafile a --require-cert --tls-keylog l"
    ).tls
    var expected = BrokerTLSOptions()
    expected.certificateFile = "c"
    expected.keyFile = "k"
    expected.caFile = "a"
    expected.requiresCertificate = true
    expected.keyLogFile = "l"
    #expect(tls == expected)
    #expect(
      try broker("--tls --certfile c --keyfile k --cafile a --require-certificate").tls
        .certificateFile == "c")
  }

  @Test func `every field of the engine's configuration has an option that changes it`() throws {
    let changed = try broker(
      """
      --max-connections 2 --max-sessions 3 --max-packet-size 20 --max-inflight-messages 4 \
      --receive-maximum 5 --max-queued-messages 6 --max-queued-bytes 7 --max-outbox-bytes 8 \
      --queue-qos0-messages true --max-topic-levels 9 --max-subscriptions 10 \
      --max-retained-messages 11 --max-topic-alias 12 --max-topic-alias-broker 13 --max-qos 1 \
      --retain-available false --persistent-client-expiration 14d --max-keepalive 15 \
      --connect-timeout 16 --allow-zero-length-clientid false --auto-id-prefix made- \
      --sys-interval 17 -v --max-connect-size 20 --max-unidentified-connections 21 \
      --max-connections-per-address 22 --max-waiting-logins 23 --login-failures 24 \
      --login-delay-limit 25 --max-cached-decisions 26 --check-retain-source false \
      --max-inflight-bytes 18 --message-size-limit 19 \
      --upgrade-outgoing-qos true --allow-duplicate-messages true --connection-messages false
      """
    ).configuration
    let fields = zip(
      Mirror(reflecting: BrokerConfiguration()).children, Mirror(reflecting: changed).children)
    // These are no business of the person who starts a broker.
    let others = [
      "authenticationMethods", "programVersion", "keepsRecords", "listenerPolicies",
      "listenerTerms", "publishedLogLevels", "queueWindowMessageLimit", "queueWindowByteLimit",
    ]
    for (before, after) in fields where !others.contains(before.label ?? "") {
      #expect("\(before.value)" != "\(after.value)", "\(before.label ?? "") has no option")
    }
    #expect(changed.sessionExpiryLimitSeconds == 1_209_600)
    #expect(changed.queueMessageLimit == 6)
    #expect(changed.maximumQoS == .atLeastOnce)
  }

  @Test func `threads, memory and quietness are taken`() throws {
    let options = try broker("--threads 3 --memory -q")
    #expect(options.threadLimit == 3)
    #expect(options.store.isInMemoryOnly)
    #expect(options.isQuiet)
    #expect(!options.configuration.logsPackets)
    #expect(try broker("").threadLimit == nil)
  }

  @Test func `what is kept on disk is taken`() throws {
    let store = try broker("--data d --sync normal --strict-store").store
    #expect(store.directory == "d")
    #expect(store.synchronous == .normal)
    #expect(store.isStrict)
    #expect(try broker("").store == BrokerStoreOptions())
  }

  static let directories: [(String, [String: String], String)] = [
    ("", ["HOME": "/home/ann"], "/home/ann/.local/state/mqtt/broker-1883"),
    ("-p 7", ["HOME": "/home/ann", "XDG_STATE_HOME": "/s"], "/s/mqtt/broker-7"),
    ("-p 7", ["HOME": "/home/ann", "XDG_STATE_HOME": "s"], "/home/ann/.local/state/mqtt/broker-7"),
    ("--unix /tmp/a --tls-listen [::1]:8 -p 7", ["HOME": "/h"], "/h/.local/state/mqtt/broker-8"),
    ("--unix /tmp/a.sock", ["HOME": "/h"], "/h/.local/state/mqtt/broker-tmp-a.sock"),
    ("--tls", [:], "/var/lib/mqtt/broker-8883"),
    ("-p 7 --data here", ["HOME": "/h"], "here"),
  ]

  @Test(arguments: directories)
  func `brokers of one account have directories of their own`(
    line: String, environment: [String: String], expected: String
  ) throws {
    let options = try broker(line)
    #expect(options.store.directory(of: options.listeners) { environment[$0] } == expected)
  }

  @Test(arguments: ["-h", "--help"]) func `help is asked for by letter too`(line: String) throws {
    guard case .information(.help) = try BrokerOptions.parse(words(line)) else { throw NotRun() }
  }
}
