// A folder for the files of a test, which is gone when the test is over.

import Foundation
import Synchronization

/// A folder that goes with the last reference to it.
package final class TestFolder: Sendable {
  /// Where it is.
  package let path: String

  /// Makes it: empty, and open to programs that give the rights of their user up.
  ///
  /// Where that fails, the first file that is written into it says so.
  package init() {
    // The name is short: the path of a Unix socket has no more than 107 bytes.
    let template = FileManager.default.temporaryDirectory.appending(path: "mqtt-test-XXXXXX").path
    var bytes = template.utf8CString
    path = bytes.withUnsafeMutableBufferPointer { buffer in
      buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) } ?? template
    }
    chmod(path, 0o777)
  }

  deinit { remove() }

  private func remove() {
    // The children of a program that has just been killed may be writing into it.
    _ = poll(2) {
      try? FileManager.default.removeItem(atPath: path)
      return access(path, F_OK) != 0
    }
  }

  /// A folder for what many tests share, such as certificates: it goes with the process.
  package static func forAllTests() -> TestFolder {
    let folder = TestFolder()
    foldersForAllTests.withLock { folders in
      if folders.isEmpty {
        atexit { foldersForAllTests.withLock { for folder in $0 { folder.remove() } } }
      }
      folders.append(folder)
    }
    return folder
  }

  /// The path of a file in it.
  package func path(_ name: String) -> String { path + "/" + name }

  /// Writes a file that everybody may read and gives its path.
  @discardableResult package func write(_ text: String, to name: String) throws -> String {
    try write(bytes: Array(text.utf8), to: name)
  }

  /// The same, byte for byte.
  @discardableResult package func write(bytes: [UInt8], to name: String) throws -> String {
    let file = path(name)
    try Data(bytes).write(to: URL(filePath: file), options: .atomic)
    chmod(file, 0o644)
    return file
  }

  /// What stands in a file; nothing when it is not there.
  package func text(_ name: String) -> String {
    String(decoding: bytes(name), as: UTF8.self)
  }

  /// The same, byte for byte.
  package func bytes(_ name: String) -> [UInt8] {
    Array((try? Data(contentsOf: URL(filePath: path(name)))) ?? Data())
  }
}

private let foldersForAllTests = Mutex<[TestFolder]>([])
