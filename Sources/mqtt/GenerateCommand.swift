// `mqtt generate DIRECTORY`: writes the files that are made from the tables of options. It is for
// those who change the tables, so no help lists it.

import Commands
import Glibc

/// Writes the completions and the manual pages.
enum GenerateCommand {
  /// Writes them below the directory that is the only word.
  static func run(_ words: [[UInt8]]) throws(UsageError) -> Int32 {
    guard words.count == 1 else {
      throw UsageError("generate", "expected a directory", example: "mqtt generate .")
    }
    let directory = String(decoding: words[0], as: UTF8.self)
    for file in GeneratedFile.all() {
      let path = "\(directory)/\(file.path)"
      let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
      let isWritten = descriptor >= 0 && Terminal.write(file.contents, to: descriptor)
      if !isWritten || close(descriptor) != 0 {
        let reason = String(cString: strerror(errno))
        Terminal.write("mqtt generate: \(path) cannot be written: \(reason)\n", to: STDERR_FILENO)
        return ExitStatus.failure
      }
    }
    return ExitStatus.success
  }
}
