// Reading a secret from where the user keeps it, so that it need not stand on the command line.

import Basis
import Commands
import Glibc

extension ConnectionOptions {
  /// Reads the password now, once for however many connections there will be.
  mutating func readPassword() throws(StartFailure) {
    if let bytes = try passwordBytes() { password = .given(bytes) }
  }

  /// The password, which is no longer than CONNECT can say (3.1.3.6); nil when there is none.
  func passwordBytes() throws(StartFailure) -> [UInt8]? {
    guard let bytes = try password?.read(prompt: "Password") else { return nil }
    if bytes.count > Self.stringByteLimit {
      throw StartFailure(
        description: "the password has \(bytes.count) bytes; MQTT allows \(Self.stringByteLimit)",
        status: ExitStatus.usage)
    }
    return bytes
  }
}

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
      return try PasswordPrompt.answer(prompt)
    }
  }

  private static func firstLine(_ bytes: [UInt8]) -> [UInt8] {
    var line = bytes.withoutByteOrderMark.prefix { $0 != UInt8(ascii: "\n") }
    if line.last == UInt8(ascii: "\r") { line.removeLast() }
    return Array(line)
  }
}
