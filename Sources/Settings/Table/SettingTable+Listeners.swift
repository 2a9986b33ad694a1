// The rows about files, about where the broker listens, and about what is spoken there.

import MQTTBroker
import MQTTCodec
import Text
import WebSocket

extension Setting {
  static let file: [Setting] = [
    Setting(
      "do what FILE says, which is written as for mosquitto", .text("a path"),
      .broker(.text(\.configurationFile)),
      manual: """
        See mqtt.conf(5). Limits and choices that neither FILE nor the command line \
        speaks of are mosquitto's then. What the command line says counts more than FILE, for \
        the listeners of FILE too; what cannot go together is refused. Its own listeners are \
        added, and let in whom FILE lets in.
        """
    ).option("config-file", "FILE", .file, example: "mosquitto.conf", letter: "c"),
    Setting(
      "check the configuration file and all that it names, and do nothing", .truth,
      .broker(.truth(\.isTest)),
      manual: """
        Exits with 0 if the broker would start, or else with 1 after saying all that is wrong. \
        With -v it prints every setting that would hold, a line each: its word, its value, and who \
        says so: FILE:LINE, an option of the command line, or default.
        """
    ).flag("test-config"),
    Setting("go to the background once clients can connect", .truth, .broker(.truth(\.isDaemon)))
      .flag("daemon", letter: "d"),
    line("include_dir", value: "DIRECTORY", .line, "reads all files *.conf in DIRECTORY") {
      (_, _) throws(ValueFault) in
    },
    Setting(
      "makes the options about who gets in belong to listeners", .truth,
      .line { (layer, value) throws(ValueFault) in
        // Once on, it stays on.
        if layer.isPerListener { return }
        if value.isTrue, layer.hasSecurity {
          throw ValueFault("it must stand before all options about who gets in")
        }
        layer.isPerListener = value.isTrue
      }
    ).word("per_listener_settings", default: "false"),
  ]

  static let places: [Setting] = [
    Setting(
      "wait for clients of this machine on PORT", .text(""),
      .place { (text) throws(ValueFault) in
        ListenerSetup(.loopback(port: try Values.number(text, 1...65_535)))
      },
      manual:
        "Beside a file that has a listener on PORT already it is left out, which the log says."
    ).option("port", "PORT", example: "1883", letter: "p").by(default: "1883").repeatable,
    Setting(
      "wait on ADDRESS, or on every address of this machine", .text(""),
      .place { (text) throws(ValueFault) in try ListenerSetup(parsing: text) },
      manual: """
        An IPv6 address stands in brackets: [::1]:1883. The scheme is mqtt, mqtts, ws or wss; mqtt \
        if there is none.
        """
    ).option("listen", "[SCHEME://][ADDRESS:]PORT", example: "0.0.0.0:1883").repeatable,
    Setting(
      "wait on a Unix domain socket", .text(""),
      .place { (text) throws(ValueFault) in
        ListenerSetup(.unix(path: try Values.socketPath(text)))
      }
    ).option("unix", "PATH", .file, example: "/tmp/mqtt.sock").repeatable,
    line(
      "listener", value: "PORT [ADDRESS | PATH]", .words { .texts($0) },
      "waits for clients on PORT of ADDRESS, or of every address; PORT 0 and PATH are a Unix "
        + "domain socket"
    ) { (layer, value) throws(ValueFault) in try layer.beginListener(value.texts) },
    line("port", value: "1-65535", .number(1...65_535), "the port of the default listener") {
      (layer, value) throws(ValueFault) in
      layer.defaultPort = value.number.map { UInt16(clamping: $0) }
      layer.askForDefaultListener()
    }.by(default: "1883").replaced(by: "listener"),
    line("bind_address", value: "ADDRESS", .line, "the address of the default listener") {
      (layer, value) throws(ValueFault) in
      layer.defaultHost = value.text
      layer.askForDefaultListener()
    }.by(default: "every address").replaced(by: "listener"),
  ]

