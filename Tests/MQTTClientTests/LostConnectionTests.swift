// Connections that end before everything is done: a farewell that the broker cuts short, a packet that
// the broker closes on each time, and what the client makes of that.

import Foundation
import LiveSupport
import MQTTCodec
import Testing

@Suite struct LostConnectionTests {
  private func publish(_ broker: ScriptedBroker, _ words: [String], input: String = "") throws
    -> CommandProcess.Result
  {
    try CommandProcess.run(["pub", "-p", "\(broker.port)", "-t", "t"] + words, input: input)
  }

  /// A file of so many bytes.
  private func file(_ size: Int, in folder: TestFolder) throws -> String {
    try folder.write(bytes: [UInt8](repeating: 0x61, count: size), to: "payload")
  }

  // MARK: The farewell

  @Test func `a broker that reads slowly and closes first is no failure`() throws {
    let folder = TestFolder()
    let broker = try ScriptedBroker { peer, _ in
      try peer.accept()
      #expect(try peer.readPublish().payload.count == 5_000_000)
      guard case .disconnect? = try peer.read() else { throw ScriptFault("no DISCONNECT") }
    }
    let result = try publish(broker, ["-f", try file(5_000_000, in: folder)])
    #expect(broker.wait() == [])
    #expect(result.status == 0)
    #expect(result.said == "")
  }

