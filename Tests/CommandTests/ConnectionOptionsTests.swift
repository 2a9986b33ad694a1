// What `mqtt pub` and `mqtt sub` have in common: where they connect, as whom, and how.

import Commands
import MQTTCodec
import Settings
import Testing

@Suite struct ConnectionOptionsTests {
  private func connection(_ line: String) throws -> ConnectionOptions {
    try publish("topic message \(line)").connection
  }

  private func warnings(_ line: String) throws -> [String] {
    let invocation = try PublishOptions.parse(words("topic message \(line)"), in: context())
    guard case .run(_, let warnings) = invocation else { throw NotRun() }
    return warnings
  }

  static let versions: [(String, VersionChoice)] = [
    ("auto", .auto), ("5", .exactly(.v5)), ("5.0", .exactly(.v5)), ("mqttv5", .exactly(.v5)),
    ("311", .exactly(.v311)), ("3.1.1", .exactly(.v311)), ("mqttv311", .exactly(.v311)),
    ("31", .exactly(.v31)), ("3.1", .exactly(.v31)), ("mqttv31", .exactly(.v31)),
  ]

  @Test(arguments: versions) func `every spelling of a version is taken`(
    text: String, version: VersionChoice
  ) throws {
    #expect(try connection("-V \(text)").version == version)
    #expect(try connection("--protocol-version \(text)").version == version)
  }

  @Test func `a URL says user, password, host, port and TLS at once`() throws {
    let options = try publish("-L mqtts://ma%40ria:p%3Aw@[::1]:9/t/u -m x")
    #expect(options.connection.userName == "ma@ria")
    #expect(options.connection.password == .given(Array("p:w".utf8)))
    #expect(options.connection.host == "::1")
    #expect(options.connection.port == 9)
    #expect(options.connection.tls != nil)
    #expect(options.topics == ["t/u"])
  }

  @Test func `a Unix domain socket stands in the place of a host`() throws {
    #expect(try connection("--unix /tmp/s").unixPath == "/tmp/s")
  }

  @Test func `of a host, a socket and a URL the last one holds`() throws {
    #expect(try connection("--unix /tmp/s -h h").unixPath == nil)
    #expect(try connection("--unix /tmp/s -L mqtt://h").unixPath == nil)
    #expect(try connection("-p 7 -L mqtt://h").port == 1883)
    #expect(try connection("-L mqtts://h").port == 8883)
    #expect(try connection("-L mqtts://h -p 7").port == 7)
  }

  static let secrets: [(String, SecretSource)] = [
    ("-P secret", .given(Array("secret".utf8))), ("--pw secret", .given(Array("secret".utf8))),
    ("-P -", .prompt), ("--pw-file f", .file("f")), ("--pw-env V", .environment("V")),
  ]

  @Test(arguments: secrets) func `a password comes from where the line says`(
    line: String, source: SecretSource
  ) throws {
    #expect(try connection("-u maria \(line)").password == source)
  }