  static let listeners: [Setting] = [
    Setting(
      "of every address, take those of the network interface DEVICE only",
      .text("a network interface"), .listener(.text(\.interfaceName)),
      manual: "For listeners such as --listen 1883, which name no address."
    ).option("bind-interface", "DEVICE", example: "eth0")
      .word(
        "bind_interface", .listener, help: "the network interface whose addresses it listens on"),
    Setting(
      "the only kind of address to wait on", .choice(["ipv4", "ipv6"]), .listener(.word(\.family))
    )
    .option("socket-domain", "DOMAIN", example: "ipv4").by(default: "both")
    .word("socket_domain", .listener),
    Setting("what is spoken there", .choice(["mqtt", "websockets"]), .listener(.word(\.speech)))
      .word("protocol", .listener),
    Setting(
      "put PREFIX in front of all topics of the clients, and take it away again",
      .read { (text) throws(ValueFault) in try ListenerSetup.mountPoint(text) },
      .listener(.text(\.terms.mountPoint)),
      manual: "The clients do not see it; it is part of the topic for access rules and the store."
    ).option("mount-point", "PREFIX", example: "home/")
      .word(
        "mount_point", .namedListener,
        .text { (text) throws(ValueFault) in try ListenerSetup.mountPoint(text) }),
    Setting(
      "the versions of the protocol that are let in",
      .read { (text) throws(ValueFault) in try ListenerSetup.versions([text]) },
      .listener(.versions), manual: "3 is MQTT 3.1, 4 is MQTT 3.1.1, 5 is MQTT 5.0."
    ).option("accept-protocol-versions", "LIST", example: "4,5")
      .word(
        "accept_protocol_versions", .namedListener,
        .words { (words) throws(ValueFault) in try ListenerSetup.versions(words) },
        value: "3,4,5",
        help: "the versions of the protocol that are let in: 3 is MQTT 3.1, 4 is MQTT 3.1.1"),
    Setting(
      "whether small packets are sent at once", .truth, .listener(.truth(\.sendsSmallPackets))
    )
    .option("set-tcp-nodelay", "BOOLEAN").word("set_tcp_nodelay"),
    Setting(
      "connections have to begin with a header of the PROXY protocol",
      .choice(["1", "2", "any"]), .listener(.word(\.proxyProtocol)),
      manual: """
        A load balancer tells by it who the client is; \
        connections without one are turned away, so that nobody can lie about it. any is 1 or 2.
        """
    ).option("proxy-protocol", "VERSION", example: "2")
      .word(
        "enable_proxy_protocol", .listener, .number(1...2) { .text("\($0)") },
        help: "connections begin with the header of that version of the PROXY protocol"),
    Setting(
      "turn clients away whose PROXY header does not say that they came over TLS", .truth,
      .listener(.truth(\.proxyMustUseTLS))
    ).flag("proxy-require-tls")
      .word(
        "proxy_protocol_v2_require_tls", .listener,
        help: "turns clients away whose PROXY header does not say that they came over TLS"),
    Setting("connections at once", .number(0...(.max)), .listener(.number(\.terms.connectionLimit)))
      .word(
        "max_connections", .listener, .limit(none: .unset), default: "-1",
        help: "connections at once; -1 is no limit"),
    ignored("packet_buffer_size", value: "BYTES", because: "buffers take the size that they need"),
    ignored(
      "http_dir", .listener, value: "DIRECTORY", because: "no files are served over HTTP"),
  ]

