// A message that is read as a whole before it goes out: `-f`, `-s`, and what stands on the command line.
// Signals and -W count while it is read, since a pipe may keep silent for ever.

import Commands
import Glibc
import Transport

/// Reads the one message of a command.
struct MessageInput {
  let loop: ClientLoop
  let deadline: CommandDeadline
  private let options: PublishOptions

  /// What `options` name, for the clients of `loop`.
  init(_ options: PublishOptions, _ loop: ClientLoop, _ deadline: CommandDeadline) {
    self.options = options
    self.loop = loop
    self.deadline = deadline
  }

  /// The payload; nil where messages come from something else than one text.
  func payload() throws(StartFailure) -> [UInt8]? {
    switch options.source {
    case .given(let bytes): return bytes
    case .empty: return []
    case .input: return try contents(of: STDIN_FILENO, "standard input")
    case .file(let path):
      // Opening a pipe would wait for who writes into it.
      let number = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
      if number < 0 { throw failure(path, errno) }
      let file = Descriptor(owning: number)
      return try contents(of: file.number, path)
    case .inputLines, .template, .table, .jsonLines, .recording: return nil
    }
  }

  private func contents(of descriptor: Int32, _ name: String) throws(StartFailure) -> [UInt8] {
    var all: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 65_536)
    while true {
      try loop.waitForInput(descriptor, until: deadline)
      let count = read(descriptor, &part, part.count)
      if count < 0 {
        if errno == EINTR || errno == EAGAIN { continue }
        throw failure(name, errno)
      }
      if count == 0 { break }
      all += part[..<count]
      if all.count > WholeFile.byteLimit { throw failure(name, EFBIG) }
    }
    // What should have been written into it has most likely failed.
    if all.isEmpty && options.isRetained {
      throw StartFailure(
        description: "\(name) is empty, and with -r a message without bytes removes the retained "
          + "one; to do that, say -n")
    }
    return all
  }

  private func failure(_ name: String, _ code: Int32) -> StartFailure {
    let reason =
      code == EFBIG
      ? "it has more than the \(WholeFile.byteLimit) bytes that an MQTT packet can carry"
      : String(cString: strerror(code))
    return StartFailure(description: "cannot read \(name): \(reason)")
  }
}
