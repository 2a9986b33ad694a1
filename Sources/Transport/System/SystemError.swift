// A fault of the system: which call failed, on what, and why. Peers' faults and our own have other
// types; this one always carries the number that the kernel gave.

import CLinux
import Glibc

/// A system call that failed.
package struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The kernel's `errno`.
  package var code: Int32
  /// The call, as its manual page is named.
  package var call: String
  /// What the call was about, such as an address or a path; may be empty.
  package var subject: String

  /// Names a failure whose number is known.
  package init(code: Int32, call: String, subject: String = "") {
    self.code = code
    self.call = call
    self.subject = subject
  }

  /// Names the failure that the last call of this thread left in `errno`.
  static func last(_ call: String, _ subject: String = "") -> SystemError {
    SystemError(code: errno, call: call, subject: subject)
  }

  /// What the number means, in the system's words, such as "Connection refused".
  package var reason: String { String(cString: linux_error_text(code)) }

  /// Call, subject and reason on one line: "connect 127.0.0.1:1883: Connection refused".
  package var description: String {
    subject.isEmpty ? "\(call): \(reason)" : "\(call) \(subject): \(reason)"
  }

  /// Whether the other side refused the connection.
  package var isConnectionRefused: Bool { code == ECONNREFUSED }
  /// Whether somebody else has the address.
  package var isAddressInUse: Bool { code == EADDRINUSE }
  /// Whether the process or the system has run out of descriptors.
  package var isOutOfDescriptors: Bool { code == EMFILE || code == ENFILE }
  /// Whether the system forbids it.
  package var isNotPermitted: Bool { code == EACCES || code == EPERM }
  /// Whether no interface of this machine has the address.
  package var isAddressUnavailable: Bool { code == EADDRNOTAVAIL || code == EAFNOSUPPORT }
  /// Whether the peer went away without a farewell.
  package var isConnectionLost: Bool { code == ECONNRESET || code == EPIPE || code == ETIMEDOUT }
}

/// Repeats a call that a signal interrupted.
@inline(__always) func retryingInterrupted<Number: BinaryInteger>(
  _ call: () -> Number
) -> Number {
  while true {
    let result = call()
    if result != -1 || errno != EINTR { return result }
  }
}
