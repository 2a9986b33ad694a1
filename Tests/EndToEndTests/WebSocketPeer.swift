// A client of WebSocket whose every byte a test decides.

import Basis
import LiveSupport
import MQTTCodec

/// The request of a client that does everything right.
let webSocketRequest = """
  GET /mqtt HTTP/1.1\r
  Host: localhost\r
  Upgrade: websocket\r
  Connection: Upgrade\r
  Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r
  Sec-WebSocket-Version: 13\r
  Sec-WebSocket-Protocol: mqtt\r
  \r\n
  """

/// A frame of a client; `first` is its first byte, with the final bit and the opcode.
func clientFrame(_ payload: [UInt8], first: UInt8 = 0x82) -> [UInt8] {
  let key: [UInt8] = [0xA1, 0xB2, 0xC3, 0xD4]
  var bytes: [UInt8] = [first]
  if payload.count < 126 {
    bytes.append(0x80 | UInt8(payload.count))
  } else {
    bytes += [0xFE, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
  }
  return bytes + key + payload.enumerated().map { $1 ^ key[$0 & 3] }
}

/// A packet as it goes over the wire.
func bytes(_ packets: Packet..., version: ProtocolVersion = .v311) -> [UInt8] {
  var buffer = ByteBuffer()
  for packet in packets { packet.encode(into: &buffer, version: version) }
  return buffer.bytes
}

/// One connection that speaks WebSocket.
final class WebSocketPeer {
  let connection: TCPConnection
  private var received: [UInt8] = []

  /// Connects and says nothing yet.
  init(_ broker: LiveBroker) throws { connection = try broker.connect() }

  /// Shakes hands.
  func open() throws {
    connection.send(Array(webSocketRequest.utf8))
    let head = try receive(until: Array("\r\n\r\n".utf8))
    guard String(decoding: head, as: UTF8.self).hasPrefix("HTTP/1.1 101 ") else {
      throw ProgramError("no WebSocket: \(String(decoding: head, as: UTF8.self))")
    }
  }

  /// Connects as a client of MQTT 3.1.1.
  func connect(_ name: String) throws {
    try open()
    let connect = Connect(version: .v311, clientIdentifier: name, keepAliveSeconds: 0)
    connection.send(clientFrame(bytes(.connect(connect))))
    try expect([0x82, 4, 0x20, 2, 0, 0])
  }

  /// Waits for exactly these bytes.
  func expect(_ expected: [UInt8]) throws {
    while received.count < expected.count {
      guard case .bytes(let more) = connection.receive(within: 20) else { break }
      received += more
    }
    guard received.starts(with: expected) else {
      throw ProgramError("\(received) instead of \(expected)")
    }
    received.removeFirst(expected.count)
  }

  /// Everything until the other end closes, which it has to do.
  func receiveToEnd() throws -> [UInt8] {
    while true {
      switch connection.receive(within: 20) {
      case .bytes(let more): received += more
      case .end: return received
      case .nothing: throw ProgramError("the connection is still open after \(received)")
      }
    }
  }

  private func receive(until mark: [UInt8]) throws -> [UInt8] {
    while true {
      if let end = received.firstRange(of: mark)?.upperBound {
        defer { received.removeFirst(end) }
        return Array(received[..<end])
      }
      guard case .bytes(let more) = connection.receive(within: 20) else {
        throw ProgramError("\(String(decoding: received, as: UTF8.self)) and no more")
      }
      received += more
    }
  }
}
