// mosquitto.conf: what every option takes, how lines are read, and what is said about mistakes.

import Commands
import Foundation
import LiveSupport
import MQTTBroker
import MQTTCodec
import Settings
import Testing
import Text
import WebSocket

/// What a file comes to: options and warnings, or faults.
private func reading(
  _ text: String, _ line: String = "-c f", files: [String: String] = [:],
  environment: [String: String] = [:], directories: [String: [String]] = ["dir": []]
) throws -> (options: BrokerSettings, warnings: [String], faults: [String]) {
  let all = files.merging(["f": text]) { $1 }
  let context = ParsingContext(
    environment: { environment[$0] }, fileContents: { all[$0].map { Array($0.utf8) } },
    fileNames: { directories[$0] })
  let result = try brokerWords(line).reading(in: context)
  return (
    result.settings, result.warnings.map(\.description), result.faults.map(\.description)
  )
}

@Suite struct MosquittoFileTests {
  /// The lines that an option needs around it to make sense.
  private func file(_ sample: MosquittoSample, _ value: String) -> String {
    let line = sample.name + (value.isEmpty ? "" : " " + value) + "\n"
    switch sample.name {
    case "certfile": return "listener 1\nkeyfile k\n" + line
    case "keyfile": return "listener 1\ncertfile c\n" + line
    case "psk_hint": return "psk_file p\nlistener 1\n" + line
    case "listener", "port", "bind_address": return line
    case _ where MosquittoSample.ofListener.contains { $0.name == sample.name }:
      return "listener 1\ncertfile c\nkeyfile k\ncafile a\n"
        .replacing(sample.name == "cafile" ? "cafile a\n" : "-", with: "") + line
    default: return line
    }
  }

  @Test func `the samples speak of every option but those of bridges`() throws {
    let ours = Set(MosquittoSample.all.map(\.name))
    for name in Setting.fileWords where !ours.contains(name) {
      let faults = try reading("\(name) x\n").faults
      #expect(faults.count == 1 && faults[0].contains("bridge"), "\(name): \(faults)")
    }
    #expect(ours.subtracting(Setting.fileWords).isEmpty)
  }

  @Test(arguments: MosquittoSample.all) func `an option takes what mosquitto takes`(
    sample: MosquittoSample
  ) throws {
    for value in sample.good {
      let found = try reading(file(sample, value))
      #expect(found.faults.isEmpty, "\(value)")
    }
    guard sample.changes, let last = sample.good.last else { return }
    func text(_ file: String) throws -> String {
      String(describing: try reading(file).options.withoutOrigins)
    }
    let line = file(sample, last)
    let without = line.split(separator: "\n").dropLast().joined(separator: "\n") + "\n"
    let base = ["certfile", "keyfile"].contains(sample.name) ? "listener 1\n" : without
    #expect(try text(line) != text(base), "\(last) leaves no trace")
  }

  @Test func `what is said about each wrong value is what it was`() throws {
    var text = ""
    for sample in MosquittoSample.all {
      for value in sample.bad {
        let faults = try reading(file(sample, value)).faults
        #expect(!faults.isEmpty, "\(sample.name) \(value)")
        text += faults.joined(separator: "\n") + "\n"
      }
    }
    let path = checkoutFolder + "/Tests/CommandTests/Snapshots/mosquitto-faults.txt"
    if ProcessInfo.processInfo.environment["MQTT_SNAPSHOTS"] != nil {
      try text.write(toFile: path, atomically: true, encoding: .utf8)
    }
    #expect(text == (try String(contentsOfFile: path, encoding: .utf8)))
  }

  // MARK: Lines

  @Test(arguments: [
    "listener 7\n", "listener     7    \n", "   listener 7\n", "listener 7\r\n", "listener 7",
    "# comment\n\n  \nlistener 7\n", "listener 7 # the rest is not looked at\n",
  ]) func `a line is read as mosquitto reads it`(text: String) throws {
    let found = try reading(text)
    #expect(found.faults == [])
    #expect(found.options.listeners.map(\.place) == [.everywhere(port: 7)])
  }

