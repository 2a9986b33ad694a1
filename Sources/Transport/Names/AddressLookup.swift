// From a host's name to its addresses, in the order in which the system wants them tried. The
// lookup blocks, so it happens before a reactor runs or on a thread of its own (NameLookup).

import CLinux
import Glibc

/// A name that no address was found for.
package struct AddressLookupError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The name that was asked for.
  package var host: String
  /// Why, in the resolver's words.
  package var reason: String
  /// Whether asking again later may help.
  package var isTemporary: Bool

  /// "host nowhere.example: Name or service not known".
  package var description: String { "host \(host): \(reason)" }
}

/// Looks names up.
package enum AddressLookup {
  /// The addresses of `host`, a name or a number, each with `port`; never empty.
  ///
  /// An empty host stands for every address of this machine and is meant for listeners.
  package static func addresses(
    of host: String, port: UInt16
  ) throws(AddressLookupError) -> [SocketAddress] {
    if let numeric = SocketAddress(host: host, port: port) { return [numeric] }
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = host.isEmpty ? AI_PASSIVE : 0
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host.isEmpty ? nil : host, String(port), &hints, &list)
    guard code == 0 else {
      let reason =
        code == EAI_SYSTEM
        ? String(cString: linux_error_text(errno)) : String(cString: gai_strerror(code))
      throw AddressLookupError(host: host, reason: reason, isTemporary: code == EAI_AGAIN)
    }
    defer { freeaddrinfo(list) }
    var found: [SocketAddress] = []
    var next = list
    while let entry = next {
      if let address = entry.pointee.ai_addr {
        let one = SocketAddress(linux_address_copy(address, entry.pointee.ai_addrlen))
        if !found.contains(one) { found.append(one) }
      }
      next = entry.pointee.ai_next
    }
    if found.isEmpty {
      throw AddressLookupError(host: host, reason: "it has no address", isTemporary: false)
    }
    return found
  }
}
