// Ports for programs that a test starts and that have to be told where to listen.
//
// A port that the kernel chose and that was given back may be the local end of any connection of a
// parallel test a moment later. These come from outside the range of which the kernel chooses, and
// each is handed out once, so that only a foreign program could take one in the meantime.

import Foundation
import Synchronization

/// A port on which nobody listens, and which this process hands out to nobody else.
package func freePort() throws -> UInt16 {
  for _ in 0..<portsToHandOut.count {
    let port = nextPort.withLock { next in
      defer { next = next == portsToHandOut.upperBound ? portsToHandOut.lowerBound : next + 1 }
      return next
    }
    if isFree(port) { return port }
  }
  throw ProgramError("every port of \(portsToHandOut) is taken")
}

/// Two runs of the tests at the same time begin at different places.
private let nextPort = Mutex(UInt16.random(in: portsToHandOut))

/// From 10,000 up to where the kernel's range begins, or what is left above a range that begins low.
private let portsToHandOut: ClosedRange<UInt16> = {
  let file = "/proc/sys/net/ipv4/ip_local_port_range"
  let numbers = ((try? String(contentsOfFile: file, encoding: .utf8)) ?? "")
    .split(whereSeparator: \.isWhitespace).compactMap { UInt16($0) }
  let (lower, upper) = numbers.count == 2 ? (numbers[0], numbers[1]) : (32_768, 60_999)
  if lower > 12_000 { return 10_000...lower - 1 }
  return upper < 63_000 ? upper + 1...65_000 : 10_000...65_000
}()

/// Whether one can listen there: on loopback, and on every address of both families.
private func isFree(_ port: UInt16) -> Bool {
  var loopback = sockaddr_in()
  loopback.sin_family = sa_family_t(AF_INET)
  loopback.sin_port = port.bigEndian
  loopback.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
  var everywhere = loopback
  everywhere.sin_addr.s_addr = 0
  var everywhereOfBothFamilies = sockaddr_in6()
  everywhereOfBothFamilies.sin6_family = sa_family_t(AF_INET6)
  everywhereOfBothFamilies.sin6_port = port.bigEndian
  return canListen(loopback, AF_INET) && canListen(everywhere, AF_INET)
    && canListen(everywhereOfBothFamilies, AF_INET6)
}

private func canListen<Address>(_ address: Address, _ family: Int32) -> Bool {
  let descriptor = socket(
    family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
  // A machine without IPv6 has nobody who listens there.
  guard descriptor >= 0 else { return family == AF_INET6 && errno == EAFNOSUPPORT }
  defer { close(descriptor) }
  let isBound = withUnsafePointer(to: address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      bind(descriptor, $0, socklen_t(MemoryLayout<Address>.size)) == 0
    }
  }
  return isBound && listen(descriptor, 1) == 0
}