  static let faults: [(String, [String])] = [
    ("lisener 8883\n", ["f:1:1: lisener is not an option; the nearest one is listener"]),
    ("\tlistener 1\n", ["f:1:1: \\tlistener is not an option; the nearest one is listener"]),
    (
      "zzz\n",
      ["f:1:1: zzz is not an option; mosquitto.conf(5) and mqtt-broker(1) list them"]
    ),
    (" # x\n", ["f:1:2: a comment must begin in the first column"]),
    (
      "max_qos 3\nlistener 1\nallow_anonymous x\n",
      [
        "f:1:9: max_qos 3: expected a whole number from 0 to 2",
        "f:3:17: allow_anonymous x: expected true or false",
      ]
    ),
    (
      "acl_file a\nacl_file b\n",
      ["f:2:10: acl_file b: it stands at f:1 already; mosquitto takes one"]
    ),
    (
      "allow_anonymous true\nper_listener_settings true\n",
      [
        "f:2:23: per_listener_settings true: it must stand before all options about who gets in"
      ]
    ),
    ("mount_point a\nlistener 1\n", ["f:1:13: mount_point a: it must stand after a listener"]),
    ("listener 1\ncertfile c\n", ["f:1:1: certfile needs keyfile too"]),
    (
      "listener 1\nrequire_certificate true\n",
      [
        "f:1:1: require_certificate and use_..._as_username need TLS: certfile and keyfile; "
          + "enable_proxy_protocol 2 does for all but use_subject_as_username"
      ]
    ),
    (
      "listener 1\ncertfile c\nkeyfile k\nrequire_certificate true\n",
      [
        "f:1:1: require_certificate needs cafile or capath, the authorities of the certificates"
      ]
    ),
    ("listener 1\npsk_hint h\n", ["f:1:1: psk_hint needs psk_file, the identities and their keys"]),
    (
      "connection a\naddress b\ntopic # both\n",
      [
        "f:1:12: connection a: this broker makes no bridges to other brokers; take the bridge out, "
          + "or leave it to mosquitto"
      ]
    ),
    (
      "log_dest file a\nlog_dest file b\n",
      ["f:2:10: log_dest file b: the log goes to a already; mosquitto writes one file"]
    ),
    (
      "password_file ${NONE}\n",
      [
        "f:1:15: password_file ${NONE}: the environment variable NONE is not set; $${NONE} stands "
          + "for the text itself"
      ]
    ),
    ("plugin_opt_x 1\n", ["f:1:14: plugin_opt_x 1: it must stand after a plugin"]),
    (
      "plugin mosquitto_acl_file.so\n",
      ["f:1:1: plugin mosquitto_acl_file needs plugin_opt_acl_file after it"]
    ),
    (
      "plugin mosquitto_dynamic_security.so\nplugin_opt_konfig x\n",
      [
        "f:2:19: plugin_opt_konfig x: mosquitto_dynamic_security has no such option; it has "
          + "plugin_opt_config_file and plugin_opt_password_init_file",
        "f:1:1: plugin mosquitto_dynamic_security needs plugin_opt_config_file after it",
      ]
    ),
  ]

  @Test(arguments: faults) func `all faults are told, each with its place`(
    text: String, expected: [String]
  ) throws {
    #expect(try reading(text).faults == expected)
  }

