// A bare client for asking mosquitto many questions at once: everything is sent before the first
// answer is read, and an answered PINGREQ says that all came before it.

import Foundation
import LiveSupport
import TestSupport

/// One connection to a broker.
final class MosquittoClient {
  private let connection: TCPConnection
  private let isVersion5: Bool
  private var unread: [UInt8] = []
  /// Reason codes of PUBACK by packet identifier.
  private(set) var acknowledged: [Int: UInt8] = [:]
  /// Payloads of messages that arrived.
  private(set) var messages: Set<String> = []
  /// Reason codes of the last SUBACK.
  private(set) var granted: [UInt8] = []

  /// Connects and waits for CONNACK.
  init(
    port: UInt16, client: String, user: String?, password: String? = nil, isVersion5: Bool
  ) throws {
    connection = try TCPConnection(port: port)
    self.isVersion5 = isVersion5
    let flags: UInt8 = 0x02 | (user == nil ? 0 : 0x80) | (password == nil ? 0 : 0x40)
    var body = Self.field(Array("MQTT".utf8)) + [isVersion5 ? 5 : 4, flags, 0, 0]
    body += isVersion5 ? [0] : []
    body +=
      Self.field(Array(client.utf8))
      + [user, password].flatMap { $0.map { Self.field(Array($0.utf8)) } ?? [] }
    send(0x10, body)
    try wait { $0 >> 4 == 2 }
  }

  private static func field(_ bytes: [UInt8]) -> [UInt8] {
    [UInt8(bytes.count >> 8), UInt8(bytes.count & 0xFF)] + bytes
  }

  private func send(_ first: UInt8, _ body: [UInt8]) {
    connection.send([first] + variableByteInteger(body.count) + body)
  }

  func subscribe(_ filters: [String]) throws {
    var body: [UInt8] = [0, 1] + (isVersion5 ? [0] : [])
    for filter in filters { body += Self.field(Array(filter.utf8)) + [0] }
    send(0x82, body)
    try wait { $0 >> 4 == 9 }
  }

  func publish(_ topic: String, _ payload: String, identifier: Int) {
    let packet = Self.field(Array(topic.utf8)) + [UInt8(identifier >> 8), UInt8(identifier & 0xFF)]
    send(0x32, packet + (isVersion5 ? [0] : []) + Array(payload.utf8))
  }

  /// Waits until everything that was sent has been dealt with.
  func settle() throws {
    send(0xC0, [])
    try wait { $0 >> 4 == 13 }
  }

  /// Reads packets up to one that `isAwaited` takes by its first byte.
  private func wait(_ isAwaited: (UInt8) -> Bool) throws {
    while true {
      while let (first, body) = packet() {
        take(first, body)
        if isAwaited(first) { return }
      }
      switch connection.receive(within: 20) {
      case .bytes(let bytes): unread += bytes
      case .end: throw ProgramError("mosquitto has closed the connection")
      case .nothing: throw ProgramError("mosquitto does not answer")
      }
    }
  }

  private func packet() -> (UInt8, ArraySlice<UInt8>)? {
    var length = 0
    for offset in 1..<5 {
      guard offset < unread.count else { return nil }
      length |= Int(unread[offset] & 0x7F) << (7 * (offset - 1))
      if unread[offset] & 0x80 != 0 { continue }
      guard unread.count > offset + length else { return nil }
      let first = unread[0]
      let body = unread[(offset + 1)..<(offset + length + 1)]
      unread = Array(unread[(offset + length + 1)...])
      return (first, body)
    }
    return nil
  }

  private func take(_ first: UInt8, _ body: ArraySlice<UInt8>) {
    let bytes = Array(body)
    if first >> 4 == 4 {
      acknowledged[Int(bytes[0]) << 8 | Int(bytes[1])] = bytes.count > 2 ? bytes[2] : 0
    } else if first >> 4 == 9 {
      granted = Array(bytes[(isVersion5 ? 3 : 2)...])
    } else if first >> 4 == 3 {
      let topicLength = Int(bytes[0]) << 8 | Int(bytes[1])
      let start = 2 + topicLength + (isVersion5 ? 1 + Int(bytes[2 + topicLength]) : 0)
      messages.insert(String(decoding: bytes[start...], as: UTF8.self))
    }
  }
}
