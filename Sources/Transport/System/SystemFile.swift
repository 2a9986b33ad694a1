// Small files of the system, read or written whole.

import CLinux
import Glibc

/// Files read and written whole.
package enum SystemFile {
  /// What stands in a file; empty when it cannot be read.
  package static func text(_ path: String) -> String {
    String(decoding: (try? bytes(path)) ?? [], as: UTF8.self)
  }

  /// What stands in a file, which is refused with EFBIG once it has brought more than `limit` bytes.
  package static func bytes(_ path: String, atMost limit: Int = .max) throws(SystemError) -> [UInt8]
  {
    let number = open(path, O_RDONLY | O_CLOEXEC)
    if number < 0 { throw SystemError.last("open", path) }
    let file = Descriptor(owning: number)
    var all: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = retryingInterrupted { read(file.number, &part, part.count) }
      if count < 0 { throw SystemError.last("read", path) }
      if count == 0 { return all }
      all += part[..<count]
      if all.count > limit { throw SystemError(code: EFBIG, call: "read", subject: path) }
    }
  }

  /// Puts `text` into a file in the place of whatever stood there.
  package static func write(_ text: String, to path: String, mode: UInt32 = 0o644)
    throws(SystemError)
  {
    let number = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
    if number < 0 { throw SystemError.last("open", path) }
    let file = Descriptor(owning: number)
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { bytes in
        retryingInterrupted { Glibc.write(file.number, bytes.baseAddress, bytes.count) }
      }
      if count < 0 { throw SystemError.last("write", path) }
      rest = rest.dropFirst(count)
    }
  }
}
