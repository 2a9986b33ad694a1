// Where a socket is: an IPv4 or IPv6 address with a port, or a path. A plain value of a few words;
// text is made only when somebody asks for it.

import CLinux
import Glibc

/// The address of one end of a connection.
package enum SocketAddress: Hashable, Sendable {
  /// An IPv4 address, most significant byte first, and a port.
  case ipv4(UInt32, port: UInt16)
  /// An IPv6 address in two halves, a port, and the interface of a link-local address or zero.
  case ipv6(UInt64, UInt64, port: UInt16, scope: UInt32)
  /// A Unix domain socket; the path is empty for a peer that has no name.
  case unix(path: String)

  /// 127.0.0.1.
  package static func loopback4(port: UInt16) -> SocketAddress { .ipv4(0x7F00_0001, port: port) }
  /// `::1`.
  package static func loopback6(port: UInt16) -> SocketAddress {
    .ipv6(0, 1, port: port, scope: 0)
  }

  /// The port, nil for a path.
  package var port: UInt16? {
    switch self {
    case .ipv4(_, let port), .ipv6(_, _, let port, _): port
    case .unix: nil
    }
  }

  /// The same address with another port; a path stays as it is.
  func with(port: UInt16) -> SocketAddress {
    switch self {
    case .ipv4(let host, _): .ipv4(host, port: port)
    case .ipv6(let high, let low, _, let scope): .ipv6(high, low, port: port, scope: scope)
    case .unix: self
    }
  }

  /// Whether the address can only be reached from this machine.
  package var isLocal: Bool {
    switch self {
    case .ipv4(let host, _): host >> 24 == 127
    case .ipv6(let high, let low, _, _): high == 0 && (low == 1 || low >> 24 == 0xFFFF7F)
    case .unix: true
    }
  }

  var family: Int32 {
    switch self {
    case .ipv4: AF_INET
    case .ipv6: AF_INET6
    case .unix: AF_UNIX
    }
  }

  /// The address as the kernel takes it; a path must have been checked for its length.
  var system: linux_address {
    switch self {
    case .ipv4(let host, let port): linux_address_ipv4(host, port)
    case .ipv6(let high, let low, let port, let scope):
      linux_address_ipv6(high, low, port, scope)
    case .unix(let path): linux_address_unix(path, min(path.utf8.count, linux_unix_path_limit))
    }
  }

  /// The address as the kernel gives it; another family counts as a socket without a name.
  init(_ system: borrowing linux_address) {
    var address = copy system
    switch linux_address_family(&address) {
    case AF_INET:
      self = .ipv4(linux_address_ipv4_host(&address), port: linux_address_port(&address))
    case AF_INET6:
      self = .ipv6(
        linux_address_ipv6_half(&address, 0), linux_address_ipv6_half(&address, 1),
        port: linux_address_port(&address), scope: linux_address_scope(&address))
    case AF_UNIX: self = .unix(path: String(cString: linux_address_path(&address)))
    default: self = .unix(path: "")
    }
  }
}

extension SocketAddress: CustomStringConvertible {
  /// "127.0.0.1:1883", "[::1]:1883", "/run/mqtt.sock", or "local socket" for one without a name.
  package var description: String {
    switch self {
    case .ipv4(let host, let port): Self.text(host, port)
    case .ipv6(_, _, let port, _): "[\(host)]:\(port)"
    case .unix(let path): path.isEmpty ? "local socket" : path
    }
  }

  /// Each connection that is accepted needs it, so it is written digit by digit into one string.
  private static func text(_ host: UInt32, _ port: UInt16) -> String {
    String(unsafeUninitializedCapacity: "255.255.255.255:65535".utf8.count) { room in
      var count = 0
      func append(_ number: UInt32, _ end: Unicode.Scalar?) {
        var unit: UInt32 = number >= 1000 ? (number >= 10000 ? 10000 : 1000) : 100
        while unit > 1 && number < unit { unit /= 10 }
        while unit > 0 {
          room[count] = UInt8(ascii: "0") + UInt8(number / unit % 10)
          count += 1
          unit /= 10
        }
        guard let end else { return }
        room[count] = UInt8(ascii: end)
        count += 1
      }
      append(host >> 24, ".")
      append(host >> 16 & 255, ".")
      append(host >> 8 & 255, ".")
      append(host & 255, ":")
      append(UInt32(port), nil)
      return count
    }
  }

  /// The address without port and brackets.
  package var host: String {
    switch self {
    case .ipv4(let host, _):
      return "\(host >> 24).\(host >> 16 & 255).\(host >> 8 & 255).\(host & 255)"
    case .ipv6(let high, let low, _, let scope):
      var address = in6_addr()
      withUnsafeMutableBytes(of: &address) { bytes in
        bytes.storeBytes(of: high.bigEndian, as: UInt64.self)
        bytes.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
      }
      let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 64) { room -> String in
        guard let start = room.baseAddress,
          inet_ntop(AF_INET6, &address, start, socklen_t(room.count)) != nil
        else { return "::" }
        return String(cString: start)
      }
      return scope == 0 ? text : "\(text)%\(scope)"
    case .unix(let path): return path
    }
  }

  /// Reads a numeric address such as "127.0.0.1", "::1", "[::1]" or "fe80::1%eth0"; nil for a name.
  package init?(host text: String, port: UInt16) {
    var text = Substring(text)
    if text.hasPrefix("["), text.hasSuffix("]") { text = text.dropFirst().dropLast() }
    var four = in_addr()
    if inet_pton(AF_INET, String(text), &four) == 1 {
      self = .ipv4(UInt32(bigEndian: four.s_addr), port: port)
      return
    }
    var scope: UInt32 = 0
    if let percent = text.firstIndex(of: "%") {
      let interface = String(text[text.index(after: percent)...])
      scope = UInt32(interface) ?? if_nametoindex(interface)
      if scope == 0 { return nil }
      text = text[..<percent]
    }
    var six = in6_addr()
    guard inet_pton(AF_INET6, String(text), &six) == 1 else { return nil }
    let (high, low) = withUnsafeBytes(of: &six) { bytes in
      (
        UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)),
        UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
      )
    }
    self = .ipv6(high, low, port: port, scope: scope)
  }
}
