// The command line of `mqtt broker`: listeners, TLS, and every bound of the engine.

import Commands
import MQTTBroker
import MQTTCodec
import Settings
import Testing

@Suite struct BrokerOptionsTests {
  static let listeners: [(String, [ListenerSetup])] = [
    ("", [.init(.loopback(port: 1883))]),
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
    line: String, expected: [ListenerSetup]
  ) throws {
    #expect(try broker(line).listeners == expected)
  }

  @Test func `TLS files are taken, in mosquitto's spelling too`() throws {
    let tls = try broker(
      "--tls --cert c --key k --cafile a --require-cert --tls-keylog l"
    ).listeners[0].tls
    var expected = ListenerTLSSettings()
    expected.certificateFile = "c"
    expected.keyFile = "k"
    expected.caFile = "a"
    expected.requiresCertificate = true
    expected.keyLogFile = "l"
    #expect(tls == expected)
    #expect(
      try broker("--tls --certfile c --keyfile k --cafile a --require-certificate").listeners[0]
        .tls.certificateFile == "c")
  }

  @Test func `every field of the engine's configuration has an option that changes it`() throws {
    let changed = try broker(
      """
      --max-connections 2 --max-sessions 3 --max-packet-size 20 --max-inflight-messages 4 \
      --receive-maximum 5 --max-queued-messages 6 --max-queued-bytes 7 --max-outbox-bytes 8 \
      --queue-qos0-messages true --max-topic-levels 9 --max-subscriptions 10 \
      --max-retained-messages 11 \
      --retain-available false --persistent-client-expiration 14d --max-keepalive 15 \
      --connect-timeout 16 --sys-interval 17 -v --max-connect-size 20 --max-unidentified-connections 21 \
      --max-connections-per-address 22 --max-waiting-logins 23 --login-failures 24 \
      --login-delay-limit 25 --max-cached-decisions 26 --check-retain-source false \
      --client-id-owner any --allow-empty-passwords true --max-inflight-bytes 18 --message-size-limit 19 \
      --upgrade-outgoing-qos true --allow-duplicate-messages true --connection-messages false
      """
    ).configuration
    let fields = zip(
      Mirror(reflecting: BrokerConfiguration()).children, Mirror(reflecting: changed).children)
    // These are no business of the person who starts a broker, or belong to listeners.
    let others = [
      "terms",
      "authenticationMethods", "certificatesExpire",
      "programVersion", "keepsRecords", "listenerPolicies",
      "listenerTerms", "publishedLogLevels", "queueWindowMessageLimit", "queueWindowByteLimit",
    ]
    for (before, after) in fields where !others.contains(before.label ?? "") {
      #expect("\(before.value)" != "\(after.value)", "\(before.label ?? "") has no option")
    }
    #expect(changed.sessionExpiryLimitSeconds == 1_209_600)
    #expect(changed.queueMessageLimit == 6)
  }

  @Test func `what holds for all listeners is taken`() throws {
    let options = try broker(
      "--listen 1 --ws 2 --mount-point home/ --accept-protocol-versions 4,5 --socket-domain ipv4 "
        + "--set-tcp-nodelay false --max-topic-alias 3 --max-topic-alias-broker 4 --max-qos 1 "
        + "--allow-zero-length-clientid false --auto-id-prefix made-")
    #expect(options.listeners.count == 2)
    for listener in options.listeners {
      #expect(listener.family == .ipv4)
      #expect(listener.terms.mountPoint == "home/")
      #expect(listener.terms.versions == [.v311, .v5])
      #expect(listener.terms.topicAliasMaximum == 3)
      #expect(listener.terms.outgoingTopicAliasMaximum == 4)
      #expect(listener.terms.maximumQoS == .atLeastOnce)
      #expect(!listener.terms.allowsEmptyClientIdentifier)
      #expect(listener.terms.assignedIdentifierPrefix == "made-")
    }
    #expect(options.listeners.allSatisfy { !$0.sendsSmallPackets })
    #expect(try broker("--mount-point a").listeners.map(\.place) == [.loopback(port: 1883)])
    #expect(try broker("--bind-interface lo --listen 1").listeners[0].interfaceName == "lo")
    #expect(
      errorText(.broker, "--bind-interface lo -p 1")
        == "--bind-interface: is for listeners that name no address and no socket, "
        + "for example: --bind-interface lo --listen 1883")
    #expect(
      errorText(.broker, "--mount-point a/#")
        == "--mount-point a/#: is no beginning of a topic: it holds a wildcard, "
        + "for example: --mount-point home/")
  }

  @Test func `what names users by their certificates is taken`() throws {
    func tls(_ line: String) throws -> ListenerTLSSettings {
      try broker("--tls \(line)").listeners[0].tls
    }
    #expect(try tls("--use-identity-as-username").usesIdentity)
    #expect(try tls("--use-subject-as-username").usesSubject)
    for both in [
      "--use-subject-as-username --use-identity-as-username",
      "--use-identity-as-username --use-subject-as-username",
    ] {
      #expect(try tls(both).usesIdentity && !(try tls(both).usesSubject))
    }
    #expect(try !tls("--disable-client-cert-date-checks").checksDates)
  }

  @Test func `where the log goes and what is in it is taken`() throws {
    let options = try broker(
      "--log-dest syslog --log-file f --log-dest topic --log-type error --log-type debug "
        + "--log-facility 3 --log-timestamp-format %Y")
    #expect(options.log.destinations == [.systemLog, .file("f"), .topic])
    #expect(options.log.levels == [.error, .packet])
    #expect(options.log.facility == 3)
    #expect(options.log.time == .format("%Y"))
    #expect(options.configuration.logsPackets)
    #expect(options.configuration.publishedLogLevels == [.error, .packet])
    #expect(try broker("--log-type subscribe").configuration.logsSubscriptions)
    #expect(try broker("--log-dest none").log.destinations.isEmpty)
    #expect(try !broker("--log-timestamp false").log.hasTime)
    #expect(try broker("--log-dest topic -q").configuration.publishedLogLevels == [.error])
  }

  @Test func `the command line counts more than a file about the log, and adds nothing to it`()
    throws
  {
    let text = "log_dest stdout\nlog_type all\nlistener 1\nallow_anonymous true\n"
    let read = try brokerWords("-c f --log-dest stderr --log-type error").reading(
      in: context(files: ["f": text]))
    #expect(read.settings.log.destinations == [.standardError])
    #expect(read.settings.log.levels == [.error])
    #expect(!read.settings.configuration.logsPackets)
  }

  @Test func `threads, memory and quietness are taken`() throws {
    let options = try broker("--threads 3 --memory -q")
    #expect(options.threadLimit == 3)
    #expect(options.store.isInMemoryOnly)
    #expect(options.isQuiet)
    #expect(!options.configuration.logsPackets)
    #expect(try broker("").threadLimit == nil)
    #expect(try broker("").threadMinimum == 1)
    #expect(try broker("--min-threads 2").threadMinimum == 2)
    #expect(try broker("--min-threads 3 --threads 3").threadMinimum == 3)
    let fault = #expect(throws: UsageError.self) { try broker("--threads 2 --min-threads 3") }
    #expect(fault?.description.contains("--min-threads") == true)
  }

  @Test func `what is kept on disk is taken`() throws {
    let store = try broker("--data d --sync normal --strict-store").store
    #expect(store.directory == "d")
    #expect(store.synchronization == .normal)
    #expect(store.isStrict)
    #expect(try broker("").store == PersistenceSettings())
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
    guard case .information(.help) = try CommandLineLayer.parse(words(line)) else { throw NotRun() }
  }
}
