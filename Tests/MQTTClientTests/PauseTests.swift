// A client that stands still for longer than a deadline, as in a suspended machine: what has come
// meanwhile is read first, and only then deadlines fall.

import Foundation
import LiveSupport
import MQTTCodec
import Testing

@Suite struct PauseTests {
  /// A client that is stopped while its broker goes on, for longer than `seconds`.
  private func pause(_ program: RunningProgram, seconds: Double, _ happens: () throws -> Void)
    throws
  {
    let begin = ContinuousClock.now
    try program.standStill()
    try happens()
    // The time that the deadline takes is what this is about.
    while begin.duration(to: .now) < .seconds(seconds + 0.3) { usleep(20_000) }
    program.signal(SIGCONT)
  }

  @Test(arguments: [1, 3000]) func `-W of sub falls when what has come is read`(_ count: Int) throws
  {
    let go = DispatchSemaphore(value: 0)
    let sent = DispatchSemaphore(value: 0)
    let broker = try ScriptedBroker { peer, _ in
      try peer.accept()
      try peer.grant()
      go.wait()
      // More than one read brings.
      for number in 1...count {
        try peer.publish("t", "\(number)" + String(repeating: "x", count: 90))
      }
      sent.signal()
      try peer.expectFarewell()
    }
    let command = try CommandProcess([
      "sub", "-p", "\(broker.port)", "t", "-C", "\(count)", "-W", "2", "-F", "%l", "-d",
    ])
    try command.program.waitFor("SUBACK")
    try pause(command.program, seconds: 2) {
      go.signal()
      sent.wait()
    }
    let result = try command.wait()
    #expect(broker.wait() == [])
    #expect(result.status == 0, "\(result.said.suffix(200))")
    #expect(result.output.split(separator: "\n").count == count)
  }

  @Test func `-W of pub falls when an acknowledgement that has come is read`() throws {
    let go = DispatchSemaphore(value: 0)
    let broker = try ScriptedBroker { peer, _ in
      try peer.accept()
      _ = try peer.readPublish()
      go.wait()
      try peer.send(.puback(try acknowledgement(1)))
      try peer.expectFarewell()
    }
    let command = try CommandProcess([
      "pub", "-p", "\(broker.port)", "t", "x", "-q", "1", "-W", "2", "-d",
    ])
    try command.program.waitFor("→ PUBLISH")
    try pause(command.program, seconds: 2) { go.signal() }
    let result = try command.wait()
    #expect(broker.wait() == [])
    #expect(result.status == 0, "\(result.said)")
  }

  @Test func `a reply that has come in the pause is printed`() throws {
    let go = DispatchSemaphore(value: 0)
    let broker = try ScriptedBroker { peer, _ in
      try peer.accept()
      let topic = try peer.grant().subscriptions[0].filter
      _ = try peer.readPublish()
      go.wait()
      try peer.publish(topic, "pong")
      try peer.expectFarewell()
    }
    let command = try CommandProcess([
      "pub", "-p", "\(broker.port)", "t", "ping", "--wait-reply", "-W", "2", "-d",
    ])
    try command.program.waitFor("→ PUBLISH")
    try pause(command.program, seconds: 2) { go.signal() }
    let result = try command.wait()
    #expect(broker.wait() == [])
    #expect(result.output == "pong\n")
    #expect(result.status == 0, "\(result.said)")
  }

  @Test func `keep alive falls when a PINGRESP that has come is read`() throws {
    let go = DispatchSemaphore(value: 0)
    let broker = try ScriptedBroker { peer, _ in
      try peer.accept()
      try peer.grant()
      try peer.expect(.pingreq)
      go.wait()
      try peer.send(.pingresp)
      try peer.publish("t", "x")
      while case .pingreq? = try peer.read() { try peer.send(.pingresp) }
    }
    let command = try CommandProcess([
      "sub", "-p", "\(broker.port)", "t", "-C", "1", "-k", "1", "-d",
    ])
    try command.program.waitFor("→ PINGREQ")
    try pause(command.program, seconds: 2) { go.signal() }
    let result = try command.wait()
    #expect(broker.wait() == [])
    #expect(result.status == 0, "\(result.said)")
    #expect(result.output == "x\n")
  }
}
