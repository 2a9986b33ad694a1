// Peers that do not speak TLS at all, recognised by their first bytes, and peers that vanish.

import Foundation
import Testing
import Transport

@Suite struct TLSPlainPeerTests {
  /// CONNECT of MQTT 3.1.1 and of MQTT 3.1.
  static let connects: [[UInt8]] = [
    [0x10, 12, 0, 4] + Array("MQTT".utf8) + [4, 2, 0, 60, 0, 0],
    [0x10, 14, 0, 6] + Array("MQIsdp".utf8) + [3, 2, 0, 60, 0, 0],
    [0x10, 0x80, 1, 0, 4] + Array("MQTT".utf8) + [5, 2],
  ]

  private func answer(toClientBytes bytes: [UInt8]) throws -> TLSProgress {
    let sockets = SocketPair()
    var session = TLSSession(server: try .server(.localhost), descriptor: sockets.server)
    #expect(session.handshake() == .wantsRead)
    #expect(send(sockets.client, bytes, bytes.count, 0) == bytes.count)
    return session.handshake()
  }

  private func answer(toServerBytes bytes: [UInt8]) throws -> TLSProgress {
    let sockets = SocketPair()
    var session = TLSSession(
      client: try .client(.trusting), descriptor: sockets.client, serverName: "localhost")
    #expect(session.handshake() == .wantsRead)
    #expect(send(sockets.server, bytes, bytes.count, 0) == bytes.count)
    return session.handshake()
  }

