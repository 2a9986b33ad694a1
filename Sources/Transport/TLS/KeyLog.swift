// Session secrets in the file form that Wireshark reads, so that a user can look into the own TLS
// traffic. The environment variable SSLKEYLOGFILE works as in browsers and curl; a file can also
// be named. Each line is appended by one write, so several processes may share a file.

import CLinux
import COpenSSL
import Glibc

/// A file that secrets are appended to; it is made with mode 0600 and never shortened.
final class KeyLog: Sendable {
  private let descriptor: Int32

  /// Opens the named file and the one of `SSLKEYLOGFILE`; nothing when neither is set.
  static func opened(explicit path: String?) throws(TLSFailure) -> [KeyLog] {
    var paths: [String] = []
    if let path { paths.append(path) }
    if let variable = getenv("SSLKEYLOGFILE") {
      let other = String(cString: variable)
      if !other.isEmpty && other != path { paths.append(other) }
    }
    var logs: [KeyLog] = []
    for path in paths { logs.append(try KeyLog(path)) }
    return logs
  }

  private init(_ path: String) throws(TLSFailure) {
    descriptor = linux_open_private(path, O_WRONLY | O_APPEND)
    if descriptor < 0 { throw .unusable(.keyLog, path) }
  }

  deinit {
    close(descriptor)
  }

  /// Appends a line.
  ///
  /// A failure is not reported: secrets are logged for debugging only, and no handshake should
  /// fail for it.
  func append(_ line: UnsafePointer<CChar>) {
    let bytes = UnsafeRawBufferPointer(start: line, count: strlen(line)) + [0x0A]
    _ = write(descriptor, bytes, bytes.count)
  }
}
