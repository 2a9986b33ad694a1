// A relay in front of a broker that runs, which passes on some of the broker's messages twice, as
// QoS 1 allows, and some not at all.

import Foundation
import LiveSupport

/// What becomes of messages on their way to a client, counted from 0 on each connection.
enum Alteration: Sendable {
  case twice
  case lost(every: Int)
  /// Nothing comes from this one on.
  case lostFrom(Int)

  fileprivate func copies(of number: Int) -> Int {
    switch self {
    case .twice: 2
    case .lost(let every): number % every == every - 1 ? 0 : 1
    case .lostFrom(let first): number >= first ? 0 : 1
    }
  }
}

final class AlteringRelay: Sendable {
  private let listener: TCPListener
  private let broker: UInt16
  private let alteration: Alteration

  init(to broker: UInt16, _ alteration: Alteration) throws {
    listener = try TCPListener()
    self.broker = broker
    self.alteration = alteration
    listener.serveEach { [self] in relay($0) }
  }

  var port: UInt16 { listener.port }

  private func relay(_ client: TCPConnection) {
    guard let server = try? TCPConnection(port: broker) else { return }
    var unread: [UInt8] = []
    var number = 0
    while true {
      switch client.receive(within: 0.002) {
      case .bytes(let bytes): server.send(bytes)
      case .end: return server.close()
      case .nothing: break
      }
      switch server.receive(within: 0.002) {
      case .bytes(let bytes):
        unread += bytes
        while let packet = Self.takePacket(&unread) {
          guard packet[0] >> 4 == 3 else {
            client.send(packet)
            continue
          }
          for _ in 0..<alteration.copies(of: number) { client.send(packet) }
          number += 1
        }
      case .end: return client.close()
      case .nothing: break
      }
    }
  }

  private static func takePacket(_ unread: inout [UInt8]) -> [UInt8]? {
    var length = 0
    for offset in 1..<5 {
      guard offset < unread.count else { return nil }
      length |= Int(unread[offset] & 0x7F) << (7 * (offset - 1))
      if unread[offset] & 0x80 != 0 { continue }
      guard unread.count > offset + length else { return nil }
      let packet = Array(unread[...(offset + length)])
      unread.removeFirst(packet.count)
      return packet
    }
    return nil
  }
}