  @Test func `a file that is not there is a fault of its own`() throws {
    #expect(
      try reading("", "-c none").faults == ["none: there is no such file that can be read"])
  }

  @Test func `bytes that are no text are refused with their place`() throws {
    let context = ParsingContext(
      environment: { _ in nil }, fileContents: { _ in Array("acl_file ".utf8) + [0xE9, 10] })
    #expect(
      try brokerWords("-c f").reading(in: context).faults
        == [FileNote(FilePlace("f", 1, 10), "acl_file: the value is not UTF-8")])
  }

  // MARK: Order

  @Test func `options belong to the last listener, and before the first to the default one`()
    throws
  {
    let options = try reading(
      "max_connections 1\nlistener 2\nmax_connections 3\nlistener 4\nmax_qos 1\n"
    ).options
    #expect(
      options.listeners.map(\.place)
        == [.everywhere(port: 2), .everywhere(port: 4), .everywhere(port: 1883)])
    #expect(options.listeners.map(\.terms.connectionLimit) == [3, nil, 1])
    #expect(
      options.listeners.map(\.terms.maximumQoS) == [.exactlyOnce, .atLeastOnce, .exactlyOnce])
  }

  @Test func `port and bind_address make the default listener`() throws {
    let options = try reading("port 7\nbind_address ::1\n").options
    #expect(options.listeners.map(\.place) == [.address("::1", port: 7)])
  }

  @Test func `who gets in is one matter for all listeners unless they are on their own`() throws {
    let shared = try reading("listener 1\nallow_anonymous true\nlistener 2\npassword_file p\n")
    #expect(shared.options.listeners.map(\.access.allowsAnonymous) == [true, true])
    #expect(shared.options.listeners.map(\.access.passwordFile) == ["p", "p"])
    let apart = try reading(
      "per_listener_settings true\nlistener 1\nallow_anonymous true\nlistener 2\npassword_file p\n")
    #expect(apart.options.listeners.map(\.access.allowsAnonymous) == [true, false])
    #expect(apart.options.listeners.map(\.access.passwordFile) == [nil, "p"])
  }

  @Test func `nobody gets in without a name at a listener that does not say so`() throws {
    #expect(try reading("listener 1\n").options.listeners.map(\.access.allowsAnonymous) == [false])
  }

  @Test func `without a listener this machine is served, without passwords`() throws {
    let options = try reading("persistence true\n").options
    #expect(options.listeners.map(\.place) == [.loopback(port: 1883)])
    #expect(options.isUnasked)
    #expect(options.listeners[0].access.allowsAnonymous == true)
  }

  @Test func `include_dir reads files in mosquitto's order, each with the default listener first`()
    throws
  {
    let found = try reading(
      "listener 1\ninclude_dir dir\nmax_qos 1\n",
      files: [
        "dir/a.conf": "sys_interval 2\nlistener 3\n", "dir/A.conf": "sys_interval 1\nmax_qos 0\n",
        "dir/B.conf": "include_dir other\nsys_interval 3\n", "dir/x.txt": "nonsense\n",
      ], directories: ["dir": ["x.txt", "B.conf", "a.conf", "A.conf", ".conf"]])
    #expect(found.faults == [])
    #expect(found.options.configuration.statusIntervalSeconds == 3)
    #expect(
      found.options.listeners.map(\.place)
        == [.everywhere(port: 1), .everywhere(port: 3), .everywhere(port: 1883)])
    #expect(
      found.options.listeners.map(\.terms.maximumQoS)
        == [.atLeastOnce, .exactlyOnce, .atMostOnce])
  }

  @Test func `a fault in an included file has that file's name`() throws {
    let found = try reading(
      "include_dir dir\n", files: ["dir/a.conf": "\nfoo\n"], directories: ["dir": ["a.conf"]])
    #expect(found.faults.first?.hasPrefix("dir/a.conf:2:1: foo is not an option") == true)
  }

  @Test func `the environment stands for NAME in braces, and two dollars for one`() throws {
    let options = try reading(
      "password_file ${HOME}/p${N}\nauto_id_prefix $${x}$y\n",
      environment: ["HOME": "/h", "N": ""]
    ).options
    #expect(options.listeners[0].access.passwordFile == "/h/p")
    #expect(options.listeners[0].terms.assignedIdentifierPrefix == "${x}$y")
  }

  // MARK: With the command line

  @Test func `an empty file has mosquitto's limits`() throws {
    let settings = try reading("").options
    let configuration = settings.configuration
    #expect(configuration.inFlightLimit == 20)
    #expect(configuration.receiveMaximum == 20)
    #expect(configuration.queueMessageLimit == 1000)
    #expect(configuration.queueByteLimit == 0)
    #expect(settings.listeners.map(\.terms.topicAliasMaximum) == [10])
    #expect(configuration.packetSizeLimit == 2_000_000)
    #expect(configuration.keepAliveLimitSeconds == 65_535)
    #expect(configuration.allowsDuplicates)
    #expect(configuration.clientIdentifierOwner == .anybody)
    #expect(!configuration.allowsEmptyPasswords)
  }

  @Test func `the command line counts more than the file`() throws {
    let found = try reading(
      "listener 1\nallow_anonymous true\nmax_queued_messages 5\nclient_id_owner any\n",
      "-p 9 --listen 8 -c f --max-queued-messages 6 --client-id-owner user -q")
    #expect(found.options.configuration.queueMessageLimit == 6)
    #expect(found.options.configuration.clientIdentifierOwner == .user)
    #expect(
      found.options.listeners.map(\.place)
        == [.everywhere(port: 1), .loopback(port: 9), .everywhere(port: 8)])
    #expect(found.warnings == [])
    #expect(found.options.log.levels == [.error])
  }

  @Test func `the command line says more than the file about what is kept`() throws {
    let memory = try reading("persistence true\npersistence_location /a\n", "-c f --memory")
    #expect(memory.options.store.isInMemoryOnly)
    let data = try reading("persistence_location /a\n", "-c f --data /b").options.store
    #expect(!data.isInMemoryOnly)
    #expect(data.directory == "/b")
    #expect(try reading("\n", "-c f").options.store.isInMemoryOnly)
  }

  @Test func `persistence_file gives the data a directory of its own`() throws {
    func directory(_ lines: String) throws -> String {
      try reading("persistence_location /a\n" + lines, "-c f").options.store.directory(of: []) {
        _ in
        nil
      }
    }
    #expect(try directory("") == "/a")
    #expect(try directory("persistence_file mosquitto.db\n") == "/a")
    #expect(try directory("persistence_file b.db\n") == "/a/b.db.mqtt")
  }

  @Test func `-p says where this machine is served when the file does not`() throws {
    let found = try reading("max_queued_messages 5\n", "-c f -p 9")
    #expect(found.options.listeners.map(\.place) == [.loopback(port: 9)])
    // An option of a listener is no listener; it holds for the one that the line names.
    let limited = try reading("max_connections 5\n", "-c f -p 9").options.listeners
    #expect(limited.map(\.place) == [.loopback(port: 9)])
    #expect(limited.map(\.terms.connectionLimit) == [5])
  }

  @Test func `what has no effect is told once, with its place and the reason`() throws {
    let found = try reading("retry_interval 1\nretry_interval 2\nmessage_size_limit 0\n")
    #expect(
      found.warnings == [
        "f:1:1: retry_interval has no effect: messages are sent again only when a client comes back",
        "f:3:1: message_size_limit is old; use max_packet_size",
      ])
  }

  @Test(arguments: [
    (
      "autosave_interval 300\nautosave_interval 5", "autosave_interval",
      "what is acknowledged is on disk already"
    ),
    (
      "autosave_on_changes true\nautosave_on_changes false", "autosave_on_changes",
      "what is acknowledged is on disk already"
    ),
    (
      "retain_expiry_interval 5", "retain_expiry_interval",
      "retained messages go as soon as their time is over"
    ),
    (
      "log_type websockets\nlog_type websockets", "log_type websockets",
      "nothing is logged under it here"
    ),
  ])
  func `an option that is checked and has no effect says so once`(
    lines: String, name: String, reason: String
  ) throws {
    let found = try reading("listener 1\nallow_anonymous true\n\(lines)\n")
    #expect(found.warnings == ["f:3:1: \(name) has no effect: \(reason)"])
  }

  @Test(arguments: [("4096", 4096), ("1", 256), ("0", 8192)])
  func `websockets_headers_size holds for all listeners, wherever it stands`(
    value: String, expected: Int
  ) throws {
    let found = try reading(
      "listener 1\nprotocol websockets\nwebsockets_headers_size \(value)\nlistener 2\n")
    #expect(found.options.listeners.map(\.webSocket.headerLimitBytes) == [expected, expected])
  }

  // MARK: Files that people have

  @Test func `the configuration of Debian's package and its examples are taken`() throws {
    // A machine may be set up to install no documentation.
    let example = "/usr/share/doc/mosquitto/examples/mosquitto.conf"
    let examples = FileManager.default.fileExists(atPath: example) ? [example] : []
    for path in ["/etc/mosquitto/mosquitto.conf"] + examples {
      let text = try String(contentsOfFile: path, encoding: .utf8)
      let found = try reading(text, directories: ["/etc/mosquitto/conf.d": []])
      #expect(found.faults == [], "\(path)")
    }
  }

  @Test func `every option that Debian's example mentions is known`() throws {
    let path = "/usr/share/doc/mosquitto/examples/mosquitto.conf"
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return }
    let names = text.split(separator: "\n").compactMap { line -> String? in
      guard line.hasPrefix("#"), !line.hasPrefix("# ") else { return nil }
      let name = line.dropFirst().prefix { $0 != " " }
      return name.isEmpty || name.contains("#") || name.contains("=") ? nil : String(name)
    }
    #expect(names.count > 60)
    for name in names { #expect(Setting.fileWords.contains(name), "\(name)") }
  }

  @Test func `plugins of mosquitto are what they do`() throws {
    let found = try reading(
      """
      listener 1
      plugin /usr/lib/x86_64-linux-gnu/mosquitto_dynamic_security.so
      plugin_opt_config_file /var/lib/mosquitto/dynamic-security.json
      global_plugin mosquitto_persist_sqlite.so
      plugin_opt_sync normal
      plugin_opt_db_file /data/a.db

      """)
    #expect(found.faults == [])
    let access = try #require(found.options.listeners.first).access
    #expect(access.dynamicSecurityFile == "/var/lib/mosquitto/dynamic-security.json")
    #expect(found.options.store.isInMemoryOnly == false)
    #expect(found.options.store.synchronization == .normal)
    #expect(found.options.store.directory == "/data")
  }
}
