// One process uses a data directory. The kernel's lock on the file `lock` says so and goes with
// its process, however that ends; what is written in the file says which process it is. Where the
// file system has no locks, what is written has to do: a process of that number that was started
// at that time, on a machine that has not been started anew since, is the one that wrote it.

import CLinux
import Glibc
import SQLite
import Transport

/// A data directory that belongs to this process until it is forgotten.
struct DirectoryLock: ~Copyable {
  private let file: Descriptor
  /// Whether the kernel keeps others out.
  let isKernelLock: Bool

  /// Takes the lock; throws `inUse` with the number of the process that has it.
  ///
  /// Without `usesFileLocks` as if the file system had none.
  init(_ directory: String, usesFileLocks: Bool) throws(StoreError) {
    let path = directory + "/lock"
    let number = linux_open_private(path, O_RDWR)
    if number < 0 {
      throw StoreError(SystemError(code: errno, call: "open", subject: path))
    }
    let file = Descriptor(owning: number)
    let isKernelLock = usesFileLocks ? try Self.lock(number, path) : false
    if !isKernelLock, let owner = Owner(Self.text(number)), owner.isRunning {
      throw Self.inUse(directory, owner.process)
    }
    let text = Array(Owner.current.text.utf8)
    if ftruncate(number, 0) != 0 || pwrite(number, text, text.count, 0) != text.count {
      throw StoreError(SystemError(code: errno, call: "write", subject: path))
    }
    self.file = file
    self.isKernelLock = isKernelLock
  }

  deinit { _ = ftruncate(file.number, 0) }

  /// Takes the kernel's lock; false when the file system has none.
  private static func lock(_ number: Int32, _ path: String) throws(StoreError) -> Bool {
    var attempts = 0
    while linux_lock_file(number) != 0 {
      let code = errno
      // A lock without a name was given back, and is still held by a process that was being
      // started just then: until that runs a program of its own, which closes the file.
      let isGivenBack = code == EAGAIN && text(number).isEmpty
      if !isGivenBack || attempts == attemptLimit { return try refused(number, path, code) }
      attempts += 1
      usleep(attemptMicroseconds)
    }
    return true
  }

  private static let attemptLimit = 200
  private static let attemptMicroseconds: UInt32 = 10_000

  /// What it means that the lock was not given: another process, or no locks here (false).
  private static func refused(
    _ number: Int32, _ path: String, _ code: Int32
  ) throws(StoreError) -> Bool {
    switch code {
    case EAGAIN, EACCES:
      let directory = String(path.dropLast("/lock".utf8.count))
      throw inUse(directory, Owner(text(number))?.process)
    case ENOLCK, EOPNOTSUPP, ENOSYS, EINVAL: return false
    case _: throw StoreError(SystemError(code: code, call: "lock", subject: path))
    }
  }

  private static func inUse(_ directory: String, _ process: Int32?) -> StoreError {
    StoreError(
      .inUse(process: process), file: directory, operation: "open",
      reason: "give this broker another data directory, or stop that one")
  }

  private static func text(_ number: Int32) -> String {
    var bytes = [UInt8](repeating: 0, count: 256)
    let count = pread(number, &bytes, bytes.count, 0)
    return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
  }
}

/// A process, and when it was started: its number alone may have another one by now.
private struct Owner: Equatable {
  let process: Int32
  /// Ticks since the machine was started.
  let start: String
  /// Changes with each start of the machine.
  let boot: String

  /// This process.
  static var current: Owner { Owner(process: getpid()) }

  var text: String { "\(process) \(start) \(boot)\n" }
  var isRunning: Bool { Owner(process: process) == self }

  init?(_ text: String) {
    let fields = text.split { $0 == " " || $0 == "\n" }
    guard fields.count == 3, let process = Int32(fields[0]) else { return nil }
    self.process = process
    start = String(fields[1])
    boot = String(fields[2])
  }

  init(process: Int32) {
    self.process = process
    // The name of the program, in brackets, may hold anything.
    let status = Self.contents("/proc/\(process)/stat")
    let fields = status[(status.lastIndex(of: ")") ?? status.startIndex)...].split(separator: " ")
    start = fields.count > 20 ? String(fields[20]) : "-"
    boot = Self.contents("/proc/sys/kernel/random/boot_id").filter { $0 != "\n" }
  }

  private static func contents(_ path: String) -> String {
    let number = Glibc.open(path, O_RDONLY | O_CLOEXEC)
    if number < 0 { return "" }
    let file = Descriptor(owning: number)
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = read(file.number, &bytes, bytes.count)
    return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
  }
}
