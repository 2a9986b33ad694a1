// `mqtt sub -C` on a session that the broker keeps: so many messages are printed and acknowledged, and
// the rest waits for the next one, whatever the version and however much the broker sends at once.

import LiveSupport
import MQTTCodec
import Testing

@Suite struct KeptSessionTests {
  static let versions = ["311", "auto", "5"]

  /// Takes thirty messages in portions of five, then the rest.
  private func takePortions(_ port: UInt16, _ version: String, _ qos: String) throws {
    let words =
      ["sub", "-p", "\(port)", "-V", version, "-i", "kept-\(version)-\(qos)", "-c", "-q", qos]
      + (version == "311" ? [] : ["-x", "3600"]) + ["kept/\(version)/\(qos)"]
    #expect(try CommandProcess.run(words + ["-E"]).status == 0)
    let lines = (1...30).map { "\($0)\n" }
    let published = try CommandProcess.run(
      ["pub", "-p", "\(port)", "-t", "kept/\(version)/\(qos)", "-q", qos, "-l"],
      input: lines.joined())
    #expect(published.status == 0)
    for start in [0, 5, 10] {
      let result = try CommandProcess.run(words + ["-C", "5"])
      #expect(result.said == "")
      #expect(result.status == 0)
      #expect(result.output == lines[start..<start + 5].joined())
    }
    let rest = try CommandProcess.run(words + ["-C", "15"])
    #expect(rest.output == lines[15...].joined())
    #expect(rest.status == 0)
  }

  @Test(arguments: versions, ["1", "2"])
  func `-C takes its number and leaves the rest to the next run, at our broker`(
    _ version: String, _ qos: String
  ) throws {
    let broker = try LiveBroker(["--quiet"])
    try takePortions(broker.port, version, qos)
    #expect(broker.program.isRunning)
  }

  // In 5.0, to a session that is taken up, it sends more than the Receive Maximum.
  @Test(arguments: versions, ["1", "2"])
  func `-C takes its number and leaves the rest to the next run, at mosquitto`(
    _ version: String, _ qos: String
  ) throws {
    let broker = try Mosquitto()
    try takePortions(broker.port, version, qos)
    #expect(broker.program.isRunning)
  }

  @Test(arguments: ["1", "2"])
  func `a broker of 3.1.1 alone may send more than -C`(_ qos: String) throws {
    let broker = try ScriptedBroker(connections: 2) { peer, number in
      if number == 0 {
        _ = try peer.read()
        return
      }
      try peer.accept()
      try peer.grant()
      let level: QoS = qos == "1" ? .atLeastOnce : .exactlyOnce
      for identifier in 1...4 {
        try peer.publish("t", "\(identifier)", level, id: UInt16(identifier))
      }
      for identifier in 1...2 {
        let answer = try acknowledgement(UInt16(identifier))
        try peer.expect(qos == "1" ? .puback(answer) : .pubrec(answer))
      }
      try peer.expectFarewell()
    }
    let result = try CommandProcess.run([
      "sub", "-p", "\(broker.port)", "-q", qos, "-C", "2", "t",
    ])
    #expect(broker.wait() == [])
    #expect(result.status == 0, "\(result.said)")
    #expect(result.output == "1\n2\n")
  }
}
