// `mqtt generate --install` writes completions and manual pages to where shells and man look for them
// by themselves: below /usr/local/share for root, below ~/.local/share for anyone else, or below a
// directory that is named. `--uninstall` removes them again, and the directories that are empty then.
//
// `mqtt generate DIRECTORY` writes the same files into a source tree, for those who change the tables
// of options that they are made from.

import Commands
import Glibc

/// Writes the completions and the manual pages.
enum GenerateCommand {
  /// Writes them below the directory that is the last word.
  static func run(_ words: [[UInt8]]) throws(UsageError) -> Int32 {
    let words = try words.map { (bytes) throws(UsageError) in
      guard let word = String(validating: bytes, as: UTF8.self) else {
        throw UsageError("generate", "the name of a directory must be UTF-8")
      }
      return word
    }
    if words.first == "--install" || words.first == "--uninstall", words.count <= 2 {
      let share = words.dropFirst().first ?? shareDirectory
      if share.isEmpty || share.hasPrefix("-") {
        throw UsageError(words.joined(separator: " "), "expected a directory behind it")
      }
      return words.first == "--install" ? install(below: share) : uninstall(below: share)
    }
    if words.first == "--help" || words.first == "-h" {
      Terminal.write(usage, to: STDOUT_FILENO)
      return ExitStatus.success
    }
    guard words.count == 1, !words[0].isEmpty, !words[0].hasPrefix("-") else {
      throw UsageError(
        "generate", "expected --install, --uninstall or a directory",
        example: "mqtt generate --install")
    }
    return GeneratedFile.all().allSatisfy { write($0.contents, to: "\(words[0])/\($0.path)") }
      ? ExitStatus.success : ExitStatus.failure
  }

  private static let usage = """
    Usage: mqtt generate --install [DIRECTORY]
           mqtt generate --uninstall [DIRECTORY]
           mqtt generate DIRECTORY

    With --install, writes completions for bash, zsh and fish and the manual pages to where they are
    found: below /usr/local/share for root, else ~/.local/share, or below DIRECTORY. --uninstall
    removes them from there. With neither, writes completions/ and man/ of a source tree anew.

    """

  private static var shareDirectory: String {
    if geteuid() == 0 { return "/usr/local/share" }
    if let directory = Terminal.environment("XDG_DATA_HOME"), !directory.isEmpty {
      return directory
    }
    return (Terminal.environment("HOME") ?? ".") + "/.local/share"
  }

  private static func install(below share: String) -> Int32 {
    for file in GeneratedFile.all() {
      let path = place(of: file, below: share)
      makeDirectories(above: path)
      if !write(file.contents, to: path) { return ExitStatus.failure }
      Terminal.write("\(path)\n", to: STDOUT_FILENO)
    }
    if share != "/usr/local/share" {
      Terminal.write(
        "zsh finds its file with this in ~/.zshrc, before compinit:\n"
          + "  fpath=(\(share)/zsh/site-functions $fpath)\n", to: STDERR_FILENO)
    }
    return ExitStatus.success
  }

  /// Where a file is looked for.
  private static func place(of file: GeneratedFile, below share: String) -> String {
    let path = "\(share)/\(file.installedPath)"
    // fish looks below /usr/local/share only where XDG_DATA_DIRS says so, and here always.
    let isFishForAll = share == "/usr/local/share" && path.hasSuffix(".fish")
    return isFishForAll ? "/etc/fish/completions/mqtt.fish" : path
  }

  /// Removes what ``install(below:)`` has written, as far as it is there.
  private static func uninstall(below share: String) -> Int32 {
    var status = ExitStatus.success
    for file in GeneratedFile.all() {
      let path = place(of: file, below: share)
      if unlink(path) == 0 {
        Terminal.write("removed \(path)\n", to: STDOUT_FILENO)
        removeEmptyDirectories(above: path, below: share)
      } else if errno != ENOENT && errno != ENOTDIR {
        let reason = String(cString: strerror(errno))
        Terminal.write("mqtt generate: \(path) cannot be removed: \(reason)\n", to: STDERR_FILENO)
        status = ExitStatus.failure
      }
    }
    return status
  }

  /// Removes the directories that nothing is left in, but for `share` itself.
  private static func removeEmptyDirectories(above path: String, below share: String) {
    var directory = path
    while let slash = directory.lastIndex(of: "/") {
      directory = String(directory[..<slash])
      if !directory.hasPrefix(share + "/") || rmdir(directory) != 0 { return }
    }
  }

  /// Makes what is missing; a failure shows when the file is written.
  private static func makeDirectories(above path: String) {
    var directory = ""
    for part in path.split(separator: "/", omittingEmptySubsequences: false).dropLast() {
      directory += part + "/"
      mkdir(directory, 0o755)
    }
  }

  private static func write(_ contents: String, to path: String) -> Bool {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    let isWritten = descriptor >= 0 && Terminal.write(contents, to: descriptor)
    if isWritten && close(descriptor) == 0 { return true }
    let reason = String(cString: strerror(errno))
    Terminal.write("mqtt generate: \(path) cannot be written: \(reason)\n", to: STDERR_FILENO)
    return false
  }
}
