// Work that is cut short by a signal or by -W: what is not done is said, and the exit status tells.

import Foundation
import LiveSupport
import MQTTCodec
import Testing

@Suite struct InterruptedTests {
  /// A broker that lets everybody in and takes everything without an answer, until they leave.
  private func silentBroker() throws -> ScriptedBroker {
    try ScriptedBroker { peer, _ in
      try peer.accept()
      while try peer.read() != nil {}
    }
  }

  /// Interrupts `mqtt` with `words` once it has said `sign`.
  private func interrupt(
    _ words: [String], input: String = "", after sign: String, signals: [Int32] = [SIGINT, SIGTERM]
  ) throws -> CommandProcess.Result {
    let command = try CommandProcess(words + ["-d"])
    command.program.write(input)
    try command.program.waitFor(sign)
    for signal in signals { command.program.signal(signal) }
    return try command.wait()
  }

  @Test func `lines without an answer are counted, and pub ends by the signal`() throws {
    let broker = try silentBroker()
    let result = try interrupt(
      ["pub", "-p", "\(broker.port)", "-t", "t", "-l", "-q", "1"], input: "a\nb\n",
      after: "PUBLISH id 2")
    #expect(result.status == -SIGINT)
    #expect(
      result.said.contains(
        "mqtt pub: interrupted; 2 messages not acknowledged, the input was not read to its end\n"),
      "\(result.said)")
    #expect(broker.wait() == [])
  }

  @Test func `one signal is enough where the broker answers nothing`() throws {
    let broker = try silentBroker()
    let result = try interrupt(
      ["pub", "-p", "\(broker.port)", "-t", "t", "-l", "-q", "1"], input: "a\nb\n",
      after: "PUBLISH id 2", signals: [SIGTERM])
    #expect(result.status == -SIGTERM)
    #expect(result.said.contains("mqtt pub: interrupted; 2 messages not acknowledged"))
    #expect(broker.wait() == [])
  }

  @Test(arguments: [
    ["sub", "--redis", "redis://127.0.0.1:1/0", "--list", "x", "a"],
    ["pub", "--redis", "redis://127.0.0.1:1/0", "--list", "x"],
  ])
  func `-W ends a command that waits for Redis`(_ words: [String]) throws {
    let result = try CommandProcess.run(words + ["-W", "0.3"])
    #expect(result.status == 27)
    #expect(result.said.contains("cannot be reached"), "\(result.said)")
    #expect(result.said.hasSuffix("timed out\n"), "\(result.said)")
  }

  @Test(arguments: [["--repeat", "50"], ["--repeat", "50", "--every", "1h"]])
  func `repetitions that are left are counted`(_ words: [String]) throws {
    let broker = try ScriptedBroker { peer, _ in
      try peer.accept()
      while let packet = try peer.read() {
        if case .publish(let publish) = packet, let identifier = publish.packetIdentifier {
          try peer.send(.puback(Acknowledgement(packetIdentifier: identifier)))
        }
      }
    }
    let pause = words.contains("--every") ? [] : ["--repeat-delay", "3600"]
    let result = try interrupt(
      ["pub", "-p", "\(broker.port)", "-t", "t", "-m", "x", "-q", "1"] + words + pause,
      after: "PUBACK id 1", signals: [SIGTERM])
    #expect(result.status == -SIGTERM)
    #expect(result.said.contains("mqtt pub: interrupted; 49 messages not sent\n"), "\(result.said)")
    #expect(broker.wait() == [])
  }

  @Test func `what would go on for ever ends by a signal with 0, and nothing is missing`() throws {
    let broker = try silentBroker()
    let result = try interrupt(
      ["pub", "-p", "\(broker.port)", "-t", "t", "-m", "x", "--every", "1h"], after: "PUBLISH",
      signals: [SIGINT])
    #expect(result.status == 0)
    #expect(!result.said.contains("interrupted"))
    #expect(broker.wait() == [])
  }

  @Test func `a broker that takes no more does not hold an interrupted pub`() throws {
    let folder = TestFolder()
    let path = try folder.write(bytes: [UInt8](repeating: 0, count: 20_000_000), to: "payload")
    let isGone = DispatchSemaphore(value: 0)
    let broker = try ScriptedBroker { peer, _ in
      try peer.accept()
      // Nothing more is read until the client is gone.
      isGone.wait()
    }
    let command = try CommandProcess([
      "pub", "-p", "\(broker.port)", "-t", "t", "-f", path, "--repeat", "3", "-d",
    ])
    try command.program.waitFor("PUBLISH")
    command.program.signal(SIGINT)
    // What is sent may still go out; who does not want to wait for that says so.
    try command.program.waitFor("DISCONNECT")
    command.program.signal(SIGTERM)
    let result = try command.wait()
    isGone.signal()
    #expect(result.status == -SIGINT)
    #expect(result.said.contains("mqtt pub: interrupted; 2 messages not sent\n"), "\(result.said)")
    #expect(result.said.contains(" bytes of messages not sent\n"), "\(result.said)")
    #expect(broker.wait() == [])
  }

  struct Waiting: Sendable {
    var words: [String]
    var said: String
  }

  static let waiting: [Waiting] = [
    Waiting(words: ["-C", "5"], said: "0 of 5 messages came"),
    Waiting(words: ["--until", "payload == \"x\""], said: "the message of --until has not come"),
  ]

  @Test(arguments: waiting)
  func `sub says what has not come, and ends by the signal`(_ waiting: Waiting) throws {
    let broker = try ScriptedBroker { peer, _ in
      try peer.accept()
      try peer.grant()
      try peer.expectFarewell()
    }
    let result = try interrupt(
      ["sub", "-p", "\(broker.port)", "t"] + waiting.words, after: "SUBACK", signals: [SIGTERM])
    #expect(result.status == -SIGTERM, "\(result.said)")
    #expect(result.said.contains("mqtt sub: interrupted; \(waiting.said)\n"), "\(result.said)")
    #expect(broker.wait() == [])
  }

  // MARK: -W

  @Test func `-W ends pub with 27 and says what is not acknowledged`() throws {
    let broker = try silentBroker()
    let result = try CommandProcess.run(
      ["pub", "-p", "\(broker.port)", "t", "m", "-q", "2", "-W", "0.5"])
    #expect(result.status == 27)
    #expect(result.said == "mqtt pub: timed out; 1 message not acknowledged\n")
    #expect(broker.wait() == [])
  }

  @Test func `-W ends pub that waits for CONNACK`() throws {
    let broker = try ScriptedBroker { peer, _ in while try peer.read() != nil {} }
    let result = try CommandProcess.run(["pub", "-p", "\(broker.port)", "t", "m", "-W", "0.5"])
    #expect(result.status == 27)
    #expect(result.said.hasPrefix("mqtt pub: timed out"))
    #expect(broker.wait() == [])
  }

  @Test func `-W ends a farewell that the broker does not take`() throws {
    let folder = TestFolder()
    let path = try folder.write(bytes: [UInt8](repeating: 0, count: 20_000_000), to: "payload")
    let isGone = DispatchSemaphore(value: 0)
    let broker = try ScriptedBroker { peer, _ in
      try peer.accept()
      isGone.wait()
    }
    let result = try CommandProcess.run(
      ["pub", "-p", "\(broker.port)", "t", "-f", path, "-W", "1"])
    isGone.signal()
    #expect(result.status == 27)
    #expect(result.said.contains(" bytes not sent\n"), "\(result.said)")
    #expect(broker.wait() == [])
  }

  @Test func `-W that does not run out changes nothing`() throws {
    let broker = try silentBroker()
    let result = try CommandProcess.run(["pub", "-p", "\(broker.port)", "t", "m", "-W", "600"])
    #expect(result.status == 0)
    #expect(result.said == "")
    #expect(broker.wait() == [])
  }
}
