// Somebody in between: load balancers with their PROXY headers in front of the broker, and SOCKS
// proxies in front of the clients.

import Foundation
import LiveSupport
import MQTTCodec
import Testing

struct ProxyTests {
  private func connect(_ name: String) -> [UInt8] {
    bytes(.connect(Connect(version: .v311, clientIdentifier: name, keepAliveSeconds: 0)))
  }

  /// A broker that wants PROXY headers on `port`.
  private func start(_ options: [String]) throws -> (broker: RunningProgram, port: UInt16) {
    let port = try freePort()
    let broker = try RunningProgram(
      [mqttPath, "broker", "--memory", "-p", "\(port)", "--proxy-protocol", "any"]
        + options.map { $0 == "PORT" ? "\(port)" : $0 })
    try broker.waitFor("listening on 127.0.0.1:\(port)")
    return (broker, port)
  }

  @Test func `the client's address comes from the header, wherever the bytes are cut`() throws {
    let (broker, port) = try start([])
    let header = Array("PROXY TCP4 192.0.2.7 192.0.2.1 5555 1883\r\n".utf8)
    for cut in [1, 6, header.count - 1, header.count, header.count + 5] {
      let connection = try TCPConnection(port: port)
      let all = header + connect("cut-\(cut)")
      connection.send(Array(all[..<cut]))
      usleep(20_000)
      connection.send(Array(all[cut...]))
      #expect(connection.receive(within: 20) == .bytes([0x20, 2, 0, 0]))
      try broker.waitFor("cut-\(cut) connected from 192.0.2.7:5555")
    }
    let binary: [UInt8] =
      [0x0D, 0x0A, 0x0D, 0x0A, 0, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A, 0x21, 0x11, 0, 12]
      + [198, 51, 100, 9, 192, 0, 2, 1, 0x10, 0, 0x07, 0x5B]
    let connection = try TCPConnection(port: port)
    connection.send(binary + connect("binary"))
    #expect(connection.receive(within: 20) == .bytes([0x20, 2, 0, 0]))
    try broker.waitFor("binary connected from 198.51.100.9:4096")
  }

  @Test func `the name in a certificate that the sender has checked becomes the user name`() throws
  {
    let folder = TestFolder()
    let port = try freePort()
    let lines = [
      "listener \(port) 127.0.0.1", "enable_proxy_protocol 2", "use_identity_as_username true",
      "allow_anonymous false", "user root", "",
    ]
    let file = try folder.write(lines.joined(separator: "\n"), to: "mosquitto.conf")
    let broker = try RunningProgram([mqttPath, "broker", "--memory", "-c", file])
    try broker.waitForPort(port)
    for (verified, answer) in [(UInt8(0), UInt8(0)), (1, 4)] {
      let tls: [UInt8] = [7, 0, 0, 0, verified, 0x22, 0, 6] + Array("device".utf8)
      let rest: [UInt8] =
        [192, 0, 2, 7, 192, 0, 2, 1, 0x10, 0, 0x07, 0x5B, 0x20, 0, UInt8(tls.count)] + tls
      let connection = try TCPConnection(port: port)
      connection.send(
        [0x0D, 0x0A, 0x0D, 0x0A, 0, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A, 0x21, 0x11, 0]
          + [UInt8(rest.count)] + rest + connect("certified"))
      #expect(connection.receive(within: 20) == .bytes([0x20, 2, 0, answer]))
    }
    try broker.waitFor("certified connected from 192.0.2.7:4096")
  }

  @Test func `behind a proxy a certificate can be demanded without a certfile`() throws {
    let port = try freePort()
    let broker = try MosquittoFileBroker(
      "user root\nlistener \(port) 127.0.0.1\nenable_proxy_protocol 2\nrequire_certificate true\n",
      ports: [port])
    // Shown and found right; TLS without a certificate; shown and found wrong.
    for (facts, answer) in [
      ([7, 0, 0, 0, 0], Arrival.bytes([0x20, 2, 0, 0])), ([1, 0, 0, 0, 0], .end),
      ([7, 0, 0, 0, 1], .end),
    ] as [([UInt8], Arrival)] {
      let rest: [UInt8] = [192, 0, 2, 7, 192, 0, 2, 1, 0x10, 0, 0x07, 0x5B, 0x20, 0, 5] + facts
      let connection = try TCPConnection(port: port)
      connection.send(
        [0x0D, 0x0A, 0x0D, 0x0A, 0, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A, 0x21, 0x11, 0]
          + [UInt8(rest.count)] + rest + connect("shown"))
      #expect(connection.receive(within: 20) == answer)
    }
    try broker.program.waitFor("does not say that the client's certificate was checked")
  }

  @Test func `a connection without a right header is turned away`() throws {
    let (broker, port) = try start([])
    let plain = try TCPConnection(port: port)
    plain.send(connect("liar"))
    #expect(plain.receive(within: 20) == .end)
    try broker.waitFor(
      "turned away, no PROXY header, which this listener demands; it begins with a CONNECT packet")
    let wrong = try TCPConnection(port: port)
    wrong.send(Array("PROXY TCP4 nobody 1.2.3.4 1 2\r\n".utf8) + connect("liar"))
    #expect(wrong.receive(within: 20) == .end)
    try broker.waitFor("turned away, the PROXY header is wrong: 'nobody' is not an address")
    #expect(!broker.errors.contains("liar connected"))
  }

