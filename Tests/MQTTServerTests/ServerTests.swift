// A whole server in this process, spoken to through its sockets.

import Glibc
import MQTTBroker
import MQTTCodec
import MQTTServer
import Settings
import Testing
import Transport

/// A server with the reader of its log, which lives as long.
struct TestServer {
  private let server: Server
  let log: Pipe

  init(_ server: Server, _ log: Pipe) {
    self.server = server
    self.log = log
  }

  var addresses: [SocketAddress] { server.addresses }

  func stop() { server.stop() }
}

@Suite struct ServerTests {
  /// A server on a free port.
  private func startServer(
    _ places: [ListenerSetup.Place] = [.address("127.0.0.1", port: 0)],
    levels: [LogLevel] = LogSettings.normalLevels, threads: Int = 1
  ) throws -> TestServer {
    var configuration = ServerConfiguration()
    configuration.listeners = places.map { ListenerConfiguration(ListenerSetup($0)) }
    configuration.settings.log.levels = levels
    configuration.settings.threadLimit = threads
    configuration.settings.threadMinimum = threads
    let log = try Pipe()
    let server = Server(configuration, logDescriptor: log.writer)
    try server.start()
    return TestServer(server, log)
  }

  @Test func `a message crosses the server`() throws {
    let server = try startServer()
    defer { server.stop() }
    let subscriber = try RawClient(server.addresses[0])
    subscriber.connect("s")
    subscriber.subscribe("a/+")
    let publisher = try RawClient(server.addresses[0])
    publisher.connect("p")
    publisher.send(publish("a/b", [1, 2, 3]))
    #expect(subscriber.receive(10) == publish("a/b", [1, 2, 3]))
  }

  @Test func `bytes that come one at a time make the same packets`() throws {
    let server = try startServer()
    defer { server.stop() }
    let client = try RawClient(server.addresses[0])
    client.connect("c")
    client.subscribe("#")
    let packet = publish("a", Array(repeating: 7, count: 300))
    for byte in packet { client.send([byte]) }
    #expect(client.receive(packet.count) == packet)
  }

  @Test func `many clients are served, and their ends disturb nobody`() throws {
    let server = try startServer(levels: [.error])
    defer { server.stop() }
    let watcher = try RawClient(server.addresses[0])
    watcher.connect("watcher")
    watcher.subscribe("#")
    for round in 0..<200 {
      let client = try RawClient(server.addresses[0])
      client.connect("c\(round)")
      client.send(publish("t", [UInt8(round)]))
      #expect(watcher.receive(6) == publish("t", [UInt8(round)]))
    }
  }

  @Test func `messages cross reactors whole and in order`() throws {
    let server = try startServer(levels: [.error], threads: 3)
    defer { server.stop() }
    let clients = try (0..<12).map { number in
      let client = try RawClient(server.addresses[0])
      client.connect("c\(number)")
      client.subscribe("to/\(number)")
      return client
    }
    let rounds = 200
    for round in 0..<rounds {
      for number in clients.indices {
        let target = (number + 1 + round) % clients.count
        clients[number].send(publish("to/\(target)", [UInt8(round)]))
      }
      for number in clients.indices {
        #expect(clients[number].receive(9 + (number > 9 ? 1 : 0)).last == UInt8(round))
      }
    }
  }

  @Test(arguments: [1, 2, 3])
  func `a client that is back at once loses nothing, on whatever reactor it was`(threads: Int)
    throws
  {
    let server = try startServer(levels: [.error], threads: threads)
    defer { server.stop() }
    let watcher = try RawClient(server.addresses[0])
    watcher.connect("watcher")
    watcher.subscribe("#")
    let rounds = 300
    for round in 0..<rounds {
      let client = try RawClient(server.addresses[0])
      client.connect("same")
      client.send(publish("m", [UInt8(round & 0xFF)]) + [0xE0, 0])
    }
    let expected = (0..<rounds).flatMap { publish("m", [UInt8($0 & 0xFF)]) }
    #expect(watcher.receive(expected.count) == expected)
  }

