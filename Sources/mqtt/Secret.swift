// Passwords that do not stand in the command line: from a file, from the environment, or typed on
// the terminal without being shown.

import Commands
import Glibc

/// Why a secret could not be had, in words, without a full stop.
struct SecretFault: Error, Equatable, CustomStringConvertible {
  var description: String
}

/// Fetches secrets.
enum Secret {
  /// The bytes of the secret; `name` is what the user is asked for: `password of maria`.
  static func bytes(
    of source: SecretSource, named name: String
  ) throws(SecretFault) -> [UInt8] {
    switch source {
    case .given(let bytes): return bytes
    case .file(let path):
      guard let contents = WholeFile.contents(path) else {
        let reason = String(cString: strerror(errno))
        throw SecretFault(description: "the \(name) cannot be read from \(path): \(reason)")
      }
      return firstLine(of: contents)
    case .environment(let variable):
      guard let value = getenv(variable) else {
        throw SecretFault(
          description: "the \(name) should be in the environment variable \(variable), "
            + "which is not set")
      }
      return Array(UnsafeBufferPointer(start: value, count: strlen(value))).map(
        UInt8.init(bitPattern:))
    case .prompt: return try ask(for: name)
    }
  }

  private static func firstLine(of contents: [UInt8]) -> [UInt8] {
    var line = contents.prefix { $0 != UInt8(ascii: "\n") }
    if line.last == UInt8(ascii: "\r") { line.removeLast() }
    return Array(line)
  }

  /// Asks on the terminal of the process, whatever its standard streams are.
  private static func ask(for name: String) throws(SecretFault) -> [UInt8] {
    let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC)
    if terminal < 0 {
      throw SecretFault(
        description: "there is no terminal to ask for the \(name); use --pw-file or --pw-env")
    }
    defer { close(terminal) }
    var shown = termios()
    let isTerminal = tcgetattr(terminal, &shown) == 0
    var hidden = shown
    hidden.c_lflag &= ~tcflag_t(ECHO)
    if isTerminal { tcsetattr(terminal, TCSAFLUSH, &hidden) }
    defer { if isTerminal { tcsetattr(terminal, TCSAFLUSH, &shown) } }
    Terminal.write("\(name): ", to: terminal)
    var line: [UInt8] = []
    var byte: UInt8 = 0
    while read(terminal, &byte, 1) == 1, byte != UInt8(ascii: "\n") { line.append(byte) }
    Terminal.write("\n", to: terminal)
    return line
  }
}
