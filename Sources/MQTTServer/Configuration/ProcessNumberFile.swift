// The file that holds the process's number. It must not name a process that is gone, not even where
// root's rights were given up after it was written: then it cannot be removed, and is emptied.

import Glibc
import Transport

/// The file while the process runs.
final class ProcessNumberFile: Sendable {
  private let path: String
  private let file: Descriptor

  /// Writes this process's number; a folder that is missing is made for `owner`.
  init(_ path: String, owner: Account?) throws(SystemError) {
    // Folders of /run are gone after a start of the machine.
    if let slash = path.lastIndex(of: "/"), slash != path.startIndex {
      let folder = String(path[..<slash])
      if mkdir(folder, 0o755) == 0, let owner, Account.isRoot {
        _ = chown(folder, owner.user, owner.group)
      }
    }
    let number = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    if number < 0 { throw SystemError(code: errno, call: "open", subject: path) }
    file = Descriptor(owning: number)
    self.path = path
    let text = Array("\(getpid())\n".utf8)
    if Glibc.write(number, text, text.count) != text.count {
      throw SystemError(code: errno, call: "write", subject: path)
    }
  }

  /// The process ends.
  func remove() {
    if unlink(path) != 0 { _ = ftruncate(file.number, 0) }
  }
}
