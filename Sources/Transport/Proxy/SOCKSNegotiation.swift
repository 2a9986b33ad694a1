// How a SOCKS proxy is asked for a connection (RFC 1928), with a user name and a password if there
// are any (RFC 1929). The proxy looks the host up, so that names which only it knows work and no
// lookup tells where we go: what curl calls socks5h.

/// A way through a SOCKS proxy.
package struct SOCKSRequest: Sendable, Equatable {
  /// Where the proxy shall connect to: a name or an address.
  package var host: String
  package var port: UInt16
  package var userName: String?
  package var password: [UInt8] = []

  /// A request without a user name.
  package init(host: String, port: UInt16) {
    self.host = host
    self.port = port
  }
}

/// Why a SOCKS proxy does not connect us.
package enum SOCKSFailure: Error, Sendable, Equatable {
  /// What answers is no proxy of SOCKS 5.
  case notSOCKS
  /// It wants a way of logging in that we do not have, or a user name and none was given.
  case loginWanted(hasUserName: Bool)
  /// User name and password are not right.
  case loginRefused
  /// It cannot or will not connect; its code.
  case refused(UInt8)
}

extension SOCKSFailure: CustomStringConvertible {
  /// As part of a sentence, without a full stop.
  package var description: String {
    switch self {
    case .notSOCKS: "the proxy does not speak SOCKS 5"
    case .loginWanted(false): "the SOCKS proxy wants a user name: socks5h://USER:PASSWORD@HOST"
    case .loginWanted(true): "the SOCKS proxy takes no user names"
    case .loginRefused: "the SOCKS proxy refuses the user name or the password"
    case .refused(let code): "the SOCKS proxy does not connect: \(Self.words(code))"
    }
  }

  private static func words(_ code: UInt8) -> String {
    switch code {
    case 1: "general failure"
    case 2: "not allowed by its rules"
    case 3: "network unreachable"
    case 4: "host unreachable"
    case 5: "connection refused"
    case 6: "time to live expired"
    case 7: "command not supported"
    case 8: "kind of address not supported"
    default: "code \(code)"
    }
  }
}

/// What is said to a proxy and what it has to answer.
///
/// `output` goes out, ``wantedCount`` bytes come in and are taken, and so on until the last one.
package struct SOCKSNegotiation: Sendable {
  private enum Step {
    case method, login, answer
    /// The rest of an answer, whose length its beginning tells.
    case address([UInt8])
  }

  private let request: SOCKSRequest
  private var step = Step.method
  /// What to send now.
  package private(set) var output: [UInt8]
  /// How many bytes the next answer has.
  package private(set) var wantedCount = 2

  /// Begins with the ways to log in that we have.
  package init(_ request: SOCKSRequest) {
    self.request = request
    output = request.userName == nil ? [5, 1, 0] : [5, 2, 0, 2]
  }

  /// Takes an answer of ``wantedCount`` bytes; true when the connection stands.
  package mutating func take(_ bytes: [UInt8]) throws(SOCKSFailure) -> Bool {
    output = []
    switch step {
    case .method:
      if bytes[0] != 5 { throw .notSOCKS }
      switch bytes[1] {
      case 0: ask()
      case 2 where request.userName != nil: logIn()
      default: throw .loginWanted(hasUserName: request.userName != nil)
      }
    case .login:
      if bytes[1] != 0 { throw .loginRefused }
      ask()
    case .answer:
      if bytes[0] != 5 { throw .notSOCKS }
      if bytes[1] != 0 { throw .refused(bytes[1]) }
      // Five bytes have come: of the address and the port so many are to follow.
      let rest: [UInt8: Int] = [1: 5, 3: Int(bytes[4]) + 2, 4: 17]
      guard let count = rest[bytes[3]] else { throw .notSOCKS }
      step = .address(bytes)
      wantedCount = count
    case .address: return true
    }
    return false
  }

  private mutating func logIn() {
    let name = Array((request.userName ?? "").utf8.prefix(255))
    let password = request.password.prefix(255)
    output = [1, UInt8(name.count)] + name + [UInt8(password.count)] + password
    step = .login
  }

  private mutating func ask() {
    let port = [UInt8(request.port >> 8), UInt8(request.port & 255)]
    output = [5, 1, 0] + Self.address(request.host) + port
    step = .answer
    wantedCount = 5
  }

  private static func address(_ host: String) -> [UInt8] {
    switch SocketAddress(host: host, port: 0) {
    case .ipv4(let word, _)?: return [1] + bytes(UInt64(word), 4)
    case .ipv6(let high, let low, _, _)?: return [4] + bytes(high, 8) + bytes(low, 8)
    case .unix?, nil:
      let name = Array(host.utf8.prefix(255))
      return [3, UInt8(name.count)] + name
    }
  }

  private static func bytes(_ word: UInt64, _ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * (count - 1 - $0))) }
  }
}
