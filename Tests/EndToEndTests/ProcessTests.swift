// The executable as a process: signals, ports, wrong words, and an output that nobody reads.

import Basis
import Foundation
import LiveSupport
import MQTTCodec
import Testing

struct ProcessTests {
  /// Sends a CONNECT and returns what was answered.
  private func connect(_ broker: LiveBroker, _ version: ProtocolVersion) throws -> TCPConnection {
    let connection = try broker.connect()
    var packet = ByteBuffer()
    let connect = Connect(version: version, clientIdentifier: "\(version)", keepAliveSeconds: 0)
    Packet.connect(connect).encode(into: &packet, version: version)
    connection.send(packet.bytes)
    guard case .bytes(let answer) = connection.receive(within: 10), answer.first == 0x20 else {
      throw ProgramError("no CONNACK")
    }
    return connection
  }

  @Test(arguments: [SIGTERM, SIGINT])
  func `a signal ends the broker in order`(signal: Int32) throws {
    let broker = try LiveBroker()
    let new = try connect(broker, .v5)
    let old = try connect(broker, .v311)
    broker.program.signal(signal)
    #expect(try broker.program.exitStatus() == 0)
    guard case .bytes(let farewell) = new.receive(within: 10) else {
      Issue.record("no DISCONNECT for the client of 5.0")
      return
    }
    #expect(farewell.first == 0xE0)
    #expect(farewell.dropFirst(2).first == ReasonCode.serverShuttingDown.rawValue)
    #expect(new.receive(within: 10) == .end)
    #expect(old.receive(within: 10) == .end)
  }

  @Test func `a port in use is said, with the port`() throws {
    let broker = try LiveBroker()
    let second = try run([mqttPath, "broker", "--memory", "-p", "\(broker.port)"])
    #expect(second.status == 1)
    #expect(second.errors.contains("\(broker.port)"))
    #expect(second.errors.contains("listens there already"))
  }

  @Test(arguments: ["broker", "pub", "sub"])
  func `a wrong option ends with 2 and names the nearest`(command: String) throws {
    let result = try run([mqttPath, command, "--prot"])
    #expect(result.status == 2)
    #expect(result.output.isEmpty)
    #expect(result.errors.contains("--prot"))
    #expect(result.errors.contains("--port"))
  }

  @Test func `a wrong subcommand ends with 2`() throws {
    let result = try run([mqttPath, "brokre"])
    #expect(result.status == 2)
    #expect(result.errors.contains("broker"))
  }

  @Test(arguments: [["pub", "a", "x"], ["sub", "a", "-W", "5"]])
  func `a broker that is not there is a failure in words`(arguments: [String]) throws {
    let port = try freePort()
    let result = try run(
      [mqttPath, arguments[0], "-h", "127.0.0.1", "-p", "\(port)"] + arguments.dropFirst())
    #expect(result.status != 0)
    #expect(result.errors.contains("\(port)"))
    #expect(result.errors.lowercased().contains("refused"))
  }

  @Test func `sub ends when nobody reads its output`() throws {
    let broker = try LiveBroker()
    let pipe = try OutputPipe()
    let subscriber = try RunningProgram(
      Commands.ours.subscriber(broker) + ["-t", "a"], outputPipe: pipe)
    pipe.closeReading()
    let publisher = try RunningProgram(
      Commands.mosquitto.publisher(broker) + [
        "-t", "a", "-m", "x", "-r", "-q", "1", "--repeat", "100", "--repeat-delay", "0.05",
      ])
    let status = try subscriber.exitStatus()
    #expect([1, 128 + SIGPIPE].contains(status))
    publisher.signal(SIGTERM)
  }

  @Test(arguments: [["--help"], ["broker", "--help"], ["sub", "--help"], ["--version"]])
  func `help and version go to standard output`(arguments: [String]) throws {
    let result = try run([mqttPath] + arguments)
    #expect(result.status == 0)
    #expect(!result.output.isEmpty)
    #expect(result.errors.isEmpty)
  }
}