  @Test(arguments: [2000, 5_000_000])
  func `a QoS 0 message that the broker does not read to its end is a failure`(_ size: Int) throws {
    let folder = TestFolder()
    let broker = try ScriptedBroker { peer, _ in
      try peer.accept()
      // The first bytes are there, and nobody reads them: closing breaks the connection off.
      if peer.isSilent(milliseconds: 15_000) { throw ScriptFault("no PUBLISH") }
    }
    let result = try publish(broker, ["-f", try file(size, in: folder)])
    #expect(broker.wait() == [])
    #expect(result.status == 8)
    #expect(
      result.said.hasSuffix(
        "mqtt pub: QoS 0 messages may be lost because the connection was cut: 1\n"),
      "\(result.said)")
    #expect(
      result.said.contains(
        "mqtt pub: the connection to localhost:\(broker.port) ended before the broker had read "
          + "everything")
        || result.said.contains("the connection to localhost:\(broker.port) is lost"))
  }

  @Test func `an acknowledged message is delivered, however the farewell goes`() throws {
    let broker = try ScriptedBroker { peer, _ in
      try peer.accept()
      _ = try peer.readPublish()
      try peer.send(.puback(try acknowledgement(1)))
      if peer.isSilent(milliseconds: 15_000) { throw ScriptFault("no DISCONNECT") }
    }
    let result = try publish(broker, ["-m", "x", "-q", "1"])
    #expect(broker.wait() == [])
    #expect(result.status == 0)
    #expect(result.said == "")
  }

  @Test func `QoS 0 messages that are lost with a connection are counted, and the status is 8`()
    throws
  {
    let folder = TestFolder()
    let broker = try ScriptedBroker(connections: 2) { peer, number in
      try peer.accept()
      if number == 0 {
        if peer.isSilent(milliseconds: 15_000) { throw ScriptFault("no PUBLISH") }
        return
      }
      while try peer.read() != nil {}
    }
    let result = try publish(
      broker, ["-f", try file(5_000_000, in: folder), "--repeat", "2"])
    #expect(broker.wait() == [])
    #expect(result.status == 8)
    #expect(
      result.said.contains(
        "mqtt pub: QoS 0 messages may be lost because the connection was cut: "), "\(result.said)")
  }

  // MARK: The same packet each time

  @Test(arguments: ["311", "5"])
  func `a message that the broker closes on is given up with 7, and named`(_ version: String) throws
  {
    let folder = TestFolder()
    let broker = try ScriptedBroker(connections: 4) { peer, _ in
      try peer.accept(Connack(isSessionPresent: false))
      if peer.isSilent(milliseconds: 15_000) { throw ScriptFault("no PUBLISH") }
    }
    let result = try publish(
      broker, ["-f", try file(3_000_000, in: folder), "-q", "1", "-V", version])
    #expect(broker.wait() == [])
    #expect(result.status == 7)
    let size = version == "5" ? 3_000_011 : 3_000_010
    #expect(
      result.said.contains(
        "; 4 connections in a row were lost with the message to t (a packet of \(size) bytes) on "
          + "the way: the broker seems to close on it, as one does that takes no packets of this "
          + "size\n"), "\(result.said)")
  }

  @Test func `of several messages on their way the largest is named`() throws {
    let broker = try ScriptedBroker(connections: 4) { peer, _ in
      try peer.accept()
      for _ in 0..<3 { _ = try peer.readPublish() }
    }
    let result = try publish(
      broker, ["-l", "-q", "2", "-V", "311"], input: "a\n\(String(repeating: "b", count: 500))\nc\n"
    )
    #expect(broker.wait() == [])
    #expect(result.status == 7)
    #expect(
      result.said.contains(
        "with messages, the largest of them to t (a packet of 508 bytes), on the way"),
      "\(result.said)")
  }

  @Test func `a broker that answers something on each connection is never given up`() throws {
    let broker = try ScriptedBroker(connections: 6) { peer, number in
      try peer.accept(Connack(isSessionPresent: number > 0))
      let publish = try peer.readPublish()
      guard let identifier = publish.packetIdentifier else { throw ScriptFault("QoS 0") }
      try peer.send(.puback(Acknowledgement(packetIdentifier: identifier)))
      // The answer is read before the end is seen.
      if number == 5 { try peer.expectFarewell() }
    }
    let result = try publish(
      broker, ["-l", "-q", "1", "-M", "1"], input: "1\n2\n3\n4\n5\n6\n")
    #expect(broker.wait() == [])
    #expect(result.status == 0, "\(result.said)")
  }

  @Test func `a PUBREC is an answer as well`() throws {
    let broker = try ScriptedBroker(connections: 5) { peer, number in
      try peer.accept(Connack(isSessionPresent: number > 0))
      if number < 4 {
        _ = try peer.read()
        if number == 0 { try peer.send(.pubrec(try acknowledgement(1))) }
        if number == 2 { try peer.send(.pubrec(try acknowledgement(1))) }
        return
      }
      try peer.expect(.pubrel(try acknowledgement(1)))
      try peer.send(.pubcomp(try acknowledgement(1)))
      try peer.expectFarewell()
    }
    let result = try publish(broker, ["-m", "x", "-q", "2"])
    #expect(broker.wait() == [])
    #expect(result.status == 0, "\(result.said)")
  }

  @Test func `a broker that closes on the subscription is given up with 7`() throws {
    let broker = try ScriptedBroker(connections: 4) { peer, _ in
      try peer.accept()
      guard case .subscribe? = try peer.read() else { throw ScriptFault("no SUBSCRIBE") }
    }
    let result = try CommandProcess.run(["sub", "-p", "\(broker.port)", "t", "-V", "311"])
    #expect(broker.wait() == [])
    #expect(result.status == 7)
    #expect(
      result.said.contains(
        "; 4 connections in a row were lost before the broker had answered anything on them: it "
          + "seems to close on what it is asked\n"), "\(result.said)")
  }

  @Test func `a subscriber that has been served waits for its broker for ever`() throws {
    let broker = try ScriptedBroker(connections: 6) { peer, number in
      try peer.accept()
      if number == 0 || number == 5 { try peer.grant() } else { _ = try peer.read() }
      if number == 5 {
        try peer.publish("t", "at last")
        try peer.expectFarewell()
      }
    }
    let result = try CommandProcess.run(["sub", "-p", "\(broker.port)", "t", "-C", "1"])
    #expect(broker.wait() == [])
    #expect(result.status == 0, "\(result.said)")
    #expect(result.output == "at last\n")
  }

  // MARK: Before CONNACK

  @Test func `a connection that breaks before CONNACK does not mean another version`() throws {
    let broker = try ScriptedBroker { peer, _ in
      // What is not read breaks the connection off.
      if peer.isSilent(milliseconds: 15_000) { throw ScriptFault("no CONNECT") }
    }
    let result = try publish(broker, ["-m", "x"])
    #expect(broker.wait() == [])
    #expect(result.status == 1)
    #expect(result.said.contains("Connection reset by peer"), "\(result.said)")
  }
}
