// MQTT over WebSocket with the executable: its own commands, paho, mosquitto, frames of every cut,
// and servers that are no brokers.

import Foundation
import LiveSupport
import MQTTCodec
import Testing

struct WebSocketTests {
  private func url(_ broker: any ServingBroker) -> [String] {
    ["-L", "ws://127.0.0.1:\(broker.port)/mqtt"]
  }

  // MARK: Programs

  @Test func `pub and sub meet over one port, with WebSocket and without [MQTT-6.0.0-3]`() throws {
    let broker = try LiveBroker(speaksWebSocket: true)
    try Commands.mosquitto.publish(broker, ["-t", "ready", "-m", "ready", "-r"])
    let subscriber = try RunningProgram(
      [mqttPath, "sub"] + url(broker) + ["-t", "a/#", "-t", "ready", "-q", "2", "-C", "4"])
    try subscriber.waitFor("ready")
    let large = String(repeating: "0123456789", count: 20_000)
    #expect(
      try run([mqttPath, "pub"] + url(broker) + ["-t", "a/1", "-m", "one", "-q", "2"]).status == 0)
    try Commands.mosquitto.publish(broker, ["-t", "a/2", "-m", "two", "-q", "1"])
    #expect(
      try run([mqttPath, "pub"] + url(broker) + ["-t", "a/3", "-s", "-q", "1"], input: large).status
        == 0)
    #expect(try subscriber.exitStatus() == 0)
    #expect(subscriber.output == "ready\none\ntwo\n\(large)\n")
  }

  @Test(arguments: ["31", "311", "5"])
  func `paho publishes and receives at every QoS over WebSocket`(version: String) throws {
    let broker = try LiveBroker(speaksWebSocket: true)
    try runPython("every_qos.py", "\(broker.port)", version, "websockets")
  }

  @Test(arguments: ["311", "5"])
  func `paho finds its session again over WebSocket`(version: String) throws {
    let broker = try LiveBroker(speaksWebSocket: true)
    try runPython("session.py", "\(broker.port)", version, "websockets")
  }

  @Test(arguments: ["31", "311", "5"])
  func `pub and sub meet at mosquitto's WebSocket`(version: String) throws {
    let port = try freePort()
    // It does not start with nothing but WebSockets.
    let mosquitto = try Mosquitto { _ in ["listener \(port) 127.0.0.1", "protocol websockets"] }
    try mosquitto.program.waitForPort(port)
    let place = ["-L", "ws://127.0.0.1:\(port)/mqtt", "-V", version]
    let ready = try run(
      [mqttPath, "pub"] + place + ["-t", "ready", "-m", "ready", "-r", "-q", "1"])
    #expect(ready.status == 0, "\(ready.errors)")
    let subscriber = try RunningProgram(
      [mqttPath, "sub"] + place + ["-t", "a", "-t", "ready", "-q", "2", "-C", "3"])
    try subscriber.waitFor("ready")
    let large = String(repeating: "x", count: 100_000)
    for message in ["one", large] {
      let result = try run(
        [mqttPath, "pub"] + place + ["-t", "a", "-s", "-q", "2"], input: message)
      #expect(result.status == 0, "\(result.errors)")
    }
    #expect(try subscriber.exitStatus() == 0, "\(subscriber.errors)")
    #expect(subscriber.output == "ready\none\n\(large)\n")
  }

  @Test func `WebSocket goes through TLS`() throws {
    let home = TestFolder()
    let environment = ["HOME": home.path, "XDG_DATA_HOME": home.path]
    let port = try freePort()
    let broker = try RunningProgram(
      [mqttPath, "broker", "--memory", "--wss", "\(port)"], environment: environment)
    try broker.waitFor("listening on 127.0.0.1:\(port) with TLS and WebSocket")
    let place = ["-L", "wss://localhost:\(port)", "-t", "a", "-q", "2"]
    let kept = try run(
      [mqttPath, "pub"] + place + ["-m", "protected", "-r"], environment: environment)
    #expect(kept.status == 0, "\(kept.errors)")
    let result = try run([mqttPath, "sub"] + place + ["-C", "1"], environment: environment)
    #expect(result.output == "protected\n", "\(result.errors)")
    // A client of TLS that does not go on with WebSocket.
    let plain = try run(
      [mqttPath, "pub", "--tls", "-p", "\(port)", "a", "b"], environment: environment)
    #expect(plain.status == 1)
    try broker.waitFor("a CONNECT packet without WebSocket on a port that speaks WebSocket only")
  }

  // MARK: Frames

  @Test func `packets may lie in frames in any way [MQTT-6.0.0-2]`() throws {
    let broker = try LiveBroker(speaksWebSocket: true)
    let connect = Connect(version: .v311, clientIdentifier: "cut", keepAliveSeconds: 0)
    let packets = bytes(
      .connect(connect), .publish(Publish(topic: "a", payload: [1, 2, 3])), .pingreq, .pingreq)
    let answer: [UInt8] = [0x20, 2, 0, 0, 0xD0, 0, 0xD0, 0]
    for size in [1, 2, 3, 5, packets.count] {
      let peer = try WebSocketPeer(broker)
      try peer.open()
      for start in stride(from: 0, to: packets.count, by: size) {
        peer.connection.send(
          clientFrame(Array(packets[start..<min(start + size, packets.count)])))
      }
      #expect(try payload(peer, answer.count) == answer)
    }
    // The same as one message in fragments, with a ping between them.
    let peer = try WebSocketPeer(broker)
    try peer.open()
    peer.connection.send(
      clientFrame(Array(packets[..<4]), first: 2) + clientFrame([7], first: 0x89)
        + clientFrame(Array(packets[4..<9]), first: 0)
        + clientFrame(Array(packets[9...]), first: 0x80)
    )
    #expect(try payload(peer, answer.count) == answer)
  }

  /// What the binary frames of a server carry; they are short here.
  private func payload(_ peer: WebSocketPeer, _ count: Int) throws -> [UInt8] {
    var all: [UInt8] = []
    var frames: [UInt8] = []
    while all.count < count {
      guard case .bytes(let more) = peer.connection.receive(within: 20) else {
        throw ProgramError("no more after \(all)")
      }
      frames += more
      while frames.count >= 2, frames.count >= 2 + Int(frames[1]) {
        if frames[0] == 0x82 { all += frames[2..<2 + Int(frames[1])] }
        frames.removeFirst(2 + Int(frames[1]))
      }
    }
    return all
  }

  @Test func `text is refused and the connection closed [MQTT-6.0.0-1]`() throws {
    let broker = try LiveBroker(speaksWebSocket: true)
    let peer = try WebSocketPeer(broker)
    try peer.connect("texter")
    peer.connection.send(clientFrame(Array("hello".utf8), first: 0x81))
    #expect(try peer.receiveToEnd() == [0x88, 2, 3, 0xEB])
    try broker.program.waitFor(
      "texter left: a WebSocket text frame; MQTT travels in binary ones")
  }

  @Test func `a good-bye of WebSocket is answered, and the will is sent`() throws {
    let broker = try LiveBroker(speaksWebSocket: true)
    let subscriber = try Commands.mosquitto.subscribe(broker, ["-t", "will"])
    let peer = try WebSocketPeer(broker)
    try peer.open()
    let will = Will(topic: "will", payload: Array("gone".utf8))
    let connect = Connect(version: .v311, clientIdentifier: "w", keepAliveSeconds: 0, will: will)
    peer.connection.send(clientFrame(bytes(.connect(connect))))
    try peer.expect([0x82, 4, 0x20, 2, 0, 0])
    peer.connection.send(clientFrame([3, 0xE9], first: 0x88))
    #expect(try peer.receiveToEnd() == [0x88, 2, 3, 0xE9])
    #expect(try messages(subscriber, 1) == ["gone"])
  }

  @Test func `the broker says good-bye when it stops`() throws {
    let broker = try LiveBroker(speaksWebSocket: true)
    let peer = try WebSocketPeer(broker)
    try peer.connect("stays")
    broker.program.signal(SIGTERM)
    #expect(try peer.receiveToEnd() == [0x88, 2, 3, 0xE8])
    #expect(try broker.program.exitStatus() == 0)
  }

  // MARK: Servers that are no brokers

  @Test(arguments: [
    (
      "HTTP/1.1 302 Found\r\nLocation: https://example.org/x\r\n\r\n",
      "the server answers the WebSocket handshake with 302 Found; it refers to "
        + "https://example.org/x"
    ),
    (
      "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/plain\r\n\r\nno broker behind\r\n",
      "the server answers the WebSocket handshake with 502 Bad Gateway: no broker behind"
    ),
    (
      "SSH-2.0-OpenSSH\r\n\r\n",
      "the answer to the WebSocket handshake is not HTTP: it begins with 'SSH-2.0-OpenSSH'"
    ),
    ("", "peer closed the connection"),
  ])
  func `pub tells what a server that is no broker answers`(answer: String, words: String) throws {
    let server = try TCPListener()
    let publisher = try RunningProgram(
      [mqttPath, "pub", "-L", "ws://127.0.0.1:\(server.port)/x", "-t", "a", "-m", "b"])
    let connection = try server.accept()
    _ = connection.receive(within: 20)
    connection.send(Array(answer.utf8))
    connection.close()
    #expect(try publisher.exitStatus() == 1)
    #expect(
      publisher.errors
        == "mqtt pub: cannot connect to ws://127.0.0.1:\(server.port)/x: \(words)\n")
  }

  @Test func `pub sends the path and the headers that it was given`() throws {
    let server = try TCPListener()
    let publisher = try RunningProgram([
      mqttPath, "pub", "-p", "\(server.port)", "-h", "127.0.0.1", "--ws-path", "/deep?x=1",
      "--ws-header", "Authorization: Bearer abc", "-t", "a", "-m", "b",
    ])
    let connection = try server.accept()
    guard case .bytes(let request) = connection.receive(within: 20) else {
      throw ProgramError("no request: \(publisher.errors)")
    }
    let lines = String(decoding: request, as: UTF8.self).split(separator: "\r\n").map(String.init)
    #expect(lines.first == "GET /deep?x=1 HTTP/1.1")
    #expect(lines.contains("Host: 127.0.0.1:\(server.port)"))
    #expect(lines.contains("Authorization: Bearer abc"))
    #expect(lines.contains("Sec-WebSocket-Protocol: mqtt"))
  }
}
