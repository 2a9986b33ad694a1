// Session secrets in the file form that Wireshark reads, so that a user can look into the own TLS
// traffic. The environment variable SSLKEYLOGFILE works as in browsers and curl; a file can also
// be named. Each line is appended by one write, so several processes may share a file.

import CLinux
import COpenSSL
import Glibc

/// A file that secrets are appended to; it is made with mode 0600 and never shortened.
final class KeyLog: Sendable {
  private let descriptor: Int32

  /// The named file and the one of `SSLKEYLOGFILE`; nothing when neither is set.
  ///
  /// What the environment names may be meant for other programs: where that file cannot be opened,
  /// the failure is only told, and TLS goes on without it.
  static func opened(
    explicit path: String?
  ) throws(TLSFailure) -> (logs: [KeyLog], unused: TLSFailure?) {
    var logs: [KeyLog] = []
    if let path { logs.append(try KeyLog(path)) }
    guard let variable = getenv("SSLKEYLOGFILE").map({ String(cString: $0) }),
      !variable.isEmpty, variable != path
    else { return (logs, nil) }
    do throws(TLSFailure) {
      return (logs + [try KeyLog(variable)], nil)
    } catch {
      return (logs, error)
    }
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
