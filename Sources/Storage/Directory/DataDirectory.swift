// The directory that holds everything of one store.

import CLinux
import Glibc
import SQLite
import Transport

/// A data directory.
enum DataDirectory {
  /// Makes a directory, and its parents, for its owner alone; one that is there stays as it is.
  static func make(_ path: String) throws(StoreError) {
    if linux_make_private_directory(path) == 0 { return }
    if errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex {
      try make(String(path[..<slash]))
      if linux_make_private_directory(path) == 0 { return }
    }
    throw StoreError(SystemError(code: errno, call: "make the directory", subject: path))
  }
}