  @Test func `clients of all reactors are told when the server stops`() throws {
    let server = try startServer(threads: 3)
    let clients = try (0..<9).map { number in
      let client = try RawClient(server.addresses[0])
      client.connect("c\(number)", version: 5)
      return client
    }
    server.stop()
    for client in clients { #expect(client.receive(3).last == 0x8B) }
  }

  @Test func `garbage ends its own connection and no other`() throws {
    let server = try startServer()
    defer { server.stop() }
    let client = try RawClient(server.addresses[0])
    client.connect("c")
    client.subscribe("a")
    for garbage: [UInt8] in [
      [0], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF], [0x10, 4, 0, 4, 0, 0], [0x30, 0],
    ] {
      let stranger = try RawClient(server.addresses[0])
      stranger.send(garbage)
      #expect(stranger.sawEnd())
    }
    client.send(publish("a", [1]))
    #expect(client.receive(6) == publish("a", [1]))
  }

  @Test func `a client that speaks TLS to a plain port is told apart in the log`() throws {
    let server = try startServer()
    let client = try RawClient(server.addresses[0])
    client.send([22, 3, 1, 0, 5, 1, 0, 0, 1, 3])
    #expect(client.sawEnd())
    let told = "TLS client on the plain port"
    #expect(server.log.text(until: told).contains(told))
    server.stop()
  }

  @Test func `a server that stops tells its clients and ends their connections`() throws {
    let server = try startServer()
    let modern = try RawClient(server.addresses[0])
    modern.connect("modern", version: 5)
    let old = try RawClient(server.addresses[0])
    old.connect("old")
    server.stop()
    let farewell = modern.receive(3)
    #expect(farewell.first == 0xE0)
    #expect(farewell.count == 3 && farewell[2] == 0x8B)
    #expect(old.sawEnd())
    #expect(server.log.text().hasSuffix("Z stopped\n"))
  }

  @Test func `a server that has stopped frees its port`() throws {
    let first = try startServer()
    let address = first.addresses[0]
    let client = try RawClient(address)
    client.connect("c")
    first.stop()
    let port = try #require(address.port)
    let second = try startServer([.address("127.0.0.1", port: port)])
    #expect(second.addresses == [address])
    second.stop()
  }

  @Test func `a port that is taken names who has it and what to do`() throws {
    let server = try startServer()
    defer { server.stop() }
    let port = try #require(server.addresses[0].port)
    let error = #expect(throws: ServerError.self) {
      _ = try startServer([.address("127.0.0.1", port: port)])
    }
    let text = error?.description ?? ""
    #expect(text.hasPrefix("cannot listen on 127.0.0.1:\(port): "))
    #expect(text.contains("(process \(getpid())) listens there already"))
    #expect(text.hasSuffix("stop it, or choose another port with -p"))
  }

  @Test func `an address of another machine is explained`() throws {
    let error = #expect(throws: ServerError.self) {
      _ = try startServer([.address("192.0.2.1", port: 0)])
    }
    #expect(
      error?.description
        == "cannot listen on 192.0.2.1:0: this machine has no such address; `ip address` lists"
        + " those it has")
  }

  @Test func `a path serves beside a port`() throws {
    let path = "/tmp/mqtt-server-test-\(getpid()).sock"
    let server = try startServer([
      .address("127.0.0.1", port: 0), .unix(path: path),
    ])
    let local = try RawClient(.unix(path: path))
    local.connect("local")
    local.subscribe("x")
    let remote = try RawClient(server.addresses[0])
    remote.connect("remote")
    remote.send(publish("x", [9]))
    #expect(local.receive(6) == publish("x", [9]))
    server.stop()
    #expect(access(path, F_OK) != 0)
    #expect(server.log.text().contains("listening on \(path)"))
  }

  @Test func `connections come and go in the log with their addresses`() throws {
    let server = try startServer()
    let client = try RawClient(server.addresses[0])
    client.connect("somebody")
    client.send([0xE0, 0])
    #expect(client.sawEnd())
    let lines = server.log.text(until: "somebody left").split(separator: "\n")
    server.stop()
    #expect(lines.contains { $0.contains("somebody connected from 127.0.0.1:") })
    #expect(lines.contains { $0.contains("somebody left") })
  }

  @Test func `a quiet server writes nothing about its clients`() throws {
    let server = try startServer(levels: [.error])
    let client = try RawClient(server.addresses[0])
    client.connect("somebody")
    server.stop()
    #expect(server.log.text() == "")
  }
}