  @Test func `a password without a user name is legal in 5.0 only [MQTT311-3.1.2-22]`() throws {
    #expect(try connection("-P x").userName == nil)
    #expect(
      errorText(.pub, "a b -P x -V 311")
        == "-P: needs -u as well before MQTT 5, for example: -u maria -P secret")
  }

  static let sessions: [(line: String, cleanStart: Bool, expirySeconds: UInt32?)] = [
    ("", true, nil), ("-c -i me", false, .max), ("-c -i me -x 60", false, 60),
    ("-x 60", true, 60), ("-x -1 -i me", true, .max), ("-x ∞ -i me", true, .max),
    ("-x 4294967295 -i me", true, .max), ("-x 0", true, 0), ("-c -x 60", false, 60),
  ]

  @Test(arguments: sessions) func `a session lasts as -c and -x say`(
    line: String, cleanStart: Bool, expirySeconds: UInt32?
  ) throws {
    let connection = try connection(line)
    #expect(connection.cleanStart == cleanStart)
    #expect(connection.sessionExpirySeconds == expirySeconds)
  }

  @Test func `a session without end needs a client identifier`() {
    let problem =
      "a session that does not end needs a client identifier by which it is found again, for "
      + "example: -c -i thermometer-1"
    #expect(errorText(.pub, "a b -c") == "-c: \(problem)")
    #expect(errorText(.pub, "a b -x -1") == "-x: \(problem)")
    #expect(errorText(.pub, "a b -c -x 60 -V 311") == "-c: \(problem)")
  }

  @Test func `keep alive may be switched off`() throws {
    #expect(try connection("-k 0").keepAliveSeconds == 0)
    #expect(try connection("--keepalive 65535").keepAliveSeconds == 65_535)
  }

  @Test func `a will has a topic, a message, a quality and a flag`() throws {
    let will = try connection(
      "--will-topic w --will-payload gone --will-qos 1 --will-retain"
    ).will
    #expect(
      will == Will(topic: "w", payload: Array("gone".utf8), qos: .atLeastOnce, isRetained: true))
    #expect(try connection("--will-topic w").will == Will(topic: "w", payload: []))
  }

  @Test(arguments: ["--will-payload x", "--will-qos 1", "--will-retain", "-D will content-type x"])
  func `what is said about a will needs its topic`(line: String) {
    #expect(errorText(.pub, "a b \(line)").contains("needs --will-topic as well"))
  }

  static let tlsCauses = [
    "--tls", "--cafile f", "--capath d", "--tls-use-os-certs", "--cert c --key k",
    "--psk 00 --psk-identity i", "-p 8883",
  ]

  @Test(arguments: tlsCauses) func `TLS is turned on, and with it port 8883`(
    line: String
  ) throws {
    let connection = try connection(line)
    #expect(connection.tls != nil)
    #expect(connection.port == 8883)
  }

  @Test(arguments: tlsCauses) func `TLS is off whatever else is said with --no-tls`(
    line: String
  ) throws {
    #expect(try connection("\(line) --no-tls").tls == nil)
  }

  @Test func `without an authority of one's own the system's are trusted`() throws {
    #expect(try connection("--tls").tls?.usesSystemCertificates == true)
    #expect(try connection("--cafile f").tls?.usesSystemCertificates == false)
    #expect(try connection("--cafile f --tls-use-os-certs").tls?.usesSystemCertificates == true)
    #expect(try connection("--psk 00 --psk-identity i").tls?.usesSystemCertificates == false)
  }

  @Test func `TLS options say how it is done`() throws {
    let tls = try connection(
      "--tls --insecure --tls-version tlsv1.3 --ciphers C --tls-alpn mqtt --tls-servername n "
        + "--tls-keylog k --cert c --key d --key-pw-env E --keyform pem"
    ).tls
    var expected = TLSOptions()
    expected.usesSystemCertificates = true
    expected.isInsecure = true
    expected.minimumVersion = .v13
    expected.ciphers = "C"
    expected.applicationProtocol = "mqtt"
    expected.serverName = "n"
    expected.keyLogFile = "k"
    expected.certificateFile = "c"
    expected.keyFile = "d"
    expected.keyPassword = .environment("E")
    #expect(tls == expected)
  }

  @Test func `a pre-shared key is read from hexadecimal digits`() throws {
    let tls = try connection("--psk 0aFF --psk-identity ann").tls
    #expect(tls?.preSharedKey == [0x0A, 0xFF])
    #expect(tls?.preSharedKeyIdentity == "ann")
  }

  @Test func `a TLS option without TLS is warned about`() throws {
    #expect(
      try warnings("--insecure --tls-alpn mqtt") == [
        "--insecure has no effect on a connection without TLS; add --tls",
        "--tls-alpn has no effect on a connection without TLS; add --tls",
      ])
    #expect(try warnings("--tls --insecure").isEmpty)
  }

  @Test func `client identifier, its prefix, bind address and limits are taken`() throws {
    #expect(try connection("-i me").clientIdentifier == "me")
    #expect(try connection("-I me-").clientIdentifierPrefix == "me-")
    #expect(try connection("-A 127.0.0.1").bindAddress == "127.0.0.1")
    #expect(try connection("-M 7").inFlightLimit == 7)
    #expect(try connection("--quiet").isQuiet)
  }
}
