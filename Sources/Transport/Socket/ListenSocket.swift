// A socket that waits for connections: TCP on IPv4 or IPv6, or a path. A path that a dead process
// left behind is taken over, one that answers is not.

import CLinux
import Glibc

/// What a listener asks of the kernel.
package struct ListenerSettings: Sendable {
  /// Where to listen; port zero takes any that is free.
  package var address: SocketAddress
  /// Connections that may wait to be accepted; the kernel caps it at `net.core.somaxconn`.
  package var backlog: Int32 = 4096
  /// Whether small packets wait for larger ones (Nagle's algorithm).
  package var delaysSmallPackets = false
  /// Permission bits of a path; nil leaves what the process's mask gives.
  package var pathMode: UInt32?

  /// Listens at `address` with the defaults.
  package init(address: SocketAddress) { self.address = address }
}

/// A bound, listening, non-blocking socket.
package struct ListenSocket: ~Copyable {
  /// How long the kernel keeps a connection to itself whose client has said nothing.
  private static let firstBytesSeconds: Int32 = 1

  let descriptor: Descriptor
  /// Where it listens, with the port that the kernel chose if zero was asked for.
  package let address: SocketAddress

  /// Binds and listens.
  ///
  /// Throws what the kernel answers, with the address as the subject.
  package init(_ settings: ListenerSettings) throws(SystemError) {
    let wanted = settings.address
    let subject = wanted.description
    if case .unix(let path) = wanted, path.utf8.count > linux_unix_path_limit {
      throw SystemError(code: ENAMETOOLONG, call: "bind", subject: subject)
    }
    let number = linux_stream_socket(wanted.family)
    if number < 0 { throw SystemError.last("socket", subject) }
    let descriptor = Descriptor(owning: number)
    if case .unix = wanted {
      try Self.bindPath(number, wanted, settings.pathMode)
    } else {
      _ = linux_set_reuse_address(number)
      if case .ipv6 = wanted { _ = linux_set_only_ipv6(number) }
      // Accepted sockets inherit it, which saves a call for each of them.
      if !settings.delaysSmallPackets { _ = linux_set_no_delay(number) }
      // In every protocol of a listener the client speaks first. Connections are accepted when it
      // has, which saves the turn between the two and a sixth of what a connection costs; who is
      // silent is accepted when the kernel has asked once more.
      _ = linux_await_first_bytes(number, Self.firstBytesSeconds)
      var system = wanted.system
      if linux_bind(number, &system) < 0 { throw SystemError.last("bind", subject) }
    }
    if Glibc.listen(number, settings.backlog) < 0 { throw SystemError.last("listen", subject) }
    var bound = linux_address_empty()
    address = linux_local_address(number, &bound) == 0 ? SocketAddress(bound) : wanted
    self.descriptor = descriptor
  }

  deinit {
    if case .unix(let path) = address { _ = unlink(path) }
  }

  private static func bindPath(
    _ number: Int32, _ address: SocketAddress, _ mode: UInt32?
  ) throws(SystemError) {
    var system = address.system
    if linux_bind(number, &system) < 0 {
      let failure = SystemError.last("bind", address.description)
      guard failure.isAddressInUse, case .unix(let path) = address, isSocket(path),
        isAbandoned(address)
      else {
        throw failure
      }
      _ = unlink(path)
      if linux_bind(number, &system) < 0 { throw SystemError.last("bind", address.description) }
    }
    if let mode, case .unix(let path) = address, chmod(path, mode) < 0 {
      throw SystemError.last("chmod", path)
    }
  }

  /// Whether the path is a socket; a connect to any other file is refused as well.
  private static func isSocket(_ path: String) -> Bool {
    var information = stat()
    return lstat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFSOCK
  }

  /// Whether the path is a socket that nobody listens on any more.
  private static func isAbandoned(_ address: SocketAddress) -> Bool {
    let number = linux_stream_socket(AF_UNIX)
    if number < 0 { return false }
    let probe = Descriptor(owning: number)
    var system = address.system
    return linux_connect(probe.number, &system) < 0 && errno == ECONNREFUSED
  }
}
