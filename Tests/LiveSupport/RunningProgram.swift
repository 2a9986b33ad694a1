// A program that a test has started: its input, what it printed, how it ended. Output goes to
// files, so that a program which says much never waits for a test which does not listen.
//
// Every descriptor that the tests hold is closed on exec: a program that inherited a socket of
// another test would keep that connection open.

package import Foundation

/// Why a program could not be started or did not do what was awaited.
package struct ProgramError: Error, CustomStringConvertible {
  package var description: String

  /// Takes the whole text.
  package init(_ description: String) { self.description = description }
}

/// A started program; it is killed when the last reference goes.
package final class RunningProgram {
  private let name: String
  private let folder: URL
  private var input: Int32
  private var waitStatus: Int32?
  /// The process.
  package let identifier: pid_t

  /// Starts `arguments[0]`, looked up in the path.
  ///
  /// - Parameters:
  ///   - environment: added to that of the tests.
  ///   - outputDescriptor: where standard output goes instead of a file.
  package init(
    _ arguments: [String], environment: [String: String] = [:], outputDescriptor: Int32? = nil
  ) throws {
    name = arguments.joined(separator: " ")
    folder = FileManager.default.temporaryDirectory.appending(path: "mqtt-test-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { throw ProgramError("pipe: errno \(errno)") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    input = ends[1]
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer {
      posix_spawn_file_actions_destroy(&actions)
      close(ends[0])
    }
    posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
    let flags = O_WRONLY | O_CREAT | O_APPEND
    if let outputDescriptor {
      posix_spawn_file_actions_adddup2(&actions, outputDescriptor, 1)
    } else {
      posix_spawn_file_actions_addopen(&actions, 1, folder.appending(path: "1").path, flags, 0o600)
    }
    posix_spawn_file_actions_addopen(&actions, 2, folder.appending(path: "2").path, flags, 0o600)
    // A broken pipe must not end the tests, but has to mean to the program what it always means.
    Foundation.signal(SIGPIPE, SIG_IGN)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var defaults = sigset_t()
    sigemptyset(&defaults)
    sigaddset(&defaults, SIGPIPE)
    posix_spawnattr_setsigdefault(&attributes, &defaults)
    // The threads that run tests block signals, which a program would inherit.
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
    var child: pid_t = 0
    let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
    let result = withCStrings(arguments) { arguments in
      withCStrings(variables.map { "\($0)=\($1)" }) { variables in
        posix_spawnp(
          &child, arguments[0].unsafelyUnwrapped, &actions, &attributes, arguments, variables)
      }
    }
    identifier = child
    guard result == 0, child > 0 else {
      // Nothing was started, so that there is nothing to kill; process 0 would be all of us.
      waitStatus = 0
      throw ProgramError("\(name): \(String(cString: strerror(result)))")
    }
  }

  deinit {
    closeInput()
    if waitStatus == nil {
      kill(identifier, SIGKILL)
      var status: Int32 = 0
      waitpid(identifier, &status, 0)
    }
    try? FileManager.default.removeItem(at: folder)
  }

  /// What it has written to standard output so far.
  package var output: String { text("1") }

  /// What it has written to standard error so far.
  package var errors: String { text("2") }

  /// The same, byte for byte.
  package var outputBytes: [UInt8] { bytes("1") }

  private func text(_ file: String) -> String { String(decoding: bytes(file), as: UTF8.self) }

  private func bytes(_ file: String) -> [UInt8] {
    Array((try? Data(contentsOf: folder.appending(path: file))) ?? Data())
  }

  /// Gives it something to read.
  package func write(_ text: String) { write(bytes: Array(text.utf8)) }

  /// Gives it something to read, byte for byte.
  package func write(bytes: [UInt8]) {
    var bytes = bytes[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Foundation.write(input, $0.baseAddress, $0.count) }
      if count <= 0 { return }
      bytes = bytes.dropFirst(count)
    }
  }

  /// Ends its input.
  package func closeInput() {
    if input >= 0 { close(input) }
    input = -1
  }

  /// Sends it a signal.
  package func signal(_ number: Int32) {
    if waitStatus == nil { kill(identifier, number) }
  }

  /// Whether it has not ended yet.
  package var isRunning: Bool {
    if waitStatus != nil { return false }
    var status: Int32 = 0
    if waitpid(identifier, &status, WNOHANG) == 0 { return true }
    waitStatus = status
    return false
  }

  /// Bytes of memory that it holds.
  package var residentBytes: Int {
    let pages = (try? String(contentsOfFile: "/proc/\(identifier)/statm", encoding: .utf8))?
      .split(separator: " ").dropFirst().first
    return (pages.flatMap { Int($0) } ?? 0) * 4096
  }

  /// Waits for its end: the exit status, or 128 and the signal that ended it, as in a shell.
  ///
  /// - Throws: when it still runs after `seconds`.
  package func exitStatus(within seconds: Double = 20) throws -> Int32 {
    guard poll(seconds, { !isRunning }) else {
      throw ProgramError("\(name) still runs after \(seconds) s; it said: \(output)\(errors)")
    }
    let status = waitStatus ?? 0
    return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + (status & 0x7F)
  }

  /// Waits until `text` stands in its output or its errors.
  package func waitFor(_ text: String, within seconds: Double = 20) throws {
    let isThere = { self.output.contains(text) || self.errors.contains(text) }
    guard poll(seconds, { isThere() || !isRunning }), isThere() else {
      throw ProgramError("\(name) has not said \"\(text)\" but: \(output)\(errors)")
    }
  }
}

/// Runs a program to its end.
package func run(
  _ arguments: [String], input: String = "", environment: [String: String] = [:],
  within seconds: Double = 30
) throws -> (status: Int32, output: String, errors: String) {
  let program = try RunningProgram(arguments, environment: environment)
  program.write(input)
  program.closeInput()
  let status = try program.exitStatus(within: seconds)
  return (status, program.output, program.errors)
}

/// Asks again every few milliseconds until `condition` holds; false when it never did.
package func poll(_ seconds: Double, _ condition: () -> Bool) -> Bool {
  let end = ContinuousClock.now.advanced(by: .milliseconds(Int(seconds * 1000)))
  repeat {
    if condition() { return true }
    usleep(4000)
  } while ContinuousClock.now < end
  return condition()
}

private func withCStrings<Result>(
  _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
) -> Result {
  let copies: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) } + [nil]
  defer { for copy in copies { free(copy) } }
  return body(copies)
}
