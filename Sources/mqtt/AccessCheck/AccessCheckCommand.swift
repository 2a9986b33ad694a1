// `mqtt acl-check`: what a file of access rules means, without a broker. The files are read here;
// everything that is asked of them is answered by AccessControl, with which the broker decides, too.

import AccessControl
import Commands
import Glibc
import Text

/// The runner of `mqtt acl-check`.
struct AccessCheckCommand {
  let options: AccessCheckOptions

  /// Answers what `options` ask; returns the exit status.
  static func run(_ options: AccessCheckOptions) -> Int32 {
    do throws(AccessCheckFailure) {
      return try AccessCheckCommand(options: options).run()
    } catch {
      Terminal.write(error.description + "\n", to: STDERR_FILENO)
      return ExitStatus.usage
    }
  }

  private func run() throws(AccessCheckFailure) -> Int32 {
    switch options.task {
    case .question(let question): try answer(question)
    case .questions(let file): try answerAll(file)
    case .test(let file): try test(file)
    case .list: try list()
    case .who(let question): try who(question)
    case .diff(let old, let new): try diff(old, new)
    case .lint: try lint()
    case .replay: try replay()
    case .suggest: try suggest()
    }
  }

  /// The rules in the file at `path`.
  func rules(_ path: String) throws(AccessCheckFailure) -> AccessList {
    let bytes = try contents(path)
    do throws(AccessFileErrors) {
      return try AccessList(
        reading: bytes, file: path, allowsExtensions: options.allowsExtensions)
    } catch {
      throw AccessCheckFailure(description: error.description)
    }
  }

  /// The users who can log in; nil when nobody has asked.
  func passwords() throws(AccessCheckFailure) -> PasswordFile? {
    guard let path = options.passwordFile else { return nil }
    return PasswordFile(parsing: try contents(path), file: path)
  }

  func contents(_ path: String) throws(AccessCheckFailure) -> [UInt8] {
    guard let bytes = WholeFile.contents(path) else {
      throw AccessCheckFailure(
        description: "mqtt acl-check: cannot read \(path): \(String(cString: strerror(errno)))")
    }
    return bytes
  }

  /// Writes a line of results, whatever the names in it hold.
  func tell(_ line: String) { Terminal.write(line.onOneLine + "\n", to: STDOUT_FILENO) }

  /// Writes an object on a line of its own.
  func tell(_ members: [JSONValue.Member]) {
    Terminal.write(JSONValue.object(members).text + "\n", to: STDOUT_FILENO)
  }
}

/// Why nothing could be found out.
struct AccessCheckFailure: Error, CustomStringConvertible {
  var description: String
}

extension JSONValue {
  static func text(_ text: String) -> JSONValue { .string(Array(text.utf8)) }

  static func text(_ text: String?) -> JSONValue { text.map { .text($0) } ?? .null }
}
