// OpenSSL's errors as values. The library queues its errors per thread, deepest first; the deepest
// one names the cause. Whoever calls OpenSSL empties the queue before, because an old error would
// be taken for a new one, and reads it at once after a failure, on the same thread.

import COpenSSL
import Glibc

/// The cause at the bottom of OpenSSL's error queue.
struct OpenSSLError {
  /// Which of OpenSSL's libraries failed, `ERR_LIB_...`.
  let library: Int32
  /// The reason within that library.
  let reason: Int32
  /// The reason in OpenSSL's words, or the system's for a failed system call.
  let text: String

  /// Takes the deepest error and empties the queue; nil when it is empty.
  static func take() -> OpenSSLError? {
    let code = ERR_get_error()
    ERR_clear_error()
    return code == 0 ? nil : OpenSSLError(code)
  }

  /// The words of the deepest error, emptying the queue.
  static func takeText() -> String {
    take()?.text ?? "it gave no reason"
  }

  private init(_ code: UInt) {
    library = ERR_GET_LIB(code)
    reason = ERR_GET_REASON(code)
    if library == ERR_LIB_SYS {
      text = systemErrorText(reason)
    } else if let words = ERR_reason_error_string(code) {
      text = String(cString: words)
    } else {
      text = "error \(reason) of OpenSSL's library \(library)"
    }
  }

  /// The alert the peer sent, if that is the error.
  var alert: TLSAlert? {
    guard library == ERR_LIB_SSL, reason >= SSL_AD_REASON_OFFSET, reason < 1256 else { return nil }
    return TLSAlert(number: Int(reason - SSL_AD_REASON_OFFSET))
  }
}
