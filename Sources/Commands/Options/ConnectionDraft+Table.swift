// The table of the options that all clients share.

import HTTP
import MQTTCodec
import Text
import WebSocket

extension ConnectionDraft {
  /// Address, identity, session, TLS and diagnosis, in the order of `--help`.
  ///
  /// `topicKind` is what the URL's topic is to the command.
  static func table() -> [Option<ConnectionDraft>] {
    address.grouped("Connection") + webSocketOptions.grouped("WebSocket")
      + identity.grouped("Authentication")
      + session.grouped("Session") + willOptions.grouped("Will") + tlsOptions.grouped("TLS")
  }

  /// Options that every command ends with.
  static let diagnosis: [Option<ConnectionDraft>] =
    [
      .flag(
        "debug", letter: "d", "show every packet that is sent and received, with times",
        manual: "The lines go to the standard error stream."
      ) { $0.options.isDebug = true }
    ] + quietness

  /// The part of these that commands without packets to show have.
  static let quietness: [Option<ConnectionDraft>] = [
    .flag(
      "quiet", "print no errors at run time",
      manual: "Errors in the command line are printed all the same, and the exit status tells."
    ) { $0.options.isQuiet = true }
  ]

  private static let address: [Option<ConnectionDraft>] = [
    .value(
      "host", letter: "h", "HOST", example: "broker.example.org", default: "localhost",
      "name or address of the broker"
    ) { (draft, text) throws(ValueFault) in
      draft.options.host = try Values.name(text, "a name or an address")
      draft.options.unixPath = nil
    },
    .value(
      "port", letter: "p", "PORT", example: "1883", default: "1883, or 8883 with TLS",
      "port of the broker",
      manual: """
        Port 8883 turns TLS on unless --no-tls is given. With --ws the default is 80, or 443 with \
        TLS.
        """
    ) { (draft, text) throws(ValueFault) in draft.port = try Values.number(text, 1...65_535) },
    .value(
      "url", letter: "L", "URL", example: "mqtt://broker.example.org/sensor/temp",
      "mqtt(s)://[USER[:PASSWORD]@]HOST[:PORT][/TOPIC] or ws(s)://…[/PATH]",
      manual: """
        User, password, host, port and topic at once. Every part may be percent-encoded, an IPv6 \
        address stands in brackets, and mqtts stands for TLS. The topic is taken as by -t. ws and \
        wss stand for WebSocket, without and with TLS: what follows the port is then the path that \
        is asked for, /mqtt if there is none, and the topic has to be given by -t or alone.
        """
    ) { (draft, text) throws(ValueFault) in draft.take(try BrokerURL(text)) },
    .value(
      "unix", "PATH", .file, example: "/tmp/mqtt.sock",
      "connect to a Unix domain socket instead of a host"
    ) { (draft, text) throws(ValueFault) in
      draft.options.unixPath = try Values.name(text, "the path of a socket")
    },
    .value(
      "bind-address", letter: "A", "ADDRESS", example: "192.0.2.7",
      "local address to connect from"
    ) { (draft, text) throws(ValueFault) in
      draft.options.bindAddress = try Values.name(text, "an address")
    },
    .value(
      "proxy", "URL", example: "socks5h://localhost:1080",
      "connect through the SOCKS proxy socks5h://[USER[:PASSWORD]@]HOST[:PORT]",
      manual: "The proxy looks up the name of the broker. Its port is 1080 if none is named."
    ) { (draft, text) throws(ValueFault) in
      draft.options.proxy = try BrokerURL.proxy(text)
    },
    .value(
      "protocol-version", letter: "V", "VERSION",
      .choices(["auto", "5", "311", "31", "mqttv5", "mqttv311", "mqttv31"]),
      example: "5", default: "auto", "auto, 5, 311 (3.1.1) or 31 (3.1)",
      manual: """
        auto is 5, falling back to 3.1.1 where the broker refuses that. mqttv5, mqttv311, mqttv31, \
        5.0, 3.1.1 and 3.1 are taken as well.
        """
    ) { (draft, text) throws(ValueFault) in draft.version = try version(text) },
    .value(
      "keepalive", letter: "k", "SECONDS", example: "60", default: "60",
      "longest silence before the broker is pinged; 0 never pings"
    ) { (draft, text) throws(ValueFault) in
      draft.options.keepAliveSeconds = try Values.number(text, 0...65_535)
    },
    .flag(
      "nodelay", "send small packets at once; this is always so",
      manual: "Taken because mosquitto_pub and mosquitto_sub have it."
    ) { _ in },
  ]

  private static let webSocketOptions: [Option<ConnectionDraft>] = [
    .flag("ws", "speak MQTT over WebSocket", manual: "The same as the URL ws://HOST:PORT/mqtt.") {
      $0.usesWebSocket = true
    },
    .value(
      "ws-path", "PATH", example: "/mqtt", default: "/mqtt",
      "path of the WebSocket, with a query if need be; turns WebSocket on"
    ) { (draft, text) throws(ValueFault) in
      draft.webSocket.path = try Values.webSocketPath(text)
      draft.usesWebSocket = true
    },
    .value(
      "ws-header", "HEADER", example: "'Authorization: Bearer a1b2'", repeatable: true,
      "a further header of the WebSocket request; turns WebSocket on"
    ) { (draft, text) throws(ValueFault) in
      guard let header = HeaderField(text) else { throw .expected("NAME: VALUE") }
      if header.isOfWebSocket {
        throw ValueFault("the handshake of WebSocket sets the header \(header.name) itself")
      }
      draft.webSocket.headers.append(header)
      draft.usesWebSocket = true
    },
  ]

