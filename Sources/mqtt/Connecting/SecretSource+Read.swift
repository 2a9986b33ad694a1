// Reading a secret from where the user keeps it, so that it need not stand on the command line.

import Commands
import Glibc

extension SecretSource {
  /// The secret; `prompt` is shown when it is asked for on the terminal.
  func read(prompt: String) throws(StartFailure) -> [UInt8] {
    switch self {
    case .given(let bytes):
      return bytes
    case .file(let path):
      guard let bytes = WholeFile.contents(path) else {
        throw StartFailure(
          description: "cannot read the password file \(path): \(String(cString: strerror(errno)))")
      }
      return Self.firstLine(bytes)
    case .environment(let name):
      guard let value = getenv(name) else {
        throw StartFailure(description: "the environment variable \(name) is not set")
      }
      return Array(UnsafeBufferPointer(start: value, count: strlen(value)))
        .map(UInt8.init(bitPattern:))
    case .prompt:
      return try Self.ask(prompt)
    }
  }

  private static func firstLine(_ bytes: [UInt8]) -> [UInt8] {
    var line = bytes.prefix { $0 != UInt8(ascii: "\n") }
    if line.last == UInt8(ascii: "\r") { line.removeLast() }
    return Array(line)
  }

  /// Asks on the terminal itself, so that standard input stays free for messages.
  private static func ask(_ prompt: String) throws(StartFailure) -> [UInt8] {
    let terminal = open("/dev/tty", O_RDWR | O_CLOEXEC)
    if terminal < 0 {
      throw StartFailure(
        description: "there is no terminal to ask for the password on; "
          + "use a file or the environment")
    }
    defer { close(terminal) }
    var settings = termios()
    guard tcgetattr(terminal, &settings) == 0 else {
      throw StartFailure(description: "the terminal cannot be asked for the password")
    }
    var silent = settings
    silent.c_lflag &= ~tcflag_t(ECHO)
    tcsetattr(terminal, TCSAFLUSH, &silent)
    defer {
      tcsetattr(terminal, TCSAFLUSH, &settings)
      Terminal.write("\n", to: terminal)
    }
    Terminal.write("\(prompt): ", to: terminal)
    var line: [UInt8] = []
    var byte: UInt8 = 0
    while Glibc.read(terminal, &byte, 1) == 1 && byte != UInt8(ascii: "\n") { line.append(byte) }
    return line
  }
}
