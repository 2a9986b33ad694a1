// Notices to a service manager that asks for them, as sd_notify(3) describes.

import CLinux
import Glibc

enum ServiceNotice {
  /// Sends `text` to the socket that NOTIFY_SOCKET names; does nothing where it names none.
  static func send(_ text: String) {
    guard let path = getenv("NOTIFY_SOCKET"), path.pointee != 0 else { return }
    _ = linux_send_to_path(path, text)
  }
}
