// The runner of `mqtt broker passwd`: one user of a password file is set or removed. The file is
// written anew beside the old one and takes its place at once, with its owner and permissions, so
// that a broker that reads it meanwhile sees one or the other.

import AccessControl
import Basis
import Commands
import Glibc
import MQTTServer

enum PasswordCommand {
  static func run(_ options: PasswordOptions) -> Int32 {
    do throws(BrokerStartFailure) {
      try change(options)
      return ExitStatus.success
    } catch {
      Terminal.write("mqtt broker passwd: \(error)\n", to: STDERR_FILENO)
      return ExitStatus.failure
    }
  }

  private static func change(_ options: PasswordOptions) throws(BrokerStartFailure) {
    let before = try contents(options)
    if options.deletes {
      let (after, wasThere) = PasswordFileEdit.removing(options.userName, from: before)
      if !wasThere {
        throw BrokerStartFailure(
          description: "there is no user \"\(options.userName)\" in \(options.file)")
      }
      return try FileReplacement.write(after, to: options.file)
    }
    if let problem = PasswordFileEdit.problem(withUserName: options.userName) {
      throw BrokerStartFailure(description: problem)
    }
    let password = try password(options)
    let hash = try hash(password, options)
    let (after, _) = PasswordFileEdit.setting(hash, for: options.userName, in: before)
    try FileReplacement.write(after, to: options.file)
  }

  private static func contents(_ options: PasswordOptions) throws(BrokerStartFailure) -> [UInt8] {
    if let bytes = WholeFile.contents(options.file) { return bytes }
    if errno == ENOENT {
      if options.creates && !options.deletes { return [] }
      throw BrokerStartFailure(description: "there is no file \(options.file); -c makes it")
    }
    throw BrokerStartFailure(
      description: "cannot read \(options.file): \(String(cString: strerror(errno)))")
  }

  /// From the command line, or asked for twice, or else the first line of the standard input.
  private static func password(_ options: PasswordOptions) throws(BrokerStartFailure) -> [UInt8] {
    let password: [UInt8]
    if let given = options.password {
      password = given
    } else if isatty(STDIN_FILENO) == 1 {
      password = try ask("Password")
      if try ask("Reenter password") != password {
        throw BrokerStartFailure(description: "the passwords are not the same; nothing is changed")
      }
    } else {
      let input = WholeFile.contents(of: STDIN_FILENO) ?? []
      var line = input.withoutByteOrderMark.prefix { $0 != UInt8(ascii: "\n") }
      if line.last == UInt8(ascii: "\r") { line.removeLast() }
      password = Array(line)
    }
    if password.isEmpty {
      throw BrokerStartFailure(description: "an empty password is none; nothing is changed")
    }
    if password.count > 65_535 {
      throw BrokerStartFailure(description: "a password has at most 65535 bytes")
    }
    return password
  }

  private static func ask(_ prompt: String) throws(BrokerStartFailure) -> [UInt8] {
    do throws(StartFailure) { return try SecretSource.prompt.read(prompt: prompt) } catch {
      throw BrokerStartFailure(description: error.description)
    }
  }

  private static func hash(
    _ password: [UInt8], _ options: PasswordOptions
  ) throws(BrokerStartFailure) -> PasswordHash {
    // The lengths that mosquitto takes; for Argon2id what RFC 9106 and OWASP recommend.
    let rules: (method: PasswordHash.Method, saltBytes: Int, digestBytes: Int) =
      switch options.hash {
      case .sha512: (.sha512, 12, 64)
      case .pbkdf2: (.pbkdf2(iterations: options.iterations), 12, 64)
      case .argon2id: (.argon2id(memoryKibibytes: 47_104, passes: 1, lanes: 1), 16, 32)
      }
    var generator = SystemRandomNumberGenerator()
    let salt = (0..<rules.saltBytes).map { _ in UInt8.random(in: 0...255, using: &generator) }
    var hash = PasswordHash(
      method: rules.method, salt: salt, digest: Array(repeating: 0, count: rules.digestBytes))
    guard let digest = LibraryPasswordHasher().digest(of: password, like: hash) else {
      throw BrokerStartFailure(description: "the password could not be hashed for want of memory")
    }
    hash.digest = digest
    return hash
  }
}

/// A file that is replaced as a whole.
enum FileReplacement {
  /// Puts `bytes` in the place of the file at `path`, or makes it, readable by its owner only.
  static func write(_ bytes: [UInt8], to path: String) throws(BrokerStartFailure) {
    // A link stays one: what it points to is replaced.
    let target = resolved(path)
    let temporary = "\(target).new-\(getpid())"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    if descriptor < 0 { throw failure("cannot write \(temporary)") }
    _ = fchmod(descriptor, 0o600)
    var status = stat()
    if stat(target, &status) == 0 {
      // Who may not give the file to its owner leaves it with himself.
      _ = fchown(descriptor, status.st_uid, status.st_gid)
      _ = fchmod(descriptor, status.st_mode & 0o7777)
    }
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0 {
        if errno == EINTR { continue }
        let failure = failure("cannot write \(temporary)")
        close(descriptor)
        unlink(temporary)
        throw failure
      }
      rest = rest.dropFirst(count)
    }
    let isWritten = fsync(descriptor) == 0
    let isClosed = close(descriptor) == 0
    if isWritten && isClosed && rename(temporary, target) == 0 { return }
    let failure = failure("cannot replace \(target)")
    unlink(temporary)
    throw failure
  }

  private static func resolved(_ path: String) -> String {
    guard let found = realpath(path, nil) else { return path }
    defer { free(found) }
    return String(cString: found)
  }

  private static func failure(_ what: String) -> BrokerStartFailure {
    BrokerStartFailure(description: "\(what): \(String(cString: strerror(errno)))")
  }
}
