// A broker that stood still: what its clients did meanwhile lies in its sockets, and it is read, in its
// order, before anything is decided. The clients are those of python/late_turn.py.

import Foundation
import LiveSupport
import Testing

/// How a client reaches the broker.
private enum Transport: String, CaseIterable {
  case tcp, tls, ws, unix
}

struct LateTurnTests {
  /// Plays a scenario against a broker with these options.
  ///
  /// It may open that many descriptors.
  private func play(
    _ scenario: String, over transport: Transport, _ options: [String] = [],
    descriptors: Int? = nil
  ) throws {
    let folder = TestFolder()
    let plain = try freePort()
    let port = try freePort()
    let place = transport == .unix ? folder.path("socket") : "\(port)"
    let listener =
      switch transport {
      case .tcp: ["-p", "\(port)"]
      case .tls: ["-p", "\(plain)", "--tls-port", "\(port)"]
      case .ws: ["-p", "\(plain)", "--ws", "\(port)"]
      case .unix: ["-p", "\(plain)", "--unix", place]
      }
    let limit = descriptors.map { ["/bin/sh", "-c", "ulimit -n \($0); exec \"$0\" \"$@\""] } ?? []
    let broker = try RunningProgram(
      limit + [mqttPath, "broker", "--memory"] + listener + options,
      environment: ["XDG_DATA_HOME": folder.path])
    try broker.waitForPort(transport == .tcp ? port : plain)
    try play(scenario, transport, place, broker)
  }

  private func play(
    _ scenario: String, _ transport: Transport, _ place: String, _ broker: RunningProgram
  ) throws {
    let script = checkoutFolder + "/Tests/EndToEndTests/python/late_turn.py"
    let result = try run(
      [
        "/usr/bin/python3", script, scenario, transport.rawValue, place,
        "\(broker.identifier)",
      ], within: 60)
    #expect(result.status == 0, "\(result.errors)\n\(broker.errors)")
  }

  @Test(arguments: Transport.allCases)
  private func `a client that is back at once loses nothing and publishes no will`(
    transport: Transport
  ) throws {
    try play("replaced", over: transport)
  }

  @Test(arguments: Transport.allCases)
  private func `three clients of one name are read in turn`(transport: Transport) throws {
    try play("replaced_twice", over: transport)
  }

  @Test(arguments: Transport.allCases)
  private func `nobody who spoke is thrown out for a keep alive`(transport: Transport) throws {
    try play("keep_alive", over: transport)
  }

  @Test(arguments: [Transport.tcp, .ws, .unix])
  private func `nobody whose CONNECT lies there is thrown out`(transport: Transport) throws {
    try play("connect_time", over: transport, ["--connect-timeout", "3"])
  }

  @Test(arguments: Transport.allCases)
  private func `nobody is turned away where others have left`(transport: Transport) throws {
    try play("limit", over: transport, ["--max-connections", "4"])
  }

  @Test(arguments: Transport.allCases)
  private func `nobody is turned away for descriptors of others that have left`(
    transport: Transport
  ) throws {
    try play("descriptors", over: transport, descriptors: 60)
  }

  @Test(arguments: [Transport.tcp, .tls], ["replaced", "keep_alive", "finished", "session"])
  private func `two threads read first, too`(transport: Transport, scenario: String) throws {
    try play(scenario, over: transport, ["--min-threads", "2"])
  }

  // Over TLS the second and the third are there before the broker stops, each with its own thread,
  // and nobody knows in which order what lies in two sockets has come.
  @Test func `two threads read three clients of one name in turn`() throws {
    try play("replaced_twice", over: .tcp, ["--min-threads", "2"])
  }

  @Test func `two threads leave places and descriptors to those who come, too`() throws {
    try play("limit", over: .tcp, ["--min-threads", "2", "--max-connections", "4"])
    try play("descriptors", over: .tcp, ["--min-threads", "2"], descriptors: 60)
    try play("two_threads", over: .tcp, ["--min-threads", "2"])
  }

  @Test(arguments: Transport.allCases)
  private func `packets in front of a FIN are answered`(transport: Transport) throws {
    try play("finished", over: transport)
  }

  @Test(arguments: Transport.allCases)
  private func `a session that lies there as a whole is answered`(transport: Transport) throws {
    try play("session", over: transport)
  }

  @Test(arguments: ["replaced", "keep_alive", "finished", "session"])
  func `mosquitto does the same`(scenario: String) throws {
    let mosquitto = try Mosquitto()
    try play(scenario, .tcp, "\(mosquitto.port)", mosquitto.program)
  }
}