  private static func version(_ text: String) throws(ValueFault) -> VersionChoice {
    switch text {
    case "auto": .auto
    case "5", "5.0", "mqttv5": .exactly(.v5)
    case "311", "3.1.1", "mqttv311": .exactly(.v311)
    case "31", "3.1", "mqttv31": .exactly(.v31)
    default: throw .expected("auto, 5, 311 or 31")
    }
  }

  private static let identity: [Option<ConnectionDraft>] = [
    .value(
      "id", letter: "i", "ID", example: "thermometer-1", "client identifier",
      manual: """
        Without one the broker chooses under MQTT 5, and before that one is made up. Cannot be \
        used together with -I.
        """
    ) { (draft, text) throws(ValueFault) in draft.options.clientIdentifier = text },
    .value(
      "id-prefix", letter: "I", "PREFIX", example: "thermometer-",
      "client identifier made of this and the process id"
    ) { (draft, text) throws(ValueFault) in draft.options.clientIdentifierPrefix = text },
    .value("username", letter: "u", "NAME", example: "maria", "user name") {
      (draft, text) throws(ValueFault) in draft.options.userName = text
    },
    .bytes(
      "pw", letter: "P", "PASSWORD", example: "secret", "password; - asks for it on the terminal",
      manual: "Other users of the machine can see the words of a command; --pw-file is safer."
    ) { (draft, bytes) throws(ValueFault) in
      draft.options.password = bytes == [UInt8(ascii: "-")] ? .prompt : .given(bytes)
    },
    .value(
      "pw-file", "FILE", .file, example: "~/.mqtt-password",
      "read the password from the first line of FILE"
    ) { (draft, text) throws(ValueFault) in
      draft.options.password = .file(try Values.name(text, "the path of a file"))
    },
    .value(
      "pw-env", "NAME", example: "MQTT_PASSWORD",
      "read the password from the environment variable NAME"
    ) { (draft, text) throws(ValueFault) in
      draft.options.password = .environment(try Values.name(text, "a variable's name"))
    },
  ]

  private static let session: [Option<ConnectionDraft>] = [
    .flag(
      "disable-clean-session", letter: "c", "resume the session of this client identifier",
      manual: """
        The broker keeps subscriptions and unacknowledged messages while the client is away: for \
        ever, unless -x bounds it. Needs -i.
        """
    ) { $0.options.cleanStart = false },
    .value(
      "session-expiry-interval", letter: "x", "SECONDS", example: "3600",
      default: "-1 with -c, else 0",
      "how long the session outlives the connection (MQTT 5)",
      manual: "-1, 4294967295 and ∞ all mean that it never expires; that needs -i."
    ) { (draft, text) throws(ValueFault) in
      draft.options.sessionExpirySeconds = try sessionExpiry(text)
    },
    .value(
      "max-inflight", letter: "M", "COUNT", example: "20", default: "20",
      "QoS 1 and 2 messages under way to the broker at once"
    ) { (draft, text) throws(ValueFault) in
      draft.options.inFlightLimit = try Values.number(text, 1...65_535)
      draft.hasInFlightLimit = true
    },
  ]

  private static func sessionExpiry(_ text: String) throws(ValueFault) -> UInt32 {
    if text == "-1" || text == "∞" { return .max }
    guard let seconds = UInt32(text) else {
      throw .expected("a whole number from 0 to 4294967295, -1 or ∞")
    }
    return seconds
  }

  private static let willOptions: [Option<ConnectionDraft>] = [
    .value(
      "will-topic", "TOPIC", example: "status/thermometer-1",
      "topic of the message that the broker sends if this client dies"
    ) { (draft, text) throws(ValueFault) in draft.will.topic = try Values.topic(text) },
    .bytes(
      "will-payload", "MESSAGE", example: "gone", "what the will says",
      manual: "Without it the will is empty."
    ) { (draft, bytes) throws(ValueFault) in
      if bytes.count > 65_535 { throw .expected("at most 65535 bytes") }
      draft.will.payload = bytes
      draft.hasWillDetail = "--will-payload"
    },
    .value(
      "will-qos", "QOS", .choices(["0", "1", "2"]), example: "1", default: "0",
      "quality of service of the will"
    ) { (draft, text) throws(ValueFault) in
      draft.will.qos = try Values.qos(text)
      draft.hasWillDetail = "--will-qos"
    },
    .flag("will-retain", "make the will a retained message") {
      $0.will.isRetained = true
      $0.hasWillDetail = "--will-retain"
    },
  ]

  private mutating func take(_ url: BrokerURL) {
    options.host = url.host
    options.unixPath = nil
    port = url.port ?? url.defaultPort
    if let path = url.webSocketPath {
      usesWebSocket = true
      webSocket.path = path
    }
    if let userName = url.userName { options.userName = userName }
    if let password = url.password { options.password = .given(password) }
    if url.usesTLS { tlsCause = url.webSocketPath == nil ? "mqtts://" : "wss://" }
    topicOfURL = url.topic
  }
}