  @Test(arguments: connects)
  func `a plain MQTT client on a TLS port is recognised`(connect: [UInt8]) throws {
    #expect(
      try answer(toClientBytes: connect).failure?.description
        == "TLS: the client does not speak TLS: it sent a CONNECT packet of plain MQTT to a TLS "
        + "port. Start the client with TLS (--tls or --cafile), or let it use a plain port (1883 "
        + "by custom).")
  }

  @Test func `a browser on a TLS port is recognised`() throws {
    let failure = try answer(toClientBytes: Array("GET / HTTP/1.1\r\n\r\n".utf8)).failure
    #expect(failure?.check == .notTLS("a plain HTTP request"))
  }

  @Test func `a client that sends garbage is told apart from TLS`() throws {
    let failure = try answer(toClientBytes: [1, 2, 3, 4, 5, 6, 7, 8]).failure
    #expect(failure?.check == .notTLS("something that is not TLS"))
  }

  @Test(arguments: [
    ("HTTP/1.1 400 Bad Request\r\n", "plain HTTP"),
    ("SSH-2.0-OpenSSH", "a greeting of SSH"),
    ("\u{20}\u{2}\u{0}\u{1}", "plain MQTT"),
    ("\u{1}\u{2}\u{3}\u{4}\u{5}\u{6}", "something that is not TLS"),
  ])
  func `a server without TLS is recognised by what it answers`(
    bytes: String, words: String
  ) throws {
    #expect(
      try answer(toServerBytes: Array(bytes.utf8)).failure?.description
        == "TLS: the server localhost does not speak TLS on this port: it answered with \(words). "
        + "Use the server's TLS port (8883 by custom), or connect without --tls, --cafile and the "
        + "like.")
  }

  @Test func `a greeting with wrong bytes in it never does harm`() throws {
    let context = try TLSContext.server(.localhost)
    let sockets = SocketPair()
    var client = TLSSession(
      client: try .client(.trusting), descriptor: sockets.client, serverName: "localhost")
    #expect(client.handshake() == .wantsRead)
    var greeting = [UInt8](repeating: 0, count: 2_000)
    let count = recv(sockets.server, &greeting, greeting.count, 0)
    try #require(count > 100)
    greeting = Array(greeting[..<count])
    // Every byte in turn takes another value, then the greeting ends there.
    for index in greeting.indices {
      let pair = SocketPair()
      var server = TLSSession(server: context, descriptor: pair.server)
      var bytes = greeting
      bytes[index] ^= UInt8(truncatingIfNeeded: index) | 1
      #expect(send(pair.client, bytes, count, 0) == count)
      let whole = server.handshake()
      #expect(whole != .done)
      #expect(whole == .wantsRead || whole.failure?.description.hasPrefix("TLS: ") == true)
      let other = SocketPair()
      var cut = TLSSession(server: context, descriptor: other.server)
      #expect(send(other.client, greeting, index, 0) == index)
      Foundation.shutdown(other.client, Int32(SHUT_WR))
      #expect(cut.handshake().failure?.check == .closedDuringHandshake)
    }
  }

  @Test func `a server that closes at the greeting may be a plain one`() throws {
    var sockets = SocketPair()
    var session = TLSSession(
      client: try .client(.trusting), descriptor: sockets.client, serverName: "localhost")
    #expect(session.handshake() == .wantsRead)
    sockets.closeServer()
    #expect(
      session.handshake().failure?.description
        == "TLS: the server localhost closed the connection during the handshake without saying "
        + "why. A port for plain MQTT (1883 by custom) does that; TLS is usually on 8883. The "
        + "server's log may tell more.")
  }

  @Test func `a client that closes during the handshake is named as such`() throws {
    let sockets = SocketPair()
    var session = TLSSession(server: try .server(.localhost), descriptor: sockets.server)
    #expect(session.handshake() == .wantsRead)
    Foundation.shutdown(sockets.client, Int32(SHUT_WR))
    #expect(session.handshake().failure?.check == .closedDuringHandshake)
  }

  @Test func `a server over TCP is named with its address and port`() throws {
    let sockets = try LoopbackPair()
    var session = TLSSession(
      client: try .client(.trusting), descriptor: sockets.client, serverName: "localhost")
    while session.handshake() == .wantsWrite {}
    let answer = Array("HTTP/1.1 400\r\n".utf8)
    #expect(send(sockets.server, answer, answer.count, 0) == answer.count)
    let text = "the server localhost (127.0.0.1:\(sockets.port)) does not speak TLS on this port"
    #expect(session.handshake().failure?.description.contains(text) == true)
  }

  @Test(arguments: connects)
  func `the first bytes of a CONNECT are recognised however few there are`(connect: [UInt8]) {
    for count in 1...connect.count {
      #expect(FirstBytes(Array(connect[..<count]).span) == .mqttConnect)
    }
  }

  @Test(
    arguments: [
      [], [0], [0x10, 2, 9, 9], [0x16, 2], [0x80, 0x2E, 1, 3, 1], Array("GE".utf8), [0x47, 0xFF],
    ] as [[UInt8]])
  func `bytes that tell nothing are not taken for anything`(bytes: [UInt8]) {
    #expect(FirstBytes(bytes.span) == nil)
  }

  @Test func `a plain client learns from the answer that it found a TLS port`() throws {
    let sockets = SocketPair()
    var session = TLSSession(server: try .server(.localhost), descriptor: sockets.server)
    let connect = Self.connects[0]
    #expect(send(sockets.client, connect, connect.count, 0) == connect.count)
    #expect(session.handshake().failure?.check == .notTLS("a CONNECT packet of plain MQTT"))
    var bytes = [UInt8](repeating: 0, count: 16)
    let count = recv(sockets.client, &bytes, bytes.count, 0)
    #expect(Array(bytes[..<count]) == [0x15, 3, 3, 0, 2, 2, 70])
    let told = FirstBytes(bytes.span)?.explanation(fromServer: "broker:8883")
    #expect(
      told
        == "the server broker:8883 speaks TLS on this port: connect with --tls, or with --cafile "
        + "and the authority's certificate, or use its plain port (1883 by custom)")
  }

  static let foreign: [(String, FirstBytes)] = [
    ("SSH-2.0-x\r\n", .ssh), ("SSH_", .text), ("EHLO a\r\n", .text),
    ("HTTP/1.0 200", .httpResponse), ("POST / HTTP/1.1\r\n", .httpRequest),
  ]

  @Test(arguments: foreign)
  func `other protocols are told apart, and none passes for MQTT`(text: String, kind: FirstBytes) {
    let found = FirstBytes(Array(text.utf8).span)
    #expect(found == kind)
    #expect(found?.explanation(onPlainPort: 1883)?.contains("the port 1883") == true)
  }

  @Test func `a plain client learns that it found another service`() {
    let answer = Array("HTTP/1.1 400".utf8)
    let acknowledgement: [UInt8] = [0x20, 2, 0, 0]
    let told = FirstBytes(answer.span)?.explanation(fromServer: "web:80")
    #expect(
      told
        == "the server web:80 does not speak MQTT on this port: it sent plain HTTP. Check host "
        + "and port, or use --ws if it serves WebSocket there")
    #expect(FirstBytes(acknowledgement.span)?.explanation(fromServer: "b") == nil)
  }

  @Test func `a TLS client on a plain port is told which port it found`() throws {
    let sockets = SocketPair()
    var session = TLSSession(
      client: try .client(.trusting), descriptor: sockets.client, serverName: "localhost")
    #expect(session.handshake() == .wantsRead)
    var bytes = [UInt8](repeating: 0, count: 16)
    #expect(recv(sockets.server, &bytes, bytes.count, 0) == 16)
    #expect(
      FirstBytes(bytes.span)?.explanation(onPlainPort: 1883)
        == "a TLS client on the plain port 1883: it sent a TLS handshake where plain MQTT is "
        + "spoken. Let it use a TLS port (8883 by custom; `mqtt broker --tls` opens one), or "
        + "start it without --tls, --cafile and the like")
  }
}