  static let webSockets: [Setting] = [
    Setting(
      "wait for WebSocket clients of this machine on PORT", .text(""),
      .place { (text) throws(ValueFault) in try ListenerSetup(webSocketPort: text) },
      manual: """
        Where the same port is given to -p as well, clients with and without WebSocket are served \
        there; the first byte of a connection tells. --listen ws://8080 serves every address.
        """
    ).option("ws", "PORT", example: "8080").repeatable,
    Setting(
      "the same with TLS", .text(""),
      .place { (text) throws(ValueFault) in
        try ListenerSetup(webSocketPort: text, usesTLS: true)
      }
    ).option("wss", "PORT", example: "8081").repeatable,
    Setting(
      "let only web pages of ORIGIN connect",
      .gathered { (text, before) throws(ValueFault) in
        before + [try Values.name(text, "an origin")]
      }, .listener(.texts(\.webSocket.origins), .webSockets),
      manual: """
        A browser tells the origin of the page that connects; clients that are no browsers and send \
        no Origin header are let in.
        """
    ).option("ws-origin", "ORIGIN", example: "https://example.org").by(default: "any").repeatable
      .word(
        "websockets_origin", .listener,
        help: "a web page that may connect, as http://example.org; every further line adds one"),
    Setting(
      "serve WebSockets at PATH only",
      .gathered { (text, before) throws(ValueFault) in before + [try Values.webSocketPath(text)] },
      .listener(.texts(\.webSocket.paths), .webSockets)
    ).option("ws-path", "PATH", example: "/mqtt").by(default: "any").repeatable,
    Setting(
      "longest head of a WebSocket request", .number(256...1_048_576),
      .listener(.number(\.webSocket.headerLimitBytes), .webSockets)
    ).option("ws-headers-size", "BYTES", example: "4096")
      .word(
        "websockets_headers_size", .process,
        .number(0...65_535) { $0 == 0 ? .number(8192) : .number(max(256, $0)) },
        help: "longest head of a WebSocket's request, at least 256; 0 is the default"),
    ignored(
      "websockets_log_level", value: "N", because: "the WebSocket code is this program's own"),
  ]
}

extension ListenerSetup {
  /// A place with the scheme of what is spoken there.
  init(parsing text: String) throws(ValueFault) {
    guard let end = text.firstRange(of: "://") else {
      self.init(try Self.place(text))
      return
    }
    let schemes: KeyValuePairs<String, (Speech, Bool)> = [
      "mqtt": (.mqtt, false), "mqtts": (.mqtt, true), "ws": (.webSockets, false),
      "wss": (.webSockets, true),
    ]
    let scheme = text[..<end.lowerBound]
    guard let (spoken, usesTLS) = schemes.first(where: { $0.key == scheme.lowercased() })?.value
    else {
      throw ValueFault("the scheme '\(scheme)' is unknown; known are mqtt, mqtts, ws and wss")
    }
    self.init(try Self.place(String(text[end.upperBound...])), usesTLS: usesTLS)
    speech = spoken
  }

  /// Waits for WebSocket clients of this machine.
  init(webSocketPort text: String, usesTLS: Bool = false) throws(ValueFault) {
    self.init(.loopback(port: try Values.number(text, 1...65_535)), usesTLS: usesTLS)
    speech = .webSockets
  }

  static func place(_ text: String) throws(ValueFault) -> Place {
    guard let colon = text.lastIndex(of: ":") else {
      return .everywhere(port: try Values.number(text, 1...65_535))
    }
    var address = text[..<colon]
    if address.first == "[", address.last == "]" {
      address = address.dropFirst().dropLast()
    } else if address.contains(":") {
      throw ValueFault("an IPv6 address must stand in brackets", example: "--listen [::1]:1883")
    }
    let port: UInt16 = try Values.number(String(text[colon...].dropFirst()), 1...65_535)
    return address.isEmpty ? .everywhere(port: port) : .address(String(address), port: port)
  }

  /// A beginning of topics.
  static func mountPoint(_ prefix: String) throws(ValueFault) -> SettingValue {
    if let fault = Topic.faultOfName(prefix.utf8.span) {
      throw ValueFault("is no beginning of a topic: \(fault.explanation)")
    }
    return .text(try Values.ofTwoLengthBytes(prefix))
  }

  /// Versions of the protocol by their numbers, with commas, tabs or blanks between them.
  static func versions(_ words: [String]) throws(ValueFault) -> SettingValue {
    let versions = words.flatMap { $0.split(whereSeparator: { ",\t".contains($0) }) }
    if versions.isEmpty || !versions.allSatisfy({ ["3", "4", "5"].contains($0) }) {
      throw .expected("some of 3, 4 and 5 with commas between them")
    }
    return .text(versions.joined(separator: ","))
  }
}

extension Field<ListenerSetup> {
  /// The numbers of protocol versions, with commas between them.
  static var versions: Field {
    Field(path: \ListenerSetup.terms.versions) { listener in
      .text(listener.terms.versions.map { "\($0.rawValue)" }.joined(separator: ","))
    } set: { listener, value in
      let numbers = (value.text ?? "").split(separator: ",").compactMap { UInt8($0) }
      listener.terms.versions = numbers.compactMap(ProtocolVersion.init(rawValue:))
    }
  }
}
