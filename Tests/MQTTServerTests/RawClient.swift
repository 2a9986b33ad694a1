// A client made of plain blocking calls and bytes written out by hand.

import Glibc
import MQTTCodec
import Testing
import Transport

/// A connection whose calls wait, at most twenty seconds.
final class RawClient {
  private let socket: Int32

  init(_ address: SocketAddress) throws {
    switch address {
    case .ipv4(let host, let port):
      socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      var name = sockaddr_in()
      name.sin_family = sa_family_t(AF_INET)
      name.sin_port = port.bigEndian
      name.sin_addr.s_addr = host.bigEndian
      try Self.connect(socket, name)
    case .unix(let path):
      socket = Glibc.socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
      var name = sockaddr_un()
      name.sun_family = sa_family_t(AF_UNIX)
      withUnsafeMutableBytes(of: &name.sun_path) { $0.copyBytes(from: path.utf8) }
      try Self.connect(socket, name)
    case .ipv6:
      socket = -1
      Issue.record("an address this client does not know")
    }
    var limit = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(
      socket, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { close(socket) }

  private static func connect<Name>(_ socket: Int32, _ name: Name) throws {
    let result = withUnsafePointer(to: name) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.connect(socket, $0, socklen_t(MemoryLayout<Name>.size))
      }
    }
    try #require(result == 0)
  }

  func send(_ bytes: [UInt8]) {
    #expect(Glibc.send(socket, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count)
  }

  /// Exactly so many bytes, fewer when the connection ends before.
  func receive(_ count: Int) -> [UInt8] {
    var all: [UInt8] = []
    var part = [UInt8](repeating: 0, count: max(1, count))
    while all.count < count {
      let some = recv(socket, &part, count - all.count, 0)
      if some <= 0 { break }
      all += part[..<some]
    }
    return all
  }

  /// Whether the server ends the connection next, in good order.
  func sawEnd() -> Bool {
    var byte: UInt8 = 0
    return recv(socket, &byte, 1, 0) == 0
  }

  /// Sends CONNECT and takes CONNACK.
  func connect(_ identifier: String, version: UInt8 = 4) {
    let properties: [UInt8] = version == 5 ? [0] : []
    let body =
      [0, 4] + Array("MQTT".utf8) + [version, 2, 0, 0] + properties
      + [0, UInt8(identifier.utf8.count)] + Array(identifier.utf8)
    send([0x10, UInt8(body.count)] + body)
    let header = receive(2)
    #expect(header.first == 0x20)
    let rest = receive(Int(header.last ?? 0))
    #expect(rest.starts(with: [0, 0]))
  }

  /// Subscribes to one filter with QoS 0 and takes the SUBACK.
  func subscribe(_ filter: String) {
    send(
      [0x82, UInt8(filter.utf8.count + 5), 0, 1, 0, UInt8(filter.utf8.count)]
        + Array(filter.utf8) + [0])
    #expect(receive(5) == [0x90, 3, 0, 1, 0])
  }
}

/// A QoS 0 PUBLISH of MQTT 3.1.1.
func publish(_ topic: String, _ payload: [UInt8]) -> [UInt8] {
  let count = 2 + topic.utf8.count + payload.count
  let length: [UInt8] =
    count < 128 ? [UInt8(count)] : [UInt8(count & 127 | 128), UInt8(count >> 7)]
  return [0x30] + length + [0, UInt8(topic.utf8.count)] + Array(topic.utf8) + payload
}
