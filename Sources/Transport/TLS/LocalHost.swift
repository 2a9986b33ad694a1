// This computer's own names and addresses: what a local certificate should carry, and how a client
// tells that a host it was given is the one it runs on. The name service is never asked: the
// answers come from the kernel and /etc/hosts, so starting a broker cannot hang on a network.

import CLinux
import Glibc

/// Names and addresses of the computer this runs on.
package enum LocalHost {
  /// The host's name as the kernel has it.
  package static func name() -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { room in
      room.initialize(repeating: 0)
      guard let start = room.baseAddress, gethostname(start, room.count - 1) == 0 else {
        return "localhost"
      }
      return String(cString: start)
    }
  }

  /// `localhost`, the host's name, and its full name if /etc/hosts tells it.
  package static func names() -> [String] {
    var names = ["localhost"]
    let own = name().lowercased()
    if !own.isEmpty && own != "localhost" { names.append(own) }
    if let full = fullName(of: own), !names.contains(full) { names.append(full) }
    return names
  }

  /// The loopback addresses and those of the interfaces.
  ///
  /// Link-local ones are left out: they only mean something together with an interface.
  package static func addresses() -> [String] {
    var found = ["127.0.0.1", "::1"]
    for (_, address) in interfaceAddresses(port: 0) {
      let text = address.host
      if !text.hasPrefix("fe80:") && !found.contains(text) { found.append(text) }
    }
    return found
  }

  /// The addresses of a network interface, each with `port`; empty when there is none of that name.
  package static func addresses(ofInterface name: String, port: UInt16) -> [SocketAddress] {
    interfaceAddresses(port: port).filter { $0.name == name }.map(\.address)
  }

  private static func interfaceAddresses(port: UInt16) -> [(name: String, address: SocketAddress)] {
    var found: [(name: String, address: SocketAddress)] = []
    var first: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&first) == 0 else { return found }
    defer { freeifaddrs(first) }
    var next = first
    while let entry = next?.pointee {
      next = entry.ifa_next
      guard let raw = entry.ifa_addr, let name = entry.ifa_name else { continue }
      let address: SocketAddress
      switch Int32(raw.pointee.sa_family) {
      case AF_INET:
        address = SocketAddress(
          linux_address_copy(raw, socklen_t(MemoryLayout<sockaddr_in>.size)))
      case AF_INET6:
        address = SocketAddress(
          linux_address_copy(raw, socklen_t(MemoryLayout<sockaddr_in6>.size)))
      default: continue
      }
      found.append((String(cString: name), address.with(port: port)))
    }
    return found
  }

  /// Whether `host`, as a user writes it, is this computer.
  package static func isLocal(_ host: String) -> Bool {
    let bare = bare(host.lowercased())
    if let address = canonicalAddress(bare) {
      return address.hasPrefix("127.") || addresses().contains(address)
    }
    // Every name below localhost is this computer too (RFC 6761, 6.3).
    return bare.hasSuffix(".localhost") || names().contains(bare)
  }

  /// A host without the brackets and the zone of an address, or the last dot of a name: what a
  /// certificate carries.
  static func bare(_ host: String) -> String {
    var bare = Substring(host)
    if bare.first == "[" && bare.last == "]" { bare = bare.dropFirst().dropLast() }
    if let zone = bare.firstIndex(of: "%") { bare = bare[..<zone] }
    if bare.last == "." { bare = bare.dropLast() }
    return String(bare)
  }

  /// An address in the one spelling that comparisons use; nil when it is none.
  static func canonicalAddress(_ text: String) -> String? {
    SocketAddress(host: text, port: 0)?.host
  }

  /// The full name in the line of /etc/hosts that has `own` among its names.
  private static func fullName(of own: String) -> String? {
    guard let file = fopen("/etc/hosts", "re") else { return nil }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 4_096)
    while fgets(&line, Int32(line.count), file) != nil {
      let bytes = line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:))
      let text = String(decoding: bytes.prefix { $0 != UInt8(ascii: "#") }, as: UTF8.self)
      let names = text.lowercased().split(whereSeparator: \.isWhitespace).dropFirst()
      guard names.contains(where: { $0 == own }) else { continue }
      if let full = names.first(where: { $0.hasPrefix(own + ".") }) { return String(full) }
    }
    return nil
  }
}
