// What is done with whole files of a data directory.

import CLinux
import Glibc
import SQLite
import Transport

/// Files by their paths.
enum StoreFile {
  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  /// Bytes; zero when it is not there.
  static func size(_ path: String) -> Int {
    var status = Glibc.stat()
    return stat(path, &status) == 0 ? Int(status.st_size) : 0
  }

  /// Gives a file another name, where none has it; nothing when there is no file.
  static func move(_ path: String, to other: String) throws(StoreError) {
    if rename(path, other) == 0 || errno == ENOENT { return }
    throw failed("rename", path)
  }

  static func remove(_ path: String) { _ = unlink(path) }

  /// Writes a directory's entries to the disk.
  static func syncDirectory(_ path: String) {
    let number = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    if number < 0 { return }
    let directory = Descriptor(owning: number)
    _ = fsync(directory.number)
  }

  /// Copies a file; what cannot be read of it becomes zeros.
  static func copy(_ path: String, to other: String) throws(StoreError) {
    let from = open(path, O_RDONLY | O_CLOEXEC)
    if from < 0 { throw failed("open", path) }
    let source = Descriptor(owning: from)
    let to = linux_open_private(other, O_WRONLY | O_TRUNC)
    if to < 0 { throw failed("open", other) }
    let target = Descriptor(owning: to)
    let size = size(path)
    var bytes = [UInt8](repeating: 0, count: 64 << 10)
    var offset = 0
    while offset < size {
      let wanted = min(bytes.count, size - offset)
      let count = pread(source.number, &bytes, wanted, offset)
      if count <= 0 { bytes = [UInt8](repeating: 0, count: bytes.count) }
      let length = count <= 0 ? wanted : count
      if pwrite(target.number, bytes, length, offset) != length { throw failed("write", other) }
      offset += length
    }
  }

  /// Reads part of a file; fewer bytes at its end, none when it cannot be read.
  static func read(_ path: String, at offset: Int, count: Int) -> [UInt8] {
    let number = open(path, O_RDONLY | O_CLOEXEC)
    if number < 0 { return [] }
    let file = Descriptor(owning: number)
    var bytes = [UInt8](repeating: 0, count: count)
    let length = pread(file.number, &bytes, count, offset)
    return Array(bytes.prefix(max(0, length)))
  }

  /// Writes over part of a file.
  static func write(_ bytes: [UInt8], to path: String, at offset: Int) throws(StoreError) {
    let number = open(path, O_WRONLY | O_CLOEXEC)
    if number < 0 { throw failed("open", path) }
    let file = Descriptor(owning: number)
    if pwrite(file.number, bytes, bytes.count, offset) != bytes.count {
      throw failed("write", path)
    }
  }

  private static func failed(_ call: String, _ path: String) -> StoreError {
    StoreError(SystemError(code: errno, call: call, subject: path))
  }
}