  @Test func `a WebSocket may come after the header, on the same port as plain MQTT`() throws {
    let (broker, port) = try start(["--ws", "PORT"])
    let connection = try TCPConnection(port: port)
    connection.send(
      Array("PROXY TCP6 2001:db8::7 ::1 5555 1883\r\n".utf8) + Array(webSocketRequest.utf8)
        + clientFrame(connect("framed")))
    try broker.waitFor("framed connected from [2001:db8::7]:5555")
    let plain = try TCPConnection(port: port)
    plain.send(Array("PROXY UNKNOWN\r\n".utf8) + connect("plain"))
    #expect(plain.receive(within: 20) == .bytes([0x20, 2, 0, 0]))
    try broker.waitFor("plain connected from 127.0.0.1:")
  }

  @Test func `TLS may come after the header`() throws {
    let home = TestFolder()
    let environment = ["HOME": home.path, "XDG_DATA_HOME": home.path]
    let port = try freePort()
    let broker = try RunningProgram(
      [mqttPath, "broker", "--memory", "--tls-port", "\(port)", "--proxy-protocol", "1"],
      environment: environment)
    try broker.waitFor("listening on 127.0.0.1:\(port) with PROXY headers and TLS")
    // What a load balancer does: a header of its own, then the client's bytes as they are.
    let front = try TCPListener()
    let publisher = try RunningProgram(
      [mqttPath, "pub", "--tls", "-p", "\(front.port)", "a", "b", "-i", "behind", "-q", "1"],
      environment: environment)
    let client = try front.accept()
    let server = try TCPConnection(port: port)
    server.send(Array("PROXY TCP4 192.0.2.8 192.0.2.1 5555 8883\r\n".utf8))
    relay(client, server) { !publisher.isRunning }
    #expect(try publisher.exitStatus() == 0, "\(publisher.errors)\(broker.errors)")
    #expect(broker.errors.contains("behind connected from 192.0.2.8:5555"))
  }

  /// Passes bytes both ways until `isOver`.
  private func relay(_ one: TCPConnection, _ other: TCPConnection, until isOver: () -> Bool) {
    _ = poll(20) {
      for (from, to) in [(one, other), (other, one)] {
        if case .bytes(let bytes) = from.receive(within: 0.01) { to.send(bytes) }
      }
      return isOver()
    }
  }

  // MARK: SOCKS

  /// What a test has the proxy do: read so many bytes of the client, then answer.
  private func serve(
    _ proxy: TCPConnection, _ steps: [(expected: [UInt8], answer: [UInt8])]
  ) throws {
    for step in steps {
      var received: [UInt8] = []
      while received.count < step.expected.count {
        guard case .bytes(let more) = proxy.receive(within: 20) else { break }
        received += more
      }
      guard received == step.expected else {
        throw ProgramError("\(received) instead of \(step.expected)")
      }
      // Byte by byte, so that every answer is cut.
      for byte in step.answer { proxy.send([byte]) }
    }
  }

  private func request(_ host: String, _ port: UInt16) -> [UInt8] {
    [5, 1, 0, 3, UInt8(host.utf8.count)] + Array(host.utf8) + [UInt8(port >> 8), UInt8(port & 255)]
  }

  @Test(arguments: [false, true])
  func `pub goes through a SOCKS proxy, with TCP and with WebSocket`(isWebSocket: Bool) throws {
    let broker = try LiveBroker(speaksWebSocket: true)
    let proxy = try TCPListener()
    let publisher = try RunningProgram(
      [
        mqttPath, "pub", "--proxy", "socks5h://maria:secret@127.0.0.1:\(proxy.port)", "-h",
        "broker.invalid", "-p", "1883", "-t", "a", "-m", "b", "-q", "2", "-i", "proxied",
      ] + (isWebSocket ? ["--ws"] : []))
    let client = try proxy.accept()
    try serve(
      client,
      [
        ([5, 2, 0, 2], [5, 2]),
        ([1, 5] + Array("maria".utf8) + [6] + Array("secret".utf8), [1, 0]),
        (request("broker.invalid", 1883), [5, 0, 0, 3, 4, 104, 111, 115, 116, 7, 91]),
      ])
    relay(client, try broker.connect()) { !publisher.isRunning }
    #expect(try publisher.exitStatus() == 0, "\(publisher.errors)")
    #expect(broker.program.errors.contains("proxied connected"))
  }

  static let refusals: [([UInt8], [UInt8]?, String)] = [
    ([5, 0xFF], nil, "the SOCKS proxy wants a user name: socks5h://USER:PASSWORD@HOST"),
    ([72, 84], nil, "the proxy does not speak SOCKS 5"),
    ([5, 0], [5, 5, 0, 1, 0], "the SOCKS proxy does not connect: connection refused"),
    ([5, 0], [5, 2, 0, 1, 0], "the SOCKS proxy does not connect: not allowed by its rules"),
  ]

  @Test(arguments: refusals) func `a proxy that does not connect is explained`(
    first: [UInt8], second: [UInt8]?, words: String
  ) throws {
    let proxy = try TCPListener()
    let publisher = try RunningProgram([
      mqttPath, "pub", "--proxy", "socks5h://127.0.0.1:\(proxy.port)", "-h", "b.invalid", "-t", "a",
      "-m", "b",
    ])
    let client = try proxy.accept()
    try serve(
      client, [([5, 1, 0], first)] + (second.map { [(request("b.invalid", 1883), $0)] } ?? []))
    #expect(try publisher.exitStatus() == 1)
    #expect(publisher.errors == "mqtt pub: cannot connect to b.invalid:1883: \(words)\n")
  }
}
