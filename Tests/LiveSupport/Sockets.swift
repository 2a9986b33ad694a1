// TCP connections of the tests: bytes out, bytes in, with an end to every wait.

import Foundation

private let tcpStream = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)

private let sendFlags = Int32(truncatingIfNeeded: MSG_NOSIGNAL | MSG_DONTWAIT)

private func loopback(_ port: UInt16) -> sockaddr_in {
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = port.bigEndian
  address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
  return address
}

private func withAddress(
  _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
) -> Int32 {
  var address = loopback(port)
  let length = socklen_t(MemoryLayout<sockaddr_in>.size)
  return withUnsafePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
  }
}

/// What a wait for bytes brought.
package enum Arrival: Equatable {
  case bytes([UInt8])
  case end
  case nothing
}

/// One end of a TCP connection over loopback.
package final class TCPConnection {
  private var descriptor: Int32

  fileprivate init(descriptor: Int32) {
    self.descriptor = descriptor
    var one: Int32 = 1
    setsockopt(
      descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
  }

  /// Connects to a port of this machine.
  package convenience init(port: UInt16) throws {
    let descriptor = socket(AF_INET, tcpStream, 0)
    guard descriptor >= 0 else { throw ProgramError("socket: errno \(errno)") }
    guard withAddress(port, { connect(descriptor, $0, $1) }) == 0 else {
      let number = errno
      Foundation.close(descriptor)
      throw ProgramError("connect to port \(port): \(String(cString: strerror(number)))")
    }
    self.init(descriptor: descriptor)
  }

  deinit { close() }

  /// Sends everything; false when the other end is gone or does not read for ten seconds.
  @discardableResult package func send(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      var wish = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      guard Foundation.poll(&wish, 1, 10_000) > 0 else { return false }
      let count = rest.withUnsafeBytes {
        Foundation.send(descriptor, $0.baseAddress, $0.count, sendFlags)
      }
      if count < 0 && errno == EAGAIN { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  /// Waits for bytes or for the end of the connection.
  package func receive(within seconds: Double) -> Arrival {
    var wish = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard Foundation.poll(&wish, 1, Int32(seconds * 1000)) > 0 else { return .nothing }
    var buffer = [UInt8](repeating: 0, count: 65536)
    let count = buffer.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
    return count > 0 ? .bytes(Array(buffer[..<count])) : .end
  }

  /// Closes this end in order.
  package func close() {
    if descriptor >= 0 { Foundation.close(descriptor) }
    descriptor = -1
  }

  /// Breaks the connection as a failing network would.
  package func reset() {
    var hard = linger(l_onoff: 1, l_linger: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &hard, socklen_t(MemoryLayout<linger>.size))
    close()
  }
}

/// A listening socket on a free port of this machine.
package final class TCPListener: Sendable {
  private let descriptor: Int32
  /// The port that the kernel chose.
  package let port: UInt16

  /// Listens at once.
  package init() throws {
    let descriptor = socket(AF_INET, tcpStream, 0)
    self.descriptor = descriptor
    var address = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    guard descriptor >= 0, withAddress(0, { bind(descriptor, $0, $1) }) == 0,
      listen(descriptor, 16) == 0
    else {
      port = 0
      throw ProgramError("no listening socket: errno \(errno)")
    }
    let result = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        getsockname(descriptor, $0, &length)
      }
    }
    port = UInt16(bigEndian: address.sin_port)
    guard result == 0 else { throw ProgramError("getsockname: errno \(errno)") }
  }

  deinit { close(descriptor) }

  /// The next connection.
  package func accept(within seconds: Double = 20) throws -> TCPConnection {
    var wish = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard Foundation.poll(&wish, 1, Int32(seconds * 1000)) > 0 else {
      throw ProgramError("nobody connected to port \(port) within \(seconds) s")
    }
    let peer = Foundation.accept(descriptor, nil, nil)
    guard peer >= 0, fcntl(peer, F_SETFD, FD_CLOEXEC) == 0 else {
      throw ProgramError("accept: errno \(errno)")
    }
    return TCPConnection(descriptor: peer)
  }
}
